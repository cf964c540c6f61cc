#pragma once
// Starts the runtime's own threads.

#include <pthread.h>

#include <cstddef>

namespace gilmap::runtime {

// Starts `main(arg)` on a thread with all signals blocked that Python or its libraries might want to handle on theirs.
// False if the system refuses.
bool start_thread(pthread_t* thread, void* (*main)(void*), void* arg, size_t stack_bytes);

// At most 15 characters.
void name_this_thread(const char* name);

}  // namespace gilmap::runtime
