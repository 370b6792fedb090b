"""Who is measured on a device: objc's kernels, and the peers in their strongest forms."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from objc.bench.cuda.arrays import Arrays, Bare, Torch, own, torch_device
from objc.bench.cuda.cases import DeviceCase
from objc.bench.problem import Absent, Problem
from objc.target import load

OWN = ("objc", "objc out")
PEERS = ("torch", "torch.compile", "jax", "liger")

DRAWN = 1 << 22
"""Numbers that the largest input is drawn of; larger ones repeat them along the batch."""

_UNROLLED = ("crf",)
"""Forms whose loop over steps torch.compile would write out: that takes longer than a whole run."""


class Contender(Protocol):
    """One who computes value and gradient of a case. `arrays` is None where the stream is not known, and
    the host's clock has to be taken."""

    @property
    def form(self) -> str: ...
    @property
    def arrays(self) -> Arrays | None: ...

    def run(self, number: int) -> Any:
        """Value and gradients of one set of data; nothing waits for the device."""

    def wait(self, found: Any) -> None:
        """Wait for what a call gave, where the arrays' owner has no stream."""

    def results(self, found: Any) -> tuple[float, dict[str, NDArray[Any]]]:
        """The value and the gradients by input, on the host."""


class Data:
    """The inputs of a case for a contender: drawn on the host, repeated on the device."""

    def __init__(self, problem: Problem, storage: str) -> None:
        self.storage = storage
        batch = problem.sizes.get("batch", 1)
        largest = max(
            [_entries(one.dimensions, problem.sizes) for one in problem.program.inputs], default=1
        )
        rows = max(1, DRAWN // max(largest, 1))
        self.repeat = -(-batch // rows) if problem.batched else 1
        while batch % self.repeat:
            self.repeat += 1
        sizes = (
            {**problem.sizes, "batch": batch // self.repeat} if problem.batched else problem.sizes
        )
        self.problem = problem
        self.scales = {one.name for one in problem.value.inputs if one.role == "internal"}
        self.drawn = Problem(
            problem.case, problem.program, sizes, problem.dtype, problem.seed,
            problem.rotate and self.repeat == 1,
        )  # fmt: skip

    def sets(self, arrays: Arrays) -> list[dict[str, Any]]:
        """Sets of inputs by name, arrays as `arrays` owns them; the scale is that of the whole batch."""
        return [
            {name: self._put(arrays, name, one) for name, one in held.items()}
            for held in self.drawn.data
        ]

    def _put(self, arrays: Arrays, name: str, one: Any) -> Any:
        if not isinstance(one, np.ndarray):
            return one / self.repeat if name in self.scales else one
        return arrays.put(one, self.storage, self.repeat if name in self.problem.batched else 1)


def _entries(dimensions: Any, sizes: Mapping[str, int]) -> int:
    return math.prod(d.size if d.size is not None else sizes[d.name] for d in dimensions)


class Own:
    """`kernel.value_and_grad`, with arrays for the gradients or without."""

    form = "generated"

    def __init__(self, data: Data, arrays: Arrays, given: bool) -> None:
        from objc.kernel import Kernel

        problem = data.problem
        kernel = Kernel.of_program(problem.program, "cuda")
        self.arrays = arrays
        self.call = kernel.value_and_grad
        keyword = {one.name: one.keyword for one in kernel.signature.inputs}
        self.sets = [
            {keyword[name]: value for name, value in held.items() if name in keyword}
            for held in data.sets(arrays)
        ]
        self.wrt = problem.wrt
        self.options: dict[str, Any] = {}
        if given:
            found = self.results_of(self.run(0))
            self.options["out"] = tuple(found.values()) if len(found) > 1 else found[self.wrt[0]]

    def run(self, number: int) -> Any:
        return self.call(**self.sets[number % len(self.sets)], **self.options)

    def wait(self, found: Any) -> None:
        float(found[0])

    def results_of(self, found: Any) -> dict[str, Any]:
        parts = (found[1],) if len(self.wrt) == 1 else found[1]
        return dict(zip(self.wrt, parts, strict=True))

    def results(self, found: Any) -> tuple[float, dict[str, NDArray[Any]]]:
        parts = self.results_of(found)
        return float(found[0]), {name: self.arrays.get(one) for name, one in parts.items()}


class OfTorch:
    """A form in PyTorch: eager with its differentiation, or compiled over the whole step."""

    def __init__(self, data: Data, device: str, form: Any, said: str, compiled: bool) -> None:
        import torch

        self.torch = torch
        self.form = said
        self.arrays = Torch(device)
        self.wrt = data.problem.wrt
        self.sets = data.sets(self.arrays)
        self.step = self._compiled(form) if compiled else self._eager(form)

    def _eager(self, form: Any) -> Callable[[Any], Any]:
        for held in self.sets:
            for name in self.wrt:
                held[name] = self.torch.as_tensor(held[name]).requires_grad_()

        def step(held: Any) -> Any:
            found = form(held)
            gradients = self.torch.autograd.grad(found, [held[name] for name in self.wrt])
            return found.detach(), gradients

        return step

    def _compiled(self, form: Any) -> Callable[[Any], Any]:
        def of(learned: Any, rest: Any) -> Any:
            return form({**rest, **learned})

        both: Any = self.torch.compile(
            self.torch.func.grad_and_value(of), dynamic=False, mode="max-autotune"
        )

        def step(held: Any) -> Any:
            learned = {name: held[name] for name in self.wrt}
            rest = {name: one for name, one in held.items() if name not in self.wrt}
            gradients, found = both(learned, rest)
            return found, [gradients[name] for name in self.wrt]

        return step

    def run(self, number: int) -> Any:
        return self.step(self.sets[number % len(self.sets)])

    def wait(self, found: Any) -> None:
        float(found[0])

    def results(self, found: Any) -> tuple[float, dict[str, NDArray[Any]]]:
        value, gradients = found
        parts = zip(self.wrt, gradients, strict=True)
        return float(value), {name: self.arrays.get(one) for name, one in parts}


class OfJax:
    """`jax.jit` over value and gradient. Its stream is its own, so the host's clock is taken."""

    arrays: Arrays | None = None

    def __init__(self, data: Data) -> None:
        import jax
        from jax import numpy as jnp

        from objc.bench import words
        from objc.bench.peers.jax import FORMS
        from objc.bench.peers.written import written

        problem = data.problem
        jax.config.update("jax_enable_x64", data.storage == "float64")  # type: ignore[no-untyped-call]
        form, self.form = written(problem, FORMS, words.JAX, data.storage)
        self.wrt = problem.wrt
        self.jax = jax
        self.sets = []
        for held in data.sets(Host()):
            arrays = {name: self._held(jnp, one, data.storage) for name, one in held.items()}
            learned = {name: arrays[name] for name in self.wrt}
            rest = {name: one for name, one in arrays.items() if name not in self.wrt}
            self.sets.append((learned, rest))

        def of(learned: Any, rest: Any) -> Any:
            return form({**rest, **learned})

        self.step = jax.jit(jax.value_and_grad(of))

    @staticmethod
    def _held(jnp: Any, one: Any, storage: str) -> Any:
        if not isinstance(one, np.ndarray):
            return one
        return jnp.asarray(one, storage if one.dtype.kind == "f" else None)

    def run(self, number: int) -> Any:
        return self.step(*self.sets[number % len(self.sets)])

    def wait(self, found: Any) -> None:
        self.jax.block_until_ready(found)  # type: ignore[no-untyped-call]

    def results(self, found: Any) -> tuple[float, dict[str, NDArray[Any]]]:
        value, gradients = found
        return float(value), {
            name: np.asarray(gradients[name].astype("float32")) for name in self.wrt
        }


class Host(Bare):
    """Arrays of NumPy's, whatever they will be stored in."""

    def __init__(self) -> None:
        super().__init__(lambda array: array)

    def put(self, array: NDArray[Any], storage: str, repeat: int) -> Any:
        return np.concatenate([array] * repeat) if repeat > 1 else array


def contender(name: str, case: DeviceCase, problem: Problem) -> Contender:
    """Who is called that, for a problem of a case.

    Raises:
        Absent: it takes no part, for this reason.
    """
    data = Data(problem, case.storage)
    if name in OWN:
        target = cast(Any, load("cuda"))
        return Own(data, own(target.upload, is_simulated(target)), name == "objc out")
    if name == "jax":
        if importlib.util.find_spec("jax") is None:
            raise Absent("JAX is not installed")
        return OfJax(data)
    return _of_torch(name, case, data)


def is_simulated(target: Any) -> bool:
    """Whether what the target runs on is Numba's simulator."""
    return str(target.clock().description()["name"]) == "Numba's simulator"


def _of_torch(name: str, case: DeviceCase, data: Data) -> Contender:
    device = torch_device()
    if device is None:
        raise Absent("PyTorch is not installed")
    if name == "liger":
        from objc.bench.cuda import liger

        if importlib.util.find_spec("liger_kernel") is None:
            raise Absent("Liger is not installed")
        if device == "cpu":
            raise Absent("Liger wants a device")
        found = liger.form_of(case.case.form or "")
        if found is None:
            raise Absent("Liger has no such loss")
        return OfTorch(data, device, found, "Liger", False)
    if name == "torch.compile" and case.case.form in _UNROLLED:
        raise Absent("its loop over the steps would be written out, which takes minutes")
    import torch

    from objc.bench import words
    from objc.bench.cuda.forms import FORMS
    from objc.bench.peers.written import written

    form, said = written(data.problem, FORMS, words.TORCH, getattr(torch, case.storage))
    return OfTorch(data, device, form, said, name == "torch.compile")
