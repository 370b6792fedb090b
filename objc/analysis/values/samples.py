"""Inputs drawn from the declared domains: small shapes, corners, ties, and numbers that read well."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from objc.analysis.values.membership import are_members, beside, is_member
from objc.ir.declared import in_order
from objc.ir.domain import Domain, number_of
from objc.ir.index import Dimension
from objc.ir.program import Input, Program

Values = dict[str, Any]
"""An array, as nested lists, or a number for every input."""

_SIZES = (3, 2, 4)
_SCALES = (1.0, 0.1, 10.0, 100.0)
_GREATEST_WORK = 200_000
"""Points that all evaluations of one search may take together."""
_CORNERS = (0.0, 1.0, -1.0)
_LONGEST = 40
"""Characters beyond which a fraction is shown as a decimal."""
_REDRAWN = 8
"""Times that hyperparameters are drawn until no domain between them is empty."""


def samples(program: Program, number: int, seed: int = 0) -> Iterator[Values]:
    """Inputs from the declared domains, the plainest first: the corners and ties of every shape, then
    decimals of several magnitudes. Hyperparameters stand at their defaults in every second sample.
    Where literal dimensions make a program large, there are fewer samples, or none; none also of an
    interval that is empty between the hyperparameters drawn."""
    generator = random.Random(seed)
    for count in range(min(number, _GREATEST_WORK // _work(program))):
        drawn = (_Draw(program, generator, count).values() for _ in range(_REDRAWN))
        found = next((values for values in drawn if are_members(program, values)), None)
        if found is not None:
            yield found


def carried(program: Program, values: Values, other: Values, names: Sequence[str]) -> Values:
    """Inputs as in one sample, but the named ones as in another: where the ends of their domains depend
    on hyperparameters, at the same share of the way between them."""
    moved = {name: other[name] for name in names}
    for name in names:
        ends = program.input[name].domain.bounds
        if any(end.free_symbols for end in ends):
            here, there = ([number_of(end, place, {}) for end in ends] for place in (values, other))
            if None not in (*here, *there):
                moved[name] = _at_share(other[name], there, here)
    return {**values, **moved}


def _at_share(value: Any, there: Sequence[Any], here: Sequence[Any]) -> Any:
    if isinstance(value, list):
        return [_at_share(one, there, here) for one in value]
    for before, after in zip(there, here, strict=True):
        if value == before:
            return after
    (low, high), (start, end) = there, here
    if math.isfinite(high - low):
        return round(start + (value - low) / (high - low) * (end - start), 10)
    return start + (value - low) if math.isfinite(low) else end - (high - value)


def _work(program: Program) -> int:
    """About how many points one evaluation takes."""
    shapes = [one.dimensions for one in program.inputs]
    shapes += [tuple(index.dimension for index in let.indices) for let in program.lets]
    sizes = [
        [one.size if one.size is not None else max(_SIZES) for one in shape] for shape in shapes
    ]
    return 1 + sum(math.prod(one) for one in sizes)


class _Draw:
    def __init__(self, program: Program, generator: random.Random, count: int) -> None:
        self.program = program
        self.generator = generator
        self.count = count
        self.scale = _SCALES[(count // 8) % len(_SCALES)]
        sizes = itertools.cycle(_SIZES[count % 2 :])
        self.sizes: dict[Dimension, int] = {
            one: one.size if one.size is not None else next(sizes) for one in program.dimensions
        }
        # The first six samples are constant: every real entry is the same corner, so that all tie.
        self.constant = _CORNERS[count % 3] if count < 6 else None

    def values(self) -> Values:
        drawn: Values = {}
        for one in in_order(self.program.inputs):
            drawn[one.name] = self._input(one, drawn)
        return {one.name: drawn[one.name] for one in self.program.inputs}

    def _input(self, one: Input, drawn: Mapping[str, Any]) -> Any:
        if one.default is not None and self.count % 2 == 0:
            value = number_of(one.default, drawn, self.sizes)
            if value is not None and not one.dimensions:
                return int(value) if one.domain.is_integer else value
        shape = [self.sizes[dimension] for dimension in one.dimensions]
        if one.domain.kind == "simplex":
            return _nested(shape[:-1], lambda: self._simplex(shape[-1]))
        if one.domain.kind == "ordered":
            return _nested(shape[:-1], lambda: self._ordered(shape[-1]))
        return self._entries(one.domain, shape, drawn)

    def _entries(self, domain: Domain, shape: list[int], drawn: Mapping[str, Any]) -> Any:
        if not shape:
            return self._entry(domain, drawn)
        return [
            self._entries(domain, shape[1:], beside(domain, drawn, place))
            for place in range(shape[0])
        ]

    def _ordered(self, size: int) -> list[float]:
        """Numbers that rise, by a half where they would tie."""
        found: list[float] = []
        for entry in sorted(self._real() for _ in range(size)):
            is_above = not found or entry > found[-1]
            found.append(entry if is_above else found[-1] + 0.5)
        return found

    def _simplex(self, size: int) -> list[float]:
        """Eighths that sum to one exactly; a corner of the simplex now and then."""
        counts = [0] * size
        corner = self.generator.randrange(size) if self.count % 4 == 0 else None
        for _ in range(8):
            counts[self.generator.randrange(size) if corner is None else corner] += 1
        return [count / 8 for count in counts]

    def _entry(self, domain: Domain, drawn: Mapping[str, Any]) -> float | int:
        choose = self.generator.choice
        match domain.kind:
            case "real":
                return self._real()
            case "positive":
                return abs(self._real()) or choose((0.5, 1.0))
            case "nonnegative":
                return abs(self._real())
            case "probability":
                return choose((0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0))
            case "sign":
                return choose((-1.0, 1.0))
            case "binary":
                return choose((0.0, 1.0))
            case "index":
                return self.generator.randrange(self._extent(domain))
            case "count":
                most = number_of(domain.ends[1], drawn, self.sizes)
                is_open = most is None or most == math.inf
                return self.generator.randrange(6 if most is None or is_open else int(most) + 1)
        return self._between(domain, drawn)

    def _real(self) -> float:
        if self.constant is not None:
            return self.constant
        if self.generator.random() < 0.2:
            return self.generator.choice(_CORNERS)
        return round(self.generator.gauss(0, 2), 1) * self.scale

    def _extent(self, domain: Domain) -> int:
        return 6 if domain.dimension is None else self.sizes.get(domain.dimension, 3)

    def _between(self, domain: Domain, drawn: Mapping[str, Any]) -> float:
        low, high = (number_of(one, drawn, self.sizes) for one in domain.ends)
        if low is None or high is None or low > high:
            return 0.0
        if low == -float("inf") or high == float("inf"):
            away = abs(self._real())
            return (
                low + away if low > -float("inf") else high - away if high < float("inf") else 0.0
            )
        share = self.generator.choice((0.0, 0.1, 0.25, 0.5, 0.75, 1.0))
        value = high if share == 1.0 else low + (high - low) * share
        if is_member(domain, value, drawn, self.sizes):
            return value
        return math.nextafter(value, low if share == 1.0 else high)  # the end is no decimal


def _nested(shape: list[int], entry: Any) -> Any:
    if not shape:
        return entry()
    return [_nested(shape[1:], entry) for _ in range(shape[0])]


def shown(values: Values, names: Any) -> str:
    """`logits = [0, -1.5], label = 1`."""
    return ", ".join(f"{name} = {_text(values[name])}" for name in values if name in names)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return _fraction(value) if isinstance(value, Fraction) else f"{value + 0.0:.10g}"  # -0.0 is 0


def _fraction(value: Fraction) -> str:
    """`3/4`; a long one as a decimal, or as what is left of one, rounded where that is long too."""
    if len(str(value)) <= _LONGEST:
        return str(value)
    beside = 1 - value
    if 0 < beside < Fraction(1, 1000):
        return f"1 - {_decimal(beside)}"
    return _decimal(value)


def _decimal(value: Fraction) -> str:
    with localcontext() as context:
        context.prec = 10
        text = f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():g}"
    digits, _, power = text.partition("e")
    return f"{digits}e{int(power)}" if power else digits
