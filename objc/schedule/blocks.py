"""Matrix products among the lets of a loop: which there are, and the loop in blocks around them.

A sum of products of two matrices costs a processor a tenth of its time as a product of blocks than
entry by entry. So the rows of a loop are taken in blocks: a product for the rows of a block, the loops
over its rows in between, and the products that its adjoints are part of. The matrices are those of a
whole program or, within the loop over a batch, of an example: then the batch stands before the rows and
columns of the product, and of those factors that examples do not share. Squared distances and sums of
differences (`differences`) are made as products are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import sympy

from objc.ir.domain import REAL
from objc.ir.index import Index
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Branch,
    Condition,
    Expression,
    IndexValue,
    Read,
    conjuncts,
    indices_of,
    reads,
    substitute_positions,
)
from objc.schedule.differences import apart_of, differences_of, parted, terms_of_differences
from objc.schedule.loops import Terms
from objc.schedule.matrices import (
    annulled,
    bare,
    example_of,
    is_annulled,
    is_matrix,
    is_place,
    is_plain_sum,
    is_sliced,
    matrix_indices,
    sides_of,
)
from objc.schedule.order import Plan
from objc.schedule.recompute import with_bodies


class Products(Enum):
    """The sums that are products of matrices: none, those of any factors, or those too of which a zero or a
    guard annuls terms whose other factor is no number; or all these, and those of each example of a batch."""

    NONE = 0
    PLAIN = 1
    ALL = 2
    EACH = 3

    def takes(self, let: Let, program: Program) -> bool:
        """Whether a let may be a product of matrices, as far as its body and its axes say."""
        if self == Products.PLAIN:
            guarded = let.guard != sympy.true and not _is_difference(let.guard)
            plain = not guarded and not is_annulled(let.body) and terms_of_differences(let) is None
            return len(let.free) == 2 and plain
        each = self == Products.EACH and is_sliced(example_of(let), program)
        return len(let.free) == 2 or each


@dataclass(frozen=True)
class Factors:
    """The terms of a matrix product; what is summed, and of that what is left out; and the index of which
    blocks are taken."""

    terms: Terms
    over: Index
    guard: Condition
    rows: Index


def with_products(program: Program, products: Products = Products.ALL) -> Program:
    """Sums of f(i, d)·g(j, d) as products of matrices, and those of differences: what is no matrix yet
    becomes a let, and so does what every term of a sum is multiplied by, and each product of a sum of
    several."""
    writer = _Writer(program, products)
    stepping = members(program)  # they run step by step, whatever they are
    for let in program.lets:
        kept = let.name in stepping or not products.takes(let, program)
        if kept or _is_product(let, program) or not writer.write(let):
            writer.lets.append(let)
    # A difference that products make of its parts is not made for what is left of its readers.
    apart = {name: writer.differences[name] for name in writer.opened}
    lets = (with_bodies(let, apart) for let in writer.lets if let.name not in apart)
    return program.with_lets(lets)


class _Writer:
    """Writes the lets of a program anew, with products among them."""

    def __init__(self, program: Program, products: Products) -> None:
        self.program = program
        self.of_factors = products == Products.PLAIN
        self.differences = {} if self.of_factors else differences_of(program)
        self.opened: set[str] = set()
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[tuple[Expression, frozenset[Index]], Let] = {}

    def write(self, let: Let) -> bool:
        """Write a let as products, if it can be."""
        found = _split(let, self.program)
        if found is not None:
            self._product(let, found)
            return True
        if not self.of_factors and self._differing(let):
            return True
        bodies = _grouped(let, self.program)
        if len(bodies) < 2:
            return bool(bodies) and self.write(replace(let, body=bodies[0]))
        total = sympy.Integer(0)
        for body in bodies:
            one = replace(let, name=self.names.fresh(f"part_{let.name}"), body=body, domain=REAL)
            if not self.write(one):
                self.lets.append(one)
            total += one.read(*one.free)
        self.lets.append(_pointwise(let, total))
        return True

    def _product(self, let: Let, found: _Split) -> None:
        left, right = (
            factor if is_matrix(factor, let, self.program) else self._matrix(let, factor, free)
            for factor, free in zip((found.left, found.right), sides_of(let), strict=True)
        )
        body = annulled(left, right, found.annuls)
        whole = found.outside == sympy.true and found.vanishes == sympy.false
        if found.constant == 1 and whole:
            self.lets.append(replace(let, body=body))
            return
        inner = self._inner(let, body, found.inside)
        total = inner.read(*let.free)
        body = found.constant * total
        if any(found.annuls) and found.constant != 1:
            body = Branch(sympy.Eq(total, 0), sympy.Integer(0), body)
        body = Branch(found.vanishes, sympy.Integer(0), body)
        body = Branch(found.outside, body, sympy.Integer(0))
        self.lets.append(_pointwise(let, body))

    def _inner(self, let: Let, body: Expression, guard: Condition) -> Let:
        """A product as a let of its own, of which another let is made."""
        name = self.names.fresh(f"product_{let.name}")
        inner = replace(let, name=name, body=body, guard=guard, domain=REAL)
        self.lets.append(inner)
        return inner

    def _differing(self, let: Let, apart: Condition = sympy.false) -> bool:
        """Write a let as a sum of differences of two matrices, if it is one, but for terms that stand
        `apart`."""
        plain = with_bodies(let, self.differences)
        parts = parted(plain)
        if parts is not None and self._is_sum(parts.near):
            guard = sympy.And(parts.far.guard, parts.condition, sympy.Not(apart))
            near = replace(parts.near, name=self.names.fresh(f"part_{let.name}"), domain=REAL)
            far = replace(
                parts.far, name=self.names.fresh(f"part_{let.name}"), domain=REAL, guard=guard
            )
            self._differing(near, sympy.Or(apart, parts.condition))
            total = near.read(*near.free) + far.read(*far.free)
            self.lets += [far, _pointwise(let, total)]
            self.opened |= {read.tensor for read in let.reads} & set(self.differences)
            return True
        found = apart_of(plain, self.program)
        if found is None:
            return False
        self.opened |= {read.tensor for read in let.reads} & set(self.differences)
        body = found.difference
        if found.weight is not None:
            guarded = found.inside != sympy.true or apart != sympy.false
            # What is no number is not apart, whatever is asked of it.
            weight = Branch(apart, sympy.Integer(0), found.weight)
            weight = Branch(found.inside, weight, sympy.Integer(0))
            if not is_matrix(weight, let, self.program):
                weight = self._matrix(let, weight, sides_of(let)[0])
            body = annulled(weight, body, (guarded, False))
        if found.constant == 1 and found.outside == sympy.true:
            self.lets.append(replace(let, body=body, guard=sympy.true))
            return True
        total = self._inner(let, body, sympy.true).read(*let.free)
        whole = Branch(found.outside, found.constant * total, sympy.Integer(0))
        self.lets.append(_pointwise(let, whole))
        return True

    def _is_sum(self, let: Let) -> bool:
        """Whether a let is a sum of differences with weights, or has a part that is one."""
        parts = parted(let)
        if parts is not None:
            return self._is_sum(parts.near)
        found = apart_of(let, self.program)
        return found is not None and found.weight is not None

    def _matrix(self, let: Let, factor: Expression, free: Index) -> Read:
        """A factor as a let of its own: of each example, or of none."""
        key = factor, frozenset((free, *let.over))
        if key not in self.made:
            name = self.names.fresh(f"factor_{let.name}")
            example = [one for one in example_of(let) if one in indices_of(factor)]
            axes = (*example, *_as_read(factor, (free, *let.over), let))
            self.made[key] = Let(name, axes, factor)
            self.lets.append(self.made[key])
        return self.made[key].read(*self.made[key].free)


def _pointwise(let: Let, body: Expression) -> Let:
    return replace(let, body=body, reduction=None, over=(), guard=sympy.true)


def _grouped(let: Let, program: Program) -> list[Expression]:
    """The terms of a sum of products, those with one right factor together; none where one of them is
    no product."""
    found: dict[tuple[Expression, ...], Expression] = {}
    for addend in sympy.Add.make_args(let.body) if is_plain_sum(let) else ():
        split = _split(replace(let, body=addend), program)
        if split is None or not split.constant.is_number:
            return []
        alone = (split.left,) if split.annuls[0] else ()  # a sum is not zero where one of it is
        key = split.right, sympy.true if split.annuls[1] else sympy.false, *alone
        found[key] = found.get(key, 0) + split.constant * split.left
    return [
        annulled(left, right, (bool(alone), annuls == sympy.true))
        for (right, annuls, *alone), left in found.items()
    ]


def _as_read(factor: Expression, free: tuple[Index, ...], let: Let) -> tuple[Index, ...]:
    """The order of a factor's indices in which what it reads is made, so that it is made there."""
    orders = [matrix_indices(read, let) for read in reads(factor)]
    return free[::-1] if free[::-1] in orders and free not in orders else free


@dataclass(frozen=True)
class _Split:
    """A sum's terms as constant·left·right, the factors over the first and the second free index, and
    whether each annuls a term where it is zero; what of the guard leaves out terms, and what whole sums;
    and where a whole sum is zero, whatever its terms are."""

    constant: Expression
    left: Expression
    right: Expression
    annuls: tuple[bool, bool]
    inside: Condition
    outside: Condition
    vanishes: Condition


def _split(let: Let, program: Program) -> _Split | None:
    if not is_plain_sum(let) or any(map(is_place, conjuncts(let.guard))):
        return None
    vanishes: Condition = sympy.false
    if isinstance(let.body, Branch) and let.body.args[1] == 0:
        condition, _, otherwise = let.body.args
        if let.over[0] not in indices_of(condition):
            vanishes, let = condition, replace(let, body=otherwise)
    body, zeros = bare(let.body)
    let = replace(let, body=body)
    example = example_of(let)
    first, second = ({free, let.over[0]} for free in sides_of(let))
    constant, left, right = [], [], []
    for factor in _factors(let):
        indices = indices_of(factor).difference(example)
        if let.over[0] not in indices:
            constant.append(factor)
        elif indices <= first:
            left.append(factor)
        elif indices <= second:
            right.append(factor)
        else:
            return None
    sides = [sympy.Mul(*left), sympy.Mul(*right)]
    if any(
        indices_of(one).difference(example) != side
        for one, side in zip(sides, (first, second), strict=True)
    ):
        return None
    within = [one for one in conjuncts(let.guard) if let.over[0] in indices_of(one)]
    outside = [one for one in conjuncts(let.guard) if one not in within]
    parts: tuple[list[Condition], list[Condition]] = [], []
    for part in within:
        inside = [indices_of(part).difference(example) <= side for side in (first, second)]
        if not any(inside):
            return None
        parts[inside.index(True)].append(part)
    guarded = [side for side in (0, 1) if parts[side]]
    for factor in [one for one in constant if guarded and not one.is_number]:
        # Where a guard leaves nothing, nothing times what stands before the sum may be no number.
        indices = indices_of(factor).difference(example)
        own = next((one for one in guarded if indices <= (first, second)[one]), None)
        if own is None:
            return None
        sides[own] *= factor
        constant.remove(factor)
    annuls = [False, False]
    for zero in zeros:
        indices = indices_of(zero).difference(example)
        inside = [indices <= side for side in (first, second)]
        if let.over[0] not in indices or not any(inside):
            return None
        side = inside.index(True)
        annuls[side] = True
        if sides[side] != zero:
            sides[side] = Branch(sympy.Eq(zero, 0), sympy.Integer(0), sides[side])
    for side, guard in enumerate(sympy.And(*one) for one in parts):
        if (guard == sympy.true and let.guard != sympy.true) and not _is_at_hand(sides[side]):
            return None
        if guard != sympy.true and not _is_zero_without(guard, sides[side], let, program):
            sides[side] = Branch(guard, sides[side], sympy.Integer(0))
    return _Split(
        sympy.Mul(*constant),
        sides[0],
        sides[1],
        annuls=(annuls[0], annuls[1]),
        inside=sympy.And(*within),
        outside=sympy.And(*outside),
        vanishes=vanishes,
    )


def _is_at_hand(factor: Expression) -> bool:
    """Whether a factor can be read whatever a guard says: it stands at indices alone."""
    return all(position.index is not None for read in reads(factor) for position in read.positions)


def _is_zero_without(guard: Condition, factor: Expression, let: Let, program: Program) -> bool:
    """Whether a factor is a let that is zero where the guard does not hold."""
    if not isinstance(factor, Read) or factor.tensor not in program.let:
        return False
    made = program.let[factor.tensor]
    if made.reduction is not None or not matrix_indices(factor, let):
        return False
    body = substitute_positions(made.body, dict(zip(made.free, factor.positions, strict=True)))
    return isinstance(body, Branch) and body.args[0] == guard and body.args[2] == 0


def _factors(let: Let) -> tuple[Expression, ...]:
    """What a sum's terms are products of; of terms that are sums, what these have in common is one."""
    addends = sympy.Add.make_args(let.body)
    common = set.intersection(*(set(sympy.Mul.make_args(one)) for one in addends))
    shared = sympy.Mul(*sorted((one for one in common if isinstance(one, Read)), key=spelled))
    if len(addends) == 1 or shared == 1:
        return tuple(sympy.Mul.make_args(let.body))
    return (*sympy.Mul.make_args(shared), sympy.Add(*[one / shared for one in addends]))


def _is_difference(guard: Condition) -> bool:
    """Whether a guard leaves out the pairs of an index with itself, and nothing that hangs on data."""
    return isinstance(guard, sympy.Ne) and all(isinstance(one, IndexValue) for one in guard.args)


def plain_products(program: Program) -> dict[str, tuple[Read, Read]]:
    """The lets that are products of matrices, whatever the factors are, and these."""
    found = {}
    for let in program.lets:
        plain = Products.PLAIN.takes(let, program) and _is_product(let, program)
        terms = _terms(let, program) if plain else None
        if terms is not None:
            found[let.name] = (terms.left, terms.right)
    return found


def factor_lets(program: Program, products: Products) -> list[str]:
    """The lets that are factors of products: each has an array of a block."""
    found: dict[str, None] = {}
    for let in program.lets:
        if products.takes(let, program) and _is_product(let, program):
            terms = _terms(let, program)
            names = [read.tensor for read in terms.reads] if terms is not None else []
            found.update((name, None) for name in names if name in program.let)
    return list(found)


def factors(plan: Plan, program: Program, products: Products) -> Factors | None:
    """The factors of a let that is a matrix product in blocks of its first loop, or of the first within
    that over a batch, else None."""
    let = plan.let
    if (
        plan.together
        or plan.scattered
        or not products.takes(let, program)
        or not _is_product(let, program)
    ):
        return None
    terms = _terms(let, program)
    example = example_of(let)
    over, rows = let.over[0], plan.path[len(example)]
    if (
        terms is None
        or rows not in (over, sides_of(let)[0])
        or plan.path[: len(example)] != example
    ):
        return None
    guard = sympy.And(let.guard, *(sympy.Ne(one, 0) for one in bare(let.body)[1]))
    return Factors(terms, over, guard, rows)


def _is_product(let: Let, program: Program) -> bool:
    """Whether a let is the product of two matrices."""
    terms = _terms(let, program) if is_plain_sum(let) else None
    if terms is None or (terms.is_of_differences and let.guard != sympy.true):
        return False
    pair = (terms.left, terms.right)
    guards: dict[Read, Condition] = dict.fromkeys(pair, sympy.true)
    for part in conjuncts(let.guard) if let.guard != sympy.true else ():
        place = indices_of(part).difference(example_of(let))
        side = next((one for one in pair if place <= set(matrix_indices(one, let))), None)
        if side is None or let.over[0] not in place:
            return False
        guards[side] = sympy.And(guards[side], part)
    if any(
        guard != sympy.true and not _is_zero_without(guard, one, let, program)
        for one, guard in guards.items()
    ):
        return False
    one, other = (set(matrix_indices(read, let)) for read in pair)
    return one & other == set(let.over) and one | other == {*sides_of(let), *let.over}


def _terms(let: Let, program: Program) -> Terms | None:
    """What is added up of two matrices, each read at its indices as they stand."""
    found = terms_of_differences(let)
    if found is None:
        body, zeros = bare(let.body)
        if not (isinstance(body, sympy.Mul) and len(body.args) == 2):
            return None
        one, other = body.args
        if not set(zeros) <= {one, other} or not isinstance(one, Read):
            return None
        left = sides_of(let)[0] in matrix_indices(one, let)
        found = Terms(one, other) if left else Terms(other, one)
    return found if all(is_matrix(one, let, program) for one in found.reads) else None
