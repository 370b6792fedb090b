"""From a program to steps: which loops run in chunks, and where each let is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from objc.ir.index import BATCH
from objc.ir.program import Program
from objc.ir.recurrence import groups
from objc.schedule.abreast import abreast
from objc.schedule.arrange import Member, arrange
from objc.schedule.blocks import Products, factor_lets, factors, with_products
from objc.schedule.carried import with_carried
from objc.schedule.keep import Kept, keep
from objc.schedule.loops import (
    Block,
    Blocked,
    Finish,
    Item,
    Loop,
    Loops,
    Parallel,
    Serial,
    Start,
    Step,
)
from objc.schedule.matrices import example_of
from objc.schedule.merge import merged
from objc.schedule.order import Plan, along, as_copy, plan
from objc.schedule.orders import ordering
from objc.schedule.phases import phased
from objc.schedule.recompute import without_large
from objc.schedule.repeat import Copy, is_whole, repeated
from objc.schedule.states import with_states
from objc.schedule.storage import storage_of
from objc.schedule.symmetry import without_mirrored
from objc.schedule.written import written

_ROUNDS = 8
"""How often copies are made anew: a copy may bring its readers into other steps."""


def schedule(
    program: Program,
    products: Products = Products.ALL,
    phases: bool = True,
    in_place: bool = False,
) -> Loops:
    """The loops of a program whose reductions are primitive. What are no `products` are loops of their
    own: a target may have no such product. Without `phases` a row's loops stay together: only vectors
    gain by them apart. What `with_orders` has made runs along its orders, and `in_place` along rows as they
    stand."""
    program, loops = _lighter(without_mirrored(program), products, in_place)
    if products == Products.NONE:
        return loops
    loops = _repeated(program, loops, products, in_place)
    return phased(loops) if phases else loops


def _lighter(
    program: Program, products: Products, in_place: bool, copies: frozenset[str] = frozenset()
) -> tuple[Program, Loops]:
    """The program and its loops, which keep nothing whole that is as soon computed as fetched."""
    loops = _scheduled(program, products, in_place, copies)
    while (lighter := without_large(program, loops, in_place)) is not None:
        program, loops = lighter, _scheduled(lighter, products, in_place, copies)
    return program, loops


def _repeated(program: Program, loops: Loops, products: Products, in_place: bool) -> Loops:
    """Loops that keep no square of a size whole, if there are such."""
    copies: Mapping[str, Copy] = {}
    first = loops
    for _ in range(_ROUNDS):
        found = repeated(program, loops, copies)
        if found is None:
            break
        program, copies = found
        program, loops = _lighter(program, products, in_place, frozenset(copies))
    kept = any(
        name in loops.storage and is_whole(program.let[name], loops.storage[name])
        for name in copies
    )
    return first if kept else loops


def _scheduled(
    program: Program, products: Products, in_place: bool, copies: frozenset[str]
) -> Loops:
    multiplies = products != Products.NONE
    if products == Products.EACH:
        program = with_states(with_carried(program))
    given = program.let
    program = merged(with_products(program, products) if multiplies else program)
    # A factor is made where it is multiplied.
    copies |= {let.name for let in program.lets if let.name not in given and not let.reduction}
    lent = factor_lets(program, products) if multiplies else []
    while True:
        kept = keep(program, lent)
        loops = _in_steps(kept, products, in_place, copies)
        apart = {
            owner for name, owner in kept.places.items() if loops.storage[name].kind == "stored"
        }
        if not apart & set(lent):
            return loops
        lent = [name for name in lent if name not in apart]  # another step has that block


def _in_steps(kept: Kept, products: Products, in_place: bool, copies: frozenset[str]) -> Loops:
    program = kept.program
    plans: dict[str, Plan] = {}
    places = {name: program.let[name] for name in written(program)}
    for group in groups(program):
        for let in group.lets:
            if let.name in places:
                continue
            made = replace(plan(let, group, plans, places), is_whole=let.name in kept.whole)
            if let.name in copies:
                made = as_copy(made)
            found = None if group.is_recurrence else ordering(let, program, in_place)
            if found is not None:
                plans[let.name] = along(made, found)
                continue
            if products != Products.NONE and not group.is_recurrence:
                made = replace(made, factors=factors(made, program, products))
            plans[let.name] = made
    plans = {name: _in_one_kind(one, plans.values()) for name, one in plans.items()}
    outputs = frozenset(program.outputs.values())
    items = arrange([Member(one) for one in plans.values()], (), outputs)
    steps = _steps(items, program)
    if products == Products.EACH:
        steps = abreast(program, steps)
    return Loops(program, steps, storage_of(program, steps, kept.places))


def _in_one_kind(plan: Plan, plans: Iterable[Plan]) -> Plan:
    """A plan without a product of an example's matrices where rows of the batch are in blocks, since no loop
    is over one example there; and without one of slices where others are along another dimension, or of
    matrices that have no slices."""
    found = [one for one in plans if one.factors is not None]
    if plan.factors is None or plan.factors.rows.dimension == BATCH:
        return plan
    along = {index.dimension for one in found for index in example_of(one.let)}
    sliced = bool(example_of(plan.let)) and BATCH not in along
    of_two = len(along) > 1 or not all(example_of(one.let) for one in found)
    in_rows = any(one.factors and one.factors.rows.dimension == BATCH for one in found)
    return replace(plan, factors=None) if in_rows or (sliced and of_two) else plan


def _steps(items: Sequence[Item], program: Program) -> tuple[Step, ...]:
    batched = any(index.dimension == BATCH for let in program.lets for index in let.indices)
    steps: list[Step] = []
    serial: list[Item] = []
    combines: list[Finish] = []
    starts: list[Start] = []
    running: set[str] = set()

    def flush() -> None:
        if serial or combines:
            steps.append(Serial(tuple(combines), tuple(serial)))
            serial.clear()
            combines.clear()

    for item in items:
        if isinstance(item, Start):
            starts.append(item)
        elif isinstance(item, Block):
            flush()
            steps.append(Blocked(item, tuple(starts)))
            running.update(one.let for one in starts)
            starts = []
        elif isinstance(item, Loop):
            if _worth_dividing(item, batched):
                flush()
                steps.append(Parallel(item, tuple(starts)))
                running.update(one.let for one in starts)
            else:
                serial += [*starts, item]
            starts = []
        elif isinstance(item, Finish) and item.let in running:
            combines.append(item)
        else:
            serial.append(item)
    flush()
    return tuple(steps)


def _worth_dividing(loop: Loop, batched: bool) -> bool:
    """The batch is divided; without one, any loop whose length is open; else loops in loops. The
    steps of a recurrence can't be."""
    if loop.direction:
        return False
    if loop.index.dimension == BATCH:
        return True
    nested = any(isinstance(item, Loop) for item in loop.body)
    return nested if batched else loop.index.dimension.size is None or nested
