#include "runtime/threads.h"

#include <sched.h>
#include <signal.h>

#include <initializer_list>
#include <optional>

namespace gilmap::runtime {

namespace {

#ifdef __linux__
// Keeps threads that are started with the attributes off this CPU, until let_go().
class OffThisCpu {
 public:
  explicit OffThisCpu(pthread_attr_t* attributes) {
    const int cpu = sched_getcpu();
    if (cpu < 0 || pthread_getaffinity_np(pthread_self(), sizeof allowed_, &allowed_) != 0) return;
    cpu_set_t others = allowed_;
    CPU_CLR(static_cast<size_t>(cpu), &others);
    set_ = CPU_COUNT(&others) > 0 && pthread_attr_setaffinity_np(attributes, sizeof others, &others) == 0;
  }
  void let_go(pthread_t thread) const {
    if (set_) pthread_setaffinity_np(thread, sizeof allowed_, &allowed_);
  }

 private:
  cpu_set_t allowed_;
  bool set_ = false;
};
#else
struct OffThisCpu {
  explicit OffThisCpu(pthread_attr_t*) {}
  void let_go(pthread_t) const {}
};
#endif

}  // namespace

#ifdef __linux__
int current_cpu() { return sched_getcpu(); }

void WakeUpPlace::keep_off(pthread_t thread, const std::vector<int>& cpus) {
  if (narrowed_ || pthread_getaffinity_np(thread, sizeof allowed_, &allowed_) != 0) return;
  cpu_set_t others = allowed_;
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_CLR(static_cast<size_t>(cpu), &others);
  }
  narrowed_ = CPU_COUNT(&others) > 0 && pthread_setaffinity_np(thread, sizeof others, &others) == 0;
}

void WakeUpPlace::allow_all() {
  if (narrowed_) pthread_setaffinity_np(pthread_self(), sizeof allowed_, &allowed_);
  narrowed_ = false;
}

bool stack_holds(int64_t bytes) {
  constexpr int64_t reserve = 256 << 10;  // numeric functions, what calls the kernel
  struct Bounds {
    uintptr_t low = 0, high = 0;
  };
  // Of the main thread it takes some 50 µs to find out.
  thread_local const Bounds stack = [] {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return Bounds{};
    void* low = nullptr;
    size_t size = 0;
    const bool known = pthread_attr_getstack(&attributes, &low, &size) == 0;
    pthread_attr_destroy(&attributes);
    const auto at = reinterpret_cast<uintptr_t>(low);
    return known ? Bounds{at, at + size} : Bounds{};
  }();
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return here > stack.low && here < stack.high && static_cast<int64_t>(here - stack.low) - reserve >= bytes;
}
#else
int current_cpu() { return -1; }
bool stack_holds(int64_t) { return false; }
void WakeUpPlace::keep_off(pthread_t, const std::vector<int>&) {}
void WakeUpPlace::allow_all() {}
#endif

bool start_thread(pthread_t* thread, void* (*main)(void*), void* arg, size_t stack_bytes, Place place) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  bool ok = pthread_attr_setstacksize(&attributes, stack_bytes) == 0;
  if (ok) {
    // The new thread inherits the mask, so that no signal can reach it at any time. Faults stay unblocked: they belong
    // to the thread that causes them, and faulthandler reports them.
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    std::optional<OffThisCpu> elsewhere;
    if (place == Place::OtherCpu) elsewhere.emplace(&attributes);
    ok = pthread_create(thread, &attributes, main, arg) == 0;
    if (ok && elsewhere) elsewhere->let_go(*thread);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  pthread_attr_destroy(&attributes);
  return ok;
}

void name_this_thread(const char* name) {
#ifdef __APPLE__
  pthread_setname_np(name);
#else
  pthread_setname_np(pthread_self(), name);
#endif
}

}  // namespace gilmap::runtime
