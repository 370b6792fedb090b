"""What cancels around zero is computed by its series there: exp(x) − 1 − x is x²/2 + x³/6 + ….

One of the last rewrites of a body: the derivatives have been taken of the formula as it stands, and
each has been brought to its own stable form. An expression of one tensor's entry alone, with a sum in
it of which the series begins later than those of its addends, becomes a branch: the series where |x|
is below a radius at which what is left out is nothing, and the formula elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy

from objc.atoms import Branch, expm1, extended, log1mexp, log1p, log_cosh, softplus
from objc.ir.domain import Domain
from objc.ir.index import Index
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.differences.series import Expansion, Series
from objc.passes.evaluation.nodes import without_names
from objc.passes.rewrites.forms import HALF, is_short, parts_with
from objc.passes.tidying.inline import size

_PROBE, _TERMS = 8, 34
"""Coefficients that tell whether something cancels, and those that a radius is chosen from."""
_MOST_TERMS = 26
_RADII = tuple(Fraction(1, 2**n) for n in range(5))
_NOTHING = Fraction(1, 2**58)
_MOST_NODES = 120


_FUNCTIONS = (log1p, expm1, sympy.exp, softplus, log_cosh, sympy.tanh, sympy.sin, sympy.cos)
"""Functions that a sum may cancel with where a product or a difference of entries is zero."""


def expand_at_zero(program: Program) -> Program:
    """The program with series where formulas of one real number cancel around zero."""
    inside = members(program)
    expanding = _Expanding(Names.of(program), program.let)
    lets: list[Let] = []
    for let in program.lets:
        expanding.makes_lets, expanding.indices = let.name not in inside, let.indices
        body = expanding.of(let.body)
        lets += [one for one in expanding.products.values() if one not in lets]
        lets.append(replace(let, body=body))
    return program.with_lets(lets)


def series_at_zero(expression: Expression, x: Read) -> Branch | None:
    """What cancels around zero of a function of x alone, as a branch: its series there, itself elsewhere."""
    return _Expanding().at_zero(expression, x)


class _Expanding:
    """Changes expressions; what has been expanded on the way is remembered."""

    def __init__(self, names: Names | None = None, known: Mapping[str, Let] | None = None) -> None:
        self.known = known or {}
        self.names = names
        self.makes_lets = False
        self.indices: tuple[Index, ...] = ()
        self.products: dict[Expression, Let] = {}
        self.expansions: dict[tuple[Read, int], Expansion] = {}
        self.cancelling: dict[tuple[Any, Read], bool] = {}

    def of(self, node: Any) -> Any:
        """An expression with series in the place of what cancels in it."""
        if not getattr(node, "args", ()) or getattr(node, "is_Relational", False):
            return node
        if isinstance(node, sympy.Add):
            changed = _less_weight(node, self.known) or _less_log_of_two(node)
            if changed is not None:
                addends = sympy.Add.make_args(changed)
                return sympy.Add(*(self.of(x) if x in node.args else x for x in addends))
            by_difference = self._at_equal(node)
            if by_difference is not None:
                return by_difference
            by_product = self._of_product(node)
            if by_product is not None:
                return by_product
        if isinstance(node, (sympy.Add, sympy.Mul)):
            parts = _by_symbol(node)
            changed = {x: self._at_zero_of(node.func(*part), x) for x, part in parts.items()}
            if any(one is not None for one in changed.values()):
                used = {one for x, part in parts.items() if changed[x] is not None for one in part}
                others = [self.of(one) for one in node.args if one not in used]
                return node.func(*others, *(one for one in changed.values() if one is not None))
        arguments = [self.of(one) for one in node.args]
        return node if arguments == list(node.args) else node.func(*arguments)

    def _at_equal(self, node: Any) -> Expression | None:
        """The addends that depend on the difference of two entries alone, if they cancel where the entries
        are equal: exp(2a − 2b)/2 − (a − b) − 1/2."""
        if not node.has(*_FUNCTIONS) or size(node) > _MOST_NODES or not is_short(node):
            return None
        opened = _merged(sympy.Add(*(sympy.expand_mul(one, deep=False) for one in node.args)))
        for function in sorted(opened.atoms(*_FUNCTIONS), key=spelled):
            pair = _difference_in(function.args[0])
            if pair is None:
                continue
            a, b = pair
            apart = Read("apart", (), {"real": True})
            parts: dict[Any, Any] = {}
            for one in sympy.Add.make_args(opened):
                if one.free_symbols <= {a, b}:
                    parts[one] = _merged(sympy.expand(one.subs(a, b + apart)))
            whole = sympy.expand(sympy.Add(*parts.values()))
            if len(parts) < 3 or not whole.free_symbols <= {apart}:
                continue
            found = self.at_zero(whole, apart)
            if found is not None:
                rest = [one for one in sympy.Add.make_args(opened) if one not in parts]
                return sympy.Add(*rest, found.xreplace({apart: a - b}))
        return None

    def _of_product(self, node: Any) -> Expression | None:
        """The addends that are of one product of entries but for a factor, if they cancel where it is small:
        c·|x| − c²·log1p(|x|/c) is x²/2 there, of which no power of c is a part, and expm1(a·x) − a·x is
        (a·x)²/2."""
        if self.names is None or not self.makes_lets:
            return None
        for function in sorted(node.atoms(*_FUNCTIONS), key=spelled):
            number, product = function.args[0].as_coeff_Mul()
            if not _is_product(product) or not (product.is_nonnegative or function.func != log1p):
                continue
            sign = {"nonnegative": True} if product.is_nonnegative else {"real": True}
            u = Read("product", (), sign)
            for addend, factor, one in parts_with(node, function.func):
                if one != function:
                    continue
                parts: dict[Any, Any] = {addend: function.func(number * u)}
                for other in node.args:
                    degree = _degree(other / factor, product)
                    if degree is not None:
                        parts[other] = other / (factor * product**degree) * u**degree
                found = self.at_zero(sympy.Add(*parts.values()), u) if len(parts) > 1 else None
                if found is None:
                    continue
                condition, near, _ = found.args
                degree = near.as_powers_dict()[u]
                named = {u: self._named(product)}
                shares = bool(factor.free_symbols & product.free_symbols)
                power = (product if shares else named[u]) ** degree
                series = factor * power * (near / u**degree).xreplace(named)
                branch = Branch(condition.xreplace(named), series, sympy.Add(*parts))
                return sympy.Add(*(other for other in node.args if other not in parts), branch)
        return None

    def _named(self, product: Any) -> Read:
        """A product by the name of a let."""
        assert self.names is not None
        if product not in self.products:
            free = tuple(one for one in self.indices if one in indices_of(product))
            domain = Domain("nonnegative" if product.is_nonnegative else "real")
            name = self.names.fresh("ratio" if _divides(product) else "product")
            self.products[product] = Let(name, free, product, domain=domain)
        return self.products[product].read(*self.products[product].free)

    def _at_zero_of(self, expression: Any, x: Read) -> Expression | None:
        """The same of |x|, where that is all that stands there of x."""
        size_of_x = sympy.Abs(x)
        if not expression.has(size_of_x):
            return self.at_zero(expression, x)
        stand_in = Read("size", (), {"nonnegative": True})
        opaque = expression.xreplace({size_of_x: stand_in})
        found = None if opaque.has(x) else self.at_zero(opaque, stand_in)
        return None if found is None else found.xreplace({stand_in: size_of_x})

    def at_zero(self, expression: Any, x: Read) -> Expression | None:
        """The expression as a branch, if it cancels at zero and its series is known."""
        if size(expression) > _MOST_NODES:
            return None
        smooth = _without_poles(expression, x)
        if smooth is None and not self._cancels(expression, x):
            return None
        series = self._series(expression if smooth is None else smooth, x, _TERMS)
        if series is None or series.is_zero or series.order < 0:
            return None
        for radius in _RADII:
            count = _terms_within(series, radius)
            if count is not None:
                near = _horner(series, count, x)
                return Branch(sympy.Lt(sympy.Abs(x), _number(radius)), near, expression)
        return None

    def _series(self, expression: Any, x: Read, terms: int) -> Series | None:
        if (x, terms) not in self.expansions:
            self.expansions[x, terms] = Expansion(x, terms)
        return self.expansions[x, terms].of(expression)

    def _cancels(self, expression: Any, x: Read) -> bool:
        """Whether the first coefficients of a sum in it are zero, though its addends have some; or powers
        in a product leave the range, of which the product does not."""
        if (expression, x) not in self.cancelling:
            self.cancelling[expression, x] = self._asked(expression, x)
        return self.cancelling[expression, x]

    def _asked(self, expression: Any, x: Read) -> bool:
        if not isinstance(expression, (sympy.Add, sympy.Mul, sympy.Pow)):
            return False
        if isinstance(expression, sympy.Pow):
            return self._cancels(expression.base, x)
        parts = [self._series(one, x, _PROBE) for one in expression.args]
        whole = self._series(expression, x, _PROBE)
        known = [one for one in parts if one is not None]
        if whole is None or len(known) < len(parts):
            return False
        lowest, positive = min(one.order for one in known), [max(one.order, 0) for one in known]
        if isinstance(expression, sympy.Add) and whole.order > lowest:
            return True
        if isinstance(expression, sympy.Mul) and lowest < 0 <= whole.order and sum(positive) > 1:
            return True
        return any(self._cancels(one, x) for one in expression.args)


def _is_product(product: Any) -> bool:
    """Whether something is a product of several entries, or their sizes, of which some may divide."""
    powers = [one.as_base_exp() for one in sympy.Mul.make_args(product)]
    bases = (base.args[0] if isinstance(base, sympy.Abs) else base for base, _ in powers)
    return len(powers) > 1 and all(isinstance(one, Read) for one in bases)


def _divides(product: Any) -> bool:
    return any(n == -1 for _, n in (one.as_base_exp() for one in sympy.Mul.make_args(product)))


def _degree(quotient: Any, product: Any) -> int | None:
    """The power of a product that a number is multiplied by, if it is one of the first few."""
    return next((n for n in range(4) if (quotient / product**n).is_number), None)


def _without_poles(expression: Any, x: Read) -> Expression | None:
    """The same where logarithms that are infinite at zero cancel, by what is left of them: log(1 − exp(−x))
    less log x is the logarithm of a ratio that is one there."""
    if not expression.has(sympy.log, log1mexp) or not isinstance(expression, sympy.Add):
        return None
    pole = sympy.Dummy(real=True)
    replacements: dict[Any, Any] = {sympy.log(x): pole, sympy.log(1 / x): -pole}
    for one in expression.atoms(log1mexp):
        scale = -one.args[0] / x
        if scale.is_Rational and scale.is_positive:
            ratio = -expm1(-scale * x) / (scale * x)
            replacements[one] = pole + sympy.log(scale) + log1p(ratio - 1)
    found = expression.xreplace(replacements)
    if found == expression or not is_short(found):
        return None
    found = sympy.expand_mul(found)
    return None if found.has(pole) else found


def _merged(expression: Any) -> Any:
    """Products of exponentials as one exponential each."""
    return sympy.powsimp(expression, combine="exp")


def _difference_in(exponent: Any) -> tuple[Read, Read] | None:
    """(a, b) of an exponent c·a − c·b of two entries."""
    terms = [one.as_coeff_Mul() for one in sympy.Add.make_args(sympy.expand(exponent))]
    if len(terms) != 2 or not all(isinstance(one, Read) for _, one in terms):
        return None
    return (terms[0][1], terms[1][1]) if terms[0][0] + terms[1][0] == 0 else None


def _less_weight(node: Any, known: Mapping[str, Let]) -> Expression | None:
    """k·exp(u) − k·c for c that is near one, where u is near zero: 1 − c is exact, and expm1(u) is.
    `extended` keeps the two apart. The factor may have a name, as over a temperature."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        for power in factors:
            if not isinstance(power, sympy.exp):
                continue
            common = sympy.Mul(*(factor for factor in factors if factor is not power))
            for other in node.args:
                weight = -other / common
                if not isinstance(weight, Read) and known and other is not one:
                    weight = -without_names(other, known) / without_names(common, known)
                if isinstance(weight, Read) and weight.is_real and not one.has(weight):
                    rest = [part for part in node.args if part is not one and part is not other]
                    near = expm1(power.args[0]) + extended(1 - weight)
                    branch = Branch(sympy.Gt(weight, HALF), near, power - weight)
                    return sympy.Add(*rest, common * branch)
    return None


def _less_log_of_two(node: Any) -> Expression | None:
    """c·softplus(u) − c·log 2 where u is near zero, of several that add up to one multiple of log 2 too: the
    value of a game at its equilibrium is −log 4 (Goodfellow et al. 2014)."""
    gates = [part for part in parts_with(node, softplus) if part[1].is_number]
    constant = -sympy.log(2) * sympy.Add(*(number for _, number, _ in gates))
    if constant == 0 or constant not in node.args:
        return None
    used = [constant, *(addend for addend, _, _ in gates)]
    near = []
    for _, number, gate in gates:
        (u,) = gate.args
        small = sympy.Lt(sympy.Abs(u), 1)
        branch = Branch(small, u / 2 + log_cosh(u / 2), gate - sympy.log(2))
        near.append(number * branch)
    return sympy.Add(*(one for one in node.args if one not in used), *near)


def _by_symbol(node: Any) -> dict[Read, list[Expression]]:
    """The addends or factors of one real symbol alone, by symbol; several of them, or a power."""
    found: dict[Read, list[Expression]] = {}
    for one in node.args:
        symbols = one.free_symbols
        if len(symbols) == 1:
            (symbol,) = symbols
            if isinstance(symbol, Read) and symbol.is_real and not one.has(Branch):
                found.setdefault(symbol, []).append(one)
    constant = [one for one in node.args if one.is_number]
    if len(found) == 1 and isinstance(node, sympy.Add):
        return {x: [*part, *constant] for x, part in found.items()}
    return found


def _terms_within(series: Series, radius: Fraction) -> int | None:
    """How many coefficients make the series up to a rounding for |x| ≤ radius; None if too many.

    The size of the coefficients known beyond them bounds those beyond: all are of functions that are
    analytic within a circle of at least eight times the smallest radius, so that the last ones have
    come to fall by the factor radius/circle; eight small ones in a row are asked for.
    """
    sizes = [abs(one) * radius**n for n, one in enumerate(series.coefficients)]
    for count in range(1, min(_MOST_TERMS, len(sizes) - 8) + 1):
        rest = sizes[count:]
        if sum(rest, Fraction(0)) + 2 * max(rest[-2:]) <= _NOTHING * sizes[0]:
            return count
    return None


def _horner(series: Series, count: int, x: Read) -> Expression:
    """xᵏ·(c₀ + x·(c₁ + …)), in x² where every second coefficient is zero."""
    coefficients = list(series.coefficients[:count])
    variable: Expression = x
    if not any(coefficients[1::2]):
        coefficients, variable = coefficients[::2], x**2
    whole: Expression = _number(coefficients[-1])
    for one in reversed(coefficients[:-1]):
        whole = _number(one) + sympy.Mul(variable, whole, evaluate=True)
    return x**series.order * whole


def _number(value: Fraction) -> Expression:
    return sympy.Rational(value.numerator, value.denominator)
