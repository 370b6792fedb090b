"""Powers of f-divergences that are metrics.

D^α of D = Σ p·f(q/p) keeps the triangle inequality if f is strictly convex at 1 with f(1) = 0 and
f(t) = t·f(1/t), and (1 − t^α)^(1/α) / f(t) never increases on [0, 1) (Kafka, Österreicher and Vincze 1991;
Österreicher and Vajda 2003). Of the Jensen–Shannon divergence the root is one (Endres and Schindelin 2003).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import innermost_fold, is_positive, is_smooth_formula, is_zero
from objc.analysis.signs.far import limit_at
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.statistics.generators import GENERATED_OF, Generated, generated
from objc.analysis.subject import Subject
from objc.ir.program import Claim


def root_of_an_f_divergence(subject: Subject, claim: Claim) -> Decision | None:
    named = {subject.program.input[one].domain.kind for one in claim.inputs}
    if len(set(claim.inputs)) != 2 or named != {"simplex"}:
        return None
    arms = generated(subject) or []
    if len(arms) != 1:
        return None
    (one,) = arms
    power = _power(one)
    generator = _normalized(one.generator)
    if power is None or generator is None or not _falls(generator, power):
        return None
    shown = generator.xreplace({GENERATED_OF: sympy.Symbol("t", positive=True)})
    return proved(
        f"it is a multiple of the power {power} of an f-divergence, f(t) = {shown} = t f(1/t), of which"
        f" (1 - t^{power})^{1 / power} / f(t) never increases before 1"
    )


def _power(one: Generated) -> Any:
    """α where the loss is a positive multiple of the sum's α-th power, 0 < α ≤ 1."""
    total = one.total
    if not is_smooth_formula(one.around, total):
        return None
    slope = sympy.diff(one.around, total)
    power = sympy.simplify(total * slope / one.around) if one.around != 0 else sympy.Integer(0)
    factor = sympy.simplify(one.around / total**power)
    if not power.is_Rational or not 0 < power <= 1 or factor.has(total):
        return None
    return power if is_positive(factor) else None


def _normalized(generator: Any) -> Any:
    """f less its tangent at 1, if that is its own image under t·f(1/t), and strictly convex at 1."""
    t = GENERATED_OF
    if generator.free_symbols != {t} or innermost_fold(generator) is not None:
        return None
    tangent = sympy.diff(generator, t).subs(t, 1)
    found = sympy.expand_log(sympy.expand(generator - tangent * (t - 1)))
    bend = sympy.diff(found, t, 2).subs(t, 1)
    mirrored = t * found.xreplace({t: 1 / t})
    if not is_zero(found.subs(t, 1)) or not is_positive(bend):
        return None
    return found if is_zero(sympy.expand_log(sympy.expand(found - mirrored), force=True)) else None


def _falls(generator: Any, power: Any) -> bool:
    """Whether (1 − t^α)^(1/α) / f(t) never increases on (0, 1), looked at in r = t^α: its derivative there
    has the sign of −(f + (1 − r) α df/dr)."""
    r = sympy.Dummy("r", positive=True)
    here = generator.xreplace({GENERATED_OF: r ** (1 / power)})
    condition = sympy.expand_log(sympy.expand(here + (1 - r) * power * sympy.diff(here, r)))
    is_bounded = limit_at(here, r, 0).is_finite
    return bool(is_bounded) and is_nonnegative_inside(
        condition, r, sympy.Integer(0), sympy.Integer(1)
    )
