"""Signs and identities of elementary formulas, by algebra.

The compiler's own functions are written as what they are (σ(x) = 1/(1 + exp(−x))), open ranges become
rational functions of positive symbols (p = u/(1 + u), s = log u), and SymPy's assumptions read the sign
off a factored form. What is found zero is also evaluated at rational points in 30 digits, so that a slip
of simplification is not believed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sympy

from objc.analysis.values.ranges import Ranges
from objc.atoms import (
    Branch,
    erfc,
    expm1,
    extended,
    log1mexp,
    log1p,
    log_cosh,
    log_ndtr,
    logit,
    maximum,
    minimum,
    sigmoid,
    softplus,
    sqrt1pm1,
    stop_gradient,
    xlog1py,
    xlogy,
)
from objc.ir.program import Program
from objc.ir.symbols import Read

_PLAIN: Mapping[Any, Callable[..., Any]] = {
    expm1: lambda x: sympy.exp(x) - 1,
    log1p: lambda x: sympy.log(1 + x),
    sigmoid: lambda x: 1 / (1 + sympy.exp(-x)),
    softplus: lambda x: sympy.log(1 + sympy.exp(x)),
    logit: lambda x: sympy.log(x) - sympy.log(1 - x),
    log_cosh: lambda x: sympy.log(sympy.cosh(x)),
    log1mexp: lambda x: sympy.log(1 - sympy.exp(x)),
    sqrt1pm1: lambda x: sympy.sqrt(1 + x) - 1,
    erfc: sympy.erfc,
    log_ndtr: lambda x: sympy.log(sympy.erfc(-x / sympy.sqrt(2)) / 2),
    xlogy: lambda x, y: x * sympy.log(y),
    xlog1py: lambda x, y: x * sympy.log(1 + y),
    extended: lambda x: x,
}
_FOLDS = (sympy.Abs, sympy.sign, maximum, minimum, Branch)
_ENTIRE = (
    sympy.Add, sympy.Mul, sympy.Pow, sympy.exp, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh,
    sympy.tanh, sympy.atan, sympy.asinh, sympy.erf, sympy.erfc, sympy.Integer, sympy.Rational,
)  # fmt: skip
"""What is smooth on the whole line."""
_GREATEST = 120
"""Operations beyond which a formula isn't simplified."""
_MOST_PIECES = 8


def plain(expression: Any) -> Any:
    """A formula with the compiler's own functions written out."""
    if not expression.args or isinstance(expression, Read):
        return expression
    arguments = [plain(one) for one in expression.args]
    if expression.func in _PLAIN:
        return _PLAIN[expression.func](*arguments)
    return expression if list(expression.args) == arguments else expression.func(*arguments)


def is_smooth_formula(expression: Any, variable: Any) -> bool:
    """Whether no part of a formula has a fold (an absolute value, a branch …) that a variable reaches,
    nor a derivative that is not that of the value, nor a function that SymPy can't differentiate."""
    folds = expression.atoms(*_FOLDS, stop_gradient)
    own = {
        one for one in expression.atoms(sympy.Function) if type(one).__module__.startswith("objc")
    }
    return not any(one.has(variable) for one in folds | own)


def is_regular(expression: Any) -> bool:
    """Whether every part of a formula without folds is smooth for all values of its symbols: no
    logarithm, root or quotient comes to zero."""
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, sympy.Pow) and node.base != sympy.E:
            is_polynomial = node.exp.is_Integer and node.exp.is_nonnegative
            if not (is_polynomial or is_positive(node.base)):
                return False
        elif isinstance(node, sympy.log):
            if not is_positive(node.args[0]):
                return False
        elif node.args and not isinstance(node, _ENTIRE):
            return False
    return True


# ------------------------------------------------------------------ identities


def is_zero(expression: Any) -> bool:
    """Whether a formula is zero wherever it is defined: by simplification, and at drawn points."""
    expression = plain(expression)
    if expression == 0:
        return True
    if expression.count_ops() > _GREATEST or expression.atoms(Branch):
        return False
    return any(form == 0 for form in _simpler(expression)) and _vanishes_at_points(expression)


def _simpler(expression: Any) -> Iterator[Any]:
    yield sympy.expand(expression)
    if not _vanishes_at_points(expression):
        return
    for bring in (_cancelled, sympy.powsimp, _combined_logarithms, sympy.simplify):
        yield bring(expression)


def _cancelled(expression: Any) -> Any:
    try:
        return sympy.cancel(sympy.together(sympy.expand_power_exp(sympy.expand(expression))))
    except sympy.PolynomialError:
        return expression


def _combined_logarithms(expression: Any) -> Any:
    return sympy.simplify(sympy.expand_log(sympy.factor_terms(expression), force=False))


def _vanishes_at_points(expression: Any) -> bool:
    """Whether a formula is zero in 30 digits at some rational points; True where it has no value."""
    symbols = sorted(expression.free_symbols, key=str)
    for shift in range(3):
        values = {one: _point(one, number + 3 * shift) for number, one in enumerate(symbols)}
        try:
            here = sympy.N(expression.subs(values), 30, maxn=200)
        except (TypeError, ValueError, ZeroDivisionError):
            continue
        if here.is_number and here.is_finite and abs(here) > sympy.Float("1e-20"):
            return False
    return True


def _point(symbol: Any, number: int) -> Any:
    if symbol.is_integer:
        return sympy.Integer(number + 2)
    value = sympy.Rational(2 * number + 3, 7 * number + 11)
    return -value if symbol.is_negative or symbol.is_nonpositive else value


# ------------------------------------------------------------------ signs


def is_positive(expression: Any) -> bool:
    """Whether a formula is above zero for all values that its symbols may have."""
    return any(one.is_positive for one in _signed_forms(expression))


def is_nonnegative(expression: Any) -> bool:
    """Whether a formula is at least zero for all values that its symbols may have."""
    return any(one.is_nonnegative for one in _signed_forms(expression))


def _signed_forms(expression: Any) -> Iterator[Any]:
    expression = plain(expression)
    yield expression
    if expression.count_ops() > _GREATEST:
        return
    for bring in (_expanded_quotient, sympy.factor_terms, _factored, sympy.simplify):
        try:
            form = bring(expression)
        except sympy.PolynomialError:
            continue
        yield form
        above, below = sympy.fraction(sympy.together(form))
        if below.is_positive:
            yield sympy.expand(above)
        elif below.is_negative:
            yield sympy.expand(-above)


def _expanded_quotient(expression: Any) -> Any:
    """Numerator and denominator multiplied out: sums of positive terms show their sign."""
    above, below = sympy.fraction(sympy.cancel(sympy.together(expression)))
    return sympy.expand(above) / sympy.expand(below)


def _factored(expression: Any) -> Any:
    return sympy.factor(sympy.together(expression))


# ------------------------------------------------------------------ open and closed ranges


def parametrized(
    program: Program, expression: Any, inner: tuple[str, ...], whole: Any = None
) -> tuple[Mapping[Any, Any], ...]:
    """Substitutions that, together, let the symbols of an expression run over their ranges.

    The inputs named run over the inside of theirs; real ones as log u, so that exponentials become
    rational. Hyperparameters in an interval run over all of it, but for ends at which the formula (the
    whole that it is a part of) has no value.
    """
    whole = expression if whole is None else whole
    choices: list[list[tuple[Any, Any]]] = []
    for read in sorted(expression.atoms(Read), key=str):
        if read.positions or read.tensor not in program.input:
            continue
        one = program.input[read.tensor]
        if one.name in inner:
            choices.append([(read, _inside(one.domain.kind, one.domain.bounds, read))])
        elif one.domain.kind in ("probability", "interval"):
            choices.append([(read, form) for form in _over(read, one.domain.bounds, whole)])
    return tuple(dict(one) for one in itertools.product(*choices))


def _inside(kind: str, bounds: tuple[Any, Any], read: Any) -> Any:
    positive = sympy.Dummy("u", positive=True)
    if kind == "real":
        return sympy.log(positive)
    low, high = bounds
    if low == -sympy.oo:
        return high - positive
    if high == sympy.oo:
        return low + positive
    return (low + high * positive) / (1 + positive)


def _over(read: Any, bounds: tuple[Any, Any], expression: Any) -> list[Any]:
    low, high = bounds
    has_low = low.is_finite and not _is_singular(expression, read, low)
    has_high = high.is_finite and not _is_singular(expression, read, high)
    inner, weak = sympy.Dummy("v", positive=True), sympy.Dummy("v", nonnegative=True)
    if not low.is_finite and not high.is_finite:
        return [read]
    if not high.is_finite:
        return [low + (weak if has_low else inner)]
    if not low.is_finite:
        return [high - (weak if has_high else inner)]
    upward = [(low + high * weak) / (1 + weak)] if has_low else []
    downward = [(high + low * weak) / (1 + weak)] if has_high else []
    return upward + downward or [(low + high * inner) / (1 + inner)]


def _is_singular(expression: Any, read: Any, end: Any) -> bool:
    """Whether a formula has no value at an end of a hyperparameter's range, whatever the rest is."""
    here = expression.subs(read, end)
    return bool(here.has(sympy.zoo, sympy.nan, sympy.oo))


# ------------------------------------------------------------------ pieces


def pieces(expression: Any, ranges: Ranges | None = None) -> list[tuple[Any, Any]] | None:
    """A formula without folds, piece by piece: (what holds there, the formula). None where there are
    too many. What SymPy's assumptions decide makes no piece of its own, nor what the ranges of inputs
    do of an absolute value or an extreme."""
    done: list[tuple[Any, Any]] = []
    waiting = [(sympy.true, expression)]
    while waiting:
        here, one = waiting.pop()
        if here == sympy.false:
            continue
        fold = innermost_fold(one)
        if fold is None:
            done.append((here, one))
            continue
        arms = _arm_by_range(fold, ranges) or _arms(fold)
        if arms is None:
            return None
        waiting += [(sympy.And(here, when), one.xreplace({fold: arm})) for when, arm in arms]
        if len(waiting) + len(done) > _MOST_PIECES:
            return None
    return done


def innermost_fold(expression: Any) -> Any:
    """A fold in which there is no other; None where there is none."""
    for one in sorted(expression.atoms(*_FOLDS), key=lambda one: (one.count_ops(), str(one))):
        if not any(arg.atoms(*_FOLDS) for arg in one.args):
            return one
    return None


def _arms(fold: Any) -> list[tuple[Any, Any]] | None:
    """What a fold is, with the condition: decided where the sign of a difference is known. None for a
    sign that isn't known, which has a third value."""
    if isinstance(fold, Branch):
        condition, then, otherwise = fold.args
        return _kept(_decided(condition), then, otherwise)
    if isinstance(fold, sympy.sign):
        form = sympy.factor_terms(sympy.expand(fold.args[0]))
        known = sympy.sign(form)
        return [(sympy.true, known)] if known.is_number else None
    if isinstance(fold, sympy.Abs):
        (inner,) = fold.args
        return _kept(_decided(sympy.Ge(inner, 0)), inner, -inner)
    first, second = fold.args
    ahead = sympy.Ge(first, second) if isinstance(fold, maximum) else sympy.Le(first, second)
    return _kept(_decided(ahead), first, second)


def _arm_by_range(fold: Any, ranges: Ranges | None) -> list[tuple[Any, Any]] | None:
    if ranges is None or not isinstance(fold, sympy.Abs | maximum | minimum):
        return None
    first, second = fold.args if len(fold.args) == 2 else (fold.args[0], -fold.args[0])
    difference = ranges.of(fold.args[0] - (0 if isinstance(fold, sympy.Abs) else second))
    if isinstance(fold, minimum):
        first, second = second, first
    if difference.is_nonnegative:
        return [(sympy.true, first)]
    return [(sympy.true, second)] if difference.is_nonpositive else None


def _kept(condition: Any, then: Any, otherwise: Any) -> list[tuple[Any, Any]]:
    if condition == sympy.true:
        return [(sympy.true, then)]
    if condition == sympy.false:
        return [(sympy.true, otherwise)]
    return [(condition, then), (sympy.Not(condition), otherwise)]


def _decided(condition: Any) -> Any:
    """A condition with the relations that SymPy's assumptions decide replaced by their truth."""
    mapping = {}
    for one in condition.atoms(sympy.core.relational.Relational):
        difference = sympy.factor_terms(sympy.expand(one.lhs - one.rhs))
        mapping[one] = one.func(difference, 0) if one.lhs != 0 else one
        for form in (one.lhs - one.rhs, difference):
            truth = one.func(form, 0)
            if truth in (sympy.true, sympy.false):
                mapping[one] = truth
                break
    return condition.xreplace(mapping)
