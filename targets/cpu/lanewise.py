"""Functions of the C library in loops that are vectorised: lane by lane, and only where they are asked for.

LLVM leaves a loop alone in which a call of one number stands. Told of a function of many numbers and a
mask, it vectorises what stands around the call, and the function does the lanes one after the other.
"""

from __future__ import annotations

import re

_DECLARED = re.compile(r'^declare (float|double) @"(\w+)"\(\1 %"[^"]*"\)(.*)$', re.M)
_PURE = "nounwind willreturn memory(none)"


def lanewise(text: str, bits: int) -> str:
    """The text of a module with a vector form of every function of one number that it declares.

    `bits` is the width of the processor's vectors.
    """
    made: list[str] = []
    used: list[str] = []
    for kind, name, _ in _DECLARED.findall(text):
        sizes = [bits // 64, bits // 32]
        told = ",".join(f"_ZGV_LLVM_M{size}v_{name}.one({_name(name, size)})" for size in sizes)
        called = re.compile(rf'^(.* = call [^@\n]*)@"{name}"(\([^\n]*\))$', re.M)
        text = called.sub(rf'\1@{name}.one\2 "vector-function-abi-variant"="{told}"', text)
        made.append(_one(kind, name))
        made += [_lanes(kind, name, size) for size in sizes]
        used += [_name(name, size) for size in sizes]
    if not made:
        return text
    text = _DECLARED.sub(rf'declare \1 @"\2"(\1) {_PURE}', text)
    names = ", ".join(f"ptr @{one}" for one in used)
    kept = f'@llvm.compiler.used = appending global [{len(used)} x ptr] [{names}], section "llvm.metadata"'
    asked = {size: f"declare i1 @llvm.vector.reduce.or.v{size}i1(<{size} x i1>)" for size in sizes}
    return "\n".join([text, *made, *asked.values(), kept, ""])


def _name(name: str, size: int) -> str:
    return f"{name}.lanes.{size}"


def _one(kind: str, name: str) -> str:
    """The function of one number, under a name by which LLVM does not know what it is: what it knows
    it calls for all lanes."""
    return f"""
define internal {kind} @{name}.one({kind} %x) noinline {_PURE} {{
  %value = call {kind} @"{name}"({kind} %x)
  ret {kind} %value
}}"""


def _lanes(kind: str, name: str, size: int) -> str:
    """The function of `size` numbers, of which those under the mask are computed."""
    vector = f"<{size} x {kind}>"
    return f"""
define internal {vector} @{_name(name, size)}({vector} %x, <{size} x i1> %mask)
    noinline {_PURE} "prefer-vector-width"="{size * (32 if kind == "float" else 64)}" {{
entry:
  %any = call i1 @llvm.vector.reduce.or.v{size}i1(<{size} x i1> %mask)
  br i1 %any, label %lane, label %none
none:
  ret {vector} zeroinitializer
lane:
  %number = phi i64 [ 0, %entry ], [ %following, %next ]
  %found = phi {vector} [ zeroinitializer, %entry ], [ %so_far, %next ]
  %asked = extractelement <{size} x i1> %mask, i64 %number
  br i1 %asked, label %one, label %next
one:
  %given = extractelement {vector} %x, i64 %number
  %value = call {kind} @"{name}"({kind} %given)
  %more = insertelement {vector} %found, {kind} %value, i64 %number
  br label %next
next:
  %so_far = phi {vector} [ %found, %lane ], [ %more, %one ]
  %following = add i64 %number, 1
  %goes_on = icmp ult i64 %following, {size}
  br i1 %goes_on, label %lane, label %end
end:
  ret {vector} %so_far
}}"""
