"""Algebraically equal forms that are stable: the rules, one function each.

Every rule takes a node whose arguments have been rewritten and returns an equal expression or None.
`rewrite` applies them from the leaves up until nothing changes. Conditions on domains are asked of
SymPy's assumptions, which come from the declared domains; where one isn't known to hold the rule
isn't used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import sympy

from objc.atoms import Branch, log1p, stop_gradient
from objc.ir.symbols import Expression
from objc.passes.rewrites.branches import (
    addends_of_an_arm,
    arm_over_its_factor,
    constant_beside_branch,
    decided_by_mask,
    equal_addends,
    join_branch,
    known_condition,
    log_of_branch,
    log_of_held,
    power_of_mask,
    same_cases,
    same_condition,
    same_mask,
    sign_of_branch,
    vanishing_anyway,
)
from objc.passes.rewrites.clamps import (
    complement_of_extreme,
    little_beside_one,
    log_beside_little,
    log_near_one_and_little,
    log_of_extreme,
)
from objc.passes.rewrites.hyperbolic import (
    cancelled_expm1,
    complement_of_erf,
    complement_of_tanh,
    exponentials_to_sinh,
    less_minimum_of_cosh,
    quotient_of_waves,
    quotient_to_tanh,
    reciprocal_of_expm1,
    sigmoids_to_tanh,
    softplus_by_hand,
    softplus_to_log_cosh,
)
from objc.passes.rewrites.logarithms import (
    difference_of_logs,
    log1p_of_exponential,
    log_near_one,
    log_of_complement,
    log_of_cosh,
    log_of_difference,
    log_of_expm1,
    log_of_exponentials,
    log_of_masked,
    log_of_odds,
    log_of_product,
    log_of_ratio,
    log_of_sigmoid,
    log_of_weighted,
    log_to_asinh,
    power_less_one,
    reciprocal_of_exponentials,
)
from objc.passes.rewrites.mixtures import (
    difference_of_sigmoids,
    log_of_guessed,
    log_of_negative_product,
    log_of_part,
    log_of_sigmoids_apart,
    log_of_sinh,
    log_of_softplus,
    log_of_weighted_pair,
    logsumexp_less_greater,
    logsumexp_less_middle,
    weighted_by_exponentials,
)
from objc.passes.rewrites.normal import (
    hazard_less_argument,
    hazard_less_slope,
    hazard_over_excess,
    less_affinity,
    log_of_improvement,
    log_of_interval,
    log_of_tail,
    ratio_to_hazard,
)
from objc.passes.rewrites.odds import log_of_odds_ratio
from objc.passes.rewrites.powers import log_of_power
from objc.passes.rewrites.products import (
    merge_exponentials,
    merge_powers,
    power_beside_its_logarithm,
    power_into_sum,
    power_of_product,
    power_of_reciprocal,
    product_with_log,
    product_with_logs,
    quotient_to_sigmoid,
    reciprocal_to_sigmoid,
    share_of_powers,
    size_from_sign,
)
from objc.passes.rewrites.quadratics import arm_over_divisor, root_less_side
from objc.passes.rewrites.roots import (
    curvature_of_hypot,
    difference_of_powers,
    length_less_side,
    ratio_to_hypot,
    root_minus_one,
    root_of_powers,
    root_of_size,
    root_to_hypot,
    slope_of_hypot,
)
from objc.passes.rewrites.sums import (
    common_denominator,
    common_exponential,
    common_power,
    complement_of_sigmoid,
    complement_of_softplus,
    constant_of_branch,
    constant_that_cancels,
    difference_to_expm1,
    fewer_terms,
    part_of_ratio,
    part_times_exponential,
    power_of_sigmoid_less_one,
    products_by_corners,
)

Rule = Callable[[Any], Expression | None]


def rewrite(expression: Expression, *, keep_stop: bool = True) -> Expression:
    """The stable form of an expression. With `keep_stop` False, stop_gradient is dropped: after
    differentiation it has done its work."""
    return _rewriters.of[keep_stop].of(expression)


_MOST_KNOWN = 100_000
"""Forms that are kept: those of a thousand losses, in a few megabytes."""


class _Rewriter:
    """Forms depend on nothing but the expression: those of one sum are those of the next, and what a rule
    made has itself for its form."""

    def __init__(self, keep_stop: bool) -> None:
        self._known: dict[Any, Any] = {}
        self._depth = 0
        self._keep_stop = keep_stop

    def of(self, node: Any) -> Any:
        if not getattr(node, "args", ()):
            return node
        known = self._known.get(node)
        if known is None:
            if not self._depth and len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._depth += 1
            try:
                known = self._known[node] = self._of(node)
            finally:
                self._depth -= 1
        return known

    def _of(self, node: Any) -> Any:
        arguments = [self.of(one) for one in node.args]
        if isinstance(node, stop_gradient) and not self._keep_stop:
            return arguments[0]
        if list(node.args) != arguments:
            node = node.func(*arguments)
        for _ in range(8):
            changed = _first_change(node)
            if changed is None:
                self._known[node] = node
                return node
            if not getattr(changed, "args", ()):
                return changed
            # What a rule made may hold new redexes below its top.
            inner = [self.of(one) if one not in node.args else one for one in changed.args]
            node = changed.func(*inner) if inner != list(changed.args) else changed
        return node


class _Rewriters(threading.local):
    """Those of a thread, by what they do with stop_gradient."""

    def __init__(self) -> None:
        self.of = {keep_stop: _Rewriter(keep_stop) for keep_stop in (True, False)}


_rewriters = _Rewriters()


def _first_change(node: Any) -> Any:
    for kind, rules in RULES:
        if isinstance(node, kind):
            for rule in rules:
                changed = rule(node)
                if changed is not None and changed != node:
                    return changed
    return None


_COMPLEMENTS = difference_to_expm1, complement_of_sigmoid, complement_of_tanh, complement_of_erf
RULES: tuple[tuple[Any, tuple[Rule, ...]], ...] = (
    (
        sympy.log,
        (
            log_of_branch,
            log_of_masked,
            log_of_held,
            log_of_sigmoid,
            log_of_cosh,
            log_of_expm1,
            log_of_difference,
            log_of_improvement,
            log_of_tail,
            log_of_interval,
            log_of_sigmoids_apart,
            log_of_sinh,
            log_of_softplus,
            log_of_negative_product,
            lambda node: log_of_weighted_pair(node, rewrite),
            log_of_guessed,
            log_of_extreme,
            log_beside_little,
            log_of_exponentials,
            log_of_ratio,
            log_of_odds,
            log_to_asinh,
            log_of_odds_ratio,
            log_of_product,
            lambda node: log_of_complement(node, rewrite),
            log_near_one,
            log_near_one_and_little,
            log_of_weighted,
            log_of_power,
            log_of_part,
        ),
    ),
    (log1p, (log1p_of_exponential,)),
    (
        sympy.Mul,
        (
            same_mask,
            decided_by_mask,
            same_cases,
            arm_over_its_factor,
            arm_over_divisor,
            merge_exponentials,
            merge_powers,
            power_into_sum,
            power_beside_its_logarithm,
            share_of_powers,
            quotient_to_sigmoid,
            quotient_to_tanh,
            quotient_of_waves,
            weighted_by_exponentials,
            cancelled_expm1,
            ratio_to_hypot,
            ratio_to_hazard,
            size_from_sign,
            product_with_log,
            product_with_logs,
        ),
    ),
    (
        sympy.Pow,
        (
            power_of_mask,
            reciprocal_to_sigmoid,
            reciprocal_of_exponentials,
            power_of_product,
            power_of_reciprocal,
            root_of_powers,
            root_of_size,
            root_to_hypot,
        ),
    ),
    (
        sympy.Add,
        (
            less_minimum_of_cosh,
            less_affinity,
            difference_to_expm1,
            exponentials_to_sinh,
            sigmoids_to_tanh,
            difference_of_sigmoids,
            logsumexp_less_greater,
            logsumexp_less_middle,
            products_by_corners,
            complement_of_sigmoid,
            power_of_sigmoid_less_one,
            complement_of_extreme,
            complement_of_tanh,
            complement_of_erf,
            lambda node: little_beside_one(node, _COMPLEMENTS),
            reciprocal_of_expm1,
            hazard_less_argument,
            hazard_less_slope,
            hazard_over_excess,
            softplus_by_hand,
            softplus_to_log_cosh,
            complement_of_softplus,
            root_minus_one,
            curvature_of_hypot,
            slope_of_hypot,
            length_less_side,
            root_less_side,
            difference_of_powers,
            difference_of_logs,
            power_less_one,
            constant_of_branch,
            lambda node: constant_beside_branch(node, rewrite),
            constant_that_cancels,
            common_power,
            common_denominator,
            lambda node: common_exponential(node, rewrite),
            fewer_terms,
            part_times_exponential,
            part_of_ratio,
            lambda node: join_branch(node, rewrite),
            same_condition,
            addends_of_an_arm,
        ),
    ),
    (Branch, (known_condition, vanishing_anyway, sign_of_branch)),
    (sympy.core.relational.Relational, (equal_addends,)),
)
"""The rules by the kind of node that they look at, tried in this order."""
