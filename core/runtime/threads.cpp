#include "runtime/threads.h"

#include <signal.h>

#include <initializer_list>

namespace gilmap::runtime {

bool start_thread(pthread_t* thread, void* (*main)(void*), void* arg, size_t stack_bytes) {
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
    ok = pthread_create(thread, &attributes, main, arg) == 0;
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
