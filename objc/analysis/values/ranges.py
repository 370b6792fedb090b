"""The range of every let: interval arithmetic from the declared domains.

Sound and not sharp: a value never leaves its interval. Four things sharpen it: the conditions of the
branch that a formula stands in, a split on the sign of what occurs several times, what domains say of
several inputs together, and the two inequalities that losses lean on (a maximum is at least each of its
parts, a share of a sum of nonnegative parts is at most one).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import sympy

from objc.analysis.formulas import placed
from objc.analysis.signs.parts import parts_above, share
from objc.analysis.values.interval import (
    INFINITY,
    LINE,
    NONNEGATIVE,
    UNIT,
    Interval,
    apply,
    atom_of,
    is_evaluable,
    of_number,
)
from objc.atoms import ATOMS, Branch, maximum, minimum, sigmoid, stop_gradient, xlogy
from objc.ir.declared import declared_parts
from objc.ir.index import Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    conjuncts,
)

Context = Mapping[Any, Interval]
"""What is known beyond the domains of expressions that occur in a formula."""

_Learnable: TypeAlias = "tuple[Expression, Any, Expression, list[tuple[Any, Any, Expression]]]"
"""A nonnegative difference, its number, the rest, and its terms with what the others leave for them."""

_QUARTER = Interval(NONNEGATIVE.low, UNIT.high / 4)
"""The range of σ(x)·σ(−x)."""
_AT_LEAST_ONE = Interval(NONNEGATIVE.low + 1, INFINITY)
_NONPOSITIVE = -NONNEGATIVE
_GREATEST_EXPANDED = 40
"""Operations beyond which a formula isn't multiplied out."""
_GREATEST_DEGREE = 6
"""The degree beyond which it isn't either: its terms become too many."""
_COUNTED = frozenset({"argmax", "argmin", "argsort", "count"})
_TRUTHS = frozenset({"any", "all"})
_LOG, _DIGAMMA = ATOMS["log"], ATOMS["digamma"]


class Ranges:
    """The ranges of a program's inputs and lets, found let by let, met with what is known of some.
    Dimensions are at least one."""

    def __init__(self, program: Program, known: Mapping[str, Interval] | None = None) -> None:
        self.program = program
        self.of_tensor: dict[str, Interval] = {}
        self._conditions: dict[Condition, list[_Learnable]] = {}
        self._eliminated: dict[Any, list[tuple[Expression, Any]]] = {}
        self._parts: dict[Any, list[tuple[Expression, int]]] = {}
        self._known: dict[Any, Interval] = {}
        self._here: Condition = sympy.true
        # An interval's ends name hyperparameters, and those of hyperparameters earlier ones.
        for one in sorted(program.inputs, key=lambda one: one.role != "hyperparameter"):
            self.of_tensor[one.name] = self._of_input(one)
        # Lets of a recurrence are read before they are defined: what holds of them is their domain.
        recurrent = members(program)
        for let in program.lets:
            if let.name in recurrent:
                low, high = let.domain.bounds
                self.of_tensor[let.name] = Interval(self._end(low).low, self._end(high).high)
        for let in program.lets:
            if let.name not in recurrent:
                found = self._of_let(let)
                self.of_tensor[let.name] = found.meet((known or {}).get(let.name, LINE))

    def _of_input(self, one: Input) -> Interval:
        low, high = one.domain.bounds
        return Interval(self._end(low).low, self._end(high).high)

    def _end(self, end: Expression) -> Interval:
        is_known = all(read.tensor in self.of_tensor for read in end.atoms(Read))
        return self.of(end) if is_known else LINE

    def of(self, expression: Expression, context: Context | None = None) -> Interval:
        """The range of an expression of this program, splitting on signs where that may help."""
        context = context or {}
        result = self._plain(expression, context)
        if result.is_nonnegative or result.is_nonpositive:
            return result
        for several in _splits(expression, self, context):
            halves = itertools.product((NONNEGATIVE, _NONPOSITIVE), repeat=len(several))
            parts = [
                self._plain(expression, {**context, **_both_signs(several, half)})
                for half in halves
            ]
            result = result.meet(Interval.hull(parts))
        return result

    # ------------------------------------------------------------- lets

    def _of_let(self, let: Let) -> Interval:
        context = self.assuming(let.guard, {})
        self._here = let.guard
        body = self.of(let.body, context)
        self._here = sympy.true
        if let.reduction is None:
            return body
        is_whole = let.guard == sympy.true
        most = _most(let)
        match let.reduction:
            case "sum":
                return self._simplex_sum(let) or _summed(body, most, is_whole)
            case "mean":
                return body
            case "max":
                return body if is_whole else Interval(-INFINITY, body.high)
            case "min":
                return body if is_whole else Interval(body.low, INFINITY)
            case "logsumexp":
                above = body.high if most == 1 else INFINITY
                return Interval(body.low if is_whole else -INFINITY, above)
            case "norm":
                return NONNEGATIVE
            case "prod":
                return _multiplied(body)
            case name if name in _COUNTED:
                return Interval(
                    NONNEGATIVE.low, INFINITY if most is None else NONNEGATIVE.low + most
                )
            case name if name in _TRUTHS:
                return UNIT
        return LINE

    def _simplex_sum(self, let: Let) -> Interval | None:
        """`sum[k] q[k] e[k]` with q of a simplex is a mean of e."""
        if let.guard != sympy.true or len(let.over) != 1:
            return None
        (index,) = let.over
        factors = sympy.Mul.make_args(let.body)
        for factor in factors:
            if self.is_distribution(factor, index):
                return self.of(sympy.Mul(*(one for one in factors if one is not factor)))
        return None

    def is_distribution(self, factor: Expression, index: Index) -> bool:
        """Whether a factor is nonnegative and sums to one along an index: an input of that domain, or a
        softmax."""
        if isinstance(factor, sympy.exp):
            return self._is_softmax(factor.args[0], index)
        if not isinstance(factor, Read) or factor.tensor not in self.program.input:
            return False
        tensor = self.program.input[factor.tensor]
        if tensor.domain.kind != "simplex" or tensor.dimensions[-1] != index.dimension:
            return False
        others = factor.positions[:-1]
        return factor.positions[-1].index == index and all(one.index != index for one in others)

    def _is_softmax(self, exponent: Expression, index: Index) -> bool:
        """Whether an exponent is a part of a logsumexp along an index less the whole."""
        for one in sympy.Add.make_args(exponent):
            if not isinstance(-one, Read) or (-one).tensor not in self.program.let:
                continue
            let = self.program.let[(-one).tensor]
            if let.reduction != "logsumexp" or let.guard != sympy.true or len(let.over) != 1:
                continue
            is_along = let.over[0].dimension == index.dimension
            part = placed(let, -one, {let.over[0]: Position(index)})
            if is_along and sympy.expand(exponent - one - part) == 0:
                return True
        return False

    # ------------------------------------------------------------- expressions

    def _plain(self, expression: Expression, context: Context) -> Interval:
        if not context:
            key = (expression, self._here)
            if key not in self._known:
                self._known[key] = self._by_kind(expression, context)
            return self._known[key]
        result = self._by_kind(expression, context)
        return result.meet(context[expression]) if expression in context else result

    def _by_kind(self, expression: Expression, context: Context) -> Interval:
        if expression.is_number and is_evaluable(expression):
            return of_number(expression)
        match expression:
            case Read():
                return self.of_tensor[expression.tensor]
            case IndexValue():
                size = expression.index.dimension.size
                return NONNEGATIVE if size is None else Interval.point(0) + _up_to(size - 1)
            case Extent():
                return _AT_LEAST_ONE
            case sympy.Add():
                return self._sum(expression, context)
            case sympy.Mul():
                return self._product(expression, context)
            case sympy.Pow():
                return self._power(expression, context)
            case Branch():
                return self._branch(expression, context)
        return self._function(expression, context)

    def _sum(self, expression: Expression, context: Context) -> Interval:
        parts = [self._plain(one, context) for one in expression.args]
        result = sum(parts[1:], parts[0])
        if result.is_nonnegative or result.is_nonpositive:
            return result
        for rest, sign in self._parts_above(expression):
            bound = NONNEGATIVE if sign > 0 else _NONPOSITIVE
            result = result.meet(bound + self._plain(rest, context))
        return result

    def _parts_above(self, expression: Expression) -> list[tuple[Expression, int]]:
        """What it finds doesn't depend on what is known of values: found once."""
        key = (expression, self._here)
        if key not in self._parts:
            declared = declared_parts(expression, self.program, self._here)
            self._parts[key] = [
                *parts_above(expression, self.program, self._here),
                *((part.rest, part.sign) for part in declared),
            ]
        return self._parts[key]

    def _product(self, expression: Expression, context: Context) -> Interval:
        beside = share(expression, self.program, self.of)
        if beside is not None:
            return UNIT * self._plain(beside, context)
        result, rest = Interval.point(1), list(expression.args)
        for one in expression.args:
            if isinstance(one, sigmoid) and one in rest and sigmoid(-one.args[0]) in rest:
                rest.remove(one)
                rest.remove(sigmoid(-one.args[0]))
                result = result * _QUARTER
        for one in rest:
            result = result * self._plain(one, context)
        return result

    def _power(self, expression: Expression, context: Context) -> Interval:
        base, exponent = self._plain(expression.base, context), expression.exp
        if exponent.is_Integer:
            return base.power(int(exponent))
        may_be_whole = exponent.is_integer or not exponent.is_Rational
        if may_be_whole and not base.is_nonnegative:
            return LINE
        return base.raised(self._plain(exponent, context))

    def _branch(self, expression: Expression, context: Context) -> Interval:
        condition, then, otherwise = expression.args
        arms = [
            self.under(then, condition, context),
            self.under(otherwise, sympy.Not(condition), context),
        ]
        return Interval.hull(arms)

    def _function(self, expression: Expression, context: Context) -> Interval:
        arguments = [self._plain(one, context) for one in expression.args]
        if isinstance(expression, maximum):
            a, b = arguments
            return Interval(max(a.low, b.low), max(a.high, b.high))
        if isinstance(expression, minimum):
            a, b = arguments
            return Interval(min(a.low, b.low), min(a.high, b.high))
        if isinstance(expression, stop_gradient):
            return arguments[0]
        if isinstance(expression, sympy.polygamma):
            return apply(_DIGAMMA, arguments[1]) if expression.args[0] == 0 else LINE
        atom = atom_of(expression)
        if isinstance(expression, xlogy):
            return arguments[0] * apply(_LOG, arguments[1])
        if atom is None or len(arguments) != 1:
            return LINE
        return apply(atom, arguments[0])

    # ------------------------------------------------------------- conditions

    def under(self, arm: Expression, condition: Condition, context: Context) -> Interval:
        """The range of an arm where a condition holds."""
        known = self.assuming(condition, context)
        result = self._plain(arm, known)
        for difference, *_ in self._learnable(condition):
            for rewritten, slack in self._forms(arm, difference):
                result = result.meet(self._plain(rewritten, {**known, slack: NONNEGATIVE}))
        return result

    def _forms(self, arm: Expression, difference: Expression) -> list[tuple[Expression, Any]]:
        key = (arm, difference)
        if key not in self._eliminated:
            is_small = arm.count_ops() <= _GREATEST_EXPANDED
            self._eliminated[key] = list(_eliminated(arm, difference)) if is_small else []
        return self._eliminated[key]

    def assuming(self, condition: Condition, context: Context) -> Context:
        """What a condition says of the expressions in it, beside what is known."""
        known = dict(context)
        for part in conjuncts(condition):
            if isinstance(part, sympy.Eq):
                left, right = part.args
                self._learn(known, left, self._plain(right, context))
                self._learn(known, right, self._plain(left, context))
        for difference, constant, rest, terms in self._learnable(condition):
            self._learn(known, difference, NONNEGATIVE)
            self._learn(known, rest, NONNEGATIVE + of_number(-constant))
            for coefficient, factor, others in terms:
                least = NONNEGATIVE + self._plain(others, context)
                self._learn(known, factor, least * of_number(1 / coefficient))
        return known

    def _learnable(self, condition: Condition) -> list[_Learnable]:
        if condition not in self._conditions:
            self._conditions[condition] = [
                (
                    difference,
                    *difference.as_coeff_Add(),
                    [
                        (*one.as_coeff_Mul(), one - difference)
                        for one in sympy.Add.make_args(difference)
                    ],
                )
                for difference in _nonnegatives(condition)
            ]
        return self._conditions[condition]

    def _learn(self, known: dict[Any, Interval], expression: Any, where: Interval) -> None:
        if expression.is_number:
            return
        sharper = self._plain(expression, known).meet(where)
        known[expression] = sharper
        if isinstance(expression, sympy.Add):
            known[-expression] = -sharper
        if isinstance(expression, sympy.Abs) and sharper.high < INFINITY:
            self._learn(known, expression.args[0], Interval(-sharper.high, sharper.high))


def _nonnegatives(condition: Condition) -> Iterator[Expression]:
    """The expressions that are at least zero where a condition holds."""
    for part in conjuncts(condition):
        if isinstance(part, sympy.Not):
            part = sympy.Not(part.args[0])
        if isinstance(part, sympy.Ge | sympy.Gt):
            yield from _with_bounds_of_abs(part.args[0] - part.args[1])
        elif isinstance(part, sympy.Le | sympy.Lt):
            yield from _with_bounds_of_abs(part.args[1] - part.args[0])


def _with_bounds_of_abs(difference: Expression) -> Iterator[Expression]:
    """A nonnegative difference, and where c·|u| is taken away in it, the two with ±u in its place."""
    yield difference
    for one in sympy.Add.make_args(difference):
        coefficient, term = one.as_coeff_Mul()
        if isinstance(term, sympy.Abs) and coefficient.is_negative:
            for inner in (term.args[0], -term.args[0]):
                yield difference - one + coefficient * inner


def _eliminated(arm: Expression, difference: Expression) -> Iterator[tuple[Expression, Any]]:
    """The arm with one term of a nonnegative difference written through the slack t ≥ 0."""
    slack = sympy.Dummy("t", nonnegative=True)
    for one in sympy.Add.make_args(difference):
        coefficient, term = one.as_coeff_Mul()
        if term.is_number or not arm.has(term):
            continue
        value = (slack - (difference - one)) / coefficient
        if value.has(term):
            continue
        rewritten = arm.xreplace({term: value})
        yield rewritten, slack
        if rewritten.count_ops() <= _GREATEST_EXPANDED and _degree(rewritten) <= _GREATEST_DEGREE:
            expanded = sympy.expand(rewritten)
            if expanded != rewritten and expanded.count_ops() <= 2 * _GREATEST_EXPANDED:
                yield expanded, slack


def _degree(expression: Any) -> int:
    """A bound on the degree of what multiplying out makes of an expression."""
    if not expression.args:
        return int(not expression.is_number)
    parts = [_degree(one) for one in expression.args]
    if isinstance(expression, sympy.Mul):
        return sum(parts)
    if isinstance(expression, sympy.Pow) and expression.exp.is_Integer:
        return parts[0] * abs(int(expression.exp))
    return max(parts)


def _both_signs(several: list[Expression], halves: tuple[Interval, ...]) -> dict[Any, Interval]:
    known: dict[Any, Interval] = {}
    for one, half in zip(several, halves, strict=True):
        known[one] = half
        if isinstance(one, sympy.Add):
            known[-one] = -half
    return known


def _splits(expression: Expression, ranges: Ranges, context: Context) -> Iterator[list[Expression]]:
    """Sets of expressions to split on the sign of: those that occur more than once."""
    counts: Counter[Any] = Counter()
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, Read | sympy.Add) and not node.is_number:
            counts[node] += 1
            if isinstance(node, sympy.Add) and node.could_extract_minus_sign():
                counts[-node] += 1
    several = [
        one
        for one, count in counts.items()
        if count > 1 and ranges._plain(one, context).low < 0 < ranges._plain(one, context).high
    ]
    several.sort(key=lambda one: (-len(one.args), str(one)))
    if several:
        yield several[:1]
    if len(several) > 1:
        yield several[:2]


def _most(let: Let) -> int | None:
    """The greatest number of points that a reduction runs over, where it is known."""
    product = 1
    for index in let.over:
        if index.dimension.size is None:
            return None
        product *= index.dimension.size
    return product


def _up_to(value: int) -> Interval:
    return Interval(NONNEGATIVE.low, NONNEGATIVE.low + value)


def _summed(body: Interval, most: int | None, is_whole: bool) -> Interval:
    if most is None:
        number = _AT_LEAST_ONE if is_whole else NONNEGATIVE
    else:
        number = Interval.point(most) if is_whole else _up_to(most)
    return body * number


def _multiplied(body: Interval) -> Interval:
    if body.within(0, 1):
        return UNIT
    if body.within(-1, 1):
        return Interval(-UNIT.high, UNIT.high)
    return NONNEGATIVE if body.is_nonnegative else LINE
