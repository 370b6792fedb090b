"""From a recurrence to NumPy statements: a loop over its steps, in each of which its lets are arrays.

A step does the whole batch and all other indices at once. What a later step or another let reads is
kept for all steps; the rest lives for one.
"""

from __future__ import annotations

from objc.ir.program import Let, Program
from objc.ir.recurrence import Group
from objc.ir.symbols import Read

from .expressions import Names, Step
from .lets import LetWriter


def statements(program: Program, names: Names, group: Group, dtype: str) -> list[str]:
    """The statements that compute the lets of a recurrence."""
    kept = _kept(program, group)
    inside = frozenset(let.name for let in group.lets)
    step = Step(frozenset(group.indices), inside - kept)
    lines = []
    for let in group.lets:
        if let.name in kept:
            sizes = "".join(f"{names.size(index.dimension)}, " for index in let.free)
            kind = "np.int64" if let.domain.is_integer else f"np.{dtype}"
            lines.append(f"{names.tensors[let.name]} = np.zeros(({sizes.rstrip()}), {kind})")
    margin = ""
    for index, direction in zip(group.indices, group.steps, strict=True):
        steps = f"range({names.size(index.dimension)})"
        steps = steps if direction > 0 else f"reversed({steps})"
        lines.append(f"{margin}for {names.steps[index]} in {steps}:")
        margin += "    "
    for let in group.lets:
        writer = LetWriter(program, names, let, dtype, step)
        written = writer.write_kept() if let.name in kept else writer.write()
        lines += [margin + line for line in written]
    return lines


def _kept(program: Program, group: Group) -> frozenset[str]:
    """The lets that are read at another step, or outside of the recurrence."""
    inside = {let.name: let for let in group.lets}
    found = set(program.outputs.values()) & set(inside)
    for let in program.lets:
        for read in let.reads:
            if read.tensor in inside and not _is_here(inside[read.tensor], let, read, group):
                found.add(read.tensor)
    return frozenset(found)


def _is_here(target: Let, let: Let, read: Read, group: Group) -> bool:
    return let in group.lets and all(
        read.positions[target.free.index(index)].index == index for index in group.indices
    )
