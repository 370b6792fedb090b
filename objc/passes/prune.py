"""Keep only what the wanted outputs need."""

from __future__ import annotations

from collections.abc import Mapping

from objc.ir.program import Program


def prune(program: Program, outputs: Mapping[str, str] | None = None) -> Program:
    """The program with these outputs (all of its own by default) and the lets that they read."""
    wanted = program.outputs if outputs is None else outputs
    needed = set(wanted.values())
    kept = []
    for let in reversed(program.lets):
        if let.name in needed:
            kept.append(let)
            needed.update(read.tensor for read in let.reads)
    return program.with_lets(reversed(kept), wanted)
