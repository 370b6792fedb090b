"""The real roots of exp–log functions of one variable, isolated: what no rulebook of signs covers.

A function h is brought to a simpler one by a factor and a derivative: between two roots of (m·h)′ and of
m, h has at most one root, and which it is its signs tell (Rolle). Dividing by the coefficient of a
logarithm and differentiating kills the logarithm, dividing by one exponential and differentiating lowers
its coefficient; what is left at last is a polynomial, of which the roots are counted exactly.
(Strzeboński 2008, for exp–log–arctan functions.) Signs at rational points are certified in balls, and a
point where no precision tells is a root only if algebra says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.signs.elementary import is_zero
from objc.analysis.signs.far import limit_at
from objc.analysis.values.enclosures import Ball, Enclosing, Undecided
from objc.atoms import BY_FUNCTION

_DIGITS = (30, 120, 500)
_REFINEMENTS = 60
_WORK = 2000
"""Operations of all formulas that are looked at for one question; a sign costs a part of its formula's."""
_MOST_OPERATIONS = 200
_FAR = tuple(Fraction(2) ** k for k in (0, 1, 2, 3, 4, 6, 8, 10, 13))
_LOGARITHMS = (sympy.log, sympy.atan, sympy.asinh, sympy.erf, sympy.erfc)
"""Functions of which the derivative is simpler."""
_SMOOTH = (
    sympy.Add, sympy.Mul, sympy.Pow, sympy.exp, sympy.atan, sympy.asinh, sympy.erf, sympy.erfc,
    sympy.sin, sympy.cos,
)  # fmt: skip


@dataclass(frozen=True)
class Root:
    """Exactly one root of a function in [low, high]: at the ends its signs are opposite, or the ends are
    equal and the root is known."""

    low: Fraction
    high: Fraction
    of: Any

    @property
    def is_known(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Span:
    """An open interval; None is an infinity."""

    low: Fraction | None
    high: Fraction | None

    def has(self, value: Fraction) -> bool:
        return (self.low is None or value > self.low) and (self.high is None or value < self.high)

    def between(self) -> Fraction:
        """A point inside."""
        if self.low is None or self.high is None:
            if self.low is not None:
                return self.low + 1
            return Fraction(0) if self.high is None else self.high - 1
        return (self.low + self.high) / 2

    def towards(self, start: Fraction, up: bool) -> Iterator[Fraction]:
        """Points from one inside nearer and nearer to an end."""
        end = self.high if up else self.low
        for step in _FAR:
            if end is None:
                yield start + (step if up else -step)
            else:
                yield end - (end - start) / (2 * step)


class Line:
    """Functions of one real symbol on an interval, and where they are zero."""

    def __init__(self, variable: Any, span: Span) -> None:
        self.x = variable
        self.span = span
        self._known: dict[Any, list[Root]] = {}
        self._left = _WORK

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise Undecided

    # ------------------------------------------------------------- signs

    def is_nonnegative(self, function: Any) -> bool:
        """Whether a function is continuous and at least zero on the whole interval.

        Raises:
            Undecided: nothing that is tried here tells.
        """
        return all(one >= 0 for one in self.signs(function))

    def signs(self, function: Any) -> list[int]:
        """The signs of a continuous function between its roots, in their order.

        Raises:
            Undecided: nothing that is tried here tells.
        """
        self.require_smooth(function)
        above, below = sympy.fraction(sympy.together(function))
        if sympy.expand(above) == 0:
            return [0]
        places = self.roots(above)
        side = 1 if _is_positive(below) else self.sign_at(below, self.span.between())
        return [side * self.sign_at(above, gap.between()) for gap in self._gaps(places)]

    def require_smooth(self, function: Any) -> None:
        """That a formula is made of smooth functions, and no logarithm, root or quotient in it comes to zero
        inside."""
        for node in sympy.preorder_traversal(function):
            if not node.has(self.x) or not node.args:
                continue
            if isinstance(node, sympy.Pow) and node.base != sympy.E:
                if node.exp.is_Integer and node.exp.is_nonnegative:
                    continue
                self._require_nonzero(node.base, positive=not node.exp.is_Integer)
            elif isinstance(node, sympy.log):
                self._require_nonzero(node.args[0], positive=True)
            elif not isinstance(node, _SMOOTH):
                raise Undecided

    def _require_nonzero(self, function: Any, positive: bool) -> None:
        if _is_positive(function):
            return
        sign = self.sign_at(function, self.span.between())
        if sign == 0 or (positive and sign < 0) or self.roots(function):
            raise Undecided

    def sign_at(self, function: Any, place: Fraction) -> int:
        """The sign at a rational point, certified."""
        found = self._sign_of(function, place, place)
        if found is not None:
            return found
        if is_zero(function.xreplace({self.x: sympy.Rational(place.numerator, place.denominator)})):
            return 0
        raise Undecided

    def _sign_of(self, function: Any, low: Fraction, high: Fraction) -> int | None:
        self._spend(1 + function.count_ops() // 16)
        for digits in _DIGITS:
            value = enclosed(function, self.x, low, high, digits)
            if value is not None and value.low > 0:
                return 1
            if value is not None and value.high < 0:
                return -1
            if value is not None and value.low == 0 == value.high:
                return 0
            if low != high:
                break  # digits don't make an interval narrower
        return None

    # ------------------------------------------------------------- roots

    def roots(self, function: Any) -> list[Root]:
        """The roots inside, in their order; they don't overlap.

        Raises:
            Undecided: nothing that is tried here tells.
        """
        function = sympy.expand(function)
        if function not in self._known:
            operations = function.count_ops()
            self._spend(operations)
            if operations > _MOST_OPERATIONS or not is_short(function):
                raise Undecided
            self._known[function] = self._roots(function)
        return self._known[function]

    def _roots(self, function: Any) -> list[Root]:
        if not function.has(self.x):
            if function == 0:
                raise Undecided
            return []
        if function.is_polynomial(self.x) and _is_rational(function, self.x):
            return self._of_polynomial(function)
        if _is_positive(function) or _is_positive(-function):
            return []
        numerator, divisor = sympy.fraction(sympy.together(function))
        if divisor.has(self.x):
            self._require_nonzero(divisor, positive=False)
            return self.roots(numerator)
        factor, derivative = self._simpler(function)
        if derivative is None:
            return self.roots(factor)
        above, below = sympy.fraction(sympy.together(derivative))
        parts = [above, factor, *([] if _is_positive(below) else [below])]
        places = self._joined([root for one in parts for root in self.roots(one)])
        return self._by_rolle(function, factor, above * below, places)

    def _simpler(self, function: Any) -> tuple[Any, Any]:
        """A factor whose zeros are known to matter, and the derivative of function over factor times what
        is positive; no derivative where the function has the zeros of the factor."""
        parts = _by_exponent(function, self.x)
        if parts is not None and len(parts) == 1 and 0 not in parts:
            (coefficient,) = parts.values()
            return coefficient, None
        logarithms = [one for one in function.atoms(*_LOGARITHMS) if one.has(self.x)]
        if logarithms:
            top = max(logarithms, key=lambda one: (one.count_ops(), str(one)))
            return self._over(function, _leading(function, top))
        if parts is None or not all(one.is_rational_function(self.x) for one in parts.values()):
            raise Undecided
        if not any(one.has(self.x) for one in parts):
            if not function.is_polynomial(self.x):
                raise Undecided
            return sympy.Integer(1), sympy.diff(function, self.x)
        exponent = min(parts, key=lambda one: (_height(parts[one], self.x), str(one)))
        rest = {one - exponent: coefficient for one, coefficient in parts.items()}
        shifted = sympy.Add(*(c * sympy.exp(sympy.expand(one)) for one, c in rest.items()))
        is_linear = all(one.is_polynomial(self.x) for one in (*parts, *parts.values()))
        if is_linear and all(sympy.degree(one, self.x) <= 1 for one in parts):
            return sympy.Integer(1), sympy.diff(shifted, self.x)
        return self._over(shifted, parts[exponent])

    def _over(self, function: Any, factor: Any) -> tuple[Any, Any]:
        if not factor.has(self.x):
            return sympy.Integer(1), sympy.diff(function, self.x)
        rest = sympy.diff(function, self.x) * factor - function * sympy.diff(factor, self.x)
        return factor, sympy.expand(rest)

    def _of_polynomial(self, function: Any) -> list[Root]:
        polynomial = sympy.Poly(function, self.x)
        found = []
        for (low, high), _ in polynomial.sqf_part().intervals():
            root = Root(_fraction(low), _fraction(high), polynomial.sqf_part().as_expr())
            inside = self._inside(self._apart(root))
            if inside is not None:
                found.append(inside)
        return found

    def _apart(self, root: Root) -> Root:
        """A root in the inside of an interval, whose ends may be roots of their own: without those."""
        for _ in range(_REFINEMENTS):
            if root.is_known or self._sign_of_end(root, 0) * self._sign_of_end(root, 1) != 0:
                return root
            root = self._halved(root)
        raise Undecided

    def _sign_of_end(self, root: Root, end: int) -> int:
        return self.sign_at(root.of, root.high if end else root.low)

    def _inside(self, root: Root) -> Root | None:
        """A root of a polynomial, refined until it is known to lie inside the span; None outside."""
        for _ in range(_REFINEMENTS):
            if root.is_known:
                return root if self.span.has(root.low) else None
            if self.span.has(root.low) and self.span.has(root.high):
                return self._refined(root)
            ends = [one for one in (self.span.low, self.span.high) if one is not None]
            within = [one for one in ends if root.low <= one <= root.high]
            if not within:
                return None
            if any(self.sign_at(root.of, one) == 0 for one in within):
                return None  # the one root in the interval is that end
            root = self._halved(root)
        raise Undecided

    def _halved(self, root: Root) -> Root:
        """Half of the interval: the one with the sign change. An end that is zero is another simple root,
        beside which the derivative tells the sign."""
        middle = (root.low + root.high) / 2
        here = self.sign_at(root.of, middle)
        if here == 0:
            return Root(middle, middle, root.of)
        beside = self._sign_of_end(root, 0) or self.sign_at(sympy.diff(root.of, self.x), root.low)
        if beside == 0:
            raise Undecided
        low, high = (root.low, middle) if beside != here else (middle, root.high)
        return Root(low, high, root.of)

    def _refined(self, root: Root, times: int = 8) -> Root:
        for _ in range(times):
            if root.is_known:
                break
            root = self._halved(root)
        return root

    # ------------------------------------------------------------- Rolle

    def _by_rolle(
        self, function: Any, factor: Any, derivative: Any, places: list[Root]
    ) -> list[Root]:
        """The roots of a function that over a factor is strictly monotone between these places."""
        settled = [self._settled(function, one) for one in places]
        found = [Root(one.low, one.high, function) for one, sign in settled if sign == 0]
        for gap in self._gaps([one for one, _ in settled]):
            root = self._crossing(function, factor, derivative, gap)
            if root is not None:
                found.append(root)
        return self._joined(found)

    def _settled(self, function: Any, place: Root) -> tuple[Root, int]:
        """A place made so narrow that the function has one sign on it, or is zero at it exactly."""
        for _ in range(6):
            if place.is_known:
                return place, self.sign_at(function, place.low)
            sign = self._sign_of(function, place.low, place.high)
            if sign is not None:
                return place, sign
            place = self._refined(place)
        raise Undecided

    def _crossing(self, function: Any, factor: Any, derivative: Any, gap: Span) -> Root | None:
        """The one root in a gap, if there is one."""
        middle = gap.between()
        here, side = self.sign_at(function, middle), self.sign_at(factor, middle)
        if here == 0:
            return Root(middle, middle, function)
        growth = self.sign_at(derivative, middle) * side * here
        if growth == 0:
            raise Undecided
        # The size of function/factor falls to this end, and grows to the other.
        up = growth < 0
        for place in gap.towards(middle, up):
            try:
                sign = self.sign_at(function, place)
            except Undecided:
                break  # too near to zero to be told apart from it
            if sign == 0:
                return Root(place, place, function)
            if sign != here:
                low, high = sorted((middle, place))
                return self._refined(Root(low, high, function), 12)
        if self._is_kept(here * side * function / factor, gap.high if up else gap.low, up):
            return None
        raise Undecided

    def _is_kept(self, size: Any, end: Fraction | None, up: bool) -> bool:
        """Whether what is above zero, and falls towards an end, stays above zero up to there."""
        if end is not None:
            place = sympy.Rational(end.numerator, end.denominator)
            at_end = enclosed(size, self.x, end, end, _DIGITS[0])
            if at_end is not None and at_end.low >= 0:
                return True
            side = "-" if up else "+"
        else:
            place, side = (sympy.oo, "-") if up else (-sympy.oo, "+")
        self._spend(4 * size.count_ops())
        limit = limit_at(size, self.x, place, side)
        return bool(limit == sympy.oo or limit.is_nonnegative)

    # ------------------------------------------------------------- order

    def _gaps(self, places: Sequence[Root]) -> Iterator[Span]:
        """What lies between places, and between them and the ends."""
        low = self.span.low
        for one in self._joined(places):
            if low is None or one.low > low:
                yield Span(low, one.low)
            low = one.high
        if low is None or self.span.high is None or low < self.span.high:
            yield Span(low, self.span.high)

    def _joined(self, places: Sequence[Root]) -> list[Root]:
        """Places in their order, each known one once; intervals are refined until they lie apart."""
        for _ in range(6):
            known = {one.low: one for one in places if one.is_known}
            rest = {one for one in places if not one.is_known}
            ordered = sorted((*known.values(), *rest), key=lambda one: (one.low, one.high))
            pairs = list(itertools.pairwise(ordered))
            touching = {one for pair in pairs if pair[1].low <= pair[0].high for one in pair}
            if not touching:
                return ordered
            places = [self._refined(one) if one in touching else one for one in ordered]
        raise Undecided


def _is_positive(function: Any) -> bool:
    """Whether a formula shows that it is above zero: sums of positive terms."""
    return bool(function.is_positive or sympy.expand(function).is_positive)


def enclosed(function: Any, x: Any, low: Fraction, high: Fraction, digits: int) -> Ball | None:
    """A formula of one symbol over an interval of it; None where it isn't defined on all of that."""
    numbers = Enclosing(digits)
    with numbers.working():
        ends = numbers.number(low), numbers.number(high)
        known = {x: Ball(ends[0].low, ends[1].high)}
        try:
            return _value(function, known, numbers)
        except (Undecided, ZeroDivisionError, OverflowError, KeyError):
            return None


def _value(node: Any, known: dict[Any, Ball], numbers: Enclosing) -> Ball:
    if node in known:
        return known[node]
    if node is sympy.nan or node is sympy.zoo:
        raise Undecided
    if not node.args:
        return numbers.constant(node)
    found = _of_parts(node, known, numbers)
    known[node] = found
    return found


def _of_parts(node: Any, known: dict[Any, Ball], numbers: Enclosing) -> Ball:
    match node:
        case sympy.Add():
            total: Ball = numbers.total(_value(one, known, numbers) for one in node.args)
            return total
        case sympy.Mul():
            result = _value(node.args[0], known, numbers)
            for one in node.args[1:]:
                result = result * _value(one, known, numbers)
            return result
        case sympy.Pow() if node.exp.is_Integer:
            base, count = _value(node.base, known, numbers), abs(int(node.exp))
            power = abs(base) ** count if count % 2 == 0 else base**count
            return power if node.exp > 0 else numbers.number(1) / power
        case sympy.Pow() if node.exp == sympy.Rational(1, 2):
            return numbers.root(_value(node.base, known, numbers))
        case sympy.Pow():
            base, power = (_value(one, known, numbers) for one in node.args)
            return numbers.power(base, power)
    if node.func not in BY_FUNCTION:
        raise Undecided
    atom = BY_FUNCTION[node.func]
    return numbers.function(atom.name)(*(_value(one, known, numbers) for one in node.args))


def _fraction(value: Any) -> Fraction:
    value = sympy.Rational(value)
    return Fraction(int(value.p), int(value.q))


def _is_rational(function: Any, x: Any) -> bool:
    return all(one.is_Rational for one in sympy.Poly(function, x).all_coeffs())


def _leading(function: Any, top: Any) -> Any:
    """The coefficient of the highest power of a part."""
    symbol = sympy.Dummy("θ")
    there = function.xreplace({top: symbol})
    if not there.is_polynomial(symbol):
        raise Undecided
    return sympy.Poly(there, symbol).LC().xreplace({symbol: top})


def _by_exponent(function: Any, x: Any) -> dict[Any, Any] | None:
    """A sum of exponentials: from exponents to coefficients that are free of them."""
    parts: dict[Any, Any] = {}
    for term in sympy.Add.make_args(sympy.expand(function, power_exp=False)):
        exponent, rest = sympy.Integer(0), []
        for factor in sympy.Mul.make_args(term):
            base, power = factor.as_base_exp()
            if base == sympy.E:
                exponent += power
            else:
                rest.append(factor)
        coefficient = sympy.Mul(*rest)
        if coefficient.has(sympy.exp):
            return None
        exponent = sympy.expand(exponent)
        parts[exponent] = parts.get(exponent, 0) + coefficient
    return {one: coefficient for one, coefficient in parts.items() if coefficient != 0}


def _height(coefficient: Any, x: Any) -> int:
    """How often a coefficient is differentiated until it is gone."""
    if coefficient.is_polynomial(x):
        return int(sympy.degree(coefficient, x))
    return 100 + int(coefficient.count_ops())
