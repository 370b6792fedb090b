"""Digits that cancel although every rule has been tried: a quick search, for `objc check`.

A few examples of moderate size are computed in float64 by the derived program, in many digits by the
text as written: value, gradient and, of smaller programs, products with the Hessian and its diagonal;
where the defaults of the hyperparameters show nothing, value and gradient at small and large ones too.
Where a result is no number, or has lost more than the rounding of its inputs explains, the let is found
that loses most by itself, from exact numbers rounded once; its span is where the warning points.

Where float64 keeps its digits, the same examples are computed in float32, whose range ends much sooner;
float64 says which of them deserve many digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import mpmath
import numpy as np

from objc.accuracy.arithmetic import DOUBLE, SINGLE, InSingle, in_double
from objc.accuracy.conditioning import EXACT
from objc.accuracy.errors import Cancellation
from objc.accuracy.examples import beside, moderate
from objc.accuracy.points import Points, Sampler
from objc.accuracy.reference import DIAGONAL, PRODUCTS, Reference, Second, vector_like
from objc.compiler import Result, Variant, derive
from objc.errors import ObjcError
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension
from objc.ir.inside import brought_inside
from objc.ir.program import Input, Let, Program, Term
from objc.ir.recurrence import members
from objc.passes.derivatives.differentiate import vectors_of
from objc.passes.tidying.inline import size
from objc.passes.tidying.prune import prune
from objc.target import IndexOutOfRange

_FEWEST_EXAMPLES, _MOST_EXAMPLES = 24, 120
_FEWEST_ELSEWHERE = 8
"""At a setting of the hyperparameters that is not the usual one."""
_WORK, _MOST_WORK = 3000, 10_000
"""Bodies that are evaluated, at all points of all lets, and that may be, for the fewest examples: what
keeps the search below a second."""
_MOST_OF_DIAGONAL, _MOST_OF_PRODUCTS = 60, 240
"""Bodies of a gradient of which second derivatives are looked at too: those of larger ones take long, and
a diagonal as many products as it has entries."""
_BITS = 14.0
"""Of 53; fewer are not worth a warning."""
_PLAIN = 1e-6, 1e3
"""The numbers of an example that people have: what such a one shows comes before all else."""
_NONE_LEFT = 54.0
"""The rank of a result that is no number."""
_NOTHING, _FLAT = 1e-320, 1e-12
"""What is shown as zero, and a curvature that nobody would miss."""
_DIGITS = 120
_USUAL, _SMALL = 20, 120
"""The size of a body, and the bodies of a program of which many digits may be had at several examples."""
_MOST_DIGITS, _FEWER_DIGITS = 1600, 200
_MOST_TRIES, _FEWEST_TRIES = 10, 4
_MOST_UNSETTLED = 12
_ORDER = ("per_example", "gradient", *DIAGONAL, *PRODUCTS)


@dataclass(frozen=True)
class _Loss:
    """One result that has lost digits."""

    bits: float
    key: str
    place: tuple[int, ...]
    got: float
    expected: Any

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Second derivatives come last, each by itself first; a value before a gradient that is as bad."""
        order = _ORDER.index(self.key.partition(":")[0])
        return order < 2, self.bits, -order


def cancellation(program: Program) -> Cancellation | None:
    """The worst loss of digits in value or derivatives among a few examples, if it is worth a warning.

    None too for a program of which one example takes as long as the whole search may.
    """
    if "per_example" not in program.outputs:
        return None
    # Terms over parameters belong to no example, and parameters are drawn anew for each.
    each = program.outputs["per_example"]
    program = replace(prune(program, {"per_example": each}), terms=(Term("value", each),))
    try:
        return _Search(program).run()
    except (ObjcError, IndexOutOfRange):
        return None  # drawn at random, examples may break a rule that no domain tells


class _Search:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
        self.wrt = () if program.kind == "metric" else tuple(
            one.name for one in program.differentiable
        )  # fmt: skip
        self.sampler = Sampler.of(program, "float64", {}, 0)
        self.setting = next(iter(self.sampler.settings(1)))
        self.settings = (self.setting, *beside(program, self.setting, self.sampler.sizes))
        results: tuple[Result, ...] = ("per_example", "gradient") if self.wrt else ("per_example",)
        self.derived = derive(program, Variant(results, self.wrt, self.batched))
        self.second = self._second() if self.wrt else ()
        if self.second:
            self.derived = derive(
                program, Variant((*results, *self.second), self.wrt, self.batched)
            )
        self.most_digits = _FEWER_DIGITS
        self.arithmetic = DOUBLE
        self.in_single = InSingle(self.derived, self.sampler.sizes)

    def _second(self) -> tuple[Second, ...]:
        """The second derivatives that a program of this size can be asked for."""
        work = self._work(self.derived)
        products = PRODUCTS if work <= _MOST_OF_PRODUCTS else ()
        return (*products, *DIAGONAL) if work <= _MOST_OF_DIAGONAL else products

    def run(self) -> Cancellation | None:
        reference = Reference(
            self.program,
            self.derived,
            self.wrt,
            second=self.second,
        )
        has_diagonal = set(DIAGONAL) <= set(self.second)
        work = max(self._work(self.derived), self._work(reference.written, has_diagonal))
        number = min(_FEWEST_EXAMPLES, _MOST_WORK // work)
        if number < 1:
            return None
        number = max(number, min(_MOST_EXAMPLES, _WORK // work))
        self.most_digits = _MOST_DIGITS if work <= _SMALL else _FEWER_DIGITS
        fewer = max(_FEWEST_ELSEWHERE, number // len(self.settings))
        settings = self.settings if number >= _FEWEST_EXAMPLES else self.settings[:1]
        kinds = (DOUBLE, SINGLE) if self.in_single.is_supported else (DOUBLE,)
        tried = 0
        extreme: Cancellation | None = None
        for self.arithmetic, self.setting in product(kinds, settings):
            examples = number if self.setting is settings[0] else fewer
            points = moderate(self.program, self.sampler, self.setting, examples)
            if self.arithmetic is SINGLE:
                points = {name: self._rounded(value) for name, value in points.items()}
                points = brought_inside(self.program, points, self.sampler.sizes, self.setting)
            inputs = {**points, **self.setting}
            # That nothing is wrong in float64 is known by then: it is a truth to choose by.
            truth = (
                in_double(self.derived, self._given(inputs))
                if self.arithmetic is SINGLE
                else reference.once(inputs, np.full(examples, _DIGITS))
            )
            found = self._computed(inputs)
            tried += examples
            best = self._worst(points, found, truth, reference, work)
            if best is None:
                continue
            if self.setting is settings[0] and _is_plain(best[1]):
                return self._warning(*best, tried)
            extreme = extreme or self._warning(*best, tried)
        return extreme

    def _worst(
        self,
        points: Points,
        found: Mapping[str, Any],
        truth: Mapping[str, Any],
        reference: Reference,
        work: int,
    ) -> tuple[_Loss, Points] | None:
        """The worst loss among some examples, with its example: among such as people have, if they show
        one. What is taken for the truth here says only which of them are looked at."""
        setting = self.setting
        worst: dict[int, _Loss] = {}
        for loss in self._suspicious(found, truth, setting):
            row = loss.place[0]
            if row not in worst or loss.rank > worst[row].rank:
                worst[row] = loss
        for row in self._unsettled(found, truth):
            worst.setdefault(row, _Loss(_NONE_LEFT, "per_example", (row,), math.nan, mpmath.nan))
        best: tuple[tuple[bool, bool, float, int], _Loss, Points] | None = None
        tries = _MOST_TRIES if work <= _SMALL else _FEWEST_TRIES
        each = {
            row: {name: value[row : row + 1] for name, value in points.items()} for row in worst
        }

        def rank(loss: _Loss, row: int) -> tuple[bool, bool, float, int]:
            is_first, bits, order = loss.rank
            return is_first, _is_plain(each[row]), bits, order

        plainest = sorted(worst, key=lambda row: _magnitude(each[row]))
        ranked = sorted(plainest, key=lambda row: worst[row].rank, reverse=True)
        # Of most that are no numbers in any digits so far the text itself is to blame: 0/0.
        unsettled = [row for row in ranked if mpmath.isnan(worst[row].expected)][tries // 2 :]
        ranked = [row for row in ranked if row not in unsettled]
        for group in product((True, False), (True, False)):
            alike = [row for row in ranked if rank(worst[row], row)[:2] == group]
            for row in alike[:tries]:
                if best is not None and rank(worst[row], row) <= best[0]:
                    break
                settled = self._settled(reference, {**each[row], **setting}, found, row)
                if settled is not None and (best is None or rank(settled, row) > best[0]):
                    best = rank(settled, row), settled, each[row]
        return None if best is None else best[1:]

    def _settled(
        self, reference: Reference, inputs: Mapping[str, Any], found: Mapping[str, Any], row: int
    ) -> _Loss | None:
        """The worst of an example beside a truth of which more digits change nothing, less what the
        rounding of its inputs explains."""
        truth, digits = reference.at(inputs, self.most_digits)
        own = {key: values[row : row + 1] for key, values in found.items()}
        best: _Loss | None = None
        explained: dict[str, Any] | None = None
        for loss in sorted(
            self._suspicious(own, truth, inputs), key=lambda one: one.rank, reverse=True
        ):
            if best is not None and loss.rank <= best.rank:
                break
            if loss.bits < _NONE_LEFT:
                if explained is None:
                    explained = self._explained(reference, inputs, truth, digits)
                change = explained[loss.key][loss.place] / abs(loss.expected)
                bits = loss.bits - math.log2(max(float(change), 1.0))
                loss = replace(loss, bits=bits)
            if loss.bits >= _BITS and (best is None or loss.rank > best.rank):
                best = loss
        return best

    def _work(self, program: Program, of_diagonal: bool = False) -> int:
        """About how many bodies of the usual size are evaluated for one example; where a diagonal is read
        off Hessian products, what depends on their vector for every entry."""
        repeated = program.beyond(vectors_of(program, self.wrt).values()) if of_diagonal else ()
        entries = sum(
            math.prod(map(self._extent, self.program.input[name].dimensions)) for name in self.wrt
        )
        return 1 + sum(
            math.prod(self._extent(one.dimension) for one in let.indices)
            * (1 + size(let.body) // _USUAL)
            * (1 + entries if let.name in repeated else 1)
            for let in program.lets
        )

    def _extent(self, dimension: Dimension) -> int:
        if dimension.count is not None:
            return int(self.setting.get(dimension.count, 1)) + dimension.more
        return self.sampler.sizes.get(dimension, 1)

    def _computed(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        given = self._given(inputs)
        if self.arithmetic is SINGLE:
            return self.in_single(given)
        return in_double(self.derived, given)

    def _given(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {**inputs, **self._internal(inputs)}

    def _internal(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the derived program asks for beside its inputs: a scale, and vectors for the Hessian."""
        names = {one.name for one in self.derived.inputs if one.role == "internal"}
        vectors = vectors_of(self.derived, self.wrt).items()
        return dict.fromkeys(names, 1.0) | {key: vector_like(inputs[name]) for name, key in vectors}

    def _suspicious(
        self, found: Mapping[str, Any], truth: Mapping[str, Any], setting: Mapping[str, Any]
    ) -> Iterator[_Loss]:
        """What has lost digits; second derivatives count at the usual setting only."""
        kind = self.arithmetic
        is_usual = all(setting[name] is one for name, one in self.settings[0].items())
        for key, values in found.items():
            if key.startswith("hessian") and not is_usual:
                continue
            for place in np.ndindex(values.shape):
                got, expected = float(values[place]), truth[key][place]
                if not mpmath.isfinite(expected) or abs(expected) > kind.representable:
                    continue
                if not math.isfinite(got):
                    yield _Loss(_NONE_LEFT, key, place, got, expected)
                elif kind.smallest <= abs(expected) <= kind.largest:
                    scale = _scale(key, truth[key], place)
                    bits = kind.lost(got, expected, scale)
                    if key.startswith("hessian") and scale < _FLAT:
                        continue
                    if bits >= _BITS:
                        yield _Loss(bits, key, place, got, expected)

    def _unsettled(self, found: Mapping[str, Any], truth: Mapping[str, Any]) -> list[int]:
        """Examples with results that are no numbers, neither here nor in the digits tried so far."""
        rows: dict[int, None] = {}
        for key, values in found.items():
            for place in np.argwhere(~np.isfinite(np.asarray(values, float))):
                if not mpmath.isfinite(truth[key][tuple(place)]):
                    rows[int(place[0])] = None
        return list(rows)[:_MOST_UNSETTLED]

    def _explained(
        self, reference: Reference, inputs: Mapping[str, Any], truth: Mapping[str, Any], digits: Any
    ) -> dict[str, Any]:
        """How much rounding the inputs changes every result, over a rounding."""
        generator = np.random.default_rng(0)
        most: dict[str, Any] = {}
        for _ in range(3):
            moved = {name: self._moved(name, value, generator) for name, value in inputs.items()}
            moved = brought_inside(self.program, moved, {})
            for key, values in reference.once(moved, np.maximum(digits, _DIGITS)).items():
                change = np.abs(values - truth[key]) / self.arithmetic.step
                most[key] = (
                    np.where(change > most[key], change, most[key]) if key in most else change
                )
        return most

    def _moved(self, name: str, value: Any, generator: np.random.Generator) -> Any:
        if name not in self.batched or not np.issubdtype(np.asarray(value).dtype, np.floating):
            return value
        kind = self.program.input[name].domain.kind
        if kind in EXACT:  # and tells cases apart
            return value
        step = self.arithmetic.step
        moved = value * (1 + generator.uniform(-1, 1, size=value.shape) * step)
        if kind in ("real", "positive", "nonnegative"):  # zero is next to a kink, often enough
            moved = np.where(value == 0, step**2, moved)
        return np.minimum(moved, 1.0) if kind in ("probability", "simplex") else moved

    def _rounded(self, values: Any) -> Any:
        """The nearest numbers that the floating type has, as those of float64."""
        array = np.asarray(values)
        if np.issubdtype(array.dtype, np.integer):
            return array
        with np.errstate(over="ignore"):
            return array.astype(float).astype(self.arithmetic.dtype).astype(float)

    def _warning(self, loss: _Loss, example: Points, number: int) -> Cancellation:
        where = {**{name: value[0] for name, value in example.items()}, **self.setting}
        kind, _, name = loss.key.partition(":")
        along = self.wrt if kind in PRODUCTS else ()
        vectors = {one: vector_like(example[one])[0].tolist() for one in along}
        return Cancellation(
            self._place(example).span or self.program.span,
            self.program.name,
            kind,
            name or None,
            loss.bits,
            tuple((key, np.asarray(value).tolist()) for key, value in where.items()),
            tuple(loss.place[1:]),
            loss.got,
            mpmath.nstr(loss.expected, 17) if abs(loss.expected) > _NOTHING else "0.0",
            number,
            tuple(vectors.items()),
            self.arithmetic.dtype,
        )

    def _place(self, example: Points) -> Let:
        """The let that loses most digits by itself, of those that the user wrote."""
        inputs = {**example, **self.setting}
        inputs |= self._internal(inputs)
        result = self.derived.let[self.derived.outputs["per_example"]]
        outputs = {let.name: let.name for let in self.derived.lets}
        try:
            exact = evaluate(replace(self.derived, outputs=outputs), inputs, _DIGITS)
        except IndexOutOfRange:  # a place that nothing reads
            return result
        inside = members(self.derived)
        # Of a function from elsewhere, the prelude's softmax say, the reader can change no line.
        text = None if self.program.span is None else self.program.span.source
        written = [
            let
            for let in self.derived.lets
            if let.span is not None and text in (None, let.span.source)
        ]
        losses = [
            (0.0 if let.name in inside else self._own_loss(let, inputs, exact), let)
            for let in written
        ]
        return max(losses, key=lambda one: one[0], default=(0.0, result))[1]

    def _own_loss(self, let: Let, inputs: Mapping[str, Any], exact: Mapping[str, Any]) -> float:
        """The bits that a let loses when what it reads is exact but for one rounding."""
        read = {one.tensor for one in let.reads}
        given = {name: inputs[name] for name in read if name in inputs}
        given |= {name: self._rounded(exact[name]) for name in read if name in exact}
        tensors = [self.derived.tensor(name) for name in sorted(read)]
        arguments = [
            one if isinstance(one, Input) else Input(one.name, one.dimensions, one.domain, "data")
            for one in tensors
        ]
        # Dimensions that only the loop has are bound by all inputs of the program.
        others = [one for one in self.derived.inputs if one.name not in read]
        alone = Program(let.name, (*arguments, *others), (let,), {"let": let.name})
        given = {**inputs, **given}
        in_single = self.arithmetic is SINGLE
        results = InSingle(alone, {})(given) if in_single else in_double(alone, given)
        found = np.asarray(results["let"], float)
        expected = np.asarray(exact[let.name], object).reshape(found.shape)
        kind = self.arithmetic
        bits = [
            kind.lost(float(found[place]), expected[place])
            if math.isfinite(found[place])
            else _NONE_LEFT
            for place in np.ndindex(found.shape)
            if kind.smallest <= abs(expected[place]) <= kind.representable
        ]
        return max(bits, default=0.0)


def _magnitude(example: Points) -> float:
    """The largest number of an example, or the inverse of the smallest: what a reader has least of."""
    return float(np.abs(np.log(_sizes(example))).max(initial=0.0))


def _is_plain(example: Points) -> bool:
    """Whether an example is one that people have."""
    sizes = _sizes(example)
    return bool(np.all((sizes >= _PLAIN[0]) & (sizes <= _PLAIN[1])))


def _sizes(example: Points) -> Any:
    flat = np.concatenate([np.abs(np.ravel(one)).astype(float) for one in example.values()])
    return flat[flat != 0]


def _scale(key: str, truth: Any, place: tuple[int, ...]) -> Any:
    """What an error is measured by: of second derivatives, the largest entry of the example, since
    curvature along the tensor itself is a difference."""
    if not key.startswith("hessian"):
        return abs(truth[place])
    entries = np.ravel(truth[place[:1]])
    return max(abs(one) for one in entries if mpmath.isfinite(one))
