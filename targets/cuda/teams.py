"""Reductions over the threads of a team, as text: `warp_sum_32`, `block_argmax_64`, `warp_max_int`.

Every thread gets the same result, to the bit, and the same in every run: the order is fixed. A warp
exchanges registers, a block puts the results of its warps together through shared memory. In the
simulator, which has no warps, all goes through shared memory.
"""

from __future__ import annotations

import re

NAME = re.compile(r"(warp|block)_(sum|prod|max|min|pair|argmax|argmin)_(32|64|int)")
_KINDS = {"32": "float32", "64": "float64", "int": "int64"}
_FAR = {"max": "-9223372036854775808", "min": "9223372036854775807"}


class Reduction:
    """One function of the kind. `parts` are the variables that a thread brings."""

    def __init__(self, name: str) -> None:
        match = NAME.fullmatch(name)
        assert match is not None, name
        self.name = name
        self.team, self.operation, self.suffix = match.groups()
        self.kind = _KINDS[self.suffix]
        self.parts = ["x"]
        self.kinds = [self.kind]
        if self.operation == "pair":
            self.parts, self.kinds = ["x", "y"], [self.kind] * 2
        elif self.operation in ("argmax", "argmin"):
            self.parts, self.kinds = ["x", "y"], ["int64", self.kind]

    def joined(self, other: str) -> str:
        """The parts with those of another thread, whose names end in `other`."""
        mine, theirs = ", ".join(self.parts), ", ".join(one + other for one in self.parts)
        match self.operation:
            case "sum":
                return f"{mine} + {theirs}"
            case "prod":
                return f"{mine} * {theirs}"
            case "max" | "min":
                function = self.operation if self.kind == "int64" else f"{self.operation}imum"
                return f"{function}({mine}, {theirs})"
            case "pair":
                return f"join_pair({mine}, {theirs})"
        return f"first_{self.operation}({mine}, {theirs})"

    def identities(self) -> list[str]:
        match self.operation:
            case "argmax" | "argmin":
                return ["-1", f"{self.kind}(0.0)"]
            case "max" | "min" if self.kind == "int64":
                return [_FAR[self.operation]]
            case "max" | "min":
                return [f"{self.kind}({'-' * (self.operation == 'max')}math.inf)"]
            case "prod":
                return ["1" if self.kind == "int64" else f"{self.kind}(1.0)"]
        return ["0" if self.kind == "int64" else f"{self.kind}(0.0)" for _ in self.parts]

    def _definition(self, lines: list[str]) -> str:
        head = ["@helper", f"def {self.name}({', '.join(self.parts)}):"]
        return "\n".join([*head, *(f"    {line}" for line in lines)]) + "\n"

    def text(self) -> str:
        """For a device: blocks are of whole warps."""
        together = ", ".join(self.parts)
        if self.team == "warp":
            lines = ["distance = 16", "for t in range(5):"]
            lines += [f"    {one}_other = exchanged({one}, distance)" for one in self.parts]
            lines += [f"    {together} = {self.joined('_other')}", "    distance = distance // 2"]
            return self._definition([*lines, f"return {together}"])
        lines = [f"{together} = warp_{self.operation}_{self.suffix}({together})"]
        lines += [
            f"cells_{one} = cuda.shared.array(32, {kind})"
            for one, kind in zip(self.parts, self.kinds, strict=True)
        ]
        lines += ["lane = cuda.threadIdx.x % 32", "if lane == 0:"]
        lines += [f"    cells_{one}[cuda.threadIdx.x // 32] = {one}" for one in self.parts]
        lines += ["cuda.syncthreads()", "held = lane < cuda.blockDim.x // 32"]
        lines += [
            f"{one} = cells_{one}[lane] if held else {identity}"
            for one, identity in zip(self.parts, self.identities(), strict=True)
        ]
        lines += [f"{together} = warp_{self.operation}_{self.suffix}({together})"]
        return self._definition([*lines, "cuda.syncthreads()", f"return {together}"])

    def simulated(self) -> str:
        """For the simulator, where a block is one team of any size."""
        lines = [
            f"cells_{one} = cuda.shared.array(64, {kind})"
            for one, kind in zip(self.parts, self.kinds, strict=True)
        ]
        lines += [f"cells_{one}[cuda.threadIdx.x] = {one}" for one in self.parts]
        lines += ["cuda.syncthreads()"]
        lines += [f"{one} = cells_{one}[0]" for one in self.parts]
        lines += ["for t in range(1, cuda.blockDim.x):"]
        lines += [f"    {one}_other = cells_{one}[t]" for one in self.parts]
        together = ", ".join(self.parts)
        lines += [f"    {together} = {self.joined('_other')}"]
        return self._definition([*lines, "cuda.syncthreads()", f"return {together}"])


def needed(names: set[str]) -> list[Reduction]:
    """The reductions among names, and those of warps that blocks need, these first."""
    found = {name for name in names if NAME.fullmatch(name)}
    found |= {name.replace("block_", "warp_") for name in found}
    return [Reduction(name) for name in sorted(found, key=lambda one: (one[0] == "b", one))]
