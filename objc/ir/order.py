"""The order in which the addends of a sum are computed.

`logsumexp` is expanded to two lets, the maximum m and the small rest r. Where both stand in a sum
with the data, `(z - m) - r` is accurate although `z - (m + r)` is not: first what cancels exactly,
then what is small. Ordering by definition does this: numbers, inputs, lets as they were defined, and
a copy of an entry, or the greatest of some, like the entries. A rest comes last, since also what is
defined after it may cancel with the maximum, unless it is part of what another maximum is taken of, which
cancels with that. One less a probability comes before what is added to it. In a recurrence what an earlier
step has computed comes before what this step makes of it.

SymPy multiplies a number into a sum. It is taken out again: of `0.3*a - 0.3*b` the rounding is that of 0.3·a,
of `0.3*(a - b)` that of the result.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence, Set

import sympy

from objc.atoms import log1p
from objc.ir.index import Index
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import groups
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read

_REMEMBERED = 4096
"""Sums of which is remembered how they are computed."""

_LONGEST = 2**24
"""A whole number that float32 holds is less."""

Rank = tuple[int, tuple[int, ...], int]
"""Of a read: where its let's group begins, how far its step lies in the direction of the recurrence,
and the let's own number."""

Order = Callable[[Expression], tuple[Expression, ...]]

_last: tuple[Program | None, Order] = (None, lambda expression: (expression,))


def ordered_addends(expression: Expression, program: Program) -> list[Expression]:
    """The addends of a sum (one of anything else) in the order of evaluation."""
    return list(_order(program)(expression))


def common_factor(addends: Sequence[Expression]) -> Expression:
    """The number that all of some addends are multiplied by, where that rounds, or one."""
    found = {rounding_factor(one) for one in addends}
    return found.pop() if len(found) == 1 else sympy.Integer(1)


def meets_an_extreme(expression: Expression, program: Program) -> bool:
    """Whether an expression reads the greatest or the least of some that are computed: what cancels with
    that has to be rounded as they were, in no wider type."""
    lets = (program.let.get(read.tensor) for read in found_in(expression, Read))
    return any(
        let is not None and let.reduction in ("max", "min") and not isinstance(let.body, Read)
        for let in lets
    )


def _order(program: Program) -> Order:
    """What puts the addends of any sum in order, remembered for the program that was last asked about: a
    sum is written in every form of a kernel."""
    global _last
    known, order = _last
    if known is not program:
        order = functools.lru_cache(_REMEMBERED)(_order_of(program))
        _last = (program, order)
    return order


def _order_of(program: Program) -> Order:
    compared = program.behind(let for let in program.lets if let.reduction in ("max", "min"))
    rank_of = _ranks_of(program, compared)

    def rank(addend: Expression) -> tuple[Rank, int, str]:
        reads = found_in(addend, Read)
        latest = max((rank_of(read) for read in reads), default=(-1, (), 0))
        is_rest = isinstance(addend.as_coeff_Mul()[1], log1p)  # without a name
        if is_rest and compared.isdisjoint(read.tensor for read in reads):
            latest = 2 * len(program.lets) + 1, (), 0
        return latest, _leading_sign(addend), spelled(addend)

    def order(expression: Expression) -> tuple[Expression, ...]:
        addends = sorted(sympy.Add.make_args(expression), key=rank)
        first = _complement(addends, program) or _near_first(addends, program)
        rest = [one for one in addends if one not in first]
        return _with_factors(_of_differences((*_whole(first), *rest), program), program)

    return order


def _ranks_of(program: Program, compared: Set[str]) -> Callable[[Read], Rank]:
    number = dict.fromkeys(program.input, 0)
    for count, let in enumerate(program.lets, start=1):
        is_copy = let.reduction is None and isinstance(let.body, Read)
        read = {one.tensor for one in found_in(let.body, Read)}
        is_entry = bool(read) and (is_copy or let.reduction in ("max", "min"))
        number[let.name] = max(number.get(one, count) for one in read) if is_entry else count
    rests = [
        let.name
        for let in program.lets
        if let.reduction is None and isinstance(let.body, log1p) and let.name not in compared
    ]
    begins = dict(number)
    axes: dict[str, tuple[tuple[int, int], ...]] = {}
    for group in groups(program):
        for let in group.lets:
            begins[let.name] = min(number[one.name] for one in group.lets)
            pairs = zip(group.indices, group.steps, strict=True)
            axes[let.name] = tuple((let.free.index(index), step) for index, step in pairs)
    begins |= {name: len(program.lets) + number[name] for name in rests}

    def rank(read: Read) -> Rank:
        positions = [read.positions[axis] for axis, _ in axes.get(read.tensor, ())]
        steps = (step for _, step in axes.get(read.tensor, ()))
        ahead = tuple(
            step * one.offset if isinstance(one.base, Index) else 0
            for step, one in zip(steps, positions, strict=True)
        )
        return begins.get(read.tensor, 0), ahead, number.get(read.tensor, 0)

    return rank


def _complement(addends: Sequence[Expression], program: Program) -> tuple[Expression, ...]:
    """1 and −t of a sum `1 − t + …` whose other addends are not negative, for a t between 0 and 1: nothing
    cancels then, and what is small beside 1 is not lost in it."""
    if len(addends) < 3 or addends[0] != 1:
        return ()
    for one in addends[1:]:
        given = program.input.get(getattr(-one, "tensor", ""))
        if given is not None and given.domain.bounds == (0, 1):
            others = [each for each in addends[1:] if each is not one]
            return (addends[0], one) if all(each.is_nonnegative for each in others) else ()
    return ()


def _near_first(addends: Sequence[Expression], program: Program) -> tuple[Expression, ...]:
    """What comes first in a sum as its addends may be near each other."""
    alike = _alike(addends, program) or _below_its_extreme(addends, program)
    return (*alike, *(one for one in _exact(addends, program) if one not in alike))


def _alike(addends: Sequence[Expression], program: Program) -> tuple[Expression, ...]:
    """What is the same of two entries, subtracted, beside what is given: `2*x[j] - 2*x[i] + m`, in which the
    margin keeps the digits that `m - 2*x[i]` would lose where entries are large and near each other."""
    if len(addends) < 3:
        return ()
    forms: dict[Expression, list[Expression]] = {}
    for one in addends:
        reads = found_in(one, Read)
        if any(read.positions for read in reads):
            form = one.xreplace({read: sympy.Symbol(read.tensor) for read in reads})
            forms.setdefault(-form if _leading_sign(form) else form, []).append(one)
    for alike in forms.values():
        others = [one for one in addends if one not in alike]
        are_given = all(_is_given(one, program) for one in others)
        if others and are_given and len({_leading_sign(one) for one in alike}) > 1:
            return tuple(alike)
    return ()


def _below_its_extreme(addends: Sequence[Expression], program: Program) -> tuple[Expression, ...]:
    """An entry of an input and the greatest or least of its entries, subtracted, beside anything else: by how
    much a logit is below the greatest keeps its digits whatever has been added to all of them."""
    if len(addends) < 3:
        return ()
    found = [(one, _given_by(one, program)) for one in addends if isinstance(one, Read)]
    for other in addends:
        let = program.let.get(getattr(-other, "tensor", ""))
        if let is not None and let.reduction in ("max", "min"):
            given = _given_by(-other, program)
            for one, name in found:
                if given is not None and name == given:
                    return one, other
    return ()


def _exact(addends: Sequence[Expression], program: Program) -> tuple[Expression, ...]:
    """The whole numbers of a sum, of which none is rounded, where some are subtracted and others stand beside
    them; or the inputs as they are given, beside what is computed of them: `trials - hits + z^2`, in
    which a small z is not lost."""
    if len(addends) < 3:
        return ()
    computed = [one for one in addends if not one.is_number]
    reads = {read for one in computed for read in found_in(one, Read)}
    entries = {read for read in reads if read.tensor in program.input}
    whole = [one for one in computed if one.is_integer]
    given = [one for one in computed if {one, -one} & entries]
    for first, others in ((whole, addends), (given, computed)):
        if len(first) < len(others) and len({_leading_sign(one) for one in first}) > 1:
            return tuple(first)
    return ()


def _whole(addends: Sequence[Expression]) -> tuple[Expression, ...]:
    """Whole numbers are one addend: their sum is that of integers, and rounded once."""
    is_whole = len(addends) > 1 and all(one.is_integer for one in addends)
    return (sympy.Add(*addends),) if is_whole else tuple(addends)


def _of_differences(addends: tuple[Expression, ...], program: Program) -> tuple[Expression, ...]:
    """Entries with numbers that add up to zero, as differences, beside what is given: `a - 2*b + c` as
    `(a - b) + (c - b)`, and of several tensors those of each by themselves, if its numbers do."""
    if len(addends) < 3 or not all(_is_given(one, program) for one in addends):
        return addends
    of_tensor: dict[str, list[Expression]] = {}
    for one in addends:
        number, entry = one.as_coeff_Mul()
        if number.is_Rational and isinstance(entry, Read) and not entry.is_integer:
            of_tensor.setdefault(_given_by(entry, program) or entry.tensor, []).append(one)
    groups = [one for one in of_tensor.values() if _adds_up_to_zero(one)]
    if not groups:
        every = [one for each in of_tensor.values() for one in each]
        groups = [every] if _adds_up_to_zero(every) else []
    rest = [one for one in addends if not any(one in group for group in groups)]
    if not rest and len(groups) == 1:
        return _from_one_of(groups[0])
    return (*(sympy.Add(*group) for group in groups), *rest)


def _adds_up_to_zero(terms: Sequence[Expression]) -> bool:
    return len(terms) > 1 and sum(one.as_coeff_Mul()[0] for one in terms) == 0


def _from_one_of(terms: Sequence[Expression]) -> tuple[Expression, ...]:
    """What entries with numbers that add up to zero are beyond the one that counts most."""
    origin = max(terms, key=lambda one: abs(one.as_coeff_Mul()[0]))
    parts = []
    for one in terms:
        number, entry = one.as_coeff_Mul()
        if one != origin:
            apart = (entry - origin.as_coeff_Mul()[1]) * sympy.sign(number)
            size = abs(number)
            parts.append(apart if size == 1 else sympy.Mul(size, apart, evaluate=False))
    return tuple(parts)


def _with_factors(addends: Sequence[Expression], program: Program) -> tuple[Expression, ...]:
    """Addends of which some have a number as their common factor, as one product: `0.3*(a - b) + m`. Those
    that are apart are brought together where no other one is computed, whose place says what it cancels
    with."""
    result = list(addends)
    for factor in dict.fromkeys(map(rounding_factor, addends)):
        if factor == 1:
            continue
        places = [place for place, one in enumerate(result) if _has_factor(one, factor)]
        inner = [result[place] / factor for place in places]
        variable = [one for one in inner if not one.is_number]
        if len(inner) < 2 or not variable or _cannot_cancel(inner):
            continue
        others = [one for place, one in enumerate(result) if place not in places]
        are_together = places[-1] - places[0] == len(places) - 1
        if not are_together and not all(_is_given(one, program) for one in others):
            continue
        product = sympy.Mul(factor, sympy.Add(*inner), evaluate=False)
        result = [
            product if place == places[0] else one
            for place, one in enumerate(result)
            if place not in places[1:]
        ]
    return tuple(result)


def rounding_factor(addend: Expression) -> Expression:
    """The number that an addend is multiplied by, where that rounds: one of no power of two."""
    factor = abs(addend.as_coeff_Mul()[0])
    is_exact = (
        addend.is_number or not factor.is_Rational or (_is_short(factor) and _is_short(1 / factor))
    )
    return sympy.Integer(1) if is_exact or addend.is_integer else factor


def _has_factor(addend: Expression, factor: Expression) -> bool:
    if addend.is_number:
        return bool(addend.is_Rational) and _is_short(addend / factor)
    return bool(rounding_factor(addend) == factor)


def _is_short(number: Expression) -> bool:
    """Whether a rational number is one of the floating-point numbers, the short ones too."""
    return abs(number.p) < _LONGEST and number.q & (number.q - 1) == 0


def _cannot_cancel(addends: Sequence[Expression]) -> bool:
    return all(one.is_nonnegative for one in addends) or all(one.is_nonpositive for one in addends)


def _is_given(addend: Expression, program: Program, within: frozenset[str] = frozenset()) -> bool:
    """Whether what an addend reads are entries of inputs, or extremes of what is made of these alone;
    `within` are the extremes that it stands in, none of which it may be made of."""
    return all(
        _given_by(read, program) is not None
        or (read.tensor not in within and _is_extreme(program.let[read.tensor], program, within))
        for read in found_in(addend, Read)
    )


def _is_extreme(let: Let, program: Program, within: frozenset[str]) -> bool:
    return let.reduction in ("max", "min") and _is_given(let.body, program, within | {let.name})


def _given_by(read: Read, program: Program) -> str | None:
    """The input of which a read is an entry, or the greatest or least of some entries."""
    let, passed = program.let.get(read.tensor), {read.tensor}
    while let is not None and let.reduction in (None, "max", "min") and isinstance(let.body, Read):
        read, let = let.body, program.let.get(let.body.tensor)
        if read.tensor in passed:  # a recurrence
            return None
        passed.add(read.tensor)
    return read.tensor if read.tensor in program.input else None


def _leading_sign(addend: Expression) -> int:
    """Positive addends before negative ones of the same rank: `a - b`, not `-b + a`."""
    return 1 if addend.could_extract_minus_sign() else 0
