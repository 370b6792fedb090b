"""Whose arrays are measured with: PyTorch's or CuPy's on a device, or copies that the target makes; in
the simulator, those of NumPy."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from objc.bench.problem import Absent


class Arrays(Protocol):
    """Who owns the arrays of a contender."""

    name: str

    def put(self, array: NDArray[Any], storage: str, repeat: int) -> Any:
        """A copy on the device, `repeat` times along the first axis; reals in a type of storage."""

    def get(self, array: Any) -> NDArray[Any]:
        """The entries on the host, reals in float64."""

    def stream(self) -> int:
        """The stream that is worked on."""

    def peak(self, call: Callable[[], Any]) -> int | None:
        """Bytes that a call adds at most, its results among them; None where nobody tells."""

    def free(self) -> None:
        """Give back what nobody holds any more."""


class Torch:
    """PyTorch's tensors, on the device, or on the host where there is none."""

    name = "torch"

    def __init__(self, device: str) -> None:
        import torch

        self.torch = torch
        self.device = device

    def put(self, array: NDArray[Any], storage: str, repeat: int) -> Any:
        held = self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        if held.dtype.is_floating_point:
            held = held.to(getattr(self.torch, storage))
        return self.torch.cat([held] * repeat) if repeat > 1 else held

    def get(self, array: Any) -> NDArray[Any]:
        held = self.torch.as_tensor(array).detach()
        if held.dtype.is_floating_point:
            held = held.double()
        return np.asarray(held.cpu())

    def stream(self) -> int:
        if self.device == "cpu":
            return 0
        return int(self.torch.cuda.current_stream().cuda_stream)

    def peak(self, call: Callable[[], Any]) -> int | None:
        if self.device == "cpu":
            return None
        cuda = self.torch.cuda
        cuda.synchronize()
        before = cuda.memory_allocated()
        cuda.reset_peak_memory_stats()
        held = call()
        cuda.synchronize()
        del held
        return max(0, int(cuda.max_memory_allocated() - before))

    def free(self) -> None:
        if self.device != "cpu":
            self.torch.cuda.empty_cache()


class CuPy:
    """CuPy's arrays."""

    name = "cupy"

    def __init__(self) -> None:
        self.cupy: Any = importlib.import_module("cupy")

    def put(self, array: NDArray[Any], storage: str, repeat: int) -> Any:
        if array.dtype.kind == "f":
            if storage == "bfloat16":
                raise Absent("CuPy has no bfloat16, and PyTorch is not there")
            array = array.astype(storage)
        held = self.cupy.asarray(array)
        return self.cupy.concatenate([held] * repeat) if repeat > 1 else held

    def get(self, array: Any) -> NDArray[Any]:
        held = self.cupy.asnumpy(array)
        return np.asarray(held, np.float64 if held.dtype.kind == "f" else None)

    def stream(self) -> int:
        return int(self.cupy.cuda.get_current_stream().ptr)

    def peak(self, call: Callable[[], Any]) -> int | None:
        return None

    def free(self) -> None:
        self.cupy.get_default_memory_pool().free_all_blocks()


class Bare:
    """Copies that the target makes: on the device where no framework is, Numba's in the simulator."""

    name = "none"

    def __init__(self, upload: Callable[[Any], Any]) -> None:
        self.upload = upload

    def put(self, array: NDArray[Any], storage: str, repeat: int) -> Any:
        if array.dtype.kind == "f":
            if storage == "bfloat16":
                require_bfloat16()
            array = array.astype(storage)
        return self.upload(np.concatenate([array] * repeat) if repeat > 1 else array)

    def get(self, array: Any) -> NDArray[Any]:
        held = np.asarray(array.fetch()) if hasattr(array, "fetch") else np.asarray(array)
        held = held.view(
            getattr(array, "dtype", held.dtype)
        )  # the simulator's lose the name bfloat16
        return np.asarray(held, None if held.dtype.kind in "iub" else np.float64)

    def stream(self) -> int:
        return 0

    def peak(self, call: Callable[[], Any]) -> int | None:
        return None

    def free(self) -> None:
        """What nobody holds is given back at once."""


def require_bfloat16() -> None:
    """NumPy's bfloat16, which a package of JAX's brings. Raises Absent."""
    try:
        importlib.import_module("ml_dtypes")
    except ImportError:
        raise Absent("NumPy has bfloat16 from ml_dtypes, which is not installed") from None


def torch_device() -> str | None:
    """Where PyTorch's tensors of a measurement are; None where PyTorch is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def own(upload: Callable[[Any], Any], simulated: bool) -> Arrays:
    """Whose arrays objc's kernels get: PyTorch's, CuPy's, or its own."""
    if not simulated and torch_device() == "cuda":
        return Torch("cuda")
    if not simulated and importlib.util.find_spec("cupy") is not None:
        return CuPy()
    return Bare(upload)
