#include "codegen/jit.h"

#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/TaskDispatch.h>

#include <atomic>

#include "codegen/llvm_versions.h"

namespace gilmap::codegen {

namespace orc = llvm::orc;

namespace {

struct Session {
  explicit Session(std::unique_ptr<orc::ExecutorProcessControl> control) : session(std::move(control)), layer(session) {
    // Whoever looks a symbol up is told of the failure, too; here it would be printed.
    session.setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  }

  orc::ExecutionSession session;
  orc::ObjectLinkingLayer layer;
  std::atomic<uint64_t> loaded{0};
};

// Never ended: kernels, and threads that compile, may outlive static objects.
llvm::Expected<Session&> session() {
  static Session* made = nullptr;
  static std::string why;
  static const bool ok = [] {
    auto control = orc::SelfExecutorProcessControl::Create(nullptr, std::make_unique<orc::InPlaceTaskDispatcher>());
    if (!control) {
      why = llvm::toString(control.takeError());
      return false;
    }
    made = new Session(std::move(*control));
    return true;
  }();
  if (!ok) return llvm::createStringError(why);
  return *made;
}

}  // namespace

LoadedObject::~LoadedObject() {
  if (dylib_) llvm::consumeError(dylib_->getExecutionSession().removeJITDylib(*dylib_));
}

llvm::Expected<void*> LoadedObject::address(const char* symbol) {
  auto found = dylib_->getExecutionSession().lookup({dylib_.get()}, symbol);
  if (!found) return found.takeError();
  return found->getAddress().toPtr<void*>();
}

llvm::Expected<LoadedObject> load_object(std::unique_ptr<llvm::MemoryBuffer> object,
                                         const std::map<std::string, const void*>& symbols) {
  auto jit = session();
  if (!jit) return jit.takeError();
  orc::ExecutionSession& session = jit->session;
  LoadedObject loaded(session.createBareJITDylib("kernel" + std::to_string(jit->loaded++)));

  orc::SymbolMap absolute;
  for (const auto& [name, address] : symbols)
    absolute[session.intern(name)] = {orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
  if (!absolute.empty())
    if (llvm::Error error = loaded.dylib_->define(orc::absoluteSymbols(std::move(absolute)))) return error;
  if (llvm::Error error = jit->layer.add(*loaded.dylib_, std::move(object))) return error;
  return loaded;
}

}  // namespace gilmap::codegen
