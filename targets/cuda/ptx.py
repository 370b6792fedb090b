"""From the text of a kernel to PTX, on any machine: LLVM's back end for NVIDIA's devices is in llvmlite.

What a kernel takes from CUDA's mathematics (the gamma family, trigonometry, powers) is linked from
libdevice, which comes with a CUDA toolkit or the package nvidia-nvvm.
"""

from __future__ import annotations

import functools
import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from objc.targets.cpu.loading import lock
from objc.targets.cuda.errors import NoLibdevice, UnknownArchitecture

from objc import cache
from objc.errors import ObjcError

TRIPLE = "nvptx64-nvidia-cuda"

NUMBERS = (70, 72, 75, 80, 86, 87, 88, 89, 90, 100, 101, 103, 110, 120, 121)
"""Architectures that LLVM knows, from the first whose threads of a warp go their own ways."""


def ptx_of(text: str, architecture: str) -> str:
    """PTX for an architecture (`sm_90`), from the disk cache or made now.

    Raises:
        ObjcError: an architecture that LLVM does not know, or libdevice is needed and not there.
    """
    key = cache.digest("cuda", architecture, text)
    found = cache.read("ptx", key)
    if found is not None:
        return found.decode()
    made = compiled(text, architecture)
    cache.write("ptx", key, made.encode())
    return made


def compiled(text: str, architecture: str) -> str:
    """PTX, made now."""
    import llvmlite.binding as llvm
    from objc.targets.cuda.translation import translate

    check_architecture(architecture)
    assembly = str(translate(text))
    with lock:
        machine = _machine(architecture)
        module = llvm.parse_assembly(assembly)
        module.triple = TRIPLE
        module.data_layout = str(machine.target_data)
        wanted = sorted(set(re.findall(r'@"(__nv_\w+)"', assembly)))
        if wanted:
            _link(module, wanted)
        _optimise(module, machine)
        return str(machine.emit_assembly(module))


def architectures() -> tuple[str, ...]:
    """The names of the architectures that kernels can be made for."""
    return tuple(f"sm_{number}" for number in NUMBERS)


def check_architecture(architecture: str) -> None:
    """Raises ObjcError for a name that none has."""
    if architecture not in architectures():
        raise ObjcError(UnknownArchitecture(None, architecture, architectures()))


def nearest(capability: tuple[int, int]) -> str:
    """The latest architecture whose PTX a device of this compute capability runs."""
    number = capability[0] * 10 + capability[1]
    return f"sm_{max((one for one in NUMBERS if one <= number), default=NUMBERS[0])}"


def _machine(architecture: str) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE)
    return target.create_target_machine(cpu=architecture, opt=3)


def _optimise(module: Any, machine: Any) -> None:
    """All of LLVM's passes but those that write loops out: the assembler does that where registers allow it.
    Done before it knows of registers, it took all of them and more in a tenth of the library's kernels."""
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = False
    options.loop_unrolling = False
    options.slp_vectorization = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def _link(module: Any, wanted: list[str]) -> None:
    """Put functions of libdevice into a module."""
    import llvmlite.binding as llvm

    found = libdevice()
    if found is None:
        raise ObjcError(NoLibdevice(None, tuple(name.removeprefix("__nv_") for name in wanted)))
    library = llvm.parse_bitcode(found.read_bytes())
    library.triple = module.triple
    library.data_layout = module.data_layout
    for function in library.functions:
        if not function.is_declaration:
            function.linkage = "linkonce_odr"  # what is not called is left out
    module.link_in(library)
    for function in module.functions:
        if not function.is_declaration and function.name.startswith("__"):
            function.linkage = "internal"


@functools.cache
def libdevice() -> Path | None:
    """The file of CUDA's device functions: of nvidia-nvvm, or of an installed toolkit."""
    for name in ("nvidia-nvvm", "nvidia-cuda-nvcc", "nvidia-cuda-nvcc-cu12"):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name == "libdevice.10.bc":
                return Path(str(file.locate()))
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        place = Path(os.environ.get(variable, "")) / "nvvm" / "libdevice" / "libdevice.10.bc"
        if os.environ.get(variable) and place.is_file():
            return place
    return None
