"""Lowering: from the syntax tree to programs, with names, shapes, domains and indices resolved.

The order of reading: `declarations` makes one program; `names` holds scopes; `expressions`,
`subscripts`, `reductions` and `calls` resolve the formula into values (`values`, `dimensions`);
`definitions` and `bindings` make lets of what has a name; `builder` collects them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from objc.errors import Collector, Diagnostic, InternalError, ObjcError
from objc.ir.program import Program
from objc.ir.stages import Run
from objc.ir.verify import verify
from objc.passes.lower import errors
from objc.passes.lower.declarations import program_of
from objc.passes.lower.games import programs_of_game
from objc.passes.lower.loading import Loader, Namespace, namespace_of
from objc.passes.lower.stages import run_of
from objc.syntax import tree

__all__ = ["Loader", "Module", "lower", "lower_declaration", "lower_sound"]


@dataclass(frozen=True)
class Module:
    """The programs of one file, in the order of the file, and its runs of stages."""

    programs: Mapping[str, Program]
    warnings: tuple[Diagnostic, ...]
    docstring: str | None = None
    stages: Mapping[str, Run] = field(default_factory=dict)


def lower(file: tree.File, loader: Loader | None = None) -> Module:
    """Lower every declaration of a file.

    `loader` finds the files that `use` names; without one they are sought beside the file, then in
    the library.

    Raises:
        ObjcError: with every diagnostic found in the file.
    """
    collector = Collector()
    module = _lowered(file, loader, collector)
    collector.stop()
    return module


def lower_sound(file: tree.File, loader: Loader | None = None) -> Module:
    """Lower the declarations of a file that have no error, whatever may be wrong with the others."""
    try:
        return _lowered(file, loader, Collector())
    except ObjcError:  # in what `use` names, which any may need
        return Module({}, ())


def _lowered(file: tree.File, loader: Loader | None, collector: Collector) -> Module:
    namespace = namespace_of(file, loader, collector)
    programs: dict[str, Program] = {}
    runs: dict[str, Run] = {}
    for item in file.items:
        if isinstance(item, tree.Stages):
            if item.name in namespace.own or item.name in runs:
                what = "it is declared in this file already"
                collector.add(errors.DuplicateName(item.name_span, item.name, what, None))
            runs[item.name] = run_of(item, namespace, collector)
        elif isinstance(item, tree.Declaration):
            each = Collector()
            found = _programs(item, namespace, each)
            for one in each.errors or each.found:  # what is unused may be so through an error
                if not _is_same_circle(one, collector):
                    collector.add(one)
            for program in found.values():
                verify(program)
            programs.update({} if each.errors else found)
    return Module(programs, tuple(collector.found), file.docstring, runs)


def lower_declaration(file: tree.File, name: str, loader: Loader | None = None) -> Program:
    """Lower one declaration of a file, whatever may be wrong with the others. The players of a game
    are called `gan.generator`.

    Raises:
        ObjcError: with what is wrong in this declaration, or in what it uses.
        KeyError: the file declares nothing of that name.
    """
    collector = Collector()
    namespace = namespace_of(file, loader, collector)
    collector.stop()
    declaration = namespace.own[name.partition(".")[0]]
    program = _programs(declaration, namespace, collector).get(name)
    collector.stop()
    if program is None:
        if isinstance(declaration, tree.Game):
            raise KeyError(name)
        raise InternalError(f"`{name}` was lowered to nothing, and no error was found")
    verify(program)
    return program


def _programs(
    declaration: tree.Declaration, namespace: Namespace, collector: Collector
) -> dict[str, Program]:
    """What a declaration lowers to: itself, or its players; without those that have errors."""
    if isinstance(declaration, tree.Game):
        return programs_of_game(declaration, namespace, collector)
    program = program_of(declaration, namespace, collector)
    return {} if program is None else {declaration.name: program}


def _is_same_circle(one: Diagnostic, collector: Collector) -> bool:
    """Whether a circle of declarations was found from another of them: it is reported once."""
    if not isinstance(one, errors.RecursiveDeclarations):
        return False
    reported = (other for other in collector.found if isinstance(other, type(one)))
    return any(set(one.chain) == set(other.chain) for other in reported)
