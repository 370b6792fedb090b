"""The table of elementary functions: one row each.

A row holds all that any stage wants to know of a function: its SymPy class, where it is defined, its
range, monotonicity, curvature, derivative, a high-precision reference, and where to test it. Targets
spell the rows (`spellings` in each target); a test fails when a row is spelled or declined nowhere.

Functions that SymPy has are SymPy's; the others are classes made here, which SymPy treats as opaque
symbols with the sign, monotonicity and values at zero that their row states.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import mpmath
import sympy

Expression: TypeAlias = Any  # a sympy.Expr; SymPy has no usable types
Monotone = Literal["increasing", "decreasing", "none"]
Curvature = Literal["convex", "concave", "affine", "none"]

oo = sympy.oo


def _agreement(assumption: str) -> Callable[[Any], bool | None]:
    def evaluate(branch: Any) -> bool | None:
        then = getattr(branch.args[1], f"is_{assumption}")
        return (
            then
            if then is not None and then == getattr(branch.args[2], f"is_{assumption}")
            else None
        )

    return evaluate


_Agreement = type(
    "_Agreement",
    (),
    {
        f"_eval_is_{assumption}": _agreement(assumption)
        for assumption in (
            "extended_real", "real", "finite", "integer", "positive", "negative", "nonnegative",
            "nonpositive", "zero",
        )
    },
)  # fmt: skip
"""What both branches are, the branch is. A base class, since SymPy reads these when a class is made."""


class Branch(_Agreement, sympy.Function):  # type: ignore[misc, valid-type]
    """`Branch(condition, then, otherwise)`: the branch not taken contributes nothing, ever.

    SymPy's Piecewise rewrites its conditions and is slow; this does neither.
    """

    nargs = (3,)
    # SymPy asks the condition too: a comparison does not commute, and a product with it is not real.
    is_commutative = True

    @classmethod
    def eval(cls, condition: Any, then: Any, otherwise: Any) -> Any:
        if condition == sympy.true:
            return then
        if condition == sympy.false:
            return otherwise
        if then == otherwise:
            return then
        return None


def iverson(condition: Any) -> Expression:
    """`[condition]`: 1 where it holds, else 0."""
    return Branch(condition, sympy.Integer(1), sympy.Integer(0))


@dataclass(frozen=True)
class Atom:
    """One elementary function.

    `domain` is the closed hull of where it is real, one pair an argument (open ends are where the
    value is infinite, as `log` at 0). `monotone` and `curvature` are over that domain, the latter in
    the arguments jointly. `derivatives` gives one expression an argument, of the arguments.
    `reference` is an independent evaluation in mpmath at the precision in force. `test_range` is
    where the accuracy is tested. `language` is False for functions that only the compiler writes.
    """

    name: str
    function: Any
    domain: tuple[tuple[Any, Any], ...]
    range: tuple[Any, Any]
    monotone: Monotone
    curvature: Curvature
    derivatives: tuple[Callable[..., Expression], ...]
    reference: Callable[..., Any]
    latex: str
    test_range: tuple[float, float]
    language: bool = True

    @property
    def arity(self) -> int:
        return len(self.domain)


def _opaque(
    name: str,
    latex: str,
    *,
    values: Mapping[Any, Any] | None = None,
    sign: str | None = None,
    odd: bool = False,
    even: bool = False,
    nargs: int = 1,
) -> Any:
    """A SymPy function class that evaluates only at the given points."""
    special = {sympy.sympify(key): sympy.sympify(value) for key, value in (values or {}).items()}

    def evaluate(cls: Any, *arguments: Any) -> Any:
        if len(arguments) == 1:
            if arguments[0] in special:
                return special[arguments[0]]
            if odd and arguments[0].could_extract_minus_sign():
                return -cls(-arguments[0])
            if even and arguments[0].could_extract_minus_sign():
                return cls(-arguments[0])
        return None

    def print_latex(self: Any, printer: Any, exp: Any = None) -> str:
        inner = ", ".join(printer._print(one) for one in self.args)
        text = rf"{latex}\left({inner}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"

    members: dict[str, Any] = {
        "nargs": (nargs,),
        "eval": classmethod(evaluate),
        "_latex": print_latex,
        "_eval_is_real": lambda self: all(one.is_real for one in self.args) or None,
        "_eval_is_extended_real": lambda self: (
            all(one.is_extended_real for one in self.args) or None
        ),
        "__module__": __name__,
    }
    if sign == "positive":
        members["_eval_is_positive"] = lambda self: all(one.is_real for one in self.args) or None
    if sign == "nonnegative":
        members["_eval_is_nonnegative"] = lambda self: all(one.is_real for one in self.args) or None
    if sign == "negative":
        members["_eval_is_negative"] = lambda self: all(one.is_real for one in self.args) or None
    if sign == "same":  # the sign of the argument: increasing through the origin
        for assumption in ("positive", "negative", "nonnegative", "nonpositive", "zero"):
            members[f"_eval_is_{assumption}"] = lambda self, which=assumption: getattr(
                self.args[0], f"is_{which}"
            )
    return type(name, (sympy.Function,), members)


def _same_sign_extreme(name: str, latex: str, greatest: bool) -> Any:
    function = _opaque(name, latex, nargs=2)

    def evaluate(cls: Any, left: Any, right: Any) -> Any:
        if left == right:
            return left
        if left.is_number and right.is_number:
            comparison = sympy.Ge(left, right) if greatest else sympy.Le(left, right)
            if comparison in (sympy.true, sympy.false):
                return left if comparison == sympy.true else right
        if right.is_number and not left.is_number:  # a constant comes first, and wins a tie
            return cls(right, left)
        return None

    one, both = ("positive", "nonpositive") if greatest else ("negative", "nonnegative")

    def some(assumption: str) -> Callable[[Any], bool | None]:
        return lambda self: any(getattr(a, f"is_{assumption}") for a in self.args) or None

    def every(assumption: str) -> Callable[[Any], bool | None]:
        return lambda self: all(getattr(a, f"is_{assumption}") for a in self.args) or None

    function.eval = classmethod(evaluate)
    setattr(function, f"_eval_is_{one}", some(one))
    setattr(function, f"_eval_is_{both}", every(both))
    weak = "nonnegative" if greatest else "nonpositive"
    setattr(function, f"_eval_is_{weak}", some(weak))
    strict = "negative" if greatest else "positive"
    setattr(function, f"_eval_is_{strict}", every(strict))
    return type(name, (function,), {"__module__": __name__})  # SymPy reads the assumptions now


def _even_in_both(name: str, latex: str) -> Any:
    """√(x² + y²): neither signs nor order matter, so that equal ones are seen to be equal."""

    def evaluate(cls: Any, *arguments: Any) -> Any:
        if sympy.S.Zero in arguments:
            return sympy.Abs(sum(arguments))
        unsigned = [-one if one.could_extract_minus_sign() else one for one in arguments]
        ordered = sorted(unsigned, key=lambda one: (not one.is_number, str(one)))
        return None if ordered == list(arguments) else cls(*ordered)

    function = _opaque(name, latex, nargs=2, sign="nonnegative")
    function.eval = classmethod(evaluate)
    function._eval_is_positive = lambda self: any(one.is_nonzero for one in self.args) or None
    return type(name, (function,), {"__module__": __name__})  # SymPy reads the assumptions now


expm1 = _opaque("expm1", r"\operatorname{expm1}", values={0: 0}, sign="same")
log1p = _opaque("log1p", r"\operatorname{log1p}", values={0: 0}, sign="same")
erfc = _opaque("erfc", r"\operatorname{erfc}", values={0: 1}, sign="positive")
"""SymPy's own writes erfc(−x) as 2 − erfc(x), which cancels."""
log_ndtr = _opaque("log_ndtr", r"\log\Phi", values={0: -sympy.log(2)}, sign="negative")
hazard = _opaque("hazard", r"\operatorname{hazard}", sign="positive")
hazard_excess = _opaque("hazard_excess", r"\operatorname{excess}", sign="positive")
sigmoid = _opaque("sigmoid", r"\sigma", values={0: sympy.Rational(1, 2)}, sign="positive")
softplus = _opaque(
    "softplus", r"\operatorname{softplus}", values={0: sympy.log(2)}, sign="positive"
)
logit = _opaque("logit", r"\operatorname{logit}", values={sympy.Rational(1, 2): 0})
log_cosh = _opaque("log_cosh", r"\log\cosh", values={0: 0}, sign="nonnegative", even=True)
log1mexp = _opaque("log1mexp", r"\operatorname{log1mexp}")
sqrt1pm1 = _opaque("sqrt1pm1", r"\operatorname{sqrt1pm1}", values={0: 0}, sign="same")
hypot = _even_in_both("hypot", r"\operatorname{hypot}")
hypot1m1 = _opaque(
    "hypot1m1", r"\operatorname{hypot1m1}", values={0: 0}, sign="nonnegative", even=True
)
quotient = _opaque("quotient", r"\operatorname{quotient}", nargs=2)
xlogy = _opaque("xlogy", r"\operatorname{xlogy}", nargs=2)
xlog1py = _opaque("xlog1py", r"\operatorname{xlog1py}", nargs=2)
stop_gradient = _opaque("stop_gradient", r"\operatorname{stop}", sign="same")
loggamma = _opaque("loggamma", r"\log\Gamma", values={1: 0, 2: 0})
extended = type(
    "extended",
    (_opaque("extended", r"\operatorname{extended}", sign="same"),),
    {"_eval_is_real": lambda self: None, "__module__": __name__},
)
"""Its argument, of which SymPy does not believe that it is finite, as it does of every real symbol."""
maximum = _same_sign_extreme("maximum", r"\max", True)
minimum = _same_sign_extreme("minimum", r"\min", False)


def _along_hypot(x: Any, y: Any) -> Expression:
    """∂hypot/∂x = x/hypot; at the origin, where it has a kink, zero."""
    slope = quotient(x, hypot(x, y))
    return (
        slope
        if hypot(x, y).is_positive
        else Branch(sympy.Eq(hypot(x, y), 0), sympy.Integer(0), slope)
    )


def _reference_exp(x: Any) -> Any:
    """2ⁿ·exp(x − n·log 2): mpmath raises e to a whole number by squaring, which is slow for large ones."""
    if not (mpmath.isfinite(x) and abs(x) > 64):
        return mpmath.exp(x)
    with mpmath.workprec(mpmath.mp.prec + mpmath.mag(x) + 10):
        n = mpmath.floor(x / mpmath.ln2)
        rest = x - n * mpmath.ln2
    return mpmath.ldexp(mpmath.exp(rest), int(n))


def _reference_expm1(x: Any) -> Any:
    return _reference_exp(x) - 1 if x > 64 else mpmath.expm1(x)


def _reference_sigmoid(x: Any) -> Any:
    power = _reference_exp(-abs(x))
    return 1 / (1 + power) if x >= 0 else power / (1 + power)


def _reference_softplus(x: Any) -> Any:
    return max(x, mpmath.mpf(0)) + mpmath.log1p(_reference_exp(-abs(x)))


def _reference_log_cosh(x: Any) -> Any:
    return mpmath.log1p(2 * mpmath.sinh(x / 2) ** 2)


def _reference_log_ndtr(x: Any) -> Any:
    if x > -30:
        if x > 0:
            return mpmath.log1p(-mpmath.npdf(x) / _reference_hazard(x))
        return mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)
    return -(x**2) / 2 - mpmath.log(2 * mpmath.pi) / 2 - mpmath.log(_reference_hazard(-x))


def _reference_hazard(x: Any) -> Any:
    if x > 30:
        return x + _reference_excess(x)
    return mpmath.npdf(x) / (mpmath.erfc(x / mpmath.sqrt(2)) / 2)


def _reference_excess(x: Any) -> Any:
    """φ(x)/Φ(−x) − x; in the tail by the continued fraction 1/(x + 2/(x + 3/(x + …))) (Laplace 1805)."""
    if x > 30:
        value = mpmath.mpf(0)
        for n in range(40 + mpmath.mp.prec, 0, -1):
            value = n / (x + value)
        return value
    with mpmath.workprec(mpmath.mp.prec + 20):
        return _reference_hazard(x) - x


def _reference_xlogy(x: Any, y: Any) -> Any:
    return mpmath.mpf(0) if x == 0 else x * mpmath.log(y)


def _reference_xlog1py(x: Any, y: Any) -> Any:
    return mpmath.mpf(0) if x == 0 else x * mpmath.log1p(y)


_LINE = (-oo, oo)
_POSITIVE = (0, oo)
_ANY = (-50.0, 50.0)

_two_over_root_pi = 2 / sympy.sqrt(sympy.pi)

_ROWS = (
    Atom("exp", sympy.exp, (_LINE,), (0, oo), "increasing", "convex",
         (lambda x: sympy.exp(x),), _reference_exp, r"\exp", (-700, 700)),
    Atom("expm1", expm1, (_LINE,), (-1, oo), "increasing", "convex",
         (lambda x: sympy.exp(x),), _reference_expm1, r"\operatorname{expm1}", (-700, 700)),
    Atom("log", sympy.log, (_POSITIVE,), _LINE, "increasing", "concave",
         (lambda x: 1 / x,), mpmath.log, r"\log", (1e-300, 1e300)),
    Atom("log1p", log1p, ((-1, oo),), _LINE, "increasing", "concave",
         (lambda x: 1 / (1 + x),), mpmath.log1p, r"\operatorname{log1p}", (-0.999, 1e300)),
    Atom("abs", sympy.Abs, (_LINE,), (0, oo), "none", "convex",
         (lambda x: sympy.sign(x),), abs, r"\operatorname{abs}", _ANY),
    Atom("sign", sympy.sign, (_LINE,), (-1, 1), "increasing", "none",
         (lambda x: sympy.Integer(0),), mpmath.sign, r"\operatorname{sign}", _ANY),
    Atom("sin", sympy.sin, (_LINE,), (-1, 1), "none", "none",
         (lambda x: sympy.cos(x),), mpmath.sin, r"\sin", _ANY),
    Atom("cos", sympy.cos, (_LINE,), (-1, 1), "none", "none",
         (lambda x: -sympy.sin(x),), mpmath.cos, r"\cos", _ANY),
    Atom("tan", sympy.tan, (_LINE,), _LINE, "none", "none",
         (lambda x: 1 + sympy.tan(x) ** 2,), mpmath.tan, r"\tan", (-1.5, 1.5)),
    Atom("asin", sympy.asin, ((-1, 1),), (-sympy.pi / 2, sympy.pi / 2), "increasing", "none",
         (lambda x: 1 / sympy.sqrt((1 - x) * (1 + x)),), mpmath.asin, r"\arcsin", (-1, 1)),
    Atom("acos", sympy.acos, ((-1, 1),), (0, sympy.pi), "decreasing", "none",
         (lambda x: -1 / sympy.sqrt((1 - x) * (1 + x)),), mpmath.acos, r"\arccos", (-1, 1)),
    Atom("atan", sympy.atan, (_LINE,), (-sympy.pi / 2, sympy.pi / 2), "increasing", "none",
         (lambda x: 1 / (1 + x**2),), mpmath.atan, r"\arctan", _ANY),
    Atom("sinh", sympy.sinh, (_LINE,), _LINE, "increasing", "none",
         (lambda x: sympy.cosh(x),), mpmath.sinh, r"\sinh", _ANY),
    Atom("cosh", sympy.cosh, (_LINE,), (1, oo), "none", "convex",
         (lambda x: sympy.sinh(x),), mpmath.cosh, r"\cosh", _ANY),
    Atom("tanh", sympy.tanh, (_LINE,), (-1, 1), "increasing", "none",
         (lambda x: 4 * sigmoid(2 * x) * sigmoid(-2 * x),), mpmath.tanh, r"\tanh", _ANY),
    Atom("asinh", sympy.asinh, (_LINE,), _LINE, "increasing", "none",
         (lambda x: 1 / sympy.sqrt(1 + x**2),), mpmath.asinh, r"\operatorname{arsinh}",
         (-1e300, 1e300)),
    Atom("erf", sympy.erf, (_LINE,), (-1, 1), "increasing", "none",
         (lambda x: _two_over_root_pi * sympy.exp(-(x**2)),), mpmath.erf, r"\operatorname{erf}",
         _ANY),
    Atom("erfc", erfc, (_LINE,), (0, 2), "decreasing", "none",
         (lambda x: -_two_over_root_pi * sympy.exp(-(x**2)),), mpmath.erfc,
         r"\operatorname{erfc}", (-50, 26)),
    Atom("log_ndtr", log_ndtr, (_LINE,), (-oo, 0), "increasing", "concave",
         (lambda x: hazard(-x),), _reference_log_ndtr, r"\log\Phi", (-1e100, 30), False),
    Atom("hazard", hazard, (_LINE,), (0, oo), "increasing", "convex",
         (lambda x: hazard(x) * hazard_excess(x),), _reference_hazard,
         r"\operatorname{hazard}", (-37, 1e300), False),
    Atom("hazard_excess", hazard_excess, (_LINE,), (0, oo), "decreasing", "convex",
         (lambda x: hazard(x) * hazard_excess(x) - 1,), _reference_excess,
         r"\operatorname{excess}", (-1e300, 1e300), False),
    Atom("lgamma", loggamma, (_POSITIVE,), _LINE, "none", "convex",
         (lambda x: sympy.polygamma(0, x),), mpmath.loggamma, r"\log\Gamma", (1e-300, 1e300)),
    Atom("digamma", sympy.polygamma, (_POSITIVE,), _LINE, "increasing", "concave",
         (lambda x: sympy.polygamma(1, x),), mpmath.digamma, r"\psi", (1e-300, 1e300)),
    Atom("sigmoid", sigmoid, (_LINE,), (0, 1), "increasing", "none",
         (lambda x: sigmoid(x) * sigmoid(-x),), _reference_sigmoid, r"\sigma", (-700, 700)),
    Atom("softplus", softplus, (_LINE,), (0, oo), "increasing", "convex",
         (lambda x: sigmoid(x),), _reference_softplus, r"\operatorname{softplus}", (-700, 700)),
    Atom("logit", logit, ((0, 1),), _LINE, "increasing", "none",
         (lambda x: 1 / (x * (1 - x)),), lambda x: mpmath.log(x) - mpmath.log1p(-x),
         r"\operatorname{logit}", (1e-300, 1 - 2**-53)),
    Atom("log_cosh", log_cosh, (_LINE,), (0, oo), "none", "convex",
         (lambda x: sympy.tanh(x),), _reference_log_cosh, r"\log\cosh", (-1e300, 1e300), False),
    Atom("log1mexp", log1mexp, ((-oo, 0),), (-oo, 0), "decreasing", "concave",
         (lambda x: -1 / expm1(-x),), lambda x: mpmath.log(-mpmath.expm1(x)),
         r"\operatorname{log1mexp}", (-700, -1e-300), False),
    Atom("sqrt1pm1", sqrt1pm1, ((-1, oo),), (-1, oo), "increasing", "concave",
         (lambda x: 1 / (2 * sympy.sqrt(1 + x)),),
         lambda x: x / (1 + mpmath.sqrt(1 + x)), r"\operatorname{sqrt1pm1}", (-1, 1e300), False),
    Atom("hypot", hypot, (_LINE, _LINE), (0, oo), "none", "convex",
         (_along_hypot, lambda x, y: _along_hypot(y, x)), mpmath.hypot,
         r"\operatorname{hypot}", (-1e300, 1e300), False),
    Atom("hypot1m1", hypot1m1, (_LINE,), (0, oo), "none", "convex",
         (lambda x: quotient(x, hypot(1, x)),), lambda x: x**2 / (1 + mpmath.hypot(1, x)),
         r"\operatorname{hypot1m1}", (-1e300, 1e300), False),
    Atom("quotient", quotient, (_LINE, _LINE), _LINE, "none", "none",
         (lambda x, y: 1 / y, lambda x, y: -quotient(x, y) / y), lambda x, y: x / y,
         r"\operatorname{quotient}", (1e-300, 1e300), False),
    Atom("xlogy", xlogy, ((0, oo), _POSITIVE), _LINE, "none", "none",
         (lambda x, y: sympy.log(y), lambda x, y: Branch(sympy.Eq(x, 0), sympy.Integer(0), x / y)),
         _reference_xlogy, r"\operatorname{xlogy}", (0, 1e300), False),
    Atom("xlog1py", xlog1py, (_LINE, (-1, oo)), _LINE, "none", "none",
         (lambda x, y: log1p(y),
          lambda x, y: Branch(sympy.Eq(x, 0), sympy.Integer(0), x / (1 + y))),
         _reference_xlog1py, r"\operatorname{xlog1py}", (-0.999, 1e300), False),
    Atom("maximum", maximum, (_LINE, _LINE), _LINE, "increasing", "convex",
         (lambda a, b: iverson(sympy.Ge(a, b)), lambda a, b: iverson(sympy.Lt(a, b))),
         lambda a, b: max(a, b), r"\max", _ANY, False),
    Atom("minimum", minimum, (_LINE, _LINE), _LINE, "increasing", "concave",
         (lambda a, b: iverson(sympy.Le(a, b)), lambda a, b: iverson(sympy.Gt(a, b))),
         lambda a, b: min(a, b), r"\min", _ANY, False),
    Atom("extended", extended, (_LINE,), _LINE, "increasing", "affine",
         (lambda x: sympy.Integer(1),), lambda x: x, r"\operatorname{extended}", _ANY, False),
    Atom("stop_gradient", stop_gradient, (_LINE,), _LINE, "increasing", "affine",
         (lambda x: sympy.Integer(0),), lambda x: x, r"\operatorname{stop}", _ANY),
)  # fmt: skip

ATOMS: Mapping[str, Atom] = {row.name: row for row in _ROWS}

RISING_WITH_SIZE = frozenset({"abs", "cosh", "log_cosh", "hypot1m1"})
"""Even atoms of one argument that are least at 0 and rise with its absolute value."""

BENT_WITH_SIZE: Mapping[str, Curvature] = {
    "sinh": "convex", "asin": "convex", "tan": "convex", "erfc": "convex",
    "tanh": "concave", "atan": "concave", "asinh": "concave", "erf": "concave", "sin": "concave",
    "sigmoid": "concave", "acos": "concave",
}  # fmt: skip
"""Atoms that turn at 0: their curvature where the argument is at least 0. The other one is that below."""

PRINCIPAL: Mapping[str, tuple[Fraction, Fraction]] = {
    "sin": (Fraction(-157, 100), Fraction(157, 100)),
    "tan": (Fraction(-157, 100), Fraction(157, 100)),
}
"""Rows that increase between two ends only, a little within ±π/2, and bend as `BENT_WITH_SIZE` says there."""

BY_FUNCTION: Mapping[Any, Atom] = {row.function: row for row in _ROWS}
"""From a SymPy class to its row. `polygamma` (order first) is the row `digamma` at order 0; orders
one and two arise as its derivatives and are spelled by the targets beside it."""

CHEAP = frozenset({"abs", "sign", "maximum", "minimum", "stop_gradient"})
"""Rows that cost no more than a sum."""


# ------------------------------------------------------------------ SymPy's own questions


def _evaluation(atom: Atom) -> Callable[[Any, int], Any]:
    def evaluate(self: Any, precision: int) -> Any:
        with mpmath.workprec(precision + 20):
            places = [one._to_mpmath(precision + 20) for one in self.args]
            try:
                value = mpmath.mpf(atom.reference(*places))
            except (ValueError, TypeError, ZeroDivisionError):  # a pole, or no real number
                return sympy.nan
            return sympy.Float._new(value._mpf_, precision)

    return evaluate


for _row in _ROWS:
    if _row.function.__module__ == __name__:
        _row.function._eval_evalf = _evaluation(_row)

REMEMBERED = 2**10
"""Expressions whose search for a sign is remembered."""

MOST_DEGREES = 8
"""The degree of a polynomial up to which SymPy may look for its roots."""


def _bound_the_search_for_signs() -> None:
    """SymPy asks for the roots of a polynomial in one positive symbol whenever it makes a power of
    it, only to know a sign. A chain of squares is a polynomial of enormous degree: there the sign
    stays unknown, since the search would have no end."""
    from sympy.core import exprtools

    search = exprtools._monotonic_sign

    @functools.lru_cache(REMEMBERED)  # a sum is asked of each sign in turn
    def bounded(expression: Expression) -> Expression | None:
        return search(expression) if _degree(expression) <= MOST_DEGREES else None

    exprtools._monotonic_sign = bounded


def _degree(expression: Expression) -> int:
    """A bound on the degree of what multiplying out makes of an expression, up to a little over the
    one that matters."""
    if not expression.args:
        return 1
    if isinstance(expression, sympy.Pow) and expression.exp.is_Integer:
        return min(_degree(expression.base) * abs(int(expression.exp)), MOST_DEGREES + 1)
    total = 0
    for part in expression.args:
        degree = _degree(part)
        if isinstance(expression, sympy.Mul):
            total += 0 if part.is_number else degree
        else:
            total = max(total, degree)
        if total > MOST_DEGREES:
            break
    return total


_bound_the_search_for_signs()
