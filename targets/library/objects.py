"""From the texts of kernels to object files, for a processor of choice."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from objc.targets.cpu.entry import translate
from objc.targets.cpu.loading import lock, widened
from objc.targets.cpu.translation import Parts
from objc.targets.library.choice import FEW_ENTRIES, MANY_ENTRIES, Choice
from objc.targets.library.compiling import NATIVE, Job, machine_of, objects_of
from objc.targets.library.errors import UnknownProcessor
from objc.targets.library.functions import Functions
from objc.targets.library.interface import Interface

from objc.errors import ObjcError

KNOWN = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
"""Processors of everybody's documentation; LLVM knows many more by name."""


def object_files(
    kernels: Iterable[tuple[str, Interface, Mapping[str, Any]]], processor: str, mark: str
) -> list[bytes]:
    """Object files with the functions of kernels, given by text, interface and metadata.

    `mark` is a text that stands in the first of them as it is.

    Raises:
        ObjcError: LLVM knows no such processor.
    """
    require_processor(processor)
    with lock:
        bits = vector_bits(processor)
    shared: Parts = {}
    jobs = [Job((str(_marked(mark)),), processor)]
    for one in kernels:
        texts = [widened(str(module), bits) for module in _modules(*one, bits, shared)]
        jobs.append(Job(tuple(texts), processor))
    made: set[str] = set()
    while more := shared.keys() - made:
        made |= more
        for name in sorted(more):  # what they call is added
            jobs.append(Job((widened(str(shared[name]()), bits),), processor, is_shared=True))
    return objects_of(jobs)


def _modules(
    text: str, interface: Interface, metadata: Mapping[str, Any], bits: int, shared: Parts
) -> Iterator[ir.Module]:
    """The modules of a kernel: one, or one for each of its two forms and one that chooses. What they share
    with others is left to `shared`."""
    narrow = metadata.get("narrow")
    few = {} if narrow is None else narrow["few"]
    sizes = {one.key for one in interface.of("size")}
    if narrow is None or not set(few) <= sizes:
        yield _module(text, interface, metadata, bits, shared)
    elif not few:
        yield _module(narrow["text"], interface, narrow["metadata"], bits, shared)
    else:
        for form, own, facts in (
            (MANY_ENTRIES, text, metadata),
            (FEW_ENTRIES, narrow["text"], narrow["metadata"]),
        ):
            named = replace(interface, symbol=interface.symbol + form)
            yield _module(own, named, facts, bits, shared)
        chosen = ir.Module("objc")
        Choice(chosen, interface, few).add()
        yield chosen


def _module(
    text: str, interface: Interface, metadata: Mapping[str, Any], bits: int, shared: Parts
) -> ir.Module:
    module = translate(text, bits, shared)
    Functions(module, interface, metadata).add()
    return module


def _marked(text: str) -> ir.Module:
    """A module that holds a text."""
    module = ir.Module("objc")
    data = bytearray(text.encode("utf-8") + b"\0")
    kind = ir.ArrayType(ir.IntType(8), len(data))
    mark = ir.GlobalVariable(module, kind, "objc_mark")
    mark.initializer, mark.global_constant = ir.Constant(kind, data), True
    mark.storage_class = ""
    used = ir.ArrayType(ir.PointerType(ir.IntType(8)), 1)
    keep = ir.GlobalVariable(module, used, "llvm.used")
    keep.initializer = ir.Constant(used, [mark.bitcast(ir.PointerType(ir.IntType(8)))])
    keep.linkage, keep.section = "appending", "llvm.metadata"
    mark.linkage = "internal"
    return module


_PROBE = """
define void @probe(ptr %a) "prefer-vector-width"="512" {
  %x = load <16 x float>, ptr %a
  %y = fadd <16 x float> %x, %x
  store <16 x float> %y, ptr %a
  ret void
}
"""


@functools.lru_cache(maxsize=16)
def vector_bits(processor: str) -> int:
    """The width of a processor's vectors, from what LLVM makes of a sum of sixteen numbers."""
    text = machine_of(processor).emit_assembly(llvm.parse_assembly(_PROBE))
    return 512 if "%zmm" in text else 256 if "%ymm" in text else 128


def require_processor(name: str) -> None:
    """Raises ObjcError where LLVM knows no such processor."""
    if name != NATIVE and name not in KNOWN and not (name and _is_known(name)):
        raise ObjcError(UnknownProcessor(None, name, (NATIVE, *KNOWN)))
    if name in KNOWN and not llvm.get_default_triple().startswith("x86_64"):
        raise ObjcError(UnknownProcessor(None, name, (NATIVE,)))


_ASK = """
import sys
import llvmlite.binding as llvm
llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
target = llvm.Target.from_default_triple()
machine = target.create_target_machine(cpu=sys.argv[1])
machine.emit_object(llvm.parse_assembly("define void @f() { ret void }"))
"""


@functools.lru_cache(maxsize=16)
def _is_known(name: str) -> bool:
    """LLVM tells only on the standard error output that it does not know a processor, and goes on."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK, name], capture_output=True, text=True, timeout=120
    )
    return done.returncode == 0 and "not a recognized processor" not in done.stderr
