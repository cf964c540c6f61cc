// What the kinds of tests do.

#include <optional>

#include "filetest.h"
#include "filetests/foreign.h"
#include "filetests/lanes_check.h"
#include "ir/parser.h"
#include "ir/printer.h"
#include "ir/verifier.h"
#include "passes/numeric_table.h"
#include "passes/pipeline.h"
#include "passes/value_ranges.h"
#include "spmd/lanes.h"

namespace gilmap::filetests {
namespace {

using ir::Module;

// Without comments, trailing blanks and empty lines: what printing cannot give back.
std::string stripped(const std::vector<std::string>& lines) {
  std::string all;
  for (std::string line : lines) {
    if (size_t comment = line.find(';'); comment != std::string::npos) line.resize(comment);
    while (line.ends_with(' ')) line.pop_back();
    if (!line.empty()) all += line + "\n";
  }
  return all;
}

std::string without_empty_lines(std::string text) {
  for (size_t at; (at = text.find("\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

std::string as_comments(const std::vector<std::string>& messages) {
  std::string all;
  for (const std::string& m : messages) all += "; " + m + "\n";
  return all;
}

std::string print_ranges(const Module& module) {
  std::string out;
  for (const ir::Function& f : module.functions) {
    passes::ValueRanges ranges(f);
    std::vector<std::string> notes(f.values.size());
    for (ir::BlockId b = 0; b < f.blocks.size(); ++b) {
      auto note = [&](ir::ValueId v) {
        if (f.type(v) != ir::Type::I64 || f[v].op == ir::Op::IConst) return;
        ir::IntRange r = ranges.defined(v);
        if (r != ir::IntRange{}) notes[v] = "[" + std::to_string(r.lo) + ", " + std::to_string(r.hi) + "]";
      };
      for (ir::ValueId v : f.blocks[b].params) note(v);
      for (ir::ValueId v : f.blocks[b].body) note(v);
    }
    Module one{{f}, module.result_types};
    out += print(one, {.numeric = passes::numeric_table(), .note = [&](ir::ValueId v) { return notes[v]; }});
  }
  return out;
}

// Does `deopt raise` stand for any reason?
enum class Reasons : uint8_t { Exact, Any };

class Checker {
 public:
  Checker(TestFile& file, bool update) : file_(file), update_(update) {}

  std::vector<std::string> run() {
    std::string text;
    for (const std::string& line : file_.head) text += line + "\n";
    auto module = ir::parse(text, passes::numeric_table());
    if (is("parse-error")) {
      if (module) {
        fail("parses");
      } else {
        expect("; " + module.error().text() + "\n");
      }
      return failures_;
    }
    if (!module) {
      fail(module.error().text());
      return failures_;
    }
    std::vector<std::string> mistakes = ir::verify(*module, passes::numeric_table());
    if (is("verify-error")) {
      if (mistakes.empty()) fail("is well formed");
      expect(as_comments(mistakes));
      return failures_;
    }
    for (const std::string& m : mistakes) fail(m);
    if (!failures_.empty()) return failures_;

    if (!file_.runs.empty() && !link_foreign(*module)) {
      fail("names a foreign function that tests/filetests/foreign.cpp does not have");
      return failures_;
    }
    run_all("the input", *module, true, 0);
    if (module->functions[0].lanes) run_all("the input", *module, false, 2);
    if (is("roundtrip")) {
      std::string out = print(*module, {.numeric = passes::numeric_table(), .lines = true});
      if (file_.has_expectation) {
        expect(out);
      } else if (std::string in = stripped(file_.head); in != without_empty_lines(out)) {
        fail("does not print as it was written:\n" + diff(in, without_empty_lines(out)));
      }
    } else if (is("ranges")) {
      expect(print_ranges(*module));
    } else if (!is("run")) {
      Module changed = *module;
      std::string refused;
      if (!run_passes(changed, &refused)) return failures_;
      expect(refused.empty() ? print(changed, {.numeric = passes::numeric_table()}) : as_comments({refused}));
      const bool made_lanes = changed.functions[0].lanes && !module->functions[0].lanes;
      if (refused.empty()) run_all("after the passes", changed, false, {}, made_lanes ? Reasons::Any : Reasons::Exact);
    }
    if (!file_.runs.empty() && !module->functions[0].lanes) {
      Module changed = *module;
      passes::run_pipeline(changed);
      for (const std::string& m : verify(changed, passes::numeric_table())) fail("after the pipeline: " + m);
      if (failures_.empty()) run_all("after the pipeline", changed, false, 2);
      if (failures_.empty()) try_lanes(changed);
      passes::share_rounds(changed);
      for (const std::string& m : verify(changed, passes::numeric_table())) fail("with shared rounds: " + m);
      if (failures_.empty()) run_all("with shared rounds", changed, false, 2);
    }
    return failures_;
  }

 private:
  bool is(const char* kind) const { return file_.tests.size() == 1 && file_.tests[0] == kind; }
  void fail(std::string what) { failures_.push_back(std::move(what)); }

  void expect(const std::string& actual) {
    if (update_) {
      file_.has_expectation = true;
      file_.expected = actual;
    } else if (actual != file_.expected) {
      fail("not what is expected:\n" + diff(file_.expected, actual));
    }
  }

  // With `refused` not empty, `to_lanes` has left the module as it was, for that reason.
  bool run_passes(Module& module, std::string* refused) {
    const std::vector<std::string> pipeline = {"pipeline"};
    for (const std::string& pass : is("lift") ? pipeline : file_.tests) {
      if (pass == "to_lanes") {
        auto lanes = spmd::to_lanes(module, refused);
        if (!lanes) return true;
        module = std::move(*lanes);
      } else if (pass == "share_rounds") {
        passes::share_rounds(module);
      } else if (!passes::run_pass(pass, module)) {
        fail("there is no pass `" + pass + "`");
        return false;
      }
      std::vector<std::string> mistakes = verify(module, passes::numeric_table());
      for (const std::string& m : mistakes) fail("after " + pass + ": " + m);
      if (!mistakes.empty()) {
        fail("after " + pass + ":\n" + print(module, {.numeric = passes::numeric_table()}));
        return false;
      }
    }
    return true;
  }

  // What the pipeline leaves, many elements at a time.
  void try_lanes(const Module& element) {
    std::string why;
    const auto lanes = spmd::to_lanes(element, &why);
    if (!lanes) return;
    for (const std::string& m : verify(*lanes, passes::numeric_table())) fail("as a lane function: " + m);
    if (!failures_.empty()) return;
    Rows rows;
    for (const Run& run : file_.runs) {
      if (!parse_call(run.call, element, &rows.emplace_back(), &why)) rows.pop_back();
    }
    if (std::string wrong = check_lanes(element, *lanes, rows, interpreter()); !wrong.empty()) {
      return fail("as a lane function: " + wrong);
    }
    run_all("as a lane function", *lanes, false, 2, Reasons::Any);
  }

  ir::InterpreterOptions interpreter() const {
    return {passes::call_numeric, 200'000, file_.depth_budget, call_foreign, passes::numeric_table()};
  }

  // In a lane function, an element by itself.
  ir::Outcome outcome_of(const Module& module, const std::vector<uint64_t>& args) {
    if (module.functions[0].lanes) return run_in_lanes(module, {args}, 1, false, interpreter())[0];
    return interpret(module, 0, args, interpreter());
  }

  // The runs of the file, by the interpreter and by compiled code. The first time, on the input, also says what is
  // wrong with the runs themselves.
  void run_all(const char* when, const Module& module, bool first, std::optional<int> opt_level = {},
               Reasons reasons = Reasons::Exact) {
    reasons_ = reasons;
    Rows rows;
    std::vector<const Run*> of_row;
    for (Run& run : file_.runs) {
      std::string error;
      std::vector<uint64_t> args;
      if (!parse_call(run.call, module, &args, &error)) {
        if (first) fail(run.call + ": " + error);
        continue;
      }
      ir::Outcome outcome = outcome_of(module, args);
      if (update_ && first && outcome.kind != ir::Outcome::Kind::Broken && !agrees(outcome, run.expected)) {
        run.expected = print_outcome(outcome);
        file_.head[run.line] = "; run:" + run.call + " == " + run.expected;
      }
      compare(when, run, outcome);
      if (outcome.kind == ir::Outcome::Kind::Broken) continue;
      if (outcome.kind == ir::Outcome::Kind::OutOfSteps) {
        if (opt_level)
          run_compiled(when, module, {args}, {&run},
                       {.opt_level = *opt_level, .depth_budget = file_.depth_budget, .cancelled = true});
        continue;
      }
      rows.push_back(std::move(args));
      of_row.push_back(&run);
    }
    if (module.functions[0].lanes) run_together(when, module, rows, of_row);
    if (!opt_level || rows.empty()) return;
    for (size_t i = 0; rows.size() < 37; ++i) {
      rows.push_back(rows[i]);
      of_row.push_back(of_row[i]);
    }
    run_compiled(when, module, rows, of_row, {.opt_level = *opt_level, .depth_budget = file_.depth_budget});
  }

  void run_together(const std::string& when, const Module& module, const Rows& rows,
                    const std::vector<const Run*>& of_row) {
    for (size_t lanes : {2, 3, 8, 0}) {
      for (bool backwards : {false, true}) {
        const std::vector<ir::Outcome> outcomes = run_in_lanes(module, rows, lanes, backwards, interpreter());
        const std::string how = when + ", groups of " + std::to_string(lanes) + (backwards ? ", backwards" : "");
        for (size_t i = 0; i < rows.size(); ++i) {
          if (!compare(how, *of_row[i], outcomes[i])) return;
        }
      }
    }
  }

  void run_compiled(const std::string& when, const Module& module, const Rows& rows,
                    const std::vector<const Run*>& of_row, CompiledOptions options) {
    if (!compiled_run()) return;
    for (int bits : {64, 32}) {
      if (bits == 32 && !module.functions[0].lanes) break;
      options.lane_bits = bits;
      const std::string how = when + ", compiled" + (bits == 32 ? " for lanes of 32 bits" : "") + ", element ";
      std::vector<ir::Outcome> outcomes = compiled_run()(module, rows, options);
      for (size_t i = 0; i < outcomes.size(); ++i) {
        if (!compare(how + std::to_string(i), *of_row[i], outcomes[i])) return;
      }
    }
  }

  bool agrees(const ir::Outcome& outcome, const std::string& expected) const {
    std::string is = print_outcome(outcome);
    if (reasons_ == Reasons::Any && is.starts_with("deopt ") && expected.starts_with("deopt ")) return true;
    return is == expected || (expected == "any-nan" && is.find("nan") != std::string::npos);
  }

  bool compare(const std::string& when, const Run& run, const ir::Outcome& outcome) {
    if (agrees(outcome, run.expected)) return true;
    fail(when + ":" + run.call + " gives " + print_outcome(outcome) + ", not " + run.expected);
    return false;
  }

  TestFile& file_;
  bool update_;
  Reasons reasons_ = Reasons::Exact;
  std::vector<std::string> failures_;
};

}  // namespace

std::vector<std::string> check(TestFile& file, bool update) { return Checker(file, update).run(); }

CompiledRun& compiled_run() {
  static CompiledRun run;
  return run;
}

}  // namespace gilmap::filetests
