#include "codegen/target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <mutex>
#include <vector>

#include "codegen/llvm_versions.h"

namespace gilmap::codegen {

namespace {

struct Host {
  std::string cpu, features;
  bool has_fma = false;
};

const Host& host() {
  static const Host known = [] {
    Host h;
    h.cpu = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures features;
    for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
      features.AddFeature(feature.first(), feature.second);
      if (feature.first() == "fma") h.has_fma = feature.second;
    }
#ifdef __aarch64__
    h.has_fma = true;
#endif
#ifdef __x86_64__
    features.AddFeature("idivq-to-divl", false);  // LLVM would test operands that emit_division.cpp has tested
#endif
    h.features = features.getString();
    return h;
  }();
  return known;
}

std::mutex idle_mutex;
std::vector<std::unique_ptr<llvm::TargetMachine>>& idle() {
  static auto* machines = new std::vector<std::unique_ptr<llvm::TargetMachine>>;  // outlives every thread
  return *machines;
}

llvm::TargetMachine* make_target_machine(std::string* error) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(as_argument(triple), *error);
  if (!target) return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return target->createTargetMachine(as_argument(triple), host().cpu, host().features, options, llvm::Reloc::PIC_,
                                     llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default, /*JIT=*/true);
}

}  // namespace

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

bool host_has_fma() { return host().has_fma; }

void ReturnTargetMachine::operator()(llvm::TargetMachine* machine) const {
  std::lock_guard lock(idle_mutex);
  idle().emplace_back(machine);
}

TargetMachinePtr borrow_target_machine(int opt_level, std::string* error) {
  initialise_llvm();
  llvm::TargetMachine* machine = nullptr;
  {
    std::lock_guard lock(idle_mutex);
    if (!idle().empty()) {
      machine = idle().back().release();
      idle().pop_back();
    }
  }
  if (!machine) machine = make_target_machine(error);
  if (machine) machine->setOptLevel(opt_level > 0 ? llvm::CodeGenOptLevel::Default : llvm::CodeGenOptLevel::None);
  return TargetMachinePtr(machine);
}

}  // namespace gilmap::codegen
