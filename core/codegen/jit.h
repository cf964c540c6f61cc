#pragma once
// Puts object files into executable memory of this process. One ORC session for the process; each object lives in a
// dylib of its own, and goes away with it.

#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/Support/MemoryBuffer.h>

#include <map>
#include <memory>
#include <string>

namespace gilmap::codegen {

class LoadedObject {
 public:
  explicit LoadedObject(llvm::orc::JITDylib& dylib) : dylib_(&dylib) {}
  LoadedObject(LoadedObject&& other) noexcept : dylib_(std::move(other.dylib_)) {}
  LoadedObject& operator=(LoadedObject&&) = delete;
  ~LoadedObject();  // frees the code

  // The address of a symbol that the object defines.
  llvm::Expected<void*> address(const char* symbol);

 private:
  friend llvm::Expected<LoadedObject> load_object(std::unique_ptr<llvm::MemoryBuffer>,
                                                  const std::map<std::string, const void*>&);
  llvm::orc::JITDylibSP dylib_;
};

// `symbols` are the addresses of what the object names and does not define.
llvm::Expected<LoadedObject> load_object(std::unique_ptr<llvm::MemoryBuffer> object,
                                         const std::map<std::string, const void*>& symbols);

}  // namespace gilmap::codegen
