"""What a sum over one index reads: the rows and columns of matrices, of a whole program or of an example."""

from __future__ import annotations

import sympy

from objc.ir.index import BATCH, Index
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Branch, Condition, Expression, IndexValue, Read, disjuncts


def is_plain_sum(let: Let) -> bool:
    return (
        let.reduction == "sum"
        and len(let.over) == 1
        and len(sides_of(let)) == 2
        and not let.domain.is_integer
    )


def example_of(let: Let) -> tuple[Index, ...]:
    """The index of a batch, or of slices, that stands before rows and columns."""
    return let.free[:1] if len(let.free) == 3 else ()


def is_sliced(example: tuple[Index, ...], program: Program) -> bool:
    """Whether matrices are those of examples, or slices of what one example has: where something runs step
    by step, slices may be its steps."""
    if any(index.dimension == BATCH for index in example):
        return True
    return not any(BATCH in one.dimensions for one in program.inputs) and not members(program)


def sides_of(let: Let) -> tuple[Index, ...]:
    """The free indices of a let, but for one of a batch, or of slices, before rows and columns."""
    return let.free[len(example_of(let)) :]


def is_matrix(factor: Expression, let: Let, program: Program) -> bool:
    """Whether a factor is a matrix's entry at two indices, or that of an example's matrix."""
    if not isinstance(factor, Read) or factor.tensor not in {*program.input, *program.let}:
        return False
    is_integer = program.tensor(factor.tensor).domain.is_integer
    return not is_integer and len(set(matrix_indices(factor, let))) == 2


def matrix_indices(read: Read, let: Let) -> tuple[Index, ...]:
    """The two indices at which a let reads a matrix, without that of its example; none if what it reads is
    no matrix, or one of the positions is something else."""
    found = [position.index for position in read.positions]
    example = example_of(let)
    if len(found) == 3 and example and found[0] == example[0]:
        found = found[1:]
    two = tuple(one for one in found if one is not None)
    return two if len(two) == len(found) == 2 else ()


def bare(body: Expression) -> tuple[Expression, tuple[Expression, ...]]:
    """x·y and what it is zero with: `0 if x = 0 else x·y` is a product in which y may be infinite."""
    if isinstance(body, Branch) and body.args[1] == 0:
        tests = disjuncts(body.args[0])
        if all(isinstance(one, sympy.Eq) and one.args[1] == 0 for one in tests):
            return body.args[2], tuple(one.args[0] for one in tests)
    return body, ()


def is_annulled(body: Expression) -> bool:
    return any(bare(addend)[1] for addend in sympy.Add.make_args(body))


def annulled(left: Expression, right: Expression, annuls: tuple[bool, bool]) -> Expression:
    """A product that is zero where one of the factors is that is said to, whatever the other is."""
    zeros = [sympy.Eq(one, 0) for one, does in zip((left, right), annuls, strict=True) if does]
    return Branch(sympy.Or(*zeros), sympy.Integer(0), left * right) if zeros else left * right


def is_place(guard: Condition) -> bool:
    """Whether a guard leaves one place of an index: a sum over few terms."""
    return isinstance(guard, sympy.Eq) and any(isinstance(one, IndexValue) for one in guard.args)
