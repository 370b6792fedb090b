"""Two kinds of numbers for the interpreter: float64 by IEEE 754, and mpmath at any precision.

Both are total: nothing raises. Where a function has no real value the result is NaN, at a pole it is
the one-sided limit from inside the domain, and a NaN argument makes a NaN result.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Literal, Protocol

import mpmath
import sympy

from objc.atoms import ATOMS

Number = Any  # float or mpmath.mpf
Rounding = Literal["n", "d", "u"]
GUARD_DIGITS = 10


class Numbers(Protocol):
    """What the interpreter asks of its numbers beyond `+`, `-`, `*`, `abs` and comparison."""

    def working(self) -> Any:
        """A context in which to compute."""

    def number(self, value: Any) -> Number:
        """From an int, a Fraction, a float or an mpf, exactly if it can be."""

    def constant(self, value: Any) -> Number:
        """From a SymPy number."""

    def divide(self, left: Number, right: Number) -> Number: ...

    def power(self, base: Number, exponent: Number) -> Number:
        """With 0^0 = 1, and NaN for a negative base to a broken exponent."""

    def root(self, value: Number) -> Number: ...

    def function(self, name: str) -> Callable[..., Number]:
        """The atom of that name."""

    def polygamma(self, order: int) -> Callable[[Number], Number]: ...

    def total(self, values: Iterable[Number]) -> Number: ...

    def reduction(self, name: str) -> Callable[[Any, list[Number]], Number] | None:
        """A reduction of its own, for numbers that don't tell which of two is greater."""


class Float64:
    """IEEE double precision, with sums rounded once."""

    @contextmanager
    def working(self) -> Iterator[None]:
        yield

    def number(self, value: Any) -> float:
        try:
            return float(value)
        except OverflowError:  # an int or a Fraction beyond the range
            return math.inf if value > 0 else -math.inf

    def constant(self, value: Any) -> float:
        if isinstance(value, sympy.Rational):
            return self.number(Fraction(int(value.p), int(value.q)))
        return float(value)

    def divide(self, left: float, right: float) -> float:
        if right != 0:
            return left / right
        if left == 0 or left != left:
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)

    def power(self, base: float, exponent: float) -> float:
        try:
            return math.pow(base, exponent)
        except OverflowError:
            odd = exponent == int(exponent) and int(exponent) % 2 == 1
            return -math.inf if base < 0 and odd else math.inf
        except ValueError:  # a pole, or a negative base to a broken exponent
            return math.inf if base == 0 else math.nan

    def root(self, value: float) -> float:
        return math.nan if value < 0 else math.sqrt(value)

    def function(self, name: str) -> Callable[..., float]:
        return _FLOAT64[name]

    def polygamma(self, order: int) -> Callable[[float], float]:
        return lambda x: _float_polygamma(order, x)

    def total(self, values: Iterable[float]) -> float:
        values = list(values)
        try:
            return math.fsum(values)
        except (OverflowError, ValueError):  # beyond the range on the way, or inf - inf
            return sum(values)

    def reduction(self, name: str) -> None:
        return None


class Arbitrary:
    """mpmath at `digits` decimal digits, through the references of the table of atoms.

    Values of functions are remembered: an exponential in hundreds of digits takes as long as a thousand
    sums, and derivatives ask for those of a few differences of scores again and again.

    `rounding` is that of mpmath: "n" to the nearest, "d" towards zero, "u" away from it.
    """

    def __init__(self, digits: int, rounding: Rounding = "n") -> None:
        self.digits = digits
        self.rounding = rounding
        self._known: dict[Any, Any] = {}

    @contextmanager
    def working(self) -> Iterator[None]:
        # The precision has a context of its own, the direction of rounding has none.
        state = mpmath.mp._prec_rounding
        before = state[1]
        with mpmath.workdps(self.digits + GUARD_DIGITS):
            state[1] = self.rounding
            try:
                yield
            finally:
                state[1] = before

    def number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return mpmath.mpf(value.numerator) / value.denominator
        return mpmath.mpf(value)

    def constant(self, value: Any) -> Any:
        if isinstance(value, sympy.Rational):
            return mpmath.mpf(int(value.p)) / int(value.q)
        if value in (sympy.oo, -sympy.oo):
            return mpmath.mpf("inf" if value == sympy.oo else "-inf")
        return mpmath.mpf(sympy.N(value, self.digits + GUARD_DIGITS + 5)._mpf_)

    def divide(self, left: Any, right: Any) -> Any:
        if right != 0:
            return left / right
        if left == 0 or mpmath.isnan(left):
            return mpmath.nan
        return mpmath.inf if left > 0 else -mpmath.inf

    def power(self, base: Any, exponent: Any) -> Any:
        if exponent == 0:
            return mpmath.mpf(1)
        if mpmath.isnan(base) or mpmath.isnan(exponent):
            return mpmath.nan
        if base == 0 or not (mpmath.isfinite(base) and mpmath.isfinite(exponent)):
            return mpmath.mpf(Float64().power(float(base), float(exponent)))
        return self._remembered("power", lambda *both: _real(operator.pow(*both)))(base, exponent)

    def root(self, value: Any) -> Any:
        return mpmath.nan if value < 0 else self._remembered("root", mpmath.sqrt)(value)

    def function(self, name: str) -> Callable[..., Any]:
        reference, limit = ATOMS[name].reference, _FLOAT64[name]
        if name in _EXPONENTIAL:
            return self._remembered(name, lambda x: _total(reference, limit, (_within_reach(x),)))
        return self._remembered(name, lambda *arguments: _total(reference, limit, arguments))

    def polygamma(self, order: int) -> Callable[[Any], Any]:
        def reference(x: Any) -> Any:
            return mpmath.psi(order, x)

        def limit(x: float) -> float:
            return _float_polygamma(order, x)

        return self._remembered(f"polygamma {order}", lambda x: _total(reference, limit, (x,)))

    def _remembered(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def value(*arguments: Any) -> Any:
            place = (name, mpmath.mp.prec, *arguments)
            if place not in self._known:
                self._known[place] = function(*arguments)
            return self._known[place]

        return value

    def total(self, values: Iterable[Any]) -> Any:
        return sum(values, mpmath.mpf(0))

    def reduction(self, name: str) -> Callable[[Any, list[Any]], Any] | None:
        return None


_EXPONENTIAL = frozenset(
    {
        "exp",
        "expm1",
        "sinh",
        "cosh",
        "tanh",
        "sigmoid",
        "softplus",
        "log_cosh",
        "log1mexp",
        "erf",
        "erfc",
    }
)
_MOST_BITS = 1100


def _within_reach(x: Any) -> Any:
    """Infinity for a number that no float is near, of which an exponential would take minutes: it is
    itself the exponential of something large, and as good as infinite."""
    far = mpmath.isfinite(x) and x != 0 and mpmath.mag(x) > _MOST_BITS
    return mpmath.sign(x) * mpmath.inf if far else x


def _real(value: Any) -> Any:
    return mpmath.nan if isinstance(value, mpmath.mpc) else mpmath.mpf(value)


def _total(reference: Callable[..., Any], limit: Callable[..., float], arguments: Any) -> Any:
    """The reference where it has a value; at infinities and poles the limit, which float64 holds
    exactly."""
    if any(mpmath.isnan(one) for one in arguments):
        return mpmath.nan
    try:
        value = _real(reference(*arguments))
    except (ArithmeticError, ValueError):
        value = mpmath.nan
    if mpmath.isnan(value):
        limits = [float(one) for one in arguments]
        at_limit = all(math.isinf(one) or float(one) == one for one in arguments)
        return mpmath.mpf(limit(*limits)) if at_limit else mpmath.nan
    return value


# ------------------------------------------------------------------ the atoms in float64


def _guarded(function: Callable[[float], float]) -> Callable[[float], float]:
    """NaN outside the domain, +inf beyond the range."""

    def call(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return call


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else -math.inf if x == -1 else math.nan


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _sign(x: float) -> float:
    return x if x == 0 or x != x else math.copysign(1.0, x)


def _sigmoid(x: float) -> float:
    return 1 / (1 + _exp(-x)) if x >= 0 else _exp(x) / (1 + _exp(x))


def _softplus(x: float) -> float:
    return (x if x > 0 or x != x else 0.0) + math.log1p(_exp(-abs(x)))


def _logit(x: float) -> float:
    if not 0 <= x <= 1:
        return math.nan
    if 0.25 <= x <= 0.75:  # 2x - 1 is exact here, and a difference of logarithms would cancel
        return math.log1p((2 * x - 1) / (1 - x))
    return _log(x) - _log1p(-x)


def _log_cosh(x: float) -> float:
    if abs(x) < 1:
        return math.log1p(2 * math.sinh(x / 2) ** 2)
    return abs(x) + (math.log1p(_exp(-2 * abs(x))) - math.log(2))


def _log1mexp(x: float) -> float:
    if not x <= 0:
        return math.nan
    return _log(-math.expm1(x)) if x > -math.log(2) else math.log1p(-_exp(x))


def _sqrt1pm1(x: float) -> float:
    return x if x == math.inf else math.nan if x < -1 else x / (1 + math.sqrt(1 + x))


def _hypot1m1(x: float) -> float:
    size = abs(x)
    return size if size > 2.0**60 else x * x / (1 + math.sqrt(1 + x * x))


def _quotient(x: float, y: float) -> float:
    return Float64().divide(x, y)


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0 and y == y else x * _log(y)


def _xlog1py(x: float, y: float) -> float:
    return 0.0 if x == 0 and y == y else x * _log1p(y)


def _of_normal(name: str, x: float) -> float:
    """A function of the normal distribution, of the digits that its tail takes."""
    if x != x or math.isinf(x):
        limits = {
            "log_ndtr": (-math.inf, 0.0),
            "hazard": (0.0, math.inf),
            "hazard_excess": (math.inf, 0.0),
        }
        return x if x != x else limits[name][x > 0]
    with mpmath.workprec(80):
        value = ATOMS[name].reference(mpmath.mpf(x))
        return float(value) if mpmath.log(abs(value), 2) < 1024 else math.copysign(math.inf, value)


def _lgamma(x: float) -> float:
    return math.inf if x == 0 else math.nan if x < 0 else _guarded(math.lgamma)(x)


def _greater(a: float, b: float) -> float:
    return a if a >= b or a != a else b


def _lesser(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _float_polygamma(order: int, x: float) -> float:
    if x != x or x < 0:
        return math.nan
    if x == 0:
        return math.inf if order % 2 else -math.inf
    if x == math.inf:
        return math.inf if order == 0 else 0.0
    with mpmath.workprec(80):
        return float(mpmath.psi(order, mpmath.mpf(x)))


_FLOAT64: dict[str, Callable[..., float]] = {
    "exp": _exp,
    "expm1": _guarded(math.expm1),
    "log": _log,
    "log1p": _log1p,
    "abs": abs,
    "sign": _sign,
    "sin": _guarded(math.sin),
    "cos": _guarded(math.cos),
    "tan": _guarded(math.tan),
    "asin": _guarded(math.asin),
    "acos": _guarded(math.acos),
    "atan": math.atan,
    "sinh": _sinh,
    "cosh": _guarded(math.cosh),
    "tanh": math.tanh,
    "asinh": math.asinh,
    "erf": math.erf,
    "erfc": math.erfc,
    "log_ndtr": lambda x: _of_normal("log_ndtr", x),
    "hazard": lambda x: _of_normal("hazard", x),
    "hazard_excess": lambda x: _of_normal("hazard_excess", x),
    "lgamma": _lgamma,
    "digamma": lambda x: _float_polygamma(0, x),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "logit": _logit,
    "log_cosh": _log_cosh,
    "log1mexp": _log1mexp,
    "sqrt1pm1": _sqrt1pm1,
    "hypot": math.hypot,
    "hypot1m1": _hypot1m1,
    "quotient": _quotient,
    "xlogy": _xlogy,
    "xlog1py": _xlog1py,
    "maximum": _greater,
    "minimum": _lesser,
    "stop_gradient": lambda x: x,
    "extended": lambda x: x,
}
