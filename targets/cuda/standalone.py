"""Modules for people with the PTX beside them: they need NumPy and NVIDIA's driver, nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from objc.targets import _module
from objc.targets.cpu.layout import plain
from objc.targets.cpu.standalone import support
from objc.targets.cuda import ptx
from objc.targets.cuda.emission import forms
from objc.targets.cuda.functions import Shared

from objc.ir.program import Program
from objc.target import DType

_FILES = (
    "cuda/multiplying.py", "cuda/launching.py", "cuda/driver.py", "cuda/arrays.py", "cuda/values.py",
    "cuda/running.py", "cuda/declaring.py",
)  # fmt: skip
_IMPORTS = (
    "from collections.abc import Iterator",
    "from dataclasses import dataclass, field",
    "from typing import Protocol",
    "import ctypes",
    "import functools",
    "import math",
    "import os",
    "import struct",
    "import sys",
    "import threading",
)
DEFAULT = "sm_80"
"""The architecture where none is asked for and no device is there: later devices run it too."""


def package(
    programs: Iterable[tuple[Program, Mapping[str, Program]]],
    dtype: DType,
    name: str,
    processor: str,
    origin: str,
) -> dict[str, str | bytes]:
    """The files by name. `processor` is an architecture, or `native` for that of the device here.

    Raises:
        ObjcError: an architecture that there is not, or libdevice is needed and not there.
    """
    architecture = _native() if processor == "native" else processor
    ptx.check_architecture(architecture)
    shared = Shared()
    module = _module.write(
        programs,
        dtype,
        f"NumPy, NVIDIA's driver and {name}.ptx beside it",
        _IMPORTS,
        lambda program, name: _kernel(program, name, dtype, shared),
        lambda text: [*support(f"{text}\nDeviceDeclaration", _FILES), _open(name)],
        "DeviceDeclaration",
    )
    code = ptx.compiled(shared.text(), architecture)
    return {f"{name}.py": f"# {origin}\n{module}", f"{name}.ptx": f"// {origin}\n{code}"}


def _native() -> str:
    from objc.targets.cuda.driver import NoDriver, driver

    try:
        return ptx.nearest(driver().architecture())
    except NoDriver:
        return DEFAULT


def _kernel(program: Program, name: str, dtype: DType, shared: Shared) -> str:
    """What calls a kernel in the module; its functions go to those that all kernels share."""
    prefix = plain(name).strip("_")
    first, second = forms(program, dtype, (f"{prefix}_", f"{prefix}_products_"))
    calls = []
    for made in (first, second):
        if made is not None:
            told = shared.take(made.texts, made.metadata())
            facts = "".join(f"        {key!r}: {one!r},\n" for key, one in told.items())
            more = "_ptx,\n    IndexOutOfRange,\n    _on_host,\n    modules=_modules,\n"
            calls.append(f"Kernel(\n    {{\n{facts}    }},\n    {more})")
    if len(calls) == 1:
        return f"{name} = {calls[0]}\n"
    first_call, second_call = calls
    return f"{name} = Either(\n{first_call},\n{second_call},\n)\n"


def _open(name: str) -> str:
    return f"""_modules: dict[Any, Any] = {{}}


def _ptx(capability: tuple[int, int], name: str) -> str:
    return _whole()


@functools.lru_cache(maxsize=1)
def _whole() -> str:
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, {json.dumps(f"{name}.ptx")}), encoding="utf-8") as file:
        return file.read()


def _on_host(name: str, value: Any) -> Exception:
    return TypeError(f"`{{name}}` is a {{type(value).__name__}} on the host")
"""
