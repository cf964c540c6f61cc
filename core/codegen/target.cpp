#include "codegen/target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/llvm_versions.h"

namespace gilmap::codegen {

namespace {

struct Host {
  std::string cpu, features;
  bool has_fma = false;
  Simd widest = Simd::Off;
};

constexpr std::pair<std::string_view, Simd> names[] = {
    {"off", Simd::Off}, {"sse", Simd::Sse}, {"avx2", Simd::Avx2}, {"avx512", Simd::Avx512}};

const Host& host() {
  static const Host known = [] {
    Host h;
    h.cpu = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures features;
    const llvm::StringMap<bool> known = llvm::sys::getHostCPUFeatures();
    for (const auto& feature : known) features.AddFeature(feature.first(), feature.second);
#ifdef __aarch64__
    h.has_fma = true;
    h.widest = Simd::Neon;
#endif
#ifdef __x86_64__
    auto has = [&](auto... all) { return (known.lookup(all) && ...); };
    h.has_fma = has("fma");
    if (has("sse4.2", "popcnt")) h.widest = Simd::Sse;
    if (has("avx2")) h.widest = Simd::Avx2;
    if (has("avx512f", "avx512dq", "avx512bw", "avx512vl")) h.widest = Simd::Avx512;
    features.AddFeature("idivq-to-divl", false);  // LLVM would test operands that emit_division.cpp has tested
#endif
    h.features = features.getString();
    return h;
  }();
  return known;
}

std::string simd_name(Simd simd) {
  switch (simd) {
    case Simd::Best:
    case Simd::Off:
      break;
    case Simd::Sse:
      return "SSE4.2, 2 lanes of 64 bits";
    case Simd::Neon:
      return "NEON, 2 lanes of 64 bits";
    case Simd::Avx2:
      return "AVX2, 4 lanes of 64 bits";
    case Simd::Avx512:
      return "AVX-512, 8 lanes of 64 bits";
  }
  return "off";
}

// All that the host has, but nothing wider than `simd`.
std::string features_of(Simd simd) {
  if (simd == host().widest) return host().features;
  switch (simd) {
    case Simd::Sse:
      return host().features + ",-avx";
    case Simd::Avx2:
      return host().features + ",-avx512f";
    case Simd::Best:
    case Simd::Off:
    case Simd::Neon:
    case Simd::Avx512:
      break;
  }
  return host().features;
}

bool host_has(Simd simd) {
  return simd == Simd::Off || (simd <= host().widest && (simd == Simd::Neon) == (host().widest == Simd::Neon));
}

// Of the environment variable; read once.
const std::expected<Simd, std::string>& best() {
  static const std::expected<Simd, std::string> known = [] -> std::expected<Simd, std::string> {
    const char* text = std::getenv("GILMAP_SIMD");
    if (!text || !*text) return host().widest;
    for (auto [name, simd] : names) {
      if (name != text) continue;
      if (!host_has(simd)) return std::unexpected("GILMAP_SIMD=" + std::string(text) + ": this CPU does not have it");
      return simd;
    }
    return std::unexpected("GILMAP_SIMD=" + std::string(text) + ": expected avx512, avx2, sse or off");
  }();
  return known;
}

std::mutex idle_mutex;
std::vector<std::unique_ptr<llvm::TargetMachine>>& idle(Simd simd) {
  static auto* machines = new std::map<Simd, std::vector<std::unique_ptr<llvm::TargetMachine>>>;  // outlives threads
  return (*machines)[simd];
}

llvm::TargetMachine* make_target_machine(Simd simd, std::string* error) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(as_argument(triple), *error);
  if (!target) return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return target->createTargetMachine(as_argument(triple), host().cpu, features_of(simd), options, llvm::Reloc::PIC_,
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

std::expected<Simd, std::string> resolve(Simd simd) {
  if (simd == Simd::Best) return best();
  if (!host_has(simd)) return std::unexpected("this CPU does not have the instruction set");
  return simd;
}

Description describe() {
  Description d;
  d.llvm_version = LLVM_VERSION_STRING;
  d.cpu = host().cpu;
  const auto simd = best();
  d.simd = simd ? simd_name(*simd) : simd.error();
  d.compiles = simd.has_value();
  return d;
}

int vector_lanes(Simd simd) {
  switch (simd) {
    case Simd::Best:
    case Simd::Off:
      return 0;
    case Simd::Sse:
    case Simd::Neon:
      return 2;
    case Simd::Avx2:
      return 4;
    case Simd::Avx512:
      return 8;
  }
  return 0;
}

bool has_fma(Simd simd) { return host().has_fma && simd != Simd::Sse; }

void ReturnTargetMachine::operator()(llvm::TargetMachine* machine) const {
  std::lock_guard lock(idle_mutex);
  idle(simd).emplace_back(machine);
}

TargetMachinePtr borrow_target_machine(Simd simd, int opt_level, std::string* error) {
  initialise_llvm();
  llvm::TargetMachine* machine = nullptr;
  {
    std::lock_guard lock(idle_mutex);
    if (auto& machines = idle(simd); !machines.empty()) {
      machine = machines.back().release();
      machines.pop_back();
    }
  }
  if (!machine) machine = make_target_machine(simd, error);
  if (machine) machine->setOptLevel(opt_level > 0 ? llvm::CodeGenOptLevel::Default : llvm::CodeGenOptLevel::None);
  return TargetMachinePtr(machine, ReturnTargetMachine{simd});
}

}  // namespace gilmap::codegen
