"""E0350 to E0359: what keeps a kernel for CUDA from being made or run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class UnknownArchitecture(Diagnostic):
    """`--arch` names an architecture that there is not, or one that kernels can't be made for.

        objc compile losses.objc -o build --target cuda --arch sm_91
        error[E0350]: no architecture is called `sm_91`

    An architecture is `sm_` with the compute capability of the device, without its point: `sm_80` (A100),
    `sm_89` (RTX 40), `sm_90` (H100, H200), `sm_100` (B200), `sm_120` (RTX 50). `sm_70` is the oldest.
    PTX for one runs on that and on later ones.
    """

    code: ClassVar[str] = "E0350"

    name: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"no architecture is called `{self.name}`"

    def notes(self) -> Sequence[str]:
        return (f"there are {', '.join(f'`{one}`' for one in self.known)}",)

    def help(self) -> str | None:
        return did_you_mean(self.name, self.known)


@dataclass(frozen=True)
class NoLibdevice(Diagnostic):
    """A kernel for CUDA needs functions that come with NVIDIA's compiler, which is not there.

    Most of what losses are made of objc has itself. Powers with broken exponents, trigonometry, the
    error function and the logarithm of the gamma function are taken from libdevice, a file of a few
    hundred kilobytes in a CUDA toolkit and in the package nvidia-nvvm: `pip install 'objc[cuda]'`
    brings it. Where a toolkit is installed, `CUDA_HOME` says where.
    """

    code: ClassVar[str] = "E0351"

    functions: tuple[str, ...]

    def title(self) -> str:
        names = ", ".join(f"`{one}`" for one in self.functions)
        return f"the target `cuda` takes {names} from libdevice, which is not there"

    def help(self) -> str | None:
        return "install the extra `cuda`, or set `CUDA_HOME` to a CUDA toolkit"


@dataclass(frozen=True)
class NoDevice(Diagnostic):
    """A kernel for CUDA was called, and no device can be reached to run it.

        objc.compile("losses.objc", target="cuda").huber(prediction, target)
        error[E0352]: the target `cuda` runs on a device, and there is none: libcuda.so.1 is not there

    To compile needs no device: `objc compile --target cuda --arch sm_90` writes modules and PTX on any
    machine. To run needs NVIDIA's driver and a device that this process may see
    (`CUDA_VISIBLE_DEVICES`); `nvidia-smi` shows both. To try a kernel on small inputs without one,
    Numba's simulator will do: `NUMBA_ENABLE_CUDASIM=1`, and arrays of
    `numba.cuda.to_device`.
    """

    code: ClassVar[str] = "E0352"

    reason: str

    def title(self) -> str:
        return f"the target `cuda` runs on a device, and there is none: {self.reason}"

    def help(self) -> str | None:
        return 'use target="cpu" here, or NUMBA_ENABLE_CUDASIM=1 for small inputs'


@dataclass(frozen=True)
class NoSimulator(Diagnostic):
    """`NUMBA_ENABLE_CUDASIM=1` asks for Numba's simulator, which is part of the package numba-cuda.

    It is in the extra `cuda`: `pip install 'objc[cuda]'`.
    """

    code: ClassVar[str] = "E0353"

    def title(self) -> str:
        return (
            "NUMBA_ENABLE_CUDASIM is set, and numba-cuda, which has the simulator, is not installed"
        )

    def help(self) -> str | None:
        return "install the extra `cuda`"


@dataclass(frozen=True)
class OnTheHost(Diagnostic):
    """A kernel for CUDA takes arrays that are on the device; this one is in the host's memory.

        kernel = objc.compile("losses.objc", target="cuda").huber
        kernel(numpy.zeros(8), numpy.ones(8))
        error[E0354]: `prediction` is on the host, and the target `cuda` computes on the device

    Nothing is copied in silence: it would take longer than the kernel. Pass arrays of PyTorch, CuPy, JAX
    or Numba that are on the device (whatever has `__cuda_array_interface__` or DLPack), or say the
    copy: `torch.as_tensor(x, device="cuda")`, `cupy.asarray(x)`. In Numba's simulator, where no device is,
    it is refused as well: `numba.cuda.to_device(x)`.
    """

    code: ClassVar[str] = "E0354"

    name: str
    found: str

    def title(self) -> str:
        return f"`{self.name}` is on the host, and the target `cuda` computes on the device"

    def notes(self) -> Sequence[str]:
        return (f"it is {self.found}",)

    def help(self) -> str | None:
        return 'copy it first: torch.as_tensor(x, device="cuda"), cupy.asarray(x) or numba.cuda.to_device(x)'
