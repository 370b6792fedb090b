"""The prover of `coercive` for vectors and for several inputs: a loss grows without bound wherever its inputs
do.

A sum over the entries of a vector is coercive where each term is, in its entry, and is bounded below: some
entry goes to infinity. So are functions that rise without bound of what is coercive, and sums of one part
that is coercive in each input and of parts that are bounded below.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.hessians.strictness import constant_hessian
from objc.analysis.shape.ends import end_of
from objc.analysis.signs.elementary import plain
from objc.analysis.subject import Subject
from objc.atoms import log1p, maximum, softplus
from objc.ir.program import Claim, Let
from objc.ir.symbols import IndexValue, Read, reads

_RISING = (sympy.exp, sympy.log, log1p, softplus, sympy.asinh)
"""Functions that rise without bound."""
_INFINITY = float("inf")


def coercive_in_each_part(subject: Subject, claim: Claim) -> Decision | None:
    inputs = [subject.program.input[name] for name in claim.inputs]
    if not subject.is_short or any(one.domain.kind != "real" for one in inputs):
        return None
    if (
        len(inputs) > 1
        and (ends := constant_hessian(subject, claim.inputs))
        and ends[0].is_positive
    ):
        return proved("it is a quadratic form that is bent upward in all directions")
    growth = _Growth(subject)
    parts = sympy.Add.make_args(subject.value)
    if len(inputs) == 1:
        is_coercive = growth.is_coercive(subject.value, claim.inputs[0])
    else:
        is_coercive = all(map(growth.is_bounded_below, parts)) and all(
            any(growth.is_coercive_alone(part, name, claim.inputs) for part in parts)
            for name in claim.inputs
        )
    return proved("what it is made of grows without bound in each entry") if is_coercive else None


class _Growth:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def is_bounded_below(self, part: Any) -> bool:
        return bool(self.subject.ranges.of(part).low > -_INFINITY)

    def is_coercive_alone(self, part: Any, name: str, names: tuple[str, ...]) -> bool:
        """Whether a part depends on one of the inputs only, and is coercive in it."""
        others = {one for read in reads(part) for one in self._reaching(read)} & set(names)
        return others == {name} and self.is_coercive(part, name)

    def _reaching(self, read: Read) -> frozenset[str]:
        is_input = read.tensor in self.subject.program.input
        return frozenset({read.tensor}) if is_input else self.subject.reaching(read.tensor)

    def is_coercive(self, part: Any, name: str) -> bool:
        tensor = self.subject.program.input[name]
        if not tensor.dimensions:
            return self._grows(part, tensor.read())
        match part:
            case Read():
                let = self.subject.program.let.get(part.tensor)
                return let is not None and not part.positions and self._sums(let, name)
            case sympy.Add():
                return any(
                    self.is_coercive(one, name) and self.is_bounded_below(part - one)
                    for one in part.args
                )
            case sympy.Mul():
                own = [one for one in part.args if name in self._inputs_of(one)]
                scale = part / sympy.Mul(*own)
                return len(own) == 1 and self._is_positive(scale) and self.is_coercive(own[0], name)
            case sympy.Pow() if part.exp.is_positive and part.exp.is_number:
                is_even = part.exp.is_integer and part.exp.is_even
                is_rising = self.subject.ranges.of(part.base).is_nonnegative or part.exp.is_odd
                return bool(is_even or is_rising) and self.is_coercive(part.base, name)
            case maximum():
                return any(self.is_coercive(one, name) for one in part.args)
        return isinstance(part, _RISING) and self.is_coercive(part.args[0], name)

    def _inputs_of(self, part: Any) -> frozenset[str]:
        return frozenset().union(*(self._reaching(read) for read in reads(part)))

    def _is_positive(self, scale: Any) -> bool:
        return bool(scale.is_positive or self.subject.ranges.of(scale).low > 0)

    def _sums(self, let: Let, name: str) -> bool:
        """Whether a reduction over all entries of the input has a body that is coercive in its entry."""
        if (
            let.reduction not in ("sum", "mean", "norm", "max")
            or let.guard != sympy.true
            or let.free
        ):
            return False
        found = [one for one in reads(let.body) if name in self._reaching(one)]
        if len(found) != 1 or found[0].tensor != name or let.body.atoms(IndexValue):
            return False
        indices = [one.index for one in found[0].positions if one.offset == 0]
        if len(indices) != len(found[0].positions) or set(indices) != set(let.over):
            return False
        body = sympy.Abs(let.body) if let.reduction == "norm" else let.body
        return self.is_bounded_below(body) and self._grows(body, found[0])

    def _grows(self, body: Any, entry: Read) -> bool:
        """Whether a formula of one number tends to infinity on both sides, whatever the rest is."""
        t, here = sympy.Dummy("t", positive=True), plain(body)
        start = _start(here, entry)
        return all(
            end_of(here.xreplace({entry: start + side * t}), t) == sympy.oo for side in (-1, 1)
        )


def _start(body: Any, entry: Read) -> Any:
    """What the entry is compared to, where that is one other number."""
    others = [one for one in body.atoms(Read) if one != entry]
    if len(others) != 1 or body.xreplace({entry: others[0] + entry}).expand().has(others[0]):
        return sympy.Integer(0)
    return others[0]
