#pragma once
// How many CPUs this process may use.

#include <string>

namespace gilmap::runtime {

// The CPU quota of the control groups (v1 and v2) that the process is in, parents included, rounded up; 0 if there is
// none. `membership` is /proc/self/cgroup, `mount` is /sys/fs/cgroup.
int cgroup_cpus(const std::string& membership, const std::string& mount);

// GILMAP_NUM_THREADS, or 0 if it is unset or no number above 0.
int requested_threads();

}  // namespace gilmap::runtime
