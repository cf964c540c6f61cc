// IR module → LLVM IR → object code → a Kernel.

#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <chrono>
#include <expected>

#include "codegen/emitter.h"
#include "codegen/flatten_branches.h"
#include "codegen/jit.h"
#include "codegen/kernel.h"
#include "codegen/lanes_emitter.h"
#include "codegen/llvm_versions.h"
#include "codegen/optimise.h"
#include "codegen/target.h"
#include "ir/dominators.h"

namespace gilmap::codegen {

namespace {

// Of the stack of a worker thread, which is 64 MB: the rest is for numeric functions, and whatever calls the kernel.
constexpr int64_t stack_for_recursion = 48 << 20;
// Beside its frame an activation takes a return address, saved registers and alignment.
constexpr int64_t stack_per_call = 128;

struct CompiledKernel final : Kernel {
  int64_t depth_cap = INT64_MAX;  // read by the code: see module_context.h
  std::unique_ptr<LoadedObject> object;
};

// What LLVM reports: errors, and the frame sizes of the functions that asked for it.
struct Diagnostics final : llvm::DiagnosticHandler {
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (const auto* stack = llvm::dyn_cast<llvm::DiagnosticInfoStackSize>(&info)) {
      max_frame = std::max(max_frame, static_cast<int64_t>(stack->getStackSize()));
    } else if (info.getSeverity() == llvm::DS_Error) {
      llvm::raw_string_ostream out(error);
      llvm::DiagnosticPrinterRawOStream printer(out);
      info.print(printer);
    }
    return true;  // printed nowhere
  }
  std::string error;
  int64_t max_frame = 0;
};

struct Facts {
  bool may_deopt = false, polls = false, has_loops = false, foreign = false;
};

// Instruction set of a module's code.
std::expected<Simd, std::string> simd_for(const ir::Module& module, Simd wanted) {
  auto simd = resolve(wanted);
  if (simd && *simd == Simd::Off && module.functions[0].lanes) return std::unexpected("SIMD is off");
  return simd;
}

Facts facts_of(const ir::Module& module) {
  Facts facts;
  for (const ir::Function& f : module.functions) {
    facts.may_deopt |= !f.deopts.empty();
    std::vector<bool> seen(f.blocks.size());
    for (ir::BlockId id : ir::reverse_postorder(f)) {
      seen[id] = true;
      const ir::Block& block = f.blocks[id];
      facts.may_deopt |= block.end.kind == ir::Terminator::Kind::Deopt;
      for (const ir::Edge& edge : block.end.edges) facts.has_loops |= seen[edge.block];
      for (ir::ValueId v : block.body) {
        facts.may_deopt |= ir::info(f[v].op).effect == ir::Effect::Deopt;
        facts.polls |= ir::info(f[v].op).effect == ir::Effect::Poll;
        facts.foreign |= ir::info(f[v].op).effect == ir::Effect::Foreign;
      }
    }
  }
  return facts;
}

// One compilation. Each has an LLVM context of its own, so that several can run at once.
class Compilation {
 public:
  Compilation(const ir::Module& ir, const CompileOptions& options)
      : ir_(ir), options_(options), module_("gilmap", context_), facts_(facts_of(ir)) {
    auto simd = simd_for(ir, options.simd);
    if (simd) {
      emitted_.simd = *simd;
      machine_ = borrow_target_machine(*simd, options.opt_level, &error_);
    } else {
      error_ = simd.error();
    }
    if (options.opt_level > 0 && !is_lanes())
      for (ir::Function& f : ir_.functions) flatten_branches(f);
    auto handler = std::make_unique<Diagnostics>();
    diagnostics_ = handler.get();
    context_.setDiagnosticHandler(std::move(handler));
  }

  const std::string& error() const { return error_.empty() ? diagnostics_->error : error_; }
  const std::map<std::string, const void*>& symbols() const { return emitted_.symbols; }
  const Facts& facts() const { return facts_; }
  int lanes() const { return shape_.elements(); }
  // With loops, garbage might take for ever, and a block in vain much longer than a look at its inputs.
  bool checks_inputs() const {
    const ir::Function& f = ir_.functions[0];
    return is_lanes() && !f.refills && !facts_.has_loops && !facts_.foreign && can_check_inputs(f);
  }
  LaneFacts lane_facts() const {
    const std::set<std::string>& calls = emitted_.one_by_one;
    return {shape_.lanes, shape_.parts, ir_.functions[0].refills, {calls.begin(), calls.end()}};
  }

  bool emit() {
    if (!machine_) return false;
    module_.setTargetTriple(as_argument(machine_->getTargetTriple()));
    module_.setDataLayout(machine_->createDataLayout());
    emitted_.has_fma = has_fma(emitted_.simd);
    emitted_.tables = tables_of(ir_.functions[0]);
    declare_functions(emitted_);
    if (is_lanes()) {
      shape_ = choose_shape(ir_.functions[0], emitted_.simd, options_.lane_bits);
      emit_lane_kernel(emitted_, shape_, checks_inputs());
    } else {
      emit_kernel(emitted_);
    }
    emit_functions(emitted_);
    for (llvm::Function& f : module_)
      if (!f.isDeclaration()) set_vector_width(f);
    return verify();
  }

  void optimise() {
    if (options_.opt_level == 0) return;
    bool vectorise =
        !is_lanes() && !facts_.may_deopt && !facts_.has_loops && !facts_.foreign && emitted_.symbols.empty();
    codegen::optimise(module_, *machine_, vectorise, is_lanes());
  }

  bool generate(llvm::CodeGenFileType type, llvm::SmallVectorImpl<char>& out) {
    llvm::raw_svector_ostream stream(out);
    llvm::legacy::PassManager passes;
    if (machine_->addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true)) {
      error_ = "LLVM cannot generate code for this CPU";
      return false;
    }
    passes.run(module_);
    return error().empty();
  }

  llvm::Module& module() { return module_; }
  std::string llvm_ir() const {
    std::string text;
    llvm::raw_string_ostream out(text);
    module_.print(out, nullptr);
    return text;
  }

  // Python frames that a worker's stack has room for.
  int64_t depth_cap() const {
    if (ir_.functions.size() == 1) return INT64_MAX;
    return stack_for_recursion / (diagnostics_->max_frame + stack_per_call) * frames_per_call();
  }
  int64_t stack_per_frame() const {
    if (ir_.functions.size() == 1) return 0;
    return (diagnostics_->max_frame + stack_per_call) / frames_per_call() + 1;
  }

 private:
  bool is_lanes() const { return ir_.functions[0].lanes; }

  // Python frames that a native one stands for, at least.
  int frames_per_call() const {
    int depth = INT32_MAX;
    for (size_t i = 1; i < ir_.functions.size(); ++i) depth = std::min(depth, std::max(ir_.functions[i].depth, 1));
    return depth;
  }

  void set_vector_width(llvm::Function& f) const {
    const int bits = is_lanes() ? vector_lanes(emitted_.simd) * 64 : 256;
    f.addFnAttr("prefer-vector-width", std::to_string(bits));
    if (is_lanes()) f.addFnAttr("min-legal-vector-width", std::to_string(bits));
  }

  bool verify() {
#ifdef NDEBUG
    return true;
#else
    llvm::raw_string_ostream out(error_);
    return !llvm::verifyModule(module_, &out);
#endif
  }

  ir::Module ir_;
  const CompileOptions& options_;
  llvm::LLVMContext context_;
  llvm::Module module_;
  Facts facts_;
  ModuleContext emitted_{ir_, module_};
  std::string error_;
  LaneShape shape_;
  Diagnostics* diagnostics_ = nullptr;
  TargetMachinePtr machine_;
};

size_t text_size(llvm::MemoryBufferRef object) {
  auto file = llvm::object::ObjectFile::createObjectFile(object);
  if (!file) {
    llvm::consumeError(file.takeError());
    return 0;
  }
  size_t size = 0;
  for (const llvm::object::SectionRef& section : (*file)->sections())
    if (section.isText()) size += section.getSize();
  return size;
}

}  // namespace

std::shared_ptr<Kernel> compile(const ir::Module& module, const CompileOptions& options, std::string* error) {
  auto start = std::chrono::steady_clock::now();
  auto refuse = [&](const std::string& why) {
    if (error) *error = why;
    return nullptr;
  };
  Compilation work(module, options);
  if (!work.emit()) return refuse(work.error());
  work.optimise();
  if (options.dump) llvm::errs() << work.llvm_ir();
  llvm::SmallVector<char, 0> object;
  if (!work.generate(llvm::CodeGenFileType::ObjectFile, object)) return refuse(work.error());

  auto kernel = std::make_shared<CompiledKernel>();
  kernel->depth_cap = work.depth_cap();
  auto symbols = work.symbols();
  if (module.functions.size() > 1) symbols[depth_cap_symbol] = &kernel->depth_cap;
  auto buffer = std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(object), "kernel", false);
  kernel->code_bytes = text_size(*buffer);
  auto loaded = load_object(std::move(buffer), symbols);
  if (!loaded) return refuse(llvm::toString(loaded.takeError()));
  kernel->object = std::make_unique<LoadedObject>(std::move(*loaded));
  auto run = kernel->object->address(kernel_symbol);
  if (!run) return refuse(llvm::toString(run.takeError()));

  kernel->run = reinterpret_cast<KernelFn>(*run);
  const ir::Function& element = module.functions[0];
  for (ir::ValueId p : element.blocks[0].params) kernel->param_types.push_back(element.type(p));
  kernel->result_types = module.result_types;
  kernel->arg_ranges = element.arg_ranges;
  kernel->checks_inputs = work.checks_inputs();
  kernel->tables = tables_of(element);
  kernel->may_deopt = work.facts().may_deopt;
  kernel->recursive = module.functions.size() > 1;
  kernel->stack_per_frame = work.stack_per_frame();
  kernel->unbounded = work.facts().polls || work.facts().foreign || kernel->recursive;
  kernel->lanes = work.lanes();
  kernel->refills = module.functions[0].refills;
  kernel->compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return kernel;
}

std::string listing(const ir::Module& module, Listing what, const CompileOptions& options) {
  Compilation work(module, options);
  if (!work.emit()) return work.error();
  if (what == Listing::LlvmIr) return work.llvm_ir();
  work.optimise();
  if (what == Listing::OptimisedLlvmIr) return work.llvm_ir();
  llvm::SmallVector<char, 0> text;
  if (!work.generate(llvm::CodeGenFileType::AssemblyFile, text)) return work.error();
  return {text.begin(), text.end()};
}

std::optional<LaneFacts> lane_facts(const ir::Module& module, std::string* error) {
  GILMAP_CHECK(module.functions[0].lanes);
  const CompileOptions options;
  Compilation work(module, options);
  if (work.emit()) return work.lane_facts();
  *error = work.error();
  return std::nullopt;
}

void warm_up() {
  static const bool done = [] {
    ir::Module module;
    ir::Function& f = module.functions.emplace_back();
    f.values.push_back({ir::Op::Param, ir::Type::F64, 0, 0, {}});
    ir::Block& block = f.blocks.emplace_back();
    block.params = {0};
    block.end.kind = ir::Terminator::Kind::Ret;
    block.end.values = {0};
    module.result_types = {ir::Type::F64};
    compile(module, {}, nullptr);
    return true;
  }();
  (void)done;
}

}  // namespace gilmap::codegen
