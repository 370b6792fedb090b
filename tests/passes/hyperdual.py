"""Numbers that carry two directional derivatives and the mixed second one, in mpmath.

f(x + ε₁u + ε₂v) with ε₁² = ε₂² = 0 is f + ε₁ ∂ᵤf + ε₂ ∂ᵥf + ε₁ε₂ ∂ᵤ∂ᵥf: with u = v = eᵢ the diagonal
of the Hessian, with v any vector an entry of a Hessian product. Nothing here knows of objc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mpmath import mp, mpf


class HyperDual:
    """A value, its derivatives along u and along v, and the mixed one."""

    def __init__(self, value: Any, u: Any = 0, v: Any = 0, uv: Any = 0) -> None:
        self.value, self.u, self.v, self.uv = mpf(value), mpf(u), mpf(v), mpf(uv)

    def __add__(self, other: Any) -> HyperDual:
        b = lift(other)
        return HyperDual(self.value + b.value, self.u + b.u, self.v + b.v, self.uv + b.uv)

    __radd__ = __add__

    def __neg__(self) -> HyperDual:
        return HyperDual(-self.value, -self.u, -self.v, -self.uv)

    def __sub__(self, other: Any) -> HyperDual:
        return self + (-lift(other))

    def __rsub__(self, other: Any) -> HyperDual:
        return lift(other) + (-self)

    def __mul__(self, other: Any) -> HyperDual:
        b = lift(other)
        return HyperDual(
            self.value * b.value,
            _times(self.u, b.value) + _times(self.value, b.u),
            _times(self.v, b.value) + _times(self.value, b.v),
            _times(self.uv, b.value)
            + _times(self.u, b.v)
            + _times(self.v, b.u)
            + _times(self.value, b.uv),
        )

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> HyperDual:
        return self * lift(other) ** -1

    def __rtruediv__(self, other: Any) -> HyperDual:
        return lift(other) * self**-1

    def __pow__(self, exponent: Any) -> HyperDual:
        if isinstance(exponent, HyperDual):
            return exp(exponent * log(self))
        n = mpf(exponent)

        def term(coefficient: mpf, degree: mpf) -> mpf:
            if self.value == 0 and degree < 0:
                return coefficient * mpf("inf")
            return mpf(0) if coefficient == 0 else coefficient * self.value**degree

        return _chain(
            self,
            term(mpf(1), n) if self.value else mpf(n == 0),
            lambda: term(n, n - 1),
            lambda: term(n * (n - 1), n - 2),
        )

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < lift(other).value)

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > lift(other).value)

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= lift(other).value)

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= lift(other).value)


def lift(x: Any) -> HyperDual:
    return x if isinstance(x, HyperDual) else HyperDual(x)


def _times(a: mpf, b: mpf) -> mpf:
    """A derivative that is exactly zero stays so beside an infinity."""
    return mpf(0) if a == 0 or b == 0 else a * b


def _chain(
    x: HyperDual, value: Any, first: Callable[[], Any], second: Callable[[], Any]
) -> HyperDual:
    """f(x) from the value and derivatives of f, which are asked for only where x varies."""
    if x.u == 0 and x.v == 0 and x.uv == 0:
        return HyperDual(value)
    slope = first()
    bend = second() if x.u != 0 and x.v != 0 else mpf(0)
    return HyperDual(
        value,
        _times(slope, x.u),
        _times(slope, x.v),
        _times(bend, x.u * x.v) + _times(slope, x.uv),
    )


def _function(
    value: Callable[[Any], Any], first: Callable[[Any], Any], second: Callable[[Any], Any]
) -> Callable[[Any], HyperDual]:
    def apply(x: Any) -> HyperDual:
        at = lift(x)
        return _chain(at, value(at.value), lambda: first(at.value), lambda: second(at.value))

    return apply


def _root_of_pi(x: Any) -> Any:
    return 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2))


exp = _function(mp.exp, mp.exp, mp.exp)
log = _function(mp.log, lambda x: 1 / x, lambda x: -1 / x**2)
sin = _function(mp.sin, mp.cos, lambda x: -mp.sin(x))
cos = _function(mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x))
tan = _function(mp.tan, lambda x: 1 / mp.cos(x) ** 2, lambda x: 2 * mp.tan(x) / mp.cos(x) ** 2)
sinh = _function(mp.sinh, mp.cosh, mp.sinh)
cosh = _function(mp.cosh, mp.sinh, mp.cosh)
atan = _function(mp.atan, lambda x: 1 / (1 + x**2), lambda x: -2 * x / (1 + x**2) ** 2)
acos = _function(
    mp.acos, lambda x: -1 / mp.sqrt(1 - x**2), lambda x: -x * (1 - x**2) ** mpf("-1.5")
)
erf = _function(mp.erf, _root_of_pi, lambda x: -2 * x * _root_of_pi(x))


def _erfc(x: Any) -> Any:
    """mpmath's fails where the square of the argument leaves float64's range."""
    return mp.mpf(0 if x > 0 else 2) if abs(x) > 1e150 else mp.erfc(x)


erfc = _function(_erfc, lambda x: -_root_of_pi(x), lambda x: 2 * x * _root_of_pi(x))
lgamma = _function(mp.loggamma, mp.digamma, lambda x: mp.polygamma(1, x))


def sigmoid(x: Any) -> HyperDual:
    return exp(-log(1 + exp(-lift(x))))


def tanh(x: Any) -> HyperDual:
    """By its sums of exponentials: one less its square would cancel."""
    at = lift(x)
    up, down = exp(at), exp(-at)
    return (up - down) / (up + down)


def sqrt(x: Any) -> HyperDual:
    return lift(x) ** mpf("0.5")


def absolute(x: Any) -> HyperDual:
    x = lift(x)
    return x if x.value > 0 else -x if x.value < 0 else HyperDual(0)


def greatest(*entries: Any) -> HyperDual:
    """The first of the greatest; a number before what varies, as documented."""
    ordered = sorted((lift(one) for one in entries), key=lambda one: one.u != 0 or one.v != 0)
    found, *rest = ordered
    for one in rest:
        if one > found:
            found = one
    return found


def total(entries: Iterable[Any]) -> HyperDual:
    result = HyperDual(0)
    for one in entries:
        result = result + one
    return result


def times_log(weight: Any, x: Any) -> HyperDual:
    """weight · log x with 0 log 0 = 0."""
    weight = lift(weight)
    return HyperDual(0) if weight.value == 0 else weight * log(x)


def xlogx(x: Any) -> HyperDual:
    """x · log x, at zero with the limits of its derivatives."""
    x = lift(x)
    if x.value != 0:
        return x * log(x)
    pole = mpf("-inf")
    return HyperDual(0, _times(pole, x.u), _times(pole, x.v), _times(-pole, x.u * x.v))


def length(entries: Iterable[Any]) -> HyperDual:
    """The Euclidean length; at zero, where it has a kink, all derivatives are zero."""
    squares = total(lift(one) * lift(one) for one in entries)
    return HyperDual(0) if squares.value == 0 else sqrt(squares)


def softmax(logits: Iterable[Any]) -> list[HyperDual]:
    powers = [exp(one) for one in logits]
    whole = total(powers)
    return [one / whole for one in powers]


ENVIRONMENT: dict[str, Any] = {
    "HyperDual": HyperDual, "absolute": absolute, "acos": acos, "atan": atan, "cos": cos, "cosh": cosh,
    "erf": erf, "erfc": erfc, "exp": exp, "length": length, "lgamma": lgamma, "log": log,
    "max": greatest, "pi": mp.pi, "sigmoid": sigmoid, "sin": sin, "sinh": sinh, "softmax": softmax,
    "sqrt": sqrt, "tan": tan, "tanh": tanh, "times_log": times_log, "total": total, "xlogx": xlogx,
}  # fmt: skip
"""What the text of an oracle may name."""
