"""The diagnostics of calls with arrays that are on a device, E0440 to E0442."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from objc.kernel.diagnostic import CallDiagnostic


@dataclass(frozen=True)
class MixedMemory(CallDiagnostic):
    """Some arrays of a call are on the device and others are not.

    Example: `huber(torch.zeros(8, device="cuda"), numpy.zeros(8))`.

    A kernel computes where its arrays are, and copies nothing in silence. A real number shared by the batch
    may be Python's, or on the device as an array without axes. Hyperparameters and counts are Python's:
    they are looked at before the launch, which would wait for the device.

    Mend: copy what is on the host to the device, or all of it to the host and compile for the CPU; give
    hyperparameters as numbers.
    """

    code: ClassVar[str] = "E0440"
    name: str
    found: str
    expected: str

    def title(self) -> str:
        return f"{self.declaration}: `{self.name}` is {self.found}"

    def help(self) -> str:
        return f"beside arrays on the device, it is {self.expected}"


@dataclass(frozen=True)
class DeviceLayout(CallDiagnostic):
    """An array on the device does not have the type or the order of entries that the kernel reads.

    Example: `huber(x.T, y)` for CuPy's or PyTorch's `x` of shape (8, 4), whose transpose is a view.

    Reals are float32, float64, bfloat16 or float16 (the last two are computed with in float32, and results
    are rounded); in one call, what has more digits than the computation is refused, as int32 and int64 have
    for reals in float32. Labels, masks, signs and weights are whole numbers of 8 to 64 bits, or bool. The
    entries stand in C order, and nothing is copied. A module that was written by `objc compile` reads
    reals of its own type, and int64. A buffer for a result has the result's type.

    Mend: `x.contiguous()` (`cupy.ascontiguousarray(x)`), `label.long()`, `x.float()`.
    """

    code: ClassVar[str] = "E0441"
    name: str
    found: str
    expected: str

    def title(self) -> str:
        return f"{self.declaration}: `{self.name}` is {self.found}, and the kernel reads {self.expected}"


@dataclass(frozen=True)
class NotOnDevice(CallDiagnostic):
    """An option of a call that is not there for arrays on a device.

    Example: `huber(prediction, target, check_finite=True)` for PyTorch's tensors on CUDA: to look at the
    entries would wait for the device.

    Weights and masks are taken: the device finds their sum itself, so that nobody looks at them before; where
    all are 0, that is told when the value is read. A mask, and weights without a reduction, are PyTorch's or
    CuPy's. A mean within an example that its guard leaves nothing of is not a number, and is not told.

    Mend: look at data with the framework that holds it; leave out `check` and `check_finite`.
    """

    code: ClassVar[str] = "E0442"
    option: str
    reason: str

    def title(self) -> str:
        return f"{self.declaration}: no `{self.option}` for arrays on the device: {self.reason}"
