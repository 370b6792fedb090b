"""Text to machine code: Numba compiles it once, and the object code is kept by content.

What is kept needs no Numba to run: LLVM's linker in llvmlite puts it in place, so that a process that
finds its kernels in the cache starts without importing a compiler.
"""

from __future__ import annotations

import ctypes
import functools
import json
import linecache
import threading
from typing import Any

from objc import cache

_lock = threading.Lock()
_engines: list[Any] = []  # the code lives as long as its engine

SIGNATURE = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
    *[ctypes.c_int64] * 5,
)  # fmt: skip
"""Numba's convention (a place for the result and one for an exception, neither used here), then the
arguments of `entry`."""


def entry_of(text: str) -> Any:
    """The `entry` of a module's text as a C function, from the cache or compiled now."""
    key = cache.digest("cpu", _processor(), text)
    code = cache.read("objects", key)
    if code is not None:
        found = _place(code)
        if found is not None:
            return found
    code = compiled(text)
    cache.write("objects", key, code)
    found = _place(code)
    assert found is not None, "object code that has just been made can be placed"
    return found


@functools.lru_cache(maxsize=1)
def _processor() -> str:
    import llvmlite.binding as llvm

    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def compiled(text: str) -> bytes:
    """Object code of a module's text: a line of JSON that names the entry, then the object file."""
    from numba import types
    from numba.core import compiler
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target

    flags = compiler.Flags()
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    flags.error_model = "numpy"
    arguments = (types.CPointer(types.int64), types.CPointer(types.float64), *[types.int64] * 5)
    with global_compiler_lock:
        function = _executed(text)["entry"]
        result = compiler.compile_extra(
            cpu_target.typing_context, cpu_target.target_context, function, arguments, types.void,
            flags, {},
        )  # fmt: skip
        name = result.fndesc.llvm_func_name
        module = _parsed(result.library.get_llvm_str(), name)
        code = _machine().emit_object(module)
    return json.dumps({"entry": name}).encode() + b"\n" + code


def _executed(text: str) -> dict[str, Any]:
    name = f"<objc {cache.digest(text)[:16]}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    namespace: dict[str, Any] = {"__name__": "objc.kernel"}
    exec(compile(text, name, "exec"), namespace)
    return namespace


def _parsed(text: str, entry: str) -> Any:
    """Numba's optimised module with nothing but the entry to be seen from outside."""
    import llvmlite.binding as llvm

    return llvm.parse_assembly(text)


@functools.lru_cache(maxsize=1)
def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _machine() -> Any:
    import llvmlite.binding as llvm

    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static",
        codemodel="large",
        jit=True,
    )


def _place(code: bytes) -> Any | None:
    """The entry of object code, ready to be called; None if this is no object code of ours."""
    import llvmlite.binding as llvm

    header, _, body = code.partition(b"\n")
    try:
        name = json.loads(header)["entry"]
    except (ValueError, TypeError, KeyError):
        return None
    with _lock:
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
        engine.add_object_file(llvm.ObjectFileRef.from_data(body))
        engine.finalize_object()
        address = engine.get_function_address(name)
        _engines.append(engine)
    return SIGNATURE(address) if address else None
