"""What would be kept whole, and grows as the square of a size, is computed again by each step that reads it.

The scores of all pairs are as many as the items times the items. A step that needs them again, after a
sum over all of them, has the items at hand and makes the scores of a few rows at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from objc.ir.index import Dimension
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Read, reads
from objc.schedule.loops import Item, Loop, Loops, Serial, walk

_REDUCTIONS = (None, "sum", "prod", "max", "min")


def repeated(
    program: Program, loops: Loops, made: Mapping[str, str]
) -> tuple[Program, Mapping[str, str]] | None:
    """The program in which steps have copies of their own of what its loops keep whole, and of what each
    copy is one, `made` among them; None if there is nothing to copy."""
    step_of = _steps(loops)
    large = _large(program, loops, step_of)
    names = Names.of(program)
    copies = {
        (of, step_of[name]): program.let[name] for name, of in made.items() if name in step_of
    }
    new: dict[str, str] = {}
    changed = False
    seen: set[str] = set()
    lets: list[Let] = []
    for let in program.lets:
        step = step_of.get(let.name)
        swaps = {}
        for read in _all_reads(let):
            if step is None or read.tensor not in large or step_of[read.tensor] == step:
                continue
            key = made.get(read.tensor, read.tensor), step
            if key not in copies or copies[key].name not in seen:
                copies[key] = replace(large[read.tensor], name=names.fresh(read.tensor))
                new[copies[key].name] = key[0]
                lets.append(copies[key])
                seen.add(copies[key].name)
            swaps[read] = copies[key].read(*read.positions)
        if swaps:
            changed = True
            let = replace(let, body=let.body.xreplace(swaps), guard=let.guard.xreplace(swaps))
        lets.append(let)
        seen.add(let.name)
    return (program.with_lets(lets), {**made, **new}) if changed else None


def _steps(loops: Loops) -> Mapping[str, int]:
    """The step in which each let is computed, as far as a step in chunks does it."""
    found: dict[str, int] = {}
    for number, step in enumerate(loops.steps):
        if not isinstance(step, Serial):
            for item, _ in walk(step.items):
                if not isinstance(item, Loop) and hasattr(item, "let"):
                    found.setdefault(item.let, number)
    return found


def _large(program: Program, loops: Loops, step_of: Mapping[str, int]) -> Mapping[str, Let]:
    """Lets that are kept whole, with more entries than what they are made of."""
    kept_out = members(program) | program.gathered | _serial(loops)
    found: dict[str, Let] = {}
    for let in program.lets:
        plain = not let.domain.is_integer and let.reduction in _REDUCTIONS
        if plain and let.name not in kept_out and _grows(let, program, found):
            found[let.name] = let
    return {
        name: let
        for name, let in found.items()
        if name in step_of and name in loops.storage and loops.storage[name].kind == "stored"
    }


def _grows(let: Let, program: Program, large: Mapping[str, Let]) -> bool:
    """Whether a let has two open axes or more, and nothing that it reads has them all but what is
    such a let itself."""
    axes = _open_axes(let.dimensions)
    return axes.total() > 1 and all(
        read.tensor in large or not axes <= _open_axes(program.tensor(read.tensor).dimensions)
        for read in _all_reads(let)
    )


def _open_axes(dimensions: Iterable[Dimension]) -> Counter[str]:
    return Counter(one.name for one in dimensions if one.size is None)


def _serial(loops: Loops) -> frozenset[str]:
    """What a step reads that runs once."""
    items: list[Item] = []
    for step in loops.steps:
        if isinstance(step, Serial):
            items += [item for item, _ in walk(step.items)]
    return frozenset(
        read.tensor for item in items if hasattr(item, "body") and not isinstance(item, Loop)
        for read in reads(item.body)
    )  # fmt: skip


def _all_reads(let: Let) -> list[Read]:
    return sorted({*let.body.atoms(Read), *let.guard.atoms(Read)}, key=str)
