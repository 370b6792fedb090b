"""Proper losses of a predicted distribution that hold one sum over all of its entries, by their entropy.

A loss ℓ(q_label, S) with S = Σ c·q_k^a, a > 1, is proper if it is H(q) + ∂H/∂q_label − Σ q_k ∂H/∂q_k of a
concave H of the distribution (Savage 1971; Gneiting and Raftery 2007, theorem 1), here of H = G(S). In
N = S^(1/a), which is a norm and convex, H is concave if G never increases and is concave in N; strictly, if
it falls: between two distributions, which are never on one ray, the norm lies below its chord.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_nonnegative,
    is_positive,
    is_smooth_formula,
    is_zero,
    plain,
)
from objc.analysis.statistics.classes import Classes
from objc.analysis.statistics.distributions import distribution_of
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.ir.symbols import IndexValue, reads


@dataclass(frozen=True)
class _Whole:
    """ℓ, a formula of the label's probability `mine` and of the sum `total` of factor·q^power."""

    value: Any
    mine: Any
    total: Any
    factor: Any
    power: Any


def by_its_entropy(subject: Subject, claim: Claim) -> Decision | None:
    case = distribution_of(subject)
    whole = _whole(case) if case is not None and subject.is_short else None
    if whole is None:
        return None
    entropy = _entropy(whole)
    if entropy is None or not _is_its_tangent(whole, entropy):
        return None
    norm = sympy.Dummy("n", positive=True)
    of_norm = entropy.xreplace({whole.total: whole.factor * norm**whole.power})
    of_norm = sympy.simplify(sympy.powdenest(of_norm, force=True))
    fall, bend = -sympy.diff(of_norm, norm), -sympy.diff(of_norm, norm, 2)
    has_sign = is_positive if claim.words[0] == "strictly_proper" else is_nonnegative
    if not has_sign(fall) or not (is_zero(bend) or is_nonnegative(bend)):
        return None
    shown = of_norm.xreplace({norm: sympy.Symbol("n", positive=True)})
    return proved(
        "it is H(p) plus the slope of H at p towards the label, of the concave"
        f" H(p) = {shown}, n = (Σ p[k]^{whole.power})^(1/{whole.power})"
    )


def _whole(case: Classes) -> _Whole | None:
    """A loss of one sum of a power of all entries, and of the label's."""
    program = case.subject.program
    if len(program.lets) != 2:
        return None
    let = program.lets[0]
    is_plain = let.reduction in ("sum", "norm") and len(let.over) == 1 and not let.free
    if not is_plain or let.guard != sympy.true:
        return None
    mine, theirs, total = (sympy.Dummy(name, positive=True) for name in ("x", "w", "s"))
    body = plain(let.body).xreplace({case.scores.read(let.over[0]): theirs})
    of_total = total
    if let.reduction == "norm":
        body, of_total = body**2, sympy.sqrt(total)
    value = plain(case.subject.value).xreplace({case.at_label(): mine, let.read(): of_total})
    if not is_smooth_formula(body, theirs):
        return None
    factor, rest = body.as_independent(theirs, as_Add=False)
    power = sympy.simplify(theirs * sympy.diff(rest, theirs) / rest)
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    if any(one.tensor not in known for side in (value, body) for one in reads(side)):
        return None
    if value.has(IndexValue) or body.has(IndexValue) or innermost_fold(value) is not None:
        return None
    # What reads hyperparameters may stand at an end of its domain: powers and factors are numbers here.
    if not (factor.is_number and power.is_number and factor > 0 and power > 1):
        return None
    return _Whole(value, mine, total, factor, power)


def _entropy(whole: _Whole) -> Any:
    """Σ q·ℓ(q, S) as a function of S, where q·ℓ(q, S) is a(S)·c·q^a + b(S)·q."""
    x = whole.mine
    terms = sympy.expand(sympy.powsimp(sympy.expand(x * whole.value)))
    found = sympy.Integer(0)
    for term in sympy.Add.make_args(terms):
        outer, inner = term.as_independent(x, as_Add=False)
        if is_zero(inner - x):
            found += outer
        elif is_zero(inner - x**whole.power):
            found += outer * whole.total / whole.factor
        else:
            return None
    return found


def _is_its_tangent(whole: _Whole, entropy: Any) -> bool:
    slope = sympy.diff(entropy, whole.total)
    own = whole.factor * whole.power * whole.mine ** (whole.power - 1)
    tangent = entropy + slope * (own - whole.power * whole.total)
    return is_zero(whole.value - tangent)
