"""Text to machine code, once: the object code is kept by content in the disk cache.

LLVM's linker in llvmlite puts it in place, so that a process that finds its kernels in the cache
starts without a compiler.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import itertools
import os
import re
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from objc.targets.cpu.lanewise import lanewise

from objc import cache

if TYPE_CHECKING:
    from objc.targets.cpu.translation import Parts

lock = threading.Lock()
"""LLVM is used by one thread at a time."""

_numbers = itertools.count()  # of what has been linked
_parts: dict[str, list[bytes]] = {}  # what this process has compiled of shared functions

LEVEL = 3
"""Of LLVM's passes for a kernel's own code,"""

SHARED_LEVEL = 2
"""and for what many kernels share: its loops are written as they are to run. At the level above each is made
several times over, for what does not change in it, and unrolled they take as long again to compile and no
less to run."""

SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 5)
"""`entry(slots, values, scratch, begin, end, first, last)`."""


def entry_of(text: str) -> Any:
    """The `entry` of a module's text as a C function, from the cache or compiled now."""
    return function_of(text, lambda: compiled(text), "entry", SIGNATURE)


def function_of(key: str, make: Callable[[], Sequence[bytes]], name: str, signature: Any) -> Any:
    """A function of objects that are linked together, made where the cache has none under this key."""
    key = cache.digest("cpu", _processor(), key)
    kept = cache.read("objects", key)
    if kept is not None:
        found = _place(apart(kept), name)
        if found is not None:
            return signature(found)
    codes = make()
    cache.write("objects", key, together(codes))
    found = _place(codes, name)
    assert found is not None, "object code that has just been made can be placed"
    return signature(found)


def together(codes: Sequence[bytes]) -> bytes:
    """Objects as one piece of data: how many, their sizes, and they themselves."""
    sizes = [len(codes), *map(len, codes)]
    return struct.pack(f"<{len(sizes)}q", *sizes) + b"".join(codes)


def apart(entry: bytes) -> list[bytes]:
    """The objects that `together` has made one of."""
    (count,) = struct.unpack_from("<q", entry)
    ends = [8 * (count + 1)]
    for size in struct.unpack_from(f"<{count}q", entry, 8):
        ends.append(ends[-1] + size)
    return [entry[first:last] for first, last in itertools.pairwise(ends)]


@functools.lru_cache(maxsize=1)
def _processor() -> str:
    import llvmlite.binding as llvm

    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def compiled(text: str) -> list[bytes]:
    """Object code of a module's text, and of the functions that it shares with others: each of those is
    compiled once and kept."""
    from objc.targets.cpu.entry import translate

    parts: Parts = {}
    with lock:
        own = _code_of(translate(text, vector_bits(), parts))
        return [own, *_shared(parts)]


def _shared(parts: Parts) -> list[bytes]:
    """The objects of shared functions and of those that they call. The lock is the caller's."""
    found: dict[str, bytes] = {}
    asked = list(parts)
    while asked:
        name = asked.pop()
        if name not in found:
            found[name], *called = _part(name, parts)
            asked += [one.decode() for one in called]
    return list(found.values())


def _part(name: str, parts: Parts) -> list[bytes]:
    """The object of a shared function, and the names of those that it calls. What it is made of is known
    by its name and by the state of the compiler, which every key of the cache has in it."""
    key = cache.digest("part", _processor(), name)
    kept = cache.read("objects", key)
    made = _parts.get(key) if kept is None else apart(kept)
    if made is None:
        while name not in parts:  # whose caller has been kept, and tells how it is made
            for make in list(parts.values()):
                make()
        module = parts[name]()
        called = [one.name for one in module.functions if one.name in parts and one.name != name]
        made = [_code_of(module, SHARED_LEVEL), *map(str.encode, called)]
    if kept is None:
        cache.write("objects", key, together(made))
    _parts[key] = made
    return made


def _code_of(module: Any, level: int = LEVEL) -> bytes:
    return object_of(widened(str(module), vector_bits()), level)


def object_of(text: str, level: int = LEVEL) -> bytes:
    """Object code of LLVM's text. The lock is the caller's."""
    import llvmlite.binding as llvm

    machine = _machine()
    module = llvm.parse_assembly(text)
    optimise(module, machine, level)
    return bytes(machine.emit_object(module))


@functools.lru_cache(maxsize=1)
def vector_bits() -> int:
    """The width of the processor's vectors."""
    from objc.targets.cpu.mathematics.tile import vector_bits as told

    return told()


def widened(text: str, bits: int) -> str:
    """What llvmlite can't write. Steps may use the widest vectors (LLVM shuns those of 512 bits, for
    the sake of processors long gone), what is said of a loop must name itself, and functions of the C
    library have forms for vectors."""
    text = re.sub(r"^(define [^\n]*)$", rf'\1 "prefer-vector-width"="{bits}"', text, flags=re.M)
    text = re.sub(
        r"^!(\d+) = !{ !\d+, (!\d+(?:, !\d+)*) }$", r"!\1 = distinct !{ !\1, \2 }", text, flags=re.M
    )
    return lanewise(text, bits)


def optimise(module: Any, machine: Any, level: int = LEVEL) -> None:
    """LLVM's usual passes at a level, loops vectorised."""
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_unrolling = level > SHARED_LEVEL
    builder = llvm.create_pass_builder(machine, options)
    with _without_remarks():
        builder.getModulePassManager().run(module, builder)


_REMARK = b"remark: <unknown>:0:0: loop not vectorized"


@contextlib.contextmanager
def _without_remarks() -> Iterator[None]:
    """LLVM writes to standard error, past Python, of each loop that it can't make as wide as it was
    told. The width is a wish: what else is written there in the meantime is passed on."""
    try:
        standard_error = os.dup(2)
    except OSError:  # it is closed, and nobody hears anything
        yield
        return
    with tempfile.TemporaryFile() as heard:
        os.dup2(heard.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            heard.seek(0)
            for line in heard:
                if not line.startswith(_REMARK):
                    os.write(2, line)


@functools.lru_cache(maxsize=1)
def native_target() -> Any:
    """LLVM's back end for this kind of machine."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _machine() -> Any:
    """Constants stand near the code, and a loop takes them from registers: at addresses of 64 bits it loads
    each again in every turn."""
    import llvmlite.binding as llvm

    return native_target().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="small",
    )


@functools.lru_cache(maxsize=1)
def _linker() -> Any:
    """What links the objects of this process, each library with its own memory, in which code, constants and
    the ways to functions of C are close to each other. It is never closed: kernels run until the end."""
    import llvmlite.binding as llvm

    linker = llvm.create_lljit_compiler(_machine(), use_jit_link=True)
    atexit.register(linker.detach)
    return linker


def _place(codes: Sequence[bytes], name: str) -> int | None:
    """The address of a function of objects that call each other, ready to be called; None if there is none
    in them."""
    import llvmlite.binding as llvm

    with lock:
        library = llvm.JITLibraryBuilder().add_current_process().export_symbol(name)
        for code in codes:
            library.add_object_img(code)
        try:
            linked = library.link(_linker(), f"objc.{next(_numbers)}")
        except RuntimeError:
            return None
        linked.detach()
        return int(linked[name])
