"""Log-gamma functions far out beside the logarithms and the fractions that they cancel with.

A negative binomial is a Poisson probability nearly, where its r is large: log Γ(y + r) − log Γ(r) and
r·log(r/(r + m)) + y·log(m/(r + m)) are both about y·log r, and of their derivatives by r nothing is left but
terms in 1/r². Beyond 20 the functions are their asymptotic series (`objc.passes.evaluation.gammas.series`);
their logarithms, which are log((r + y)/r), make log((r + y)/(r + m)) of what stands beside them, and that is
2·artanh(w) with w = (y − m)/(2r + y + m). Of 2w and all other fractions one is made, in which nothing
cancels; the rest of the series begins with w³. log Γ(y + 1) beside y·log m is the same with y·log y (Loader
2000).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from objc.atoms import Branch, log1p, loggamma, quotient, sigmoid, softplus
from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.differences.fractions import by_ratios
from objc.passes.evaluation.differences.monomials import as_fraction
from objc.passes.evaluation.gammas.series import (
    FAR,
    NEAR,
    SERIES,
    slope_of_series,
    sum_of_odd_powers,
)
from objc.passes.rewrites.forms import HALF, ONE, ZERO, is_short
from objc.passes.stable.differences import written_out
from objc.passes.tidying.inline import size

_GAMMAS = (loggamma, sympy.polygamma)
_FUNCTIONS = (*_GAMMAS, sympy.log, log1p)
_KNOWN = (*_FUNCTIONS, quotient, sympy.exp, sigmoid, softplus)
_MOST_NODES = 150


def gammas_beside_logarithms(program: Program) -> Program:
    """The program with such sums by their series, far out, where their logarithms nearly agree."""
    if not any(let.body.has(*_GAMMAS) for let in program.lets):
        return program
    known = frozenset(program.let)
    for find in (_pairs, _factorials, _singles):
        program = _Joining(program, find, known).changed()
    return program


class _Joining:
    """Changes the largest sums of bodies; what a series is of gets a let. What is left of a series, in lets
    that aren't `known`, is of one size already."""

    def __init__(self, program: Program, find: Any, known: frozenset[str]) -> None:
        self.program = program
        self.find = find
        self.known = known | {one.name for one in program.inputs}
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.symbols: dict[Expression, Any] = {}

    def changed(self) -> Program:
        inside = members(self.program)
        for let in self.program.lets:
            body, done = let.body, list[Any]()
            if let.name not in inside and body.has(*_GAMMAS):
                near = _near_already(body)
                sums = (o for o in body.atoms(sympy.Add) if o.has(*_GAMMAS) and o not in near)
                for node in sorted(sums, key=lambda one: (-size(one), spelled(one))):
                    changed = None if any(one.has(node) for one in done) else self._joined(node)
                    if changed is not None:
                        body = body.xreplace({node: changed})
                        done.append(node)
            self.lets.append(let if body == let.body else replace(let, body=body))
        return self.program.with_lets(self.lets)

    def _joined(self, node: Any) -> Expression | None:
        for others in (False, True):
            known = (*_KNOWN, Branch) if others else _KNOWN
            fits = sympy.Add(
                *(
                    one
                    for one in _beside_gammas(node)
                    if _has_only(one, known) and not self._is_left(one)
                )
            )
            arms = [self._near(one) for one in _arms(fits)]
            if arms[0] is None or any(one != arms[0] for one in arms):
                continue
            near, condition, ratios = arms[0]
            near = near.xreplace({one: self._named(ratio) for one, ratio in ratios.items()})
            return Branch(condition, sympy.Add(near, node - fits), node)
        return None

    def _is_left(self, addend: Any) -> bool:
        return any(read.tensor not in self.known for read in addend.atoms(Read))

    def _near(self, fits: Any) -> tuple[Expression, Any, dict[Any, Expression]] | None:
        # A difference that is squared is of no sign when it is written out.
        for whole in dict.fromkeys((written_out(fits, self.program), fits)):
            fractions = map(as_fraction, sympy.Add.make_args(whole))
            opened, back = _in_rates(sympy.Add(*fractions))
            terms = _Linear.of(opened) if size(opened) <= _MOST_NODES else None
            for series, there, again in () if terms is None else self.find(terms):
                joined = _joined(series, there)
                if joined is not None:
                    near, condition, ratios = joined
                    near, condition, *named = (
                        one.xreplace(again).xreplace(back)
                        for one in (near, condition, *ratios.values())
                    )
                    symbols = [self.symbols.setdefault(one, sympy.Dummy("ratio")) for one in named]
                    near = near.xreplace(dict(zip(ratios, symbols, strict=True)))
                    return near, condition, dict(zip(symbols, named, strict=True))
        return None

    def _named(self, ratio: Any) -> Expression:
        for let in self.lets:
            if let.body == ratio:
                return let.read(*let.free)
        free = tuple(sorted(indices_of(ratio), key=lambda index: index.name))
        let = Let(self.names.fresh("ratio"), free, ratio, domain=REAL)
        self.lets.append(let)
        return let.read(*free)


@dataclass
class _Series:
    """Functions of a sum, those `used`, by their asymptotic series in x, with what they are multiplied by:
    logarithms, the first fractions, the next ones, and what is left."""

    x: Any
    used: list[Any]
    condition: Any
    logarithms: list[tuple[Expression, Expression]] = field(default_factory=list)
    fractions: Expression = ZERO
    next_fractions: Expression = ZERO
    rest: Expression = ZERO
    ratios: dict[Any, Expression] = field(default_factory=dict)

    def named(self, ratio: Expression) -> Any:
        """A symbol that stands for a ratio, which is to have a let: of powers of an entry that may be large,
        fractions are made, and multiplied out they leave the range."""
        known = {one: symbol for symbol, one in self.ratios.items()}
        if ratio not in known:
            known[ratio] = sympy.Dummy("ratio", real=True)
            self.ratios[known[ratio]] = ratio
        return known[ratio]


def _near_already(body: Any) -> set[Any]:
    """Sums in the arms of branches that are not taken far out, where another series is."""
    found: set[Any] = set()
    for branch in body.atoms(Branch):
        condition, _, near = branch.args
        if isinstance(condition, sympy.Ge) and condition.args[1].is_Rational:
            for one in near.atoms(sympy.Add):
                if {_argument(f) for f in one.atoms(*_GAMMAS)} == {condition.args[0]}:
                    found.add(one)
    return found


def _beside_gammas(node: Any) -> Iterator[Any]:
    """The addends of a sum, without exponentials of what has nothing to do with its gamma functions: opened,
    a softplus is not in range where it is."""
    known: set[Read] = set()
    left = list(node.args)
    while near := [one for one in left if one.has(*_GAMMAS) or known & one.atoms(Read)]:
        known = known.union(*(one.atoms(Read) for one in near))
        left = [one for one in left if one not in near]
    for one in node.args:
        if one not in left or not one.has(sympy.exp, sigmoid, softplus):
            yield one


def _has_only(term: Any, kinds: tuple[Any, ...]) -> bool:
    return all(isinstance(one, kinds) for one in term.atoms(sympy.Function))


def _arms(expression: Any) -> list[Any]:
    """An expression with the first arms of its branches, and with the others, if all have one condition."""
    branches = expression.atoms(Branch)
    if len({one.args[0] for one in branches}) != 1:
        return [expression]
    return [expression.xreplace({one: one.args[arm] for one in branches}) for arm in (1, 2)]


def _in_rates(expression: Any) -> tuple[Any, dict[Any, Any]]:
    """An expression in exponentials of entries, each by a symbol, with what the symbols stand for."""
    if not expression.has(sympy.exp, sigmoid, softplus):
        return expression, {}
    opened: dict[Any, Any] = {}
    for one in expression.atoms(sigmoid, softplus):
        power = sympy.exp(one.args[0])
        opened[one] = power / (1 + power) if isinstance(one, sigmoid) else sympy.log(1 + power)
    expression = expression.xreplace(opened)
    known: dict[Any, Any] = {}
    rates: dict[Any, Any] = {}
    for power in sorted(expression.atoms(sympy.exp), key=spelled):
        whole = ONE
        for term in sympy.Add.make_args(sympy.expand(power.args[0])):
            times, entry = term.as_coeff_Mul()
            if not isinstance(entry, Read) or not times.is_Integer:
                return expression, {}
            rates.setdefault(entry, sympy.Dummy(f"exp {entry}", positive=True))
            whole *= rates[entry] ** times
        known[power] = whole
    expression = expression.xreplace(known)
    logarithms = {entry: sympy.log(rate) for entry, rate in rates.items()}
    return expression.xreplace(logarithms), {rate: sympy.exp(one) for one, rate in rates.items()}


@dataclass
class _Linear:
    """A sum of functions, each with what it is multiplied by, and a fraction."""

    weights: dict[Any, Expression]
    fraction: Expression

    @classmethod
    def of(cls, expression: Any) -> _Linear | None:
        functions = sorted(expression.atoms(*_FUNCTIONS), key=spelled)
        symbol = {one: sympy.Dummy(real=True) for one in functions}
        opaque = expression.xreplace(symbol)
        if not opaque.is_rational_function(*opaque.free_symbols):
            return None
        weights = {one: sympy.diff(opaque, symbol[one]) for one in functions}
        if any(one.free_symbols & set(symbol.values()) for one in weights.values()):
            return None
        return cls(weights, opaque.xreplace(dict.fromkeys(symbol.values(), ZERO)))

    def xreplace(self, mapping: dict[Any, Any]) -> _Linear:
        weights = {one.xreplace(mapping): by.xreplace(mapping) for one, by in self.weights.items()}
        return _Linear(weights, self.fraction.xreplace(mapping))


def _pairs(terms: _Linear) -> Iterator[tuple[_Series, _Linear, dict[Any, Any]]]:
    """c·ψₙ(x + s) − c·ψₙ(x), all of one x, in terms of that x."""
    seen = set()
    for lower in terms.weights:
        argument = _argument(lower)
        if argument is None or argument in seen:
            continue
        seen.add(argument)
        x = sympy.Dummy("x", positive=True)
        entry = _entry_by(argument, x)
        if entry is None:
            continue
        there = terms.xreplace(entry)
        found = _Series(x, [], sympy.Ge(x, FAR))
        for one, weight in there.weights.items():
            upper = _argument(one)
            other = None if upper is None else _same(one, x)
            if other not in there.weights or upper == x:
                continue
            apart = sympy.expand(upper - x)
            if not apart.is_nonnegative or sympy.cancel(weight + there.weights[other]) != 0:
                continue
            found.used += [one, other]
            _add_difference(found, one, weight, apart)
        if found.used:
            yield found, there, {x: argument}


def _add_difference(found: _Series, function: Any, weight: Any, apart: Any) -> None:
    """c·(ψₙ(x + s) − ψₙ(x))"""
    x, upper = found.x, found.x + apart
    order = -1 if isinstance(function, loggamma) else int(function.args[0])
    coefficients = dict(SERIES[order])
    if order == -1:
        found.logarithms += [(weight * (upper - HALF), upper), (weight * (HALF - x), x)]
        found.fractions -= weight * apart
    elif order == 0:
        found.logarithms += [(weight, upper), (-weight, x)]
    else:
        first = sympy.Rational(coefficients.pop(order))
        found.fractions += weight * first * (upper**-order - x**-order)
    if order >= 0:
        second = sympy.Rational(coefficients.pop(order + 1))
        found.next_fractions += weight * second * (upper ** (-order - 1) - x ** (-order - 1))
    slope = slope_of_series(coefficients, found.named(1 / x), found.named(1 / upper))
    found.rest -= weight * apart * quotient(slope, x) / upper


def _factorials(terms: _Linear) -> Iterator[tuple[_Series, _Linear, dict[Any, Any]]]:
    """c·log Γ(y + 1)"""
    for one, weight in terms.weights.items():
        y = one.args[0] - 1
        if not isinstance(one, loggamma) or not isinstance(y, Read) or not y.is_nonnegative:
            continue
        x = sympy.Dummy("x", positive=True)
        there = terms.xreplace({y: x})
        (function,) = (f for f in there.weights if f == loggamma(x + 1))
        weight = there.weights[function]
        found = _Series(x, [function], sympy.Ge(x, FAR))
        u = found.named(1 / x)
        series = ZERO
        for power in range(max(SERIES[-1]), 0, -2):
            series = sympy.Rational(SERIES[-1][power]) + series * u**2
        found.logarithms.append((weight * (x + HALF), x))
        found.fractions = -weight * x
        found.rest = weight * (sympy.log(2 * sympy.pi) / 2 + series / x)
        yield found, there, {x: y}


def _singles(terms: _Linear) -> Iterator[tuple[_Series, _Linear, dict[Any, Any]]]:
    """c·ψₙ(x) of an entry x, as of a gamma distribution by its shape: ψ(x) − log x is −1/(2x) and less."""
    for one in terms.weights:
        argument = _argument(one)
        x = sympy.Dummy("x", positive=True)
        entry = None if argument is None else _entry_by(argument, x)
        if entry is None:
            continue
        there = terms.xreplace(entry)
        used = [f for f in there.weights if _argument(f) == x]
        found = _Series(x, used, sympy.Ge(x, FAR))
        for function in used:
            weight = there.weights[function]
            order = -1 if isinstance(function, loggamma) else int(function.args[0])
            powers = {n: sympy.Rational(c) / x**n for n, c in SERIES[order].items()}
            if order == -1:
                found.logarithms.append((weight * (x - HALF), x))
                found.fractions -= weight * x
                found.rest += weight * sympy.log(2 * sympy.pi) / 2
            elif order == 0:
                found.logarithms.append((weight, x))
            else:
                found.fractions += weight * powers.pop(order)
            if order >= 0:
                found.next_fractions += weight * powers.pop(order + 1)
            found.rest += weight * sympy.Add(*powers.values())
        yield found, there, {x: argument}


def _argument(function: Any) -> Any:
    if isinstance(function, loggamma):
        return function.args[0]
    if isinstance(function, sympy.polygamma) and function.args[0] in (0, 1, 2):
        return function.args[1]
    return None


def _same(function: Any, x: Any) -> Any:
    if isinstance(function, loggamma):
        return loggamma(x)
    return sympy.polygamma(function.args[0], x)


def _entry_by(argument: Any, x: Any) -> dict[Any, Any] | None:
    """An entry, or the symbol of a rate, in terms of a multiple of it, or of its reciprocal."""
    number, rest = argument.as_coeff_Mul()
    entry, power = rest.as_base_exp()
    if power not in (1, -1) or not entry.is_Symbol or not entry.is_positive:
        return None
    return {entry: (x / number) ** power}


def _joined(
    series: _Series, terms: _Linear
) -> tuple[Expression, Any, dict[Any, Expression]] | None:
    """The sum with the series, where it is that, and the ratios that it is in; None if nothing cancels."""
    x = series.x
    kept, coefficients = ZERO, dict[Any, Expression]()
    logarithms = list(series.logarithms)
    is_single = all(_argument(one) == x for one in series.used)
    own = [weight for weight, argument in logarithms if is_single and argument == x]
    for one, weight in terms.weights.items():
        if isinstance(one, (sympy.log, log1p)):
            logarithms.append((weight, 1 + one.args[0] if isinstance(one, log1p) else one.args[0]))
        elif one not in series.used:
            kept += weight * one
    for weight, argument in logarithms:
        for base, power in _factors(argument, x):
            if not base.is_positive or not power.is_Integer:
                return None
            coefficients[base] = coefficients.get(base, ZERO) + power * weight
    pairs = _cancelling(coefficients, x)
    if pairs is None:
        return None
    before = sympy.cancel(sympy.together(terms.fraction))
    fraction = terms.fraction + series.fractions
    condition = series.condition
    for (above, below), weight in pairs.items():
        apart, total = (sympy.expand(one) for one in (above - below, above + below))
        fraction += 2 * weight * apart / total
        w = series.named(quotient(apart, total))
        kept += 2 * weight * w**3 * sum_of_odd_powers(w)
        condition = sympy.And(condition, sympy.Lt(NEAR * sympy.Abs(apart), total))
    if not is_short(fraction):
        return None
    fraction = sympy.cancel(sympy.together(fraction))
    following = sympy.cancel(sympy.together(series.next_fractions))
    together = sympy.cancel(fraction + following)
    if _degree(together, x) < max(_degree(fraction, x), _degree(following, x)):
        fraction, following = together, ZERO
    vanished = any(_degree(coefficients.get(x, ZERO), x) < _degree(one, x) for one in own)
    if not pairs and not vanished and _degree(fraction, x) >= _degree(before, x):
        return None
    for one, weight in coefficients.items():
        # Term by term, for logarithms of what is nearly the same to meet.
        addends = (
            sympy.Add.make_args(sympy.expand(weight))
            if not pairs and is_short(weight)
            else (weight,)
        )
        kept += sympy.Add(*(addend * sympy.log(one) for addend in addends))
    parts = (_one_fraction(one) for one in (fraction, following))
    return sympy.Add(kept, series.rest, *parts), condition, series.ratios


def _factors(argument: Any, x: Any) -> Iterator[tuple[Any, Any]]:
    """The factors of an argument and their powers; what has x in it is about x: 2x + 1 is 2·(x + 1/2), and
    x·s² + d² is s²·(x + d²/s²)."""
    for factor in sympy.Mul.make_args(sympy.cancel(argument)):
        base, power = factor.as_base_exp()
        times = base if base.is_Rational else base.coeff(x)
        if times.is_Rational and times != 0:
            yield sympy.Integer(times.p), power
            yield sympy.Integer(times.q), -power
            base = sympy.expand(base / times)
        elif times.is_positive and isinstance(base, sympy.Add):
            for one in sympy.Mul.make_args(times):
                scale, exponent = one.as_base_exp()
                yield scale, power * exponent
            base = sympy.expand(base / times)
        if base != 1:
            yield base, power


def _cancelling(
    coefficients: dict[Any, Expression], x: Any
) -> dict[tuple[Any, Any], Expression] | None:
    """The pairs (a, b) with c·log(a/b) in logarithms with these coefficients, where a and b are about x; of
    them nothing stays in the coefficients."""
    split: dict[Any, dict[Any, Expression]] = {}
    for base, weight in coefficients.items():
        if not is_short(weight):
            return None
        for term in sympy.Add.make_args(sympy.expand(sympy.cancel(weight))):
            number, rest = term.as_coeff_Mul()
            if number != 0:
                split.setdefault(rest, {})[base] = number
    pairs: dict[tuple[Any, Any], Expression] = {}
    about = sorted(coefficients, key=lambda one: (len(one.args), spelled(one)))
    for rest, numbers in split.items():
        for a in about:
            for b in about:
                if a is b or numbers.get(a, 0) <= 0 or numbers.get(b, 0) >= 0:
                    continue
                if not _is_near(a, b, x, rest):
                    continue
                least = min(numbers[a], -numbers[b])
                numbers[a] -= least
                numbers[b] += least
                pairs[a, b] = pairs.get((a, b), ZERO) + least * rest
    coefficients.clear()
    for rest, numbers in split.items():
        for base, number in numbers.items():
            if number != 0:
                coefficients[base] = coefficients.get(base, ZERO) + number * rest
    return pairs


def _is_near(a: Any, b: Any, x: Any, weight: Any) -> bool:
    """Whether both are x and something that isn't x, or one is x and the other is what may be near it."""
    if a.has(x) and b.has(x):
        return x not in (a, b) and not sympy.expand(a - b).has(x)
    return x in (a, b) and weight.has(x)


def _degree(fraction: Any, x: Any) -> Any:
    above, below = sympy.fraction(sympy.together(fraction))
    if above == 0:
        return -sympy.oo
    return sympy.degree(above, x) - sympy.degree(below, x)


def _one_fraction(fraction: Any) -> Expression:
    above, below = (sympy.factor(one) for one in sympy.fraction(fraction))
    # Products within a sum may leave the range, of which their ratios do not.
    products = isinstance(above, sympy.Add) and any(len(one.free_symbols) > 1 for one in above.args)
    return sympy.Add(*(by_ratios(one, below) for one in (above.args if products else (above,))))
