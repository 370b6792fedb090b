"""Convexity of a function of sums over entries, F(s₁ … sₘ) with sⱼ = wⱼ Σ gⱼ(xₖ): its Hessian is a diagonal
and a low rank beside it, H = diag(d) + G·F″·Gᵀ with d = Σⱼ wⱼFⱼgⱼ″ and Gₖⱼ = wⱼgⱼ′(xₖ).

Where d > 0, let W = Gᵀ diag(d)⁻¹ G. Each v is diag(d)⁻¹Gc + w with Gᵀw = 0, so vᵀHv = cᵀ(W + WF″W)c +
wᵀ diag(d) w: H is positive semidefinite if W + WF″W is, which is as large as there are sums that F bends in.
The entries of W are sums again; where they are multiples of those in the loss, or of the number of entries,
signs decide for any number of entries. (For one sum that is the inequality of Cauchy and Schwarz.)
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.hessians.minors import minors_of
from objc.analysis.hessians.sums import OfSums, of_sums
from objc.analysis.signs.elementary import is_positive, parametrized
from objc.analysis.signs.several import is_nonnegative_over
from objc.analysis.subject import Subject
from objc.ir.program import Claim

_MOST_BENT = 2


def diagonal_and_low_rank(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1:
        return None
    form = of_sums(subject, claim.inputs[0])
    if form is None:
        return None
    sign = -1 if claim.words[0] == "concave" else 1
    if not _is_semidefinite(subject, form, sign):
        return None
    return proved("its Hessian is a diagonal and a low rank, which the diagonal outweighs")


def _is_semidefinite(subject: Subject, form: OfSums, sign: int) -> bool:
    u, outer = form.entry.symbol, sign * form.outer
    symbols = [one.symbol for one in form.sums]
    diagonal = sympy.Add(
        *(
            one.weight * sympy.diff(outer, one.symbol) * sympy.diff(one.term, u, 2)
            for one in form.sums
        )
    )
    bends = sympy.hessian(outer, symbols).applyfunc(sympy.simplify)
    bent = [row for row in range(len(symbols)) if any(bends[row, :])]
    bends = bends.extract(bent, bent)
    if _all_signs(subject, form, [diagonal, *minors_of(bends)]):
        return True
    if len(bent) > _MOST_BENT or not all(is_positive(one) for one in _forms(subject, diagonal)):
        return False
    weights = sympy.zeros(len(bent), len(bent))
    for row, one in enumerate(bent):
        for column, other in enumerate(bent[: row + 1]):
            slopes = [
                form.sums[each].weight * sympy.diff(form.sums[each].term, u)
                for each in (one, other)
            ]
            found = _summed(form, slopes[0] * slopes[1] / diagonal)
            if found is None:
                return False
            weights[row, column] = weights[column, row] = found
    return _all_signs(subject, form, list(minors_of(weights + weights * bends * weights)))


def _forms(subject: Subject, formula: Any) -> list[Any]:
    """A formula for all values of the hyperparameters."""
    found = parametrized(subject.program, formula, (), formula)
    return [formula.xreplace(one) for one in found] or [formula]


def _all_signs(subject: Subject, form: OfSums, formulas: list[Any]) -> bool:
    return all(
        is_nonnegative_over(one, form.spans)
        for formula in formulas
        for one in _forms(subject, formula)
    )


def _summed(form: OfSums, summand: Any) -> Any:
    """The sum over all entries of a function of u, by the sums that the loss has; None where it isn't made
    of them."""
    summand = sympy.simplify(summand)
    moving = {form.entry.symbol, *([] if form.share is None else [form.share])}
    for one in form.sums:
        ratio = sympy.simplify(summand / one.term)
        if not ratio.free_symbols & moving:
            return ratio * one.symbol / one.weight
    total = sympy.Integer(0)
    for addend in sympy.Add.make_args(sympy.expand(summand)):
        factor, part = addend.as_independent(*moving, as_Add=False)
        known = _sum_of_part(form, part, moving)
        if known is None:
            return None
        total += factor * known
    return total


def _sum_of_part(form: OfSums, part: Any, moving: set[Any]) -> Any:
    if part == 1:
        return form.number
    if part == form.share:
        return sympy.Integer(1)
    for one in form.sums:
        ratio = sympy.simplify(part / one.term)
        if not ratio.free_symbols & moving:
            return ratio * one.symbol / one.weight
    return None
