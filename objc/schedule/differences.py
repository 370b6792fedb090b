"""Sums of differences of two matrices: squared distances of their rows, Σ (x − y)², and what is weighed of
differences from one row, Σ w·(y − x), which are the slopes of what distances are made into. The differences
keep the digits that |x|² + |y|² − 2x·y loses.

What is divided by a distance is multiplied by its inverse where that is in range; what a condition on pairs
says to be far has a sum of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import quotient
from objc.ir.index import Index
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Branch, Condition, Expression, Read, conjuncts, indices_of
from objc.schedule.loops import Terms
from objc.schedule.matrices import (
    bare,
    example_of,
    is_matrix,
    is_place,
    is_plain_sum,
    matrix_indices,
    sides_of,
)


def differences_of(program: Program) -> Mapping[str, Let]:
    """The lets that are differences of two entries, and no results."""
    results = {*program.outputs.values(), *members(program), *program.gathered}
    return {
        let.name: let
        for let in program.lets
        if let.reduction is None and let.name not in results and ends_of(let.body) is not None
    }


def ends_of(difference: Any) -> tuple[Read, Read] | None:
    """x and y of x − y."""
    if not isinstance(difference, sympy.Add) or len(difference.args) != 2:
        return None
    for one, other in (difference.args, difference.args[::-1]):
        if isinstance(one, Read) and isinstance(-other, Read):
            return one, -other
    return None


@dataclass(frozen=True)
class Apart:
    """A sum's terms as constant·weight·(y − x), or constant·(x − y)² without a weight; what of the guard
    leaves out terms, and what whole sums."""

    constant: Expression
    weight: Expression | None
    difference: Expression
    inside: Condition
    outside: Condition


def apart_of(let: Let, program: Program) -> Apart | None:
    if not is_plain_sum(let) or any(map(is_place, conjuncts(let.guard))):
        return None
    over, first, example = let.over[0], sides_of(let)[0], example_of(let)
    inside = [one for one in conjuncts(let.guard) if over in indices_of(one)]
    outside = [one for one in conjuncts(let.guard) if one not in inside]
    constant, weight, differences = [], [], []
    for factor in sympy.Mul.make_args(let.body):
        squared = factor.is_Pow and factor.exp == 2
        ends = ends_of(factor.base if squared else factor)
        if ends is not None and indices_of(factor).difference(example) == {*sides_of(let), over}:
            differences.append((ends, squared))
        elif over in indices_of(factor) or (inside and not factor.is_number):
            # Where a guard leaves nothing, nothing times what stands before the sum may be no number.
            weight.append(factor)
        else:
            constant.append(factor)
    if len(differences) != 1:
        return None
    (ends, squared), whole = differences[0], sympy.Mul(*constant)
    if not all(is_matrix(one, let, program) for one in ends):
        return None
    if squared:
        if weight or inside or not all(over in indices_of(one) for one in ends):
            return None
        return Apart(whole, None, (ends[0] - ends[1]) ** 2, sympy.true, sympy.And(*outside))
    weights, guard = sympy.Mul(*weight), sympy.And(*inside)
    moving = [one for one in ends if over in indices_of(one)]
    beside = (indices_of(weights) | indices_of(guard)).difference(example)
    if len(moving) != 1 or first in indices_of(moving[0]) or not beside <= {first, over}:
        return None
    origin = ends[ends[0] == moving[0]]
    sign = 1 if moving[0] == ends[0] else -1
    return Apart(sign * whole, weights, moving[0] - origin, guard, sympy.And(*outside))


@dataclass(frozen=True)
class Parts:
    """A sum in two: near terms, which may be differences with weights, and the few that a condition says to
    be far."""

    near: Let
    far: Let
    condition: Condition


def parted(let: Let) -> Parts | None:
    """The parts of a sum of terms that are one or the other, as the indices of pairs say; or of differences
    that are divided, by a distance for one: where the inverse is in any type's range, they are multiplied
    by it."""
    if isinstance(let.body, Branch):
        condition, near, far = let.body.args
        if let.free and let.free[-1] not in indices_of(condition) and far != 0:
            # The opposite of a comparison with what is no number does not hold either.
            not_near = sympy.Ne(Branch(condition, sympy.Integer(1), sympy.Integer(0)), 1)
            return Parts(replace(let, body=near), replace(let, body=far), not_near)
    for factor in sympy.Mul.make_args(let.body):
        if isinstance(factor, quotient) and ends_of(factor.args[0]) is not None:
            difference, divisor = factor.args
            far = sympy.Or(abs(divisor) < 1 / _REACH, abs(divisor) > _REACH)
            return Parts(replace(let, body=let.body / factor * difference / divisor), let, far)
    return None


_REACH = sympy.Integer(2) ** 24
"""A number of this size, or its inverse, has a product with any factor of usual size in float32."""


def terms_of_differences(let: Let) -> Terms | None:
    """The terms of a sum of differences of two matrices, as far as its body says."""
    if not is_plain_sum(let):
        return None
    (first, second), over, (body, zeros) = sides_of(let), let.over[0], bare(let.body)
    if body.is_Pow and body.exp == 2 and not zeros:
        for one, other in itertools.permutations(ends_of(body.base) or (), 2):
            if _stand(let, (one, first, over), (other, second, over)):
                return Terms(one, other, is_distance=True)
    for weight, difference in itertools.permutations(body.args if body.is_Mul else (), 2):
        right, origin = ends_of(difference) or (weight, weight)
        places = (weight, first, over), (right, over, second), (origin, first, second)
        alone = len(body.args) == 2 and set(zeros) <= {weight}
        if alone and isinstance(weight, Read) and _stand(let, *places):
            return Terms(weight, right, origin)
    return None


def _stand(let: Let, *places: tuple[Read, Index, Index]) -> bool:
    """Whether each read stands at its two indices."""
    return all(set(matrix_indices(read, let)) == {one, other} for read, one, other in places)
