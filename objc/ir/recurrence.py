"""Recurrences: lets that read themselves, or each other, one step back or ahead along an index.

Nothing of this is recorded in a program: a recurrence is what its reads are. In ::

    step[t, k]  := logsumexp[j | t > 0] alpha[t-1, j] + transition[j, k]
    alpha[t, k] := emission[0, k] if t = 0, else emission[t, k] + step[t, k]

the two lets are one group along `t`, forwards. Its meaning: for each `t` in order, `step` at every
`k`, then `alpha` at every `k`. Along two indices the outer one goes first (soft-DTW: `i`, then `j`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from objc.ir.index import Index, Position
from objc.ir.program import Let, Program
from objc.ir.symbols import Read

Reason = Literal["same_step", "both_ways", "no_index"]


@dataclass(frozen=True)
class Group:
    """Lets that are computed together, in this order.

    A let that does not read itself is a group without `indices`. In a recurrence `indices` are free
    in every let of the group; `steps` says for each whether it runs upwards (+1: what is read lies at
    smaller values) or downwards (-1). They run in lexicographic order, the first outermost; at each
    of their values every let is computed at all its other free points before the next let is.
    """

    lets: tuple[Let, ...]
    indices: tuple[Index, ...] = ()
    steps: tuple[int, ...] = ()

    @property
    def is_recurrence(self) -> bool:
        return bool(self.indices)


class CausalityError(ValueError):
    """A let needs what is not computed before it, in whichever order one goes.

    `reason`: `same_step` (it reads itself, or a let after it, at the same place), `both_ways` (along
    each index that could lead, reads go back and ahead), `no_index` (the reads have no index in common
    along which they step: `a[0]`, `a[label]`, or an index that is reduced over).
    """

    def __init__(self, let: Let, read: Read, reason: Reason) -> None:
        said = {
            "same_step": "at the same step",
            "both_ways": "against the direction in which others of its recurrence are read",
            "no_index": "at a place that is no step back or ahead",
        }[reason]
        super().__init__(f"`{let.name}` depends on itself through `{read}`, read {said}")
        self.let = let
        self.read = read
        self.reason: Reason = reason


def groups(program: Program) -> list[Group]:
    """The lets of a program in an order of evaluation: that of the program, but for recurrences.

    Raises:
        CausalityError: lets need each other, and no order of their indices makes them computable.
    """
    uses = _uses(program)
    if not _has_recurrences(uses):
        return [Group((let,)) for let in program.lets]
    return [
        _group([program.lets[number] for number in component], component[0] in uses[component[0]])
        for component in _in_order(uses)
    ]


def arranged(program: Program) -> Program:
    """The program with its lets in an order that `groups` takes: those of a recurrence together, each
    after those that it reads at its own step.

    Raises:
        CausalityError: there is none.
    """
    uses = _uses(program)
    if not _has_recurrences(uses):
        return program
    lets: list[Let] = []
    for component in _in_order(uses):
        part = [program.lets[number] for number in component]
        lets += part if component[0] not in uses[component[0]] and len(part) == 1 else _sorted(part)
    return program.with_lets(lets)


def _sorted(lets: list[Let]) -> list[Let]:
    _, _, rest = _settled(lets, _inner_reads(lets), _in_some_order)
    left = {let.name: {one.read.tensor for one in rest if one.let is let} for let in lets}
    found: list[Let] = []
    while left:
        name = next(name for name, needed in left.items() if not needed & left.keys())
        del left[name]
        found += [let for let in lets if let.name == name]
    return found


def members(program: Program) -> frozenset[str]:
    """The names of all lets that are part of a recurrence.

    Raises:
        CausalityError: as `groups`.
    """
    return frozenset(let.name for one in groups(program) if one.indices for let in one.lets)


def recurrence_of(program: Program) -> Mapping[str, Group]:
    """For each let that is part of a recurrence, its group.

    Raises:
        CausalityError: as `groups`.
    """
    return {let.name: one for one in groups(program) if one.indices for let in one.lets}


# ------------------------------------------------------------------ the order of groups


def _uses(program: Program) -> list[list[int]]:
    """For each let the places of those it reads, in order."""
    place = {let.name: number for number, let in enumerate(program.lets)}
    return [
        sorted({place[read.tensor] for read in let.reads if read.tensor in place})
        for let in program.lets
    ]


def _has_recurrences(uses: list[list[int]]) -> bool:
    """Whether any let reads itself or one after it."""
    return any(used and used[-1] >= number for number, used in enumerate(uses))


def _in_order(uses: list[list[int]]) -> list[list[int]]:
    """Strongly connected components, each after those it uses, else by their first member."""
    components = _components(uses)
    number = {let: at for at, component in enumerate(components) for let in component}
    needs = [
        {number[used] for let in c for used in uses[let]} - {at} for at, c in enumerate(components)
    ]
    readers: list[list[int]] = [[] for _ in components]
    for at, needed in enumerate(needs):
        for one in needed:
            readers[one].append(at)
    missing = [len(needed) for needed in needs]
    ready = [(component[0], at) for at, component in enumerate(components) if not missing[at]]
    heapq.heapify(ready)
    found: list[list[int]] = []
    while ready:
        _, at = heapq.heappop(ready)
        found.append(components[at])
        for reader in readers[at]:
            missing[reader] -= 1
            if not missing[reader]:
                heapq.heappush(ready, (components[reader][0], reader))
    return found


def _components(uses: list[list[int]]) -> list[list[int]]:
    """Strongly connected components (Tarjan 1972), each sorted; without recursion."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    waiting: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(uses)):
        work = [] if root in number else [(root, iter(uses[root]))]
        while work:
            let, rest = work[-1]
            if let not in number:
                number[let] = low[let] = len(number)
                stack.append(let)
                waiting.add(let)
            following = next(rest, None)
            if following is not None:
                if following not in number:
                    work.append((following, iter(uses[following])))
                elif following in waiting:
                    low[let] = min(low[let], number[following])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[let])
            if low[let] == number[let]:
                at = stack.index(let)
                component = stack[at:]
                del stack[at:]
                waiting.difference_update(component)
                found.append(sorted(component))
    return found


# ------------------------------------------------------------------ the indices of a group


@dataclass(frozen=True)
class _Inner:
    """One read inside of a group; `before`: of a let that stands before the reader."""

    let: Let
    read: Read
    before: bool
    offsets: Mapping[Index, int]


def _group(lets: list[Let], reads_itself: bool) -> Group:
    if len(lets) == 1 and not reads_itself:
        return Group((lets[0],))
    inner = _inner_reads(lets)
    indices, steps, _ = _settled(lets, inner, _in_program_order)
    return Group(tuple(lets), tuple(indices), tuple(steps))


def _settled(
    lets: list[Let], inner: list[_Inner], is_computable: Callable[[list[_Inner]], bool]
) -> tuple[list[Index], list[int], list[_Inner]]:
    """Indices to step along until the reads that stay in one step are computable, and those reads."""
    shared = [
        index
        for index in lets[0].free
        if all(index in let.free for let in lets) and all(index in one.offsets for one in inner)
    ]
    indices: list[Index] = []
    steps: list[int] = []
    rest = inner
    while not is_computable(rest):
        index = _leading(shared, rest)
        if index is None:
            raise _violation(shared, rest)
        offsets = [one.offsets[index] for one in rest]
        indices.append(index)
        steps.append(1 if min(offsets) < 0 else -1)
        rest = [one for one in rest if one.offsets[index] == 0]
    return indices, steps, rest


def _in_program_order(rest: list[_Inner]) -> bool:
    return all(one.before for one in rest)


def _in_some_order(rest: list[_Inner]) -> bool:
    needs: dict[str, set[str]] = {}
    for one in rest:
        needs.setdefault(one.let.name, set()).add(one.read.tensor)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return False
    return True


def _inner_reads(lets: list[Let]) -> list[_Inner]:
    place = {let.name: number for number, let in enumerate(lets)}
    found = []
    for number, let in enumerate(lets):
        for read in let.reads:
            if read.tensor in place:
                target = lets[place[read.tensor]]
                offsets = {
                    index: position.offset
                    for index, position in zip(target.free, read.positions, strict=False)
                    if index in let.free and _is_step(position, index)
                }
                found.append(_Inner(let, read, place[read.tensor] < number, offsets))
    return found


def _is_step(position: Position, index: Index) -> bool:
    return isinstance(position.base, Index) and position.base == index


def _leading(shared: list[Index], rest: list[_Inner]) -> Index | None:
    """The index that settles most of the reads: each is earlier along it, or at the same value."""
    best, most = None, 0
    for index in shared:
        offsets = [one.offsets[index] for one in rest]
        settled = sum(1 for offset in offsets if offset)
        one_way = min(offsets) >= 0 or max(offsets) <= 0
        if one_way and settled > most:
            best, most = index, settled
    return best


def _violation(shared: list[Index], rest: list[_Inner]) -> CausalityError:
    """The read to blame: one that steps the wrong way, else one that does not step at all."""
    for one in rest:
        if any(one.offsets.get(index) for index in shared):
            return CausalityError(one.let, one.read, "both_ways")
    culprit = next((one for one in rest if not one.before), rest[0])
    stays = len(culprit.offsets) == len(culprit.read.positions)
    still = stays and not any(culprit.offsets.values())
    return CausalityError(culprit.let, culprit.read, "same_step" if still else "no_index")


__all__ = ["CausalityError", "Group", "arranged", "groups", "members", "recurrence_of"]
