"""The elementary functions of the language, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.atoms import ATOMS, loggamma, maximum, minimum
from objc.ir.symbols import Expression
from objc.passes.lower.constants import function_of_number


@dataclass(frozen=True)
class Elementary:
    """A function of scalars: how many it takes (`most` None: any number), and what it makes."""

    name: str
    least: int
    most: int | None
    apply: Callable[..., Expression]

    @property
    def takes(self) -> str:
        if self.most is None:
            return f"at least {self.least} arguments"
        return f"{self.least} argument{'' if self.least == 1 else 's'}"


def _apply_atom(function: Any) -> Callable[..., Expression]:
    def apply(argument: Expression) -> Expression:
        return function(argument)

    return apply


def _lgamma(argument: Expression) -> Expression:
    return function_of_number(loggamma, argument)


def _digamma(argument: Expression) -> Expression:
    return function_of_number(lambda x: sympy.polygamma(0, x), argument)


def _logarithm_to_two(argument: Expression) -> Expression:
    return sympy.log(argument) / sympy.log(2)


def _clip(argument: Expression, low: Expression, high: Expression) -> Expression:
    return minimum(high, maximum(low, argument))


def _fold(function: Any) -> Callable[..., Expression]:
    """An extreme of many arguments, in pairs of pairs: a chain would nest as deep as it is long. Of
    equal arguments the first still wins."""

    def apply(*arguments: Expression) -> Expression:
        parts = list(arguments)
        while len(parts) > 1:
            pairs = [function(*parts[at : at + 2]) for at in range(0, len(parts) - 1, 2)]
            parts = pairs + parts[len(pairs) * 2 :]
        return parts[0]

    return apply


_OWN = (
    Elementary("log2", 1, 1, _logarithm_to_two),
    Elementary("sqrt", 1, 1, sympy.sqrt),
    Elementary("relu", 1, 1, lambda x: maximum(sympy.Integer(0), x)),
    Elementary("clip", 3, 3, _clip),
    Elementary("max", 2, None, _fold(maximum)),
    Elementary("min", 2, None, _fold(minimum)),
    Elementary("lgamma", 1, 1, _lgamma),
    Elementary("digamma", 1, 1, _digamma),
)

ELEMENTARY: Mapping[str, Elementary] = {
    **{
        name: Elementary(name, atom.arity, atom.arity, _apply_atom(atom.function))
        for name, atom in ATOMS.items()
        if atom.language
    },
    **{one.name: one for one in _OWN},
}
"""What can be called without being declared."""

NEED_REAL = frozenset({"abs", "sign"})
"""Functions that SymPy rewrites by conjugates unless it knows that the argument is real."""
