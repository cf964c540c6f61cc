#pragma once
// Starts the runtime's own threads.

#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gilmap::runtime {

// Where a thread begins. The scheduler may put it on the CPU of the thread that started it, and leave it there for some
// milliseconds, where both run at half speed while another CPU idles.
enum class Place : uint8_t { Anywhere, OtherCpu };

// Starts `main(arg)` on a thread with all signals blocked that Python or its libraries might want to handle on theirs.
// To be joined or detached. False if the system refuses.
bool start_thread(pthread_t* thread, void* (*main)(void*), void* arg, size_t stack_bytes,
                  Place place = Place::Anywhere);

// Has the stack of this thread so many bytes left, and some for what a kernel calls? False if nobody knows, as where
// code runs on a stack that it has made itself.
bool stack_holds(int64_t bytes);

int current_cpu();  // -1 if nobody knows

// Where a sleeping thread wakes up. Schedulers may choose the CPU of the thread that wakes it, though others idle, and
// let the two take turns for milliseconds: seen on virtual machines, whose CPUs share no cache that the system knows
// of. So it is kept off CPUs that are taken until it runs. Two system calls for the waker, one for the thread.
class WakeUpPlace {
 public:
  // Where it may run on no other, they are allowed.
  void keep_off(pthread_t thread, const std::vector<int>& cpus);
  void allow_all();  // by the thread itself, once it runs

 private:
#ifdef __linux__
  cpu_set_t allowed_;
#endif
  bool narrowed_ = false;
};

// At most 15 characters.
void name_this_thread(const char* name);

}  // namespace gilmap::runtime
