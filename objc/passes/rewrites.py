"""Algebraically equal forms that are stable: the rules, one function each.

Every rule takes a node whose arguments have been rewritten and returns an equal expression or None.
`rewrite` applies them from the leaves up until nothing changes. Conditions on domains are asked of
SymPy's assumptions, which come from the declared domains; where one isn't known to hold the rule
isn't used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from objc.atoms import (
    Branch,
    expm1,
    log1mexp,
    log1p,
    log_cosh,
    maximum,
    minimum,
    sigmoid,
    softplus,
    sqrt1pm1,
    stop_gradient,
    xlog1py,
    xlogy,
)
from objc.ir.symbols import Expression

Rule = Callable[[Any], Expression | None]

ZERO, ONE, HALF = sympy.Integer(0), sympy.Integer(1), sympy.Rational(1, 2)


def rewrite(expression: Expression, *, keep_stop: bool = True) -> Expression:
    """The stable form of an expression. With `keep_stop` False, stop_gradient is dropped: after
    differentiation it has done its work."""
    return _Rewriter(keep_stop).of(expression)


class _Rewriter:
    def __init__(self, keep_stop: bool) -> None:
        self._known: dict[Any, Any] = {}
        self._keep_stop = keep_stop

    def of(self, node: Any) -> Any:
        if not getattr(node, "args", ()):
            return node
        if node not in self._known:
            self._known[node] = self._of(node)
        return self._known[node]

    def _of(self, node: Any) -> Any:
        arguments = [self.of(one) for one in node.args]
        if isinstance(node, stop_gradient) and not self._keep_stop:
            return arguments[0]
        if list(node.args) != arguments:
            node = node.func(*arguments)
        for _ in range(8):
            changed = _first_change(node)
            if changed is None:
                return node
            if not getattr(changed, "args", ()):
                return changed
            # What a rule made may hold new redexes below its top.
            inner = [self.of(one) if one not in node.args else one for one in changed.args]
            node = changed.func(*inner) if inner != list(changed.args) else changed
        return node


def _first_change(node: Any) -> Any:
    for kind, rules in RULES:
        if isinstance(node, kind):
            for rule in rules:
                changed = rule(node)
                if changed is not None and changed != node:
                    return changed
    return None


# ------------------------------------------------------------------ logarithms


def log_of_product(node: Any) -> Expression | None:
    """log(a·bⁿ) = log a + n·log b, where a factor has a stable logarithm of its own."""
    argument = node.args[0]
    factors = sympy.Mul.make_args(argument)
    if not any(_has_stable_log(_base(factor)) for factor in factors):
        return None
    if isinstance(argument, (sympy.Mul, sympy.Pow)):
        if not all(_base(factor).is_positive for factor in factors):
            return None
        return sympy.Add(*(_exponent(one) * sympy.log(_base(one)) for one in factors))
    return None


def _base(factor: Any) -> Any:
    return factor.base if isinstance(factor, sympy.Pow) else factor


def _exponent(factor: Any) -> Any:
    return factor.exp if isinstance(factor, sympy.Pow) else ONE


def _has_stable_log(base: Any) -> bool:
    if isinstance(base, (sympy.exp, sigmoid, sympy.cosh)):
        return True
    if isinstance(base, expm1):
        return True
    return isinstance(base, sympy.Add) and any(_has_exponential(one) for one in base.args)


def _has_exponential(addend: Any) -> bool:
    return any(isinstance(f, sympy.exp) for f in sympy.Mul.make_args(addend))


def log_of_sigmoid(node: Any) -> Expression | None:
    """log σ(x) = −softplus(−x)."""
    (argument,) = node.args
    return -softplus(-argument.args[0]) if isinstance(argument, sigmoid) else None


def log_of_cosh(node: Any) -> Expression | None:
    (argument,) = node.args
    return log_cosh(argument.args[0]) if isinstance(argument, sympy.cosh) else None


def log_of_expm1(node: Any) -> Expression | None:
    """log(1 − exp x) for x < 0, which arrives as log(−expm1(x))."""
    (argument,) = node.args
    if argument.could_extract_minus_sign() and isinstance(-argument, expm1):
        return log1mexp((-argument).args[0])
    return None


def log_of_exponentials(node: Any) -> Expression | None:
    """log(exp a + exp b) = a + softplus(b − a); log(1 + exp a) = softplus(a)."""
    (argument,) = node.args
    pair = _two_exponentials(argument)
    return None if pair is None else pair[0] + softplus(pair[1] - pair[0])


def _two_exponentials(total: Any) -> tuple[Any, Any] | None:
    """(a, b) where a sum is exp(a) + exp(b); a constant comes first."""
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    first, second = (_log_of_positive_term(one) for one in total.args)
    if first is None or second is None:
        return None
    return (first, second) if first.is_number or not second.is_number else (second, first)


def _log_of_positive_term(term: Any) -> Expression | None:
    """log of c·exp(u) with a number c > 0, of a positive number too; else None."""
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_positive:
        return None
    if rest == 1:
        return sympy.log(coefficient)
    exponent = _exponent_of(rest)
    return None if exponent is None else sympy.log(coefficient) + exponent


def _exponent_of(product: Any) -> Expression | None:
    """u where the product is exp(u), of one or several exponentials."""
    exponents = []
    for factor in sympy.Mul.make_args(product):
        base, power = factor.as_base_exp()
        if isinstance(factor, sympy.exp):
            exponents.append(factor.args[0])
        elif isinstance(base, sympy.exp):
            exponents.append(base.args[0] * power)
        else:
            return None
    return sympy.Add(*exponents) if exponents else None


def log_of_complement(node: Any) -> Expression | None:
    """log(1 − max(a, p − m)) with a sigmoid p: log1p where the maximum is small, and the logarithm of
    min(1 − a, (1 − p) + m) where it is near one, since the complement of a sigmoid is exact."""
    (argument,) = node.args
    if not isinstance(argument, sympy.Add) or len(argument.args) != 2:
        return None
    constant, rest = argument.as_coeff_Add()
    for extreme, dual in ((maximum, minimum), (minimum, maximum)):
        if constant == 1 and isinstance(-rest, extreme) and rest.has(sigmoid):
            complement = dual(*(rewrite(1 - one) for one in (-rest).args))
            return Branch(sympy.Lt(-rest, HALF), log1p(rest), sympy.log(complement))
    return None


def log_near_one(node: Any) -> Expression | None:
    """log(1 + u) = log1p(u)."""
    (argument,) = node.args
    if not isinstance(argument, sympy.Add):
        return None
    constant, rest = argument.as_coeff_Add()
    return log1p(rest) if constant == 1 and not rest.is_number else None


def log1p_of_exponential(node: Any) -> Expression | None:
    """log1p(exp u) = softplus(u), log1p(−exp u) = log1mexp(u), log1p of expm1(u) = u."""
    (argument,) = node.args
    if isinstance(argument, sympy.exp):
        return softplus(argument.args[0])
    if isinstance(argument, expm1):
        return argument.args[0]
    if isinstance(-argument, sympy.exp):
        return log1mexp((-argument).args[0])
    if isinstance(-argument, sigmoid):
        return -softplus((-argument).args[0])
    return None


# -------------------------------------------------------------------- products


def merge_exponentials(node: Any) -> Expression | None:
    """exp a · exp b = exp(a + b)."""
    exponents = [one for one in node.args if isinstance(one, sympy.exp)]
    if len(exponents) < 2:
        return None
    others = [one for one in node.args if not isinstance(one, sympy.exp)]
    merged = sympy.exp(sympy.Add(*(one.args[0] for one in exponents)))
    return sympy.Mul(*others, merged)


def merge_powers(node: Any) -> Expression | None:
    """b·bᵖ⁻¹ = bᵖ for b ≥ 0 and a symbolic p: at b = 0 the factors may be zero and infinite."""
    symbolic = [f for f in node.args if isinstance(f, sympy.Pow) and not f.exp.is_number]
    for power in symbolic:
        if not power.base.is_nonnegative:
            continue
        for other in node.args:
            if other is not power and other.as_base_exp()[0] == power.base:
                rest = [f for f in node.args if f is not power and f is not other]
                merged = power.base ** (power.exp + other.as_base_exp()[1])
                return sympy.Mul(*rest, merged)
    return None


def quotient_to_sigmoid(node: Any) -> Expression | None:
    """exp(u)·(1 + exp(u))⁻¹ = σ(u), which arrives as exp(u)·σ(−u)."""
    for one in node.args:
        if not isinstance(one, sigmoid):
            continue
        for other in node.args:
            if isinstance(other, sympy.exp) and other.args[0] == -one.args[0]:
                rest = [f for f in node.args if f is not one and f is not other]
                return sympy.Mul(*rest, sigmoid(other.args[0]))
    return None


def reciprocal_to_sigmoid(node: Any) -> Expression | None:
    """(1 + exp u)⁻ⁿ = σ(−u)ⁿ, and (exp a + exp b)⁻ⁿ = exp(−n·a)·σ(a − b)ⁿ."""
    base, power = node.base, node.exp
    pair = _two_exponentials(base)
    if pair is None or not (power.is_number and power.is_negative):
        return None
    return sympy.exp(power * pair[0]) * sigmoid(pair[0] - pair[1]) ** (-power)


def power_of_product(node: Any) -> Expression | None:
    """exp(u)ᵖ = exp(p·u) for real p."""
    if isinstance(node.base, sympy.exp) and node.exp.is_real and node.base.args[0].is_real:
        return sympy.exp(node.base.args[0] * node.exp)
    return None


def product_with_log(node: Any) -> Expression | None:
    """x·log y where both may be zero: 0·log 0 = 0."""
    for function, atom in ((sympy.log, xlogy), (log1p, xlog1py)):
        for one in node.args:
            if not isinstance(one, function) or _away_from_infinity(one):
                continue
            others = [f for f in node.args if f is not one]
            vanishing = [f for f in others if not f.is_number and not f.is_nonzero]
            if vanishing:
                kept = [f for f in others if f not in vanishing]
                return sympy.Mul(*kept, atom(sympy.Mul(*vanishing), one.args[0]))
    return None


def _away_from_infinity(logarithm: Any) -> bool:
    argument = logarithm.args[0]
    if isinstance(logarithm, log1p):
        return bool(argument.is_nonnegative)
    return bool(argument.is_positive)


# ------------------------------------------------------------------------ sums


def difference_to_expm1(node: Any) -> Expression | None:
    """c·exp(a) − c = c·expm1(a), and c·exp(m·b) − c·exp(b) = c·exp(b)·expm1((m − 1)·b) for a number
    m > 1. (For unrelated a and b the product might be zero times infinity.)"""
    terms = [(one, *_coefficient_and_exponent(one)) for one in node.args]
    for first, coefficient, exponent in terms:
        if exponent == 0:
            continue
        constants = sympy.Add(*(one for one, _, other in terms if other == 0))
        left = _less(constants, coefficient)
        if left is not None:
            rest = [one for one, _, other in terms if other != 0 and one is not first]
            return sympy.Add(*rest, left, coefficient * expm1(exponent))
        for second, other_coefficient, other_exponent in terms:
            if second is first or coefficient + other_coefficient != 0:
                continue
            if not _is_multiple(exponent, other_exponent):
                continue
            rest = [one for one in node.args if one is not first and one is not second]
            factor = coefficient * sympy.exp(other_exponent)
            return sympy.Add(*rest, factor * expm1(exponent - other_exponent))
    return None


def _less(amount: Expression, coefficient: Expression) -> Expression | None:
    """amount + coefficient, if terms of the two cancel and nothing is left of the coefficient."""
    if amount == 0:
        return None
    if amount + coefficient == 0:
        return ZERO
    if amount.has(Branch) or coefficient.has(Branch):
        return None
    apart = sympy.expand(amount)
    left = sympy.expand(apart + coefficient)
    before = len(sympy.Add.make_args(apart)) if apart != 0 else 0
    after = len(sympy.Add.make_args(left)) if left != 0 else 0
    removed = len(sympy.Add.make_args(sympy.expand(coefficient)))
    return sympy.factor_terms(left) if after == before - removed else None


def _is_multiple(exponent: Expression, base: Expression) -> bool:
    if base == 0:
        return True
    ratio = sympy.cancel(exponent / base) if exponent.free_symbols == base.free_symbols else ZERO
    return bool(ratio.is_number and ratio > 1)


def _coefficient_and_exponent(term: Any) -> tuple[Expression, Expression]:
    """(c, u) where the term is c·exp(u); a term without exponentials has u = 0."""
    factors = sympy.Mul.make_args(term)
    exponentials = [f for f in factors if isinstance(f, sympy.exp)]
    rest = sympy.Mul(*(f for f in factors if not isinstance(f, sympy.exp)))
    return rest, sympy.Add(*(f.args[0] for f in exponentials))


def complement_of_sigmoid(node: Any) -> Expression | None:
    """c − c·σ(u) = c·σ(−u)."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        for factor in factors:
            if isinstance(factor, sigmoid):
                coefficient = sympy.Mul(*(f for f in factors if f is not factor))
                rest = _without(node, -coefficient, one)
                if rest is not None:
                    return sympy.Add(*rest, -coefficient * sigmoid(-factor.args[0]))
    return None


def complement_of_softplus(node: Any) -> Expression | None:
    """c·softplus(u) − c·u = c·softplus(−u)."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        for factor in factors:
            if isinstance(factor, softplus):
                coefficient = sympy.Mul(*(f for f in factors if f is not factor))
                rest = _without_all(node, -coefficient * factor.args[0], one)
                if rest is not None:
                    return sympy.Add(*rest, coefficient * softplus(-factor.args[0]))
    return None


def root_minus_one(node: Any) -> Expression | None:
    """c·√(1 + t) − c = c·sqrt1pm1(t)."""
    for one in node.args:
        factors = sympy.Mul.make_args(one)
        for factor in factors:
            if not (isinstance(factor, sympy.Pow) and factor.exp == HALF):
                continue
            constant, inner = factor.base.as_coeff_Add()
            if constant != 1 or inner.is_number:
                continue
            coefficient = sympy.Mul(*(f for f in factors if f is not factor))
            rest = _without(node, -coefficient, one)
            if rest is not None:
                return sympy.Add(*rest, coefficient * sqrt1pm1(inner))
    return None


def _without(node: Any, *removed: Any) -> list[Expression] | None:
    """The addends of a sum without these, or None if one of them isn't there."""
    rest = list(node.args)
    for one in removed:
        if one not in rest:
            return None
        rest.remove(one)
    return rest


def _without_all(node: Any, amount: Any, first: Any) -> list[Expression] | None:
    return _without(node, first, *sympy.Add.make_args(amount))


def constant_that_cancels(node: Any) -> Expression | None:
    """1 − (1 − x)³ = x·(3 − 3x + x²): multiply out where the constant vanishes exactly. What stands
    beside the constant in the power is one symbol: it isn't multiplied out itself."""
    if node.as_coeff_Add()[0] == 0:
        return None
    opaque: dict[Any, Any] = {}
    for power in node.atoms(sympy.Pow):
        if not _small_power_of_sum(power):
            continue
        constant, rest = power.base.as_coeff_Add()
        coefficient, rest = rest.as_coeff_Mul()
        symbol = sympy.Dummy(real=True)
        opaque[power] = (constant + coefficient * symbol) ** power.exp
        opaque[symbol] = rest
    if len(opaque) != 2:
        return None
    (power, polynomial), (symbol, rest) = opaque.items()
    expanded = sympy.expand(node.xreplace({power: polynomial}).xreplace({rest: symbol}))
    if expanded.subs(symbol, 0) != 0:
        return None
    factored = symbol * sympy.horner(sympy.expand(expanded / symbol), wrt=symbol)
    return factored.xreplace({symbol: rest})


def _small_power_of_sum(power: Any) -> bool:
    return bool(
        isinstance(power.base, sympy.Add)
        and power.exp.is_Integer
        and 2 <= power.exp <= 4
        and power.base.as_coeff_Add()[0] != 0
    )


def common_power(node: Any) -> Expression | None:
    """a·Bⁿ + b·Bⁿ⁻¹ = (a·B + b)·Bⁿ⁻¹ for a sum B under a root or in a denominator, when terms of the
    numerator cancel: 1/s − r²/s³ = ε²/s³ with s = √(r² + ε²)."""
    groups: dict[Any, list[tuple[Any, Any, Any]]] = {}
    for one in node.args:
        for factor in sympy.Mul.make_args(one):
            base, exponent = factor.as_base_exp()
            if isinstance(factor, sympy.Pow) and isinstance(base, sympy.Add) and exponent.is_number:
                rest = sympy.Mul(*(f for f in sympy.Mul.make_args(one) if f is not factor))
                groups.setdefault(base, []).append((one, exponent, rest))
    for base, members in groups.items():
        members += [(one, ZERO, one) for one in node.args if one.is_number]
        lowest = min(exponent for _, exponent, _ in members)
        if len(members) < 2 or not lowest < 0:
            continue
        if not all((exponent - lowest).is_Integer for _, exponent, _ in members):
            continue
        whole = [rest * base ** (exponent - lowest) for _, exponent, rest in members]
        if any(part.has(Branch) for part in whole):
            continue
        numerator = sympy.expand(sympy.Add(*whole))
        apart = sum(len(sympy.Add.make_args(sympy.expand(part))) for part in whole)
        if len(sympy.Add.make_args(numerator)) < apart:
            used = [one for one, _, _ in members]
            others = [one for one in node.args if one not in used]
            return sympy.Add(*others, sympy.factor_terms(numerator) * base**lowest)
    return None


def common_exponential(node: Any) -> Expression | None:
    """c·exp(u) + d·exp(u) = (c + d)·exp(u), when the inner sum has a better form."""
    groups: dict[Any, list[Expression]] = {}
    for one in node.args:
        coefficient, exponent = _coefficient_and_exponent(one)
        if exponent != 0:
            groups.setdefault(exponent, []).append(coefficient)
    for exponent, coefficients in groups.items():
        if len(coefficients) < 2:
            continue
        inner = sympy.Add(*coefficients)
        better = _first_change(inner) if isinstance(inner, sympy.Add) else inner
        if better is not None:
            others = [one for one in node.args if _coefficient_and_exponent(one)[1] != exponent]
            return sympy.Add(*others, better * sympy.exp(exponent))
    return None


# -------------------------------------------------------------------- branches


def join_branch(node: Any) -> Expression | None:
    """exp(u) − [c] = (if c then expm1(u) else exp(u)): the branch joins the exponential, sigmoid or
    square root that it cancels with."""
    for one in node.args:
        coefficient, branch = _iverson_term(one)
        if branch is None:
            continue
        for other in node.args:
            if other is one or not _may_cancel(other):
                continue
            rest = [f for f in node.args if f is not one and f is not other]
            joined = rewrite(other + coefficient)
            if joined != other + coefficient:
                return sympy.Add(*rest, Branch(branch.args[0], joined, other))
    return None


def _iverson_term(term: Any) -> tuple[Expression, Any]:
    factors = sympy.Mul.make_args(term)
    for factor in factors:
        if isinstance(factor, Branch) and factor.args[2] == 0:
            rest = sympy.Mul(*(f for f in factors if f is not factor))
            return rest * factor.args[1], factor
    return ZERO, None


def _may_cancel(term: Any) -> bool:
    return any(
        isinstance(f, (sympy.exp, sigmoid)) for f in sympy.Mul.make_args(term)
    ) and not term.has(Branch)


def fewer_terms(node: Any) -> Expression | None:
    """c·(1 − s) + c·s = c: multiply out where terms cancel, of sums without functions in them."""
    if not all(_is_polynomial(one) for one in node.args):
        return None
    if not any(isinstance(f, sympy.Add) for one in node.args for f in sympy.Mul.make_args(one)):
        return None
    expanded = sympy.expand(node)
    apart = sum(len(sympy.Add.make_args(sympy.expand(one))) for one in node.args)
    if len(sympy.Add.make_args(expanded)) < apart:
        return sympy.factor_terms(expanded)
    return None


def _is_polynomial(term: Any) -> bool:
    return all(
        not node.args
        or isinstance(node, (sympy.Add, sympy.Mul))
        or (isinstance(node, sympy.Pow) and node.exp.is_Integer and abs(node.exp) <= 4)
        for node in sympy.preorder_traversal(term)
    )


def same_condition(node: Any) -> Expression | None:
    """(if c then a else b) + (if c then d else e) = if c then a + d else b + e."""
    seen: dict[Any, Any] = {}
    for one in node.args:
        if not isinstance(one, Branch):
            continue
        if one.args[0] in seen:
            other = seen[one.args[0]]
            rest = [f for f in node.args if f is not one and f is not other]
            arms = (other.args[1] + one.args[1], other.args[2] + one.args[2])
            return sympy.Add(*rest, Branch(one.args[0], *arms))
        seen[one.args[0]] = one
    return None


def sign_of_branch(node: Any) -> Expression | None:
    """if c then −a else 0 = −(if c then a else 0), so that equal branches are seen to be equal."""
    condition, *arms = node.args
    if all(arm == 0 or (not arm.is_number and arm.could_extract_minus_sign()) for arm in arms):
        return -Branch(condition, *(-arm for arm in arms))
    return None


def known_condition(node: Any) -> Expression | None:
    """Within an arm the condition is known: a branch on it again is decided."""
    condition, then, otherwise = node.args
    arms = (_assuming(then, condition, 1), _assuming(otherwise, condition, 2))
    return None if arms == (then, otherwise) else Branch(condition, *arms)


def _assuming(arm: Any, condition: Any, taken: int) -> Any:
    if not arm.has(Branch):
        return arm
    inner = {one: one.args[taken] for one in arm.atoms(Branch) if one.args[0] == condition}
    return arm.xreplace(inner) if inner else arm


RULES: tuple[tuple[Any, tuple[Rule, ...]], ...] = (
    (
        sympy.log,
        (
            log_of_sigmoid,
            log_of_cosh,
            log_of_expm1,
            log_of_exponentials,
            log_of_product,
            log_of_complement,
            log_near_one,
        ),
    ),
    (log1p, (log1p_of_exponential,)),
    (sympy.Mul, (merge_exponentials, merge_powers, quotient_to_sigmoid, product_with_log)),
    (sympy.Pow, (reciprocal_to_sigmoid, power_of_product)),
    (
        sympy.Add,
        (
            difference_to_expm1,
            complement_of_sigmoid,
            complement_of_softplus,
            root_minus_one,
            constant_that_cancels,
            common_power,
            common_exponential,
            fewer_terms,
            join_branch,
            same_condition,
        ),
    ),
    (Branch, (known_condition, sign_of_branch)),
)
"""The rules by the kind of node that they look at, tried in this order."""


def guard_products(
    expression: Any, explosive: Callable[[Any], bool], nonzero: frozenset[Any] = frozenset()
) -> Any:
    """x·exp(u) = if x = 0 then 0 else x·exp(u), and the same for a power with a symbolic exponent:
    where x is zero the product is zero, even if the other factor has overflowed.

    Only for bodies that are not differentiated any more. `explosive` says of a factor that it may
    overflow; `nonzero` holds what branches around have found not to be zero.
    """
    if not getattr(expression, "args", ()) or getattr(expression, "is_Relational", False):
        return expression
    if isinstance(expression, Branch):
        condition, then, otherwise = expression.args
        found = nonzero | {condition.lhs} if _is_zero_test(condition) else nonzero
        arms = (
            guard_products(then, explosive, nonzero),
            guard_products(otherwise, explosive, found),
        )
        return Branch(condition, *arms)
    arguments = [guard_products(one, explosive, nonzero) for one in expression.args]
    rebuilt = expression.func(*arguments) if arguments != list(expression.args) else expression
    if not isinstance(rebuilt, sympy.Mul) or not any(explosive(one) for one in rebuilt.args):
        return rebuilt
    vanishing = [_nonzero_base(f) for f in rebuilt.args if not f.is_nonzero and not explosive(f)]
    vanishing = [one for one in vanishing if one not in nonzero]
    if not vanishing:
        return rebuilt
    return Branch(sympy.Or(*(sympy.Eq(one, 0) for one in vanishing)), ZERO, rebuilt)


def _is_zero_test(condition: Any) -> bool:
    return isinstance(condition, sympy.Eq) and condition.rhs == 0


def _nonzero_base(factor: Any) -> Any:
    """What is zero where the factor is: the base of a positive power."""
    if isinstance(factor, sympy.Pow) and factor.exp.is_number and factor.exp.is_positive:
        return factor.base
    return factor


def sink_conditions(expression: Any) -> Any:
    """Put every factor of Iverson's bracket inside it: `[c]·f` = `if c then f else 0`, so that f is
    not evaluated where c doesn't hold."""
    if not getattr(expression, "args", ()) or expression.is_Relational:
        return expression
    if not expression.has(Branch):
        return expression
    arguments = [sink_conditions(one) for one in expression.args]
    if isinstance(expression, sympy.Mul):
        for number, one in enumerate(arguments):
            if isinstance(one, Branch) and ZERO in one.args[1:]:
                others = arguments[:number] + arguments[number + 1 :]
                arms = [
                    arm if arm == 0 else sink_conditions(sympy.Mul(arm, *others))
                    for arm in one.args[1:]
                ]
                return Branch(one.args[0], *arms)
    return expression.func(*arguments)
