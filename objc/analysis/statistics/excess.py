"""What the excess risk of a convex margin loss says about the excess of the zero-one risk.

With H(η) = inf over s of ηφ(s) + (1 − η)φ(−s) and ψ(θ) = φ(0) − H((1 + θ)/2), a convex calibrated φ has
ψ(R − R*) ≤ (its risk) − (the least of its risks), for the zero-one risk R, and no better bound holds for
all distributions (Bartlett, Jordan and McAuliffe 2006, theorem 1). A candidate for the minimizing score is
tried by the one-sided derivatives of the conditional risk there: it is convex, so that they tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.signs.elementary import innermost_fold, is_nonnegative, is_zero, plain
from objc.analysis.signs.near import germ
from objc.analysis.statistics.margins import Margin
from objc.analysis.subject import Subject
from objc.atoms import maximum, minimum

_HALF = sympy.Rational(1, 2)
_THETA = sympy.Symbol("t", positive=True)
_MORE, _LESS = sympy.Dummy("p", positive=True), sympy.Dummy("q", positive=True)
"""1 + t and 1 − t, of which both are positive and the sum is 2."""
_IN_THETA = {_MORE: 1 + _THETA, _LESS: 1 - _THETA}
_POINTS = tuple(sympy.Rational(one, 17) for one in (1, 5, 11, 16))


def transform(subject: Subject, margin: Margin) -> Any:
    """ψ as a formula of t in (0, 1), for a convex φ; None where it is not known to be that, or the least
    risk isn't found."""
    score = _least(subject, margin)
    return None if score is None else _written(plain(margin.phi), margin.score, score)


def least_score(subject: Subject, margin: Margin) -> Callable[[Any], Any] | None:
    """The score of least expected loss, for a convex φ, as a function of the probability of a label of 1,
    where that is above one half; None where it isn't found."""
    score = _least(subject, margin)
    if score is None:
        return None
    return lambda share: _of_share(score, share)


def _of_share(score: Any, share: Any) -> Any:
    odds = sympy.Dummy("o", positive=True)
    together = {sympy.log(_MORE): sympy.log(odds) + sympy.log(_LESS)}
    found = sympy.expand(score.xreplace(together))
    found = found.xreplace({_MORE: 2 * share, _LESS: 2 * (1 - share)})
    return sympy.expand(found).xreplace({odds: share / (1 - share)})


def _least(subject: Subject, margin: Margin) -> Any:
    """The score of least conditional risk, of 1 + t and 1 − t."""
    if not is_short(margin.phi) or not subject.curvature(margin.name).convex:
        return None
    phi, s = plain(margin.phi), margin.score
    odds = sympy.Dummy("v", positive=True)
    # With t = v/(1 + v), polynomials in v show their sign.
    share = {_MORE: (1 + 2 * odds) / (1 + odds), _LESS: 1 / (1 + odds)}
    for candidate in _candidates(phi, s):
        if _is_least(phi, s, candidate.xreplace(share), odds / (1 + odds)):
            return candidate
    return None


def _candidates(phi: Any, s: Any) -> Iterator[Any]:
    """Scores at which the conditional risk may be least."""
    log_odds, theta = sympy.log(_MORE) - sympy.log(_LESS), (_MORE - _LESS) / 2
    rates = {
        abs(sympy.diff(one.args[0], s))
        for one in phi.atoms(sympy.exp)
        if one.args[0].has(s) and not sympy.diff(one.args[0], s).has(s)
    }
    for rate in sorted(rates, key=str):
        yield log_odds / rate
        yield log_odds / (2 * rate)
    corners = set()
    for fold in phi.atoms(sympy.Abs, maximum, minimum):
        first, second = fold.args if len(fold.args) == 2 else (fold.args[0], sympy.Integer(0))
        line = sympy.expand(first - second)
        slope = sympy.diff(line, s)
        if not slope.has(s) and slope != 0:
            corners.add(sympy.simplify(abs(line.subs(s, 0) / slope)))
    for corner in sorted(corners - {sympy.Integer(0)}, key=str):
        yield corner
        yield theta * corner
    if innermost_fold(phi) is None and phi.is_polynomial(s) and sympy.degree(phi, s) == 2:
        risk = sympy.expand(_MORE * phi + _LESS * phi.xreplace({s: -s}))
        yield sympy.simplify(-risk.coeff(s, 1) / (2 * risk.coeff(s, 2))).xreplace(_SUM)


_SUM = {_MORE + _LESS: sympy.Integer(2)}


def _is_least(phi: Any, s: Any, score: Any, theta: Any) -> bool:
    """Whether the conditional risk falls neither to the right nor to the left of a score."""
    eta = (1 + theta) / 2
    step = sympy.Dummy("h", positive=True)
    for side in (1, -1):
        there = score + side * step
        parts = [germ(phi.xreplace({s: sign * there}), step) for sign in (1, -1)]
        if any(one is None for one in parts):
            return False
        slope = sympy.diff(eta * parts[0] + (1 - eta) * parts[1], step).subs(step, 0)
        slope = sympy.simplify(slope)
        if not (is_zero(slope) or is_nonnegative(slope)):
            return False
    return True


def _written(phi: Any, s: Any, score: Any) -> Any:
    """φ(0) less the least risk, and only if it is that in 30 digits too."""
    step = sympy.Dummy("h", positive=True)
    theta, odds = (_MORE - _LESS) / 2, sympy.Dummy("v", positive=True)
    back = {odds: theta / _LESS}
    inner = {_MORE: (1 + 2 * odds) / (1 + odds), _LESS: 1 / (1 + odds)}
    is_folded = innermost_fold(phi) is not None
    sides = []
    for place in (sympy.Integer(0), score, -score):
        here = phi.xreplace({s: place})
        if is_folded:
            here = germ(here.xreplace(inner), step)
            if here is None:
                return None
        sides.append(here.xreplace(back))
    found = _simplified(sides[0] - _MORE / 2 * sides[1] - _LESS / 2 * sides[2])
    there = {_MORE: 1 + _THETA, _LESS: 1 - _THETA}
    risk = _MORE / 2 * phi.xreplace({s: score}) + _LESS / 2 * phi.xreplace({s: -score})
    exact = (phi.xreplace({s: sympy.Integer(0)}) - risk).xreplace(there)
    return found if _agree(found, exact) else None


def _simplified(formula: Any) -> Any:
    """A formula of t, of the sums and differences that it is made of."""
    known = {
        one: sympy.log(sympy.factor(sympy.together(one.args[0])).xreplace(_SUM))
        for one in formula.atoms(sympy.log)
    }
    apart = sympy.expand(sympy.expand_log(formula.xreplace(known), force=True))
    products = apart.xreplace({_MORE**_HALF * _LESS**_HALF: sympy.sqrt(1 - _THETA**2)})
    forms = [products.xreplace(_IN_THETA), sympy.expand(products.xreplace(_IN_THETA))]
    if not products.has(sympy.log):
        forms.append(sympy.simplify(forms[0]))
    else:
        forms.append(_by_logarithms(products))
    return min(forms, key=lambda one: (one.count_ops(), str(one)))


def _by_logarithms(formula: Any) -> Any:
    """Terms with the logarithms of 1 + t and 1 − t together."""
    logarithms = sympy.log(_MORE), sympy.log(_LESS)
    parts = [sympy.simplify(formula.coeff(one).xreplace(_IN_THETA)) for one in logarithms]
    rest = formula.xreplace(dict.fromkeys(logarithms, sympy.Integer(0)))
    terms = (part * one.xreplace(_IN_THETA) for part, one in zip(parts, logarithms, strict=True))
    return sympy.Add(*terms, sympy.simplify(rest.xreplace(_IN_THETA)))


def _agree(found: Any, exact: Any) -> bool:
    """Whether two formulas are the same at some points, whatever hyperparameters are there."""
    others = sorted((found.free_symbols | exact.free_symbols) - {_THETA}, key=str)
    for number, point in enumerate(_POINTS):
        values = {one: sympy.Rational(3 + number, 2) for one in others} | {_THETA: point}
        gap = sympy.N((found - exact).xreplace(values), 30)
        if not gap.is_number or abs(gap) > sympy.Float("1e-20"):
            return False
    return True
