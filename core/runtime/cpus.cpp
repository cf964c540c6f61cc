#include "runtime/cpus.h"

#ifdef __linux__
#include <sched.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include "runtime/pool.h"

namespace gilmap::runtime {

namespace {

constexpr int max_threads = 1024;
constexpr double no_quota = std::numeric_limits<double>::infinity();

double quota_of(double quota, double period) { return quota > 0 && period > 0 ? quota / period : no_quota; }

// "max 100000" or "150000 100000"
double read_v2(const std::string& dir) {
  std::ifstream file(dir + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max") return no_quota;
  return quota_of(std::strtod(quota.c_str(), nullptr), period);
}

// -1 is no quota.
double read_v1(const std::string& dir) {
  double quota = 0, period = 0;
  if (!(std::ifstream(dir + "/cpu.cfs_quota_us") >> quota)) return no_quota;
  if (!(std::ifstream(dir + "/cpu.cfs_period_us") >> period)) return no_quota;
  return quota_of(quota, period);
}

// The least quota of `path` and its parents below `mount`. In a container the path may be one that only the host
// sees; then its files are missing, and those at the mount itself are the container's own.
template <typename Read>
double least_quota(const std::string& mount, std::string path, Read read) {
  double least = no_quota;
  for (;;) {
    least = std::min(least, read(mount + path));
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return least;
    path.resize(slash);
  }
}

int affinity_cpus() {
#ifdef __linux__
  // The kernel's mask may be wider than cpu_set_t; then the call fails until there is room.
  for (int room = 1024; room <= 65536; room *= 4) {
    cpu_set_t* set = CPU_ALLOC(room);
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(room);
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  return static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

int cgroup_cpus(const std::string& membership, const std::string& mount) {
  double least = no_quota;
  std::ifstream file(membership);
  // Each line is "hierarchy:controllers:/path"; v2 has hierarchy 0 and no controllers.
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      least = std::min(least, least_quota(mount, path, read_v2));
      continue;
    }
    std::istringstream names(controllers);
    for (std::string name; std::getline(names, name, ',');) {
      if (name != "cpu") continue;
      // Mounted under the whole list of controllers or under this one's name.
      least = std::min(least, least_quota(mount + "/" + controllers, path, read_v1));
      least = std::min(least, least_quota(mount + "/cpu", path, read_v1));
    }
  }
  if (least == no_quota) return 0;
  return static_cast<int>(std::clamp(std::ceil(least), 1.0, double{max_threads}));
}

int requested_threads() {
  const char* text = std::getenv("GILMAP_NUM_THREADS");
  if (text == nullptr) return 0;
  char* end = nullptr;
  const long n = std::strtol(text, &end, 10);
  return end != text && *end == '\0' && n > 0 ? static_cast<int>(std::min<long>(n, max_threads)) : 0;
}

int available_cpus() {
  if (const int n = requested_threads(); n > 0) return n;
  int cpus = std::min(affinity_cpus(), max_threads);
#ifdef __linux__
  if (const int quota = cgroup_cpus("/proc/self/cgroup", "/sys/fs/cgroup"); quota > 0) cpus = std::min(cpus, quota);
#endif
  return cpus;
}

}  // namespace gilmap::runtime
