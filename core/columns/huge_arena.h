#pragma once
// Memory for the objects of large results, on huge pages.

#include <cstddef>

namespace gilmap::columns {

// While a Use is alive, CPython's small-object allocator takes the memory that it needs on this thread from huge pages.
class HugeArenas {
 public:
  HugeArenas() = default;
  ~HugeArenas();
  HugeArenas(const HugeArenas&) = delete;
  HugeArenas& operator=(const HugeArenas&) = delete;

  // In a scope in which the GIL is held throughout and no Python code runs.
  class Use {
   public:
    explicit Use(HugeArenas* arenas);  // null: changes nothing
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    HugeArenas* arenas_;
  };

  static bool available();  // in this process and interpreter

 private:
  static void* allocate(void* context, size_t bytes);

  char* next_ = nullptr;  // memory that was mapped and not handed out yet
  char* end_ = nullptr;
};

}  // namespace gilmap::columns
