"""Branches: what joins them, what their conditions decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from objc.atoms import Branch, expm1, sigmoid, softplus, stop_gradient
from objc.ir.parts import found_in
from objc.ir.symbols import Expression, Read
from objc.passes.delta import told_by
from objc.passes.rewrites.forms import ONE, ZERO, Rewrite


def join_branch(node: Any, rewrite: Rewrite) -> Expression | None:
    """exp(u) − [c] = (if c then expm1(u) else exp(u)): the branch joins the exponential, sigmoid or
    square root that it cancels with; under a mask d, [d]·exp(u) − [c] the same where d holds."""
    for one in node.args:
        coefficient, branch = _iverson_term(one)
        if branch is None:
            continue
        for whole in node.args:
            if whole is one:
                continue
            other = whole
            masked, mask = _iverson_term(other)
            if mask is None:
                if not any(isinstance(f, _CANCELLED) for f in sympy.Mul.make_args(other)):
                    continue
                masked, other = (_where(other, branch.args[0], arm) for arm in (1, 2))
            if not _may_cancel(masked):
                continue
            joined = rewrite(masked + coefficient)
            if joined == masked + coefficient:
                continue
            rest = [f for f in node.args if f is not one and f is not whole]
            return sympy.Add(*rest, _joined(branch, joined, other, coefficient, masked, mask))
        shared = _join_two(node, one, coefficient, branch, rewrite)
        if shared is not None:
            return shared
    return None


def _join_two(
    node: Any, one: Any, coefficient: Any, branch: Any, rewrite: Rewrite
) -> Expression | None:
    """c·exp(u) + d·exp(v) − (c + d)·[b], as of scores that are compared along rows and along columns: either
    exponential cancels with its own part."""
    own = [(term, _weight(term)) for term in node.args if term is not one]
    pairs = [(term, weight) for term, weight in own if weight is not None]
    for place, (first, c) in enumerate(pairs):
        for second, d in pairs[place + 1 :]:
            if c + d + coefficient != 0:
                continue
            cases = [(first, rewrite(first - c)), (second, rewrite(second - d))]
            if any(joined.func is sympy.Add for _, joined in cases):
                continue
            rest = [f for f in node.args if f not in (one, first, second)]
            joined = (Branch(branch.args[0], near, term) for term, near in cases)
            return sympy.Add(*rest, *joined)
    return None


def _weight(term: Any) -> Expression | None:
    """What an exponential is multiplied with."""
    factors = sympy.Mul.make_args(term)
    rest = [one for one in factors if not isinstance(one, sympy.exp)]
    if len(rest) + 1 != len(factors) or term.has(Branch):
        return None
    return sympy.Mul(*rest)


def _where(term: Any, condition: Any, arm: int) -> Any:
    """A term with the arm of every branch under this condition: a margin that the label alone has."""
    cases = {one: one.args[arm] for one in found_in(term, Branch) if one.args[0] == condition}
    return term.xreplace(cases) if cases else term


def _joined(
    branch: Any, joined: Any, other: Any, coefficient: Any, masked: Any, mask: Any
) -> Expression:
    """What joined where the branch's condition holds, the other term elsewhere; the mask outermost."""
    condition = branch.args[0]
    if mask is None:
        return Branch(condition, joined, other)
    parts = sympy.And.make_args(condition)
    if mask.args[0] not in parts:
        return Branch(condition, Branch(mask.args[0], joined, coefficient), other)
    inner = sympy.And(*(part for part in parts if part != mask.args[0]))
    return Branch(mask.args[0], Branch(inner, joined, masked), ZERO)


def _iverson_term(term: Any) -> tuple[Expression, Any]:
    factors = sympy.Mul.make_args(term)
    for factor in factors:
        if isinstance(factor, Branch) and factor.args[2] == 0:
            rest = sympy.Mul(*(f for f in factors if f is not factor))
            return rest * factor.args[1], factor
    return ZERO, None


_CANCELLED = (sympy.exp, sigmoid, sympy.Pow, Branch)
"""Of other factors nothing that may cancel comes by taking an arm."""


def _may_cancel(term: Any) -> bool:
    return any(
        isinstance(f, (sympy.exp, sigmoid)) for f in sympy.Mul.make_args(term)
    ) and not term.has(Branch)


def log_of_branch(node: Any) -> Expression | None:
    """log(x·(if c then a else b) + y) = if c then log(x·a + y) else log(x·b + y) where an arm vanishes as an
    exponential does, of which the logarithm does not: a probability by cases of the label. (What an arm
    leaves out is `log_of_masked`'s.)"""
    (argument,) = node.args
    cases = (one for one in _branches_beside(argument) if ZERO not in one.args[1:])
    branch = next(filter(_vanishes, cases), None)
    if branch is None:
        return None
    return Branch(branch.args[0], *(sympy.log(one) for one in _both_arms(argument, branch)))


def log_of_held(node: Any) -> Expression | None:
    """The logarithm of what is held, held: so it has the forms of one."""
    (argument,) = node.args
    if isinstance(argument, stop_gradient) and argument.has(*_VANISHING):
        return stop_gradient(sympy.log(argument.args[0]))
    return None


def constant_beside_branch(node: Any, rewrite: Rewrite) -> Expression | None:
    """1 − (if c then a else b) = if c then 1 − a else 1 − b, where one of them has a form of its own, or may
    come to have one as a power less one."""
    number, rest = node.as_coeff_Add()
    if number == 0 or isinstance(rest, sympy.Add):
        return None
    branch = next(filter(_vanishes, _branches_beside(rest)), None)
    if branch is None:
        return None
    arms = _both_arms(node, branch)
    powers = (one.as_base_exp() for one in sympy.Mul.make_args(rest))
    is_power = any(base == branch and exponent != 1 for base, exponent in powers)
    if not is_power and all(rewrite(one) == one for one in arms):
        return None
    return Branch(branch.args[0], *arms)


def same_cases(node: Any) -> Expression | None:
    """(if c then a else b)ⁿ·(if c then d else e) = if c then aⁿ·d else bⁿ·e where an arm vanishes as an
    exponential does and none is zero: a power of a probability stands beside its logarithm."""
    seen: dict[Any, Any] = {}
    for one in node.args:
        branch, power = one.as_base_exp()
        if not isinstance(branch, Branch) or ZERO in branch.args[1:]:
            continue
        condition = branch.args[0]
        if condition in seen and (_vanishes(branch) or _vanishes(seen[condition].as_base_exp()[0])):
            other = seen[condition]
            first, times = other.as_base_exp()
            rest = [f for f in node.args if f is not one and f is not other]
            arms = (
                before**times * after**power
                for before, after in zip(first.args[1:], branch.args[1:], strict=True)
            )
            return sympy.Mul(*rest, Branch(condition, *arms))
        seen.setdefault(condition, one)
    return None


def _vanishes(branch: Any) -> bool:
    return any(arm.has(*_VANISHING) for arm in branch.args[1:])


_VANISHING = (sympy.exp, sigmoid, expm1, sympy.erf, sympy.erfc, softplus)


def _branches_beside(node: Any) -> Iterator[Any]:
    """The branches among the factors of the addends of an expression, and in powers of these."""
    if isinstance(node, Branch):
        yield node
    elif isinstance(node, sympy.Add | sympy.Mul | sympy.Pow):
        for one in node.args:
            yield from _branches_beside(one)


def _both_arms(node: Any, branch: Any) -> tuple[Any, ...]:
    """An expression with the one and the other arm of every branch of this condition beside its addends."""
    same = [one for one in _branches_beside(node) if one.args[0] == branch.args[0]]
    return tuple(node.xreplace({one: one.args[arm] for one in same}) for arm in (1, 2))


def addends_of_an_arm(node: Any) -> Expression | None:
    """c·(if … then x + y else b) − c·x = c·(if … then y else b − x): what cancels in one of the arms is
    taken into all."""
    for one in node.args:
        coefficient, branch = one.as_coeff_Mul()
        if not isinstance(branch, Branch):
            continue
        inside = {-coefficient * part for arm in _arms(branch) for part in _addends(arm)}
        taken = [other for other in node.args if other in inside]
        if taken:
            rest = [other for other in node.args if other is not one and other not in taken]
            more = sympy.Add(*taken) / coefficient
            return sympy.Add(*rest, coefficient * _with_addend(branch, more))
    return None


def _addends(arm: Any) -> tuple[Any, ...]:
    return arm.args if isinstance(arm, sympy.Add) else ()


def _arms(branch: Any) -> Iterator[Any]:
    for arm in branch.args[1:]:
        yield from _arms(arm) if isinstance(arm, Branch) else (arm,)


def _with_addend(branch: Any, more: Any) -> Expression:
    condition, *arms = branch.args
    return Branch(
        condition,
        *(_with_addend(one, more) if isinstance(one, Branch) else one + more for one in arms),
    )


def same_condition(node: Any) -> Expression | None:
    """x·(if c then a else b) + y·(if c then d else e) = if c then x·a + y·d else x·b + y·e."""
    seen: dict[Any, tuple[Any, Any, Any]] = {}
    for one in node.args:
        coefficient, branch = _coefficient_and_branch(one)
        if branch is None:
            continue
        if branch.args[0] in seen:
            whole, other, first = seen[branch.args[0]]
            rest = [f for f in node.args if f is not one and f is not whole]
            common = coefficient if coefficient == other else ONE
            coefficient, other = coefficient / common, other / common
            arms = (
                other * before + coefficient * after
                for before, after in zip(first.args[1:], branch.args[1:], strict=True)
            )
            return sympy.Add(*rest, common * Branch(branch.args[0], *arms))
        seen[branch.args[0]] = one, coefficient, branch
    return None


def _coefficient_and_branch(term: Any) -> tuple[Expression, Any]:
    """What the only branch among the factors of a term is multiplied by, and the branch."""
    factors = sympy.Mul.make_args(term)
    branches = [one for one in factors if isinstance(one, Branch)]
    if len(branches) != 1:
        return term, None
    return sympy.Mul(*(one for one in factors if one is not branches[0])), branches[0]


def same_mask(node: Any) -> Expression | None:
    """(if c then a else 0)·(if c then b else 0) = if c then a·b else 0."""
    seen: dict[Any, Any] = {}
    for one in node.args:
        if not isinstance(one, Branch) or one.args[2] != 0:
            continue
        condition, arm, _ = one.args
        if condition in seen:
            other = seen[condition]
            rest = [f for f in node.args if f is not one and f is not other]
            return sympy.Mul(*rest, Branch(condition, other.args[1] * arm, ZERO))
        seen[condition] = one
    return None


def decided_by_mask(node: Any) -> Expression | None:
    """(if c then a else 0)·(if not c then b else d) = if c then a·d else 0: within a mask its condition is
    known to the branches beside it."""
    for mask in node.args:
        if not isinstance(mask, Branch) or mask.args[2] != 0:
            continue
        condition, arm, _ = mask.args
        told = told_by(condition)
        others = [one for one in node.args if one is not mask]
        decided = [one for one in others if any(b.args[0] in told for b in found_in(one, Branch))]
        if decided:
            rest = [one for one in others if one not in decided]
            inside = sympy.Mul(arm, *(one.xreplace(told) for one in decided))
            return sympy.Mul(*rest, Branch(condition, inside, ZERO))
    return None


def power_of_mask(node: Any) -> Expression | None:
    """(if c then a else 0)ⁿ = if c then aⁿ else 0 for n > 0."""
    if not isinstance(node.base, Branch) or node.base.args[2] != 0:
        return None
    condition, arm, _ = node.base.args
    return Branch(condition, arm**node.exp, ZERO) if node.exp.is_positive else None


def sign_of_branch(node: Any) -> Expression | None:
    """if c then −a else 0 = −(if c then a else 0), so that equal branches are seen to be equal."""
    condition, *arms = node.args
    if all(arm == 0 or _is_negative(arm) for arm in arms):
        return -Branch(condition, *(-arm for arm in arms))
    return None


def _is_negative(arm: Any) -> bool:
    """SymPy's could_extract_minus_sign may say yes to a sum and to its negative: neither is then."""
    if arm.is_number or not arm.could_extract_minus_sign():
        return False
    return not (-arm).could_extract_minus_sign()


def known_condition(node: Any) -> Expression | None:
    """Within an arm the condition is known: a branch on it again is decided, and one on its opposite, or on
    what else it says of an order, where neither holds of what is no number. Around it nothing is asked that
    it says."""
    condition, then, otherwise = node.args
    again = isinstance(then, Branch) and then.args[2] == otherwise
    if again and _told(then.args[0], 1).get(condition) == sympy.true:
        return then
    arms = (_assuming(then, condition, 1), _assuming(otherwise, condition, 2))
    return None if arms == (then, otherwise) else Branch(condition, *arms)


def _assuming(arm: Any, condition: Any, taken: int) -> Any:
    if not arm.has(Branch):
        return arm
    told = _told(condition, taken)
    inner = {}
    for one in arm.atoms(Branch):
        if one.args[0] in told:
            inner[one] = one.args[1 if told[one.args[0]] == sympy.true else 2]
    return arm.xreplace(inner) if inner else arm


def _told(condition: Any, taken: int) -> dict[Any, Any]:
    """What is known where a condition holds, or where it does not."""
    known = {condition: sympy.true if taken == 1 else sympy.false}
    if taken == 1:
        return known | told_by(condition)
    is_equality = isinstance(condition, sympy.Eq | sympy.Ne)
    return known | told_by(sympy.Not(condition)) if is_equality else known


def equal_addends(node: Any) -> Any:
    """a + c < b + c is a < b: adding would round what is compared, and make ties. What is compared
    is finite."""
    left, right = (sympy.Add.make_args(side) for side in node.args)
    common = [one for one in left if one in right]
    if not common or len(left) + len(right) == 2:
        return None
    sides = (sympy.Add(*(one for one in side if one not in common)) for side in (left, right))
    return node.func(*sides)


def vanishing_anyway(node: Any) -> Expression | None:
    """if x > 0 then c·x else 0 = c·x for x ≥ 0, where c is finite."""
    condition, then, otherwise = node.args
    if otherwise != 0 or not isinstance(condition, sympy.StrictGreaterThan) or condition.rhs != 0:
        return None
    x, factors = condition.lhs, sympy.Mul.make_args(then)
    rest = [one for one in factors if one is not x]
    finite = all(isinstance(one, Read) or one.is_number for one in rest)
    return then if x in factors and x.is_nonnegative and finite else None


def arm_over_its_factor(node: Any) -> Expression | None:
    """(if u then 0 else b·e)/b = (if u then 0 else e), and x·(if x = 0 then 0 else c) = c·x."""
    for branch in node.args:
        if not isinstance(branch, Branch) or branch.args[1] != 0:
            continue
        condition, _, arm = branch.args
        powers = arm.as_powers_dict()
        for other in node.args:
            base, exponent = other.as_base_exp()
            rest = [one for one in node.args if one is not branch and one is not other]
            both = (-exponent, powers.get(base, ZERO))
            times = min(both) if all(one.is_Rational for one in both) else ZERO
            if base.is_positive and times.is_positive:
                less = Branch(condition, ZERO, arm * base**-times)
                return sympy.Mul(*rest, less, other * base**times)
            if arm.is_number and condition == sympy.Eq(other, 0):
                return sympy.Mul(*rest, arm * other)
    return None
