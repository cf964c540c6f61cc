#pragma once
// Starts the runtime's own threads.

#include <pthread.h>

#include <cstddef>
#include <cstdint>

namespace gilmap::runtime {

// Where a thread begins. The scheduler may put it on the CPU of the thread that started it, and leave it there for some
// milliseconds, where both run at half speed while another CPU idles.
enum class Place : uint8_t { Anywhere, OtherCpu };

// Starts `main(arg)` on a thread with all signals blocked that Python or its libraries might want to handle on theirs.
// To be joined or detached. False if the system refuses.
bool start_thread(pthread_t* thread, void* (*main)(void*), void* arg, size_t stack_bytes,
                  Place place = Place::Anywhere);

// At most 15 characters.
void name_this_thread(const char* name);

}  // namespace gilmap::runtime
