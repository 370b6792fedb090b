"""Keep only what the wanted outputs need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from objc.ir.program import Program


def prune(program: Program, outputs: Mapping[str, str] | None = None) -> Program:
    """The program with these outputs and the lets that they read. By default all of its own outputs
    and terms stay."""
    wanted = program.outputs if outputs is None else outputs
    needed = set(wanted.values())
    if outputs is None:
        needed.update(term.let for term in program.terms)
    else:
        program = replace(program, terms=tuple(t for t in program.terms if t.let in needed))
    needed |= program.behind(program.let[name] for name in needed if name in program.let)
    return program.with_lets((let for let in program.lets if let.name in needed), wanted)
