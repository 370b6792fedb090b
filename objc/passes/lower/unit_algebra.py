"""Units as vectors of exponents, some of them unknown (Kennedy 1996).

A unit is a product of powers of base units and of unknowns. That two are the same is one linear equation:
either an unknown can be eliminated by it, or it holds, or it can't hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count


@dataclass(frozen=True)
class Unknown:
    """A unit that is to be found out."""

    number: int


@dataclass(frozen=True)
class Unit:
    """Exponents by base (a name or an unknown); those that are zero are left out."""

    exponents: Mapping[str | Unknown, Fraction] = field(default_factory=dict)

    def __mul__(self, other: Unit) -> Unit:
        found = dict(self.exponents)
        for base, exponent in other.exponents.items():
            found[base] = found.get(base, Fraction(0)) + exponent
        return Unit({base: one for base, one in found.items() if one})

    def __truediv__(self, other: Unit) -> Unit:
        return self * other.power(Fraction(-1))

    def power(self, exponent: Fraction) -> Unit:
        return Unit({b: one * exponent for b, one in self.exponents.items()} if exponent else {})

    @property
    def unknowns(self) -> list[Unknown]:
        return [base for base in self.exponents if isinstance(base, Unknown)]

    def __str__(self) -> str:
        """`m/s^2`, as a type has it; `1` for a pure number."""
        known = sorted((b, e) for b, e in self.exponents.items() if isinstance(b, str))
        above = "*".join(_power(base, one) for base, one in known if one > 0)
        below = "".join(f"/{_power(base, -one)}" for base, one in known if one < 0)
        return f"{above or '1'}{below}"


NONE = Unit()
"""The unit of a pure number."""


def unit_of(factors: Iterable[tuple[str, int]]) -> Unit:
    """The unit that a type declares."""
    found = NONE
    for name, exponent in factors:
        found = found * Unit({name: Fraction(exponent)})
    return found


class Equations:
    """What is known of the unknowns."""

    def __init__(self) -> None:
        self._numbers = count()
        self._known: dict[Unknown, Unit] = {}

    def unknown(self) -> Unit:
        return Unit({Unknown(next(self._numbers)): Fraction(1)})

    def solved(self, unit: Unit) -> Unit:
        """The unit with what is known put in for the unknowns."""
        while any(one in self._known for one in unit.unknowns):
            found = NONE
            for base, exponent in unit.exponents.items():
                known = self._known.get(base) if isinstance(base, Unknown) else None
                found = found * (known or Unit({base: Fraction(1)})).power(exponent)
            unit = found
        return unit

    def same(self, one: Unit, other: Unit) -> bool:
        """Make two units the same; False where they can't be."""
        quotient = self.solved(one / other)
        if not quotient.unknowns:
            return not quotient.exponents
        first = quotient.unknowns[0]
        exponent = quotient.exponents[first]
        rest = Unit({base: e for base, e in quotient.exponents.items() if base != first})
        self._known[first] = rest.power(-1 / exponent)
        return True


def _power(base: str, exponent: Fraction) -> str:
    if exponent == 1:
        return base
    return f"{base}^{exponent}" if exponent.denominator == 1 else f"{base}^({exponent})"
