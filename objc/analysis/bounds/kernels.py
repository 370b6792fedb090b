"""The squared distance of two means in the space of a kernel is at least zero.

mean k(x, x′) − 2 mean k(x, y) + mean k(y, y′) is Σ w w′ k(z, z′) with weights 1/N on each x and −1/M on each
y, pairs of one with itself included: at least zero for a positive definite kernel (Gretton et al. 2012). A
completely monotone function of the squared Euclidean distance u is one: exp(−c·u), exp(−c·√u), (a + u)^(−p),
their sums and products (Schoenberg 1938).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of
from objc.analysis.decision import Decision, proved
from objc.analysis.subject import Subject
from objc.ir.index import at
from objc.ir.program import Claim, Let
from objc.ir.symbols import Read

_SQUARED = sympy.Dummy("u", positive=True)


def means_in_the_space_of_a_kernel(subject: Subject, claim: Claim) -> Decision | None:
    low, high = ends_of(claim)
    if low != 0 or not (high == sympy.oo or subject.is_at_least(high, subject.value)):
        return None
    if not _is_squared_distance(subject):
        return None
    return proved(
        "it is the squared distance of two means in the space of a positive definite kernel"
    )


def _is_squared_distance(subject: Subject) -> bool:
    means: dict[tuple[str, str], tuple[Any, Any]] = {}
    for addend in sympy.Add.make_args(subject.value):
        scale, read = addend.as_coeff_Mul()
        let = subject.program.let.get(read.tensor) if isinstance(read, Read) else None
        found = None if let is None or read.positions else _kernel(subject, let)
        if found is None or found[0] in means:
            return False
        means[found[0]] = scale, found[1]
    crossed = [pair for pair in means if pair[0] != pair[1]]
    if len(means) != 3 or len(crossed) != 1:
        return False
    (pair,) = crossed
    own = [means.get((name, name)) for name in pair]
    if None in own:
        return False
    scales = [one[0] for one in own if one is not None]
    kernels = {one[1] for one in means.values()}
    is_square = scales[0] == scales[1] and means[pair][0] == -2 * scales[0] and scales[0] > 0
    return bool(is_square) and len(kernels) == 1 and is_completely_monotone(kernels.pop())


def _kernel(subject: Subject, let: Let) -> tuple[tuple[str, str], Any] | None:
    """A mean over all pairs of points: the names of the two sets, in order, and the kernel as a function of
    the squared distance."""
    if let.reduction != "mean" or let.guard != sympy.true or let.free or len(let.over) != 2:
        return None
    inner = [read for read in let.body.atoms(Read) if read.tensor in subject.program.let]
    if len(inner) != 1 or inner[0].positions != tuple(map(at, let.over)):
        return None
    names = _points(subject.program.let[inner[0].tensor])
    if names is None:
        return None
    return names, let.body.xreplace({inner[0]: _SQUARED})


def _points(let: Let) -> tuple[str, str] | None:
    """The two sets of points whose squared distances a sum over the coordinates gives."""
    is_sum = let.reduction == "sum" and let.guard == sympy.true and len(let.over) == 1
    if not is_sum or len(let.free) != 2 or not isinstance(let.body, sympy.Pow) or let.body.exp != 2:
        return None
    sides = sympy.Add.make_args(let.body.base)
    signs = [-1 if one.could_extract_minus_sign() else 1 for one in sides]
    reads = [sign * one for sign, one in zip(signs, sides, strict=True)]
    if sorted(signs) != [-1, 1] or not all(isinstance(one, Read) for one in reads):
        return None
    by_point = {one.positions: one.tensor for one in reads}
    (coordinate,) = let.over
    places = [(at(point), at(coordinate)) for point in let.free]
    if set(by_point) != set(places) or len(by_point) != 2:
        return None
    first, second = sorted(by_point[place] for place in places)
    return first, second


def is_completely_monotone(kernel: Any, u: Any = _SQUARED) -> bool:
    """Whether a function of u > 0 is known to have derivatives of alternating signs, the value positive."""
    if not kernel.has(u):
        return bool(kernel.is_nonnegative)
    if isinstance(kernel, sympy.Add | sympy.Mul):
        return all(is_completely_monotone(one, u) for one in kernel.args)
    if isinstance(kernel, sympy.exp):
        return _is_bernstein(-kernel.args[0], u)
    if isinstance(kernel, sympy.Pow) and kernel.exp.is_negative:
        return bool(kernel.base.subs(u, 0).is_positive) and _is_bernstein(kernel.base, u)
    return False


def _is_bernstein(formula: Any, u: Any) -> bool:
    """Whether a function is at least zero with a completely monotone derivative: sums of c·uᵃ, 0 ≤ a ≤ 1."""
    for addend in sympy.Add.make_args(sympy.expand(formula)):
        scale, power = addend.as_independent(u, as_Add=False)
        base, exponent = power.as_base_exp()
        is_power = power == 1 or (
            base == u and exponent.is_nonnegative and (1 - exponent).is_nonnegative
        )
        if not (is_power and scale.is_nonnegative):
            return False
    return True
