"""Which functions, by their LLVM IR, may run on any thread. What is not understood may not."""

import pytest
from gilmap._foreign.llvm_text import why_it_stays

TEXT = """
@.const.array = internal constant [16 x i8] c"0123456789abcdef"
@counter = global i64 0

define i32 @f(ptr noalias %retptr, ptr noalias %excinfo, i64 %arg.x) local_unnamed_addr #0 {{
B0:
  {line}
  store i64 %arg.x, ptr %retptr, align 8
  ret i32 0
}}

define linkonce_odr void @"quoted name"(i64 %x) {{
  {callee}
  ret void
}}

declare double @llvm.sin.f64(double)
"""


def verdict(line, callee="%y = add i64 %x, 1"):
    return why_it_stays(TEXT.format(line=line, callee=callee), "f")


@pytest.mark.parametrize(
    "line",
    [
        "%a = add i64 %arg.x, 1",
        "%a = tail call double @llvm.sin.f64(double %d)",
        "%a = call double @pow(double %d, double 2.0)",
        "%a = tail call ptr @NRT_Allocate(i64 8)",
        "store ptr @.const.pickledata.0f30, ptr %excinfo, align 8, !numba_exception_output !1",
        "%p = getelementptr double, ptr @.const.array, i64 %arg.x",
        "%v = load double, ptr @.const.array, align 8",
        "%a = call i32 @f(ptr nonnull %retptr, ptr %excinfo, i64 1)",
        'call void @"quoted name"(i64 1)',
        "%o = atomicrmw add ptr %own, i64 1 seq_cst",
        "call void @llvm.memcpy.p0.p0.i64(ptr noundef nonnull align 8 dereferenceable(8) %own, ptr @.const.array, i64 8)",
        "call void @llvm.memset.p0.i64(ptr align 8 %own, i8 0, i64 8, i1 false)",
    ],
)
def test_harmless(line):
    assert verdict(line) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("%a = call i32 @rand()", "rand"),
        ("%a = call ptr @PyGILState_Ensure()", "PyGILState_Ensure"),
        ("%a = call i64 %function(i64 %arg.x)", "by its address"),
        ('call void asm sideeffect "nop", ""()', "by its address"),
        ("%p = inttoptr i64 %arg.x to ptr", "memory by its address"),
        ("store i64 1, ptr inttoptr (i64 4096 to ptr), align 8", "memory by its address"),
        ("store i64 %arg.x, ptr @counter, align 8", "memory of others"),
        ("store i64 1, ptr getelementptr inbounds (i8, ptr @counter, i64 8), align 8", "memory of others"),
        ("%o = atomicrmw add ptr @counter, i64 1 seq_cst", "memory of others"),
        ("%o = cmpxchg ptr @counter, i64 0, i64 1 seq_cst seq_cst", "memory of others"),
        ("%p = load ptr, ptr @counter, align 8", "follows a pointer"),
        ("call void @llvm.memset.p0.i64(ptr align 8 @counter, i8 0, i64 8, i1 false)", "memory of others"),
        ("call ptr @memcpy(ptr nonnull @counter, ptr %own, i64 8)", "memory of others"),
        ("call void @llvm.memset.p0.i64(ptr getelementptr (i8, ptr @counter, i64 8), i8 0, i64 8, i1 0)", "of others"),
        ("call void @llvm.memcpy.p0.p0.i64(ptr @counter, ptr %own, i64 8, i1 false)", "memory of others"),
    ],
)
def test_refused(line, reason):
    assert reason in verdict(line)
    # and also where it is a function of the same module that does it
    assert reason in verdict('call void @"quoted name"(i64 1)', line)


def test_what_is_not_there():
    assert "looked at" in why_it_stays("", "f")
    assert "looked at" in why_it_stays("declare i32 @f(ptr, ptr, i64)", "f")
    assert "looked at" in why_it_stays(TEXT.format(line="", callee=""), "g")
    assert verdict("", "%a = call i32 @rand()") is None  # nobody calls it
