"""Elementary functions that a loop's body has several times, computed once before the first.

Where they stand in branches LLVM does not find them: what is under a condition it must not compute
without it. Here nothing can fail, so it may.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from objc.targets.cpu.places import Places, bare
from objc.targets.cpu.printer import Printer

from objc.atoms import Branch
from objc.ir.parts import found_in, inner_first, repeated_in
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.schedule.cost import is_costly
from objc.schedule.loops import Accumulate, Assign, Item


class Repeated(Places):
    """Keeps what is repeated in the innermost loop around in local variables."""

    def _enter_body(self, items: Sequence[Item]) -> None:
        """Begin a loop's body: count what it repeats."""
        bodies = (item.body for item in items if isinstance(item, Assign | Accumulate))
        self.repeated.append(set(filter(is_costly, repeated_in(bodies))))
        self.held_values.append({})

    def _leave_body(self) -> None:
        self.repeated.pop()
        self.held_values.pop()

    def _hold(self, body: Expression) -> None:
        """Compute what a body has and the loop repeats, the inner before the outer; and the sides of its
        branches that read what stands still in the loop: under a condition LLVM would gather it for each
        entry."""
        if not self.repeated:
            return
        for one in inner_first(body):
            if one in self.repeated[-1] and self._can_be_computed(one):
                self._hold_one(one)
        for branch in sorted(found_in(body, Branch), key=spelled):
            for side in branch.args[1:]:
                if self._stands_still_in_part(side):
                    self._hold_one(side)

    def _hold_one(self, expression: Expression) -> None:
        if self.held(expression) is None:
            text = bare(Printer(self, self.dtype).real(expression, self.facts[-1]))
            self.functions_held += 1
            name = f"f_{self.functions_held}"
            self._line(f"{name} = {text}")
            self.held_values[-1][expression] = name

    def _stands_still_in_part(self, side: Expression) -> bool:
        """Whether a side is a short product of what is in range, some of which the loop does not move."""
        factors = [one for one in side.args if isinstance(one, Read) and one.positions]
        return (
            isinstance(side, sympy.Mul)
            and all(one in factors or one.is_number for one in side.args)
            and any(self.around[-1] not in indices_of(one) for one in factors)
            and any(self.around[-1] in indices_of(one) for one in factors)
            and all(map(self._is_there, factors))
        )

    def _is_there(self, read: Read) -> bool:
        """Whether a read certainly is in range where the next line is written."""
        axes = zip(read.positions, self.program.tensor(read.tensor).dimensions, strict=True)
        return all(
            self._is_inside(position, dimension, self.facts[-1]) for position, dimension in axes
        )

    def _keep(self, body: Expression, name: str) -> None:
        """A local variable of the loop's body holds the value of an elementary function."""
        if self.held_values and is_costly(body):
            self.held_values[-1].setdefault(body, name)

    def _can_be_computed(self, expression: Expression) -> bool:
        """Whether all that it reads lies at the indices of the loops around."""
        plain = all(
            position.index is not None
            for read in found_in(expression, Read)
            for position in read.positions
        )
        return plain and indices_of(expression) <= set(self.around)

    def held(self, expression: Expression) -> str | None:
        for names in self.held_values:
            if expression in names:
                return names[expression]
        return None
