"""The measurement: a kernel beside the truth at adversarial points, and where it errs, closer still."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from objc.accuracy.conditioning import Conditioning, Span
from objc.accuracy.errors import NoExample, NothingToMeasure
from objc.accuracy.points import Points, Sampler
from objc.accuracy.reference import DIAGONAL, PRODUCTS, Reference, Truth, vector_like
from objc.accuracy.report import Report, Row, Sample, Worst
from objc.compiler import Result, Variant, derive
from objc.errors import ObjcError
from objc.kernel.kernel import Kernel
from objc.target import DType, IndexOutOfRange

_FEWEST_SETTINGS, _MOST_SETTINGS = 4, 32
_POINTS_OF_A_SETTING = 6
_EXPLAINED = 8.0
"""An excess below which nothing has to be explained by more than the rounding of every entry."""
_MOST_SAMPLES = 4000
_SECOND = (*PRODUCTS, *DIAGONAL)


def measure(
    kernel: Kernel,
    *,
    dtypes: tuple[DType, ...] = ("float32", "float64"),
    points: int = 200,
    rounds: int = 3,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    magnitudes: tuple[float, float] | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Report:
    """Compare value, gradient, Hessian products and the Hessian's diagonal of a kernel with arithmetic at
    rising precision.

    Points are drawn from the declared domains first; then, in every round as many again, near those
    with the largest errors. Hyperparameters are drawn too, a few points for each of their settings.

    Args:
        points: examples for each floating type.
        rounds: how often the search goes on from the worst points.
        sizes: of named dimensions; small ones where not given.
        seed: the same seed gives the same report.
        magnitudes: of the smallest and the largest number that is drawn, beside zero; all that the type
            holds where not given.
        advance: called with the number of points that are done.

    Raises:
        ObjcError: the declaration has no value for an example, or an example is too large, or none that
            is drawn reads only what is there.
    """
    signature = kernel.signature
    if not signature.is_scalar:
        raise ObjcError(NothingToMeasure(signature.span(signature.place), kernel.name, kernel.kind))
    report = Report(kernel.name, kernel.target, points)
    wrt = () if kernel.kind == "metric" else signature.differentiable
    program = kernel.program
    batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    results: tuple[Result, ...] = ("per_example",)
    if wrt:
        results += ("gradient", *PRODUCTS)  # of which the diagonal is read off
    derived = derive(program, Variant(results, wrt, batched))
    reference = Reference(program, derived, wrt, second=_SECOND)
    for dtype in dtypes:
        sampler = Sampler.of(program, dtype, sizes or {}, seed, magnitudes)
        comparison = _Comparison(kernel, wrt, reference, dtype)
        number = min(max(points // _POINTS_OF_A_SETTING, _FEWEST_SETTINGS), _MOST_SETTINGS)
        for setting in sampler.settings(number):
            share = -(-points // ((number if setting else 1) * (rounds + 1)))
            try:
                drawn = sampler.draw(share, setting)
            except IndexOutOfRange as error:
                outside = error
                advance(share * (rounds + 1))
                continue
            comparison.take(drawn, setting)
            advance(share)
            for _ in range(rounds):
                drawn = sampler.near(comparison.worst(share), setting)
                comparison.take(drawn, setting)
                advance(share)
            comparison.forget()
        if not comparison.rows:
            raise ObjcError(NoExample(program.span, program.name, outside.tensor, outside.extent))
        report.rows += comparison.rows.values()
        report.samples += comparison.samples[:: 1 + len(comparison.samples) // _MOST_SAMPLES]
    return report


@dataclass(frozen=True)
class _Entry:
    """One number of a result: the key of the result, the example and the place in it, the number, what
    it should be, how far off it is, the unit in its last place, and the error over the conditioning."""

    key: str
    example: int
    place: tuple[int, ...]
    got: float
    expected: Any
    error: Any
    unit: Any
    excess: float


@dataclass
class _Comparison:
    """One floating type: results beside the truth, counted into rows."""

    kernel: Kernel
    wrt: tuple[str, ...]
    reference: Reference
    dtype: DType

    def __post_init__(self) -> None:
        self.conditioning = Conditioning(self.kernel.program, self.reference, self.dtype)
        self.rows: dict[str, Row] = {}
        self.samples: list[Sample] = []
        self._seen: list[tuple[float, Points, int]] = []

    def forget(self) -> None:
        """Start a search anew, with other hyperparameters."""
        self._seen.clear()

    def worst(self, number: int) -> Points:
        """That many examples: the tenth with the largest errors, each several times."""
        self._seen.sort(key=lambda one: -one[0])
        del self._seen[max(number // 10, 1) :]
        chosen = [self._seen[count % len(self._seen)] for count in range(number)]
        names = chosen[0][1]
        return {name: np.stack([points[name][row] for _, points, row in chosen]) for name in names}

    def take(self, points: Points, setting: Mapping[str, Any]) -> None:
        inputs = {**points, **setting}
        truth, digits = self.reference.at(inputs)
        found = self._results(inputs)
        size = len(next(iter(points.values())))
        errors = np.zeros(size)
        magnitudes = _magnitudes([points[name] for name in self.wrt] or list(points.values()))
        conditioning = self.conditioning.of_entries(inputs, truth, digits)
        entries = list(self._entries(found, truth, conditioning))
        for one in entries:
            errors[one.example] = max(float(errors[one.example]), one.excess)
        far = np.nonzero(errors > _EXPLAINED)[0]
        wider = self.conditioning.of_tensors(inputs, truth, digits, far)
        within = self.conditioning.within(inputs, truth, digits, far)
        for one in entries:
            row = self.rows.setdefault(one.key, Row(self.dtype, _quantity(one.key)))
            row.count(one.got, one.expected, one.excess, float(np.finfo(self.dtype).tiny))
            errors_of = self._errors(one, wider, within)
            for kind, amount in errors_of.items():
                if kind not in row.worst or amount > row.worst[kind].error:
                    place = (one.example, *one.place)
                    row.worst[kind] = _worst(
                        amount, inputs, self.reference.batched, place, one.got, one.expected
                    )
            bits = float(np.log2(max(one.excess, 1.0)))
            self.samples.append(
                Sample(self.dtype, row.quantity, float(magnitudes[one.example]), min(bits, 1100.0))
            )
        self._seen += [(errors[row], points, row) for row in range(size)]

    def _entries(
        self, found: Mapping[str, np.ndarray], truth: Truth, conditioning: Truth
    ) -> Iterator[_Entry]:
        """Every entry of every result that a number of this type can be right for."""
        limits = np.finfo(self.dtype)
        for key, result in found.items():
            values = np.broadcast_to(result, truth[key].shape)
            row = self.rows.setdefault(key, Row(self.dtype, _quantity(key)))
            for place in np.ndindex(values.shape):
                expected = truth[key][place]
                row.entries += 1
                if mpmath.isnan(expected) or abs(expected) > float(limits.max):
                    row.undefined += 1
                    continue
                got = float(values[place])
                error = abs(mpmath.mpf(got) - expected) if np.isfinite(got) else mpmath.inf
                unit = mpmath.mpf(float(limits.smallest_subnormal))
                if abs(expected) >= float(limits.tiny):
                    exponent = mpmath.frexp(abs(expected))[1] - 1
                    unit = mpmath.ldexp(1, exponent) * float(limits.eps)
                excess = float(error / max(unit, conditioning[key][place]))
                yield _Entry(key, place[0], place[1:], got, expected, error, unit, excess)

    def _errors(self, one: _Entry, wider: Truth, within: Span) -> dict[str, float]:
        """Units in the last place, relative error, and the error over what the rounding of the inputs
        explains, of every entry or of the largest; for the latter, the distance from what the result
        is for inputs within a rounding."""
        if not np.isfinite(one.got):
            return dict.fromkeys(("ulp", "relative", "excess", "normwise"), np.inf)
        limits = np.finfo(self.dtype)
        place = (one.example, *one.place)
        change, away = wider[one.key][place], within.away(one.key, place, one.got)
        return {
            "ulp": float(one.error / one.unit),
            "relative": float(one.error / max(abs(one.expected), float(limits.tiny))),
            "excess": one.excess,
            "normwise": min(one.excess, float(away / max(one.unit, change))),
        }

    def _results(self, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """What the kernel computes: one value an example, and derivatives of their sum. Learned
        parameters have no batch axis: with them there is one call for every example."""
        learned = [one.name for one in self.kernel.program.inputs if one.role == "learned"]
        if not learned:
            return self._of_batch(inputs)
        size = len(next(inputs[name] for name in self.reference.batched))
        rows = []
        for row in range(size):
            one = {
                name: value[row : row + 1] if name in self.reference.batched else value
                for name, value in inputs.items()
            }
            rows.append(
                self._of_batch({**one, **{name: one[name][0] for name in learned}}, learned)
            )
        return {key: np.concatenate([one[key] for one in rows]) for key in rows[0]}

    def _of_batch(
        self, inputs: Mapping[str, Any], learned: Sequence[str] = ()
    ) -> dict[str, np.ndarray]:
        given = {self.kernel.signature.input[name].keyword: inputs[name] for name in inputs}
        found = {"per_example": np.asarray(self.kernel.per_example(**given))}
        if not self.wrt:
            return found
        options = {**given, "reduction": "sum", "wrt": list(self.wrt)}
        vectors = tuple(
            vector_like(inputs[name][None])[0] if name in learned else vector_like(inputs[name])
            for name in self.wrt
        )
        kernel, vector = self.kernel, vectors if len(vectors) > 1 else vectors[0]
        derivatives = {
            "gradient": kernel.gradient(**options),
            "hessian_vector_product": kernel.hessian_vector_product(**options, vector=vector),
            "hessian_diagonal": kernel.hessian_diagonal(**options),
        }
        for kind, each in derivatives.items():
            for name, one in zip(
                self.wrt, each if isinstance(each, tuple) else (each,), strict=True
            ):
                whole = np.asarray(one)[None] if name in learned else np.asarray(one)
                found[f"{kind}:{name}"] = whole
        return found


def _worst(
    error: float,
    inputs: Mapping[str, Any],
    batched: frozenset[str],
    place: tuple[int, ...],
    got: float,
    expected: Any,
) -> Worst:
    where = {name: value[place[0]] if name in batched else value for name, value in inputs.items()}
    return Worst(error, where, place[1:], got, mpmath.nstr(expected, 17))


def _magnitudes(arrays: list[np.ndarray]) -> np.ndarray:
    """The largest absolute entry of every example."""
    flat = [np.abs(one.astype(float)).reshape(len(one), -1).max(axis=1) for one in arrays]
    return np.max(flat, axis=0)


def _quantity(key: str) -> str:
    kind, _, name = key.partition(":")
    words = {
        "per_example": "value",
        "hessian_vector_product": "Hessian product",
        "hessian_diagonal": "Hessian diagonal",
    }
    return f"{words.get(kind, kind)} {name}".rstrip()
