"""Compiled variants: what a call runs, made when first needed and kept on disk as text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from objc import cache
from objc import target as targets
from objc.errors import ObjcError
from objc.kernel.errors import UnknownTarget
from objc.kernel.signature import dimension_key
from objc.target import DType, Emitted, Executable

if TYPE_CHECKING:
    from objc.ir.program import Input, Program

_VARIANTS = "variants"


@dataclass(frozen=True)
class Request:
    """What is to be computed, as plain data: see `objc.compiler.Variant`, which it becomes."""

    results: tuple[str, ...]
    wrt: tuple[str, ...]
    batched: frozenset[str]
    weighted: bool
    dtype: DType
    alone: bool = False

    def key(self) -> str:
        parts = [*self.results, "|", *self.wrt, "|", *sorted(self.batched), "|"]
        parts += ["alone"] * self.alone
        return cache.digest(*parts, str(self.weighted), self.dtype)


@dataclass(frozen=True)
class Argument:
    """An input of the compiled program and what it is bound to: an input of the declaration, the
    `scale`, the `weight`, or the `vector` for the input `of`."""

    name: str
    what: str
    of: str


@dataclass(frozen=True)
class Output:
    """A result: its dimensions are names bound at the call, or sizes."""

    key: str
    dimensions: tuple[str | int, ...]
    integer: bool


@dataclass(frozen=True)
class Plan:
    """How a compiled program is called. `unchecked` names the indices into a dimension that are no
    positions of reads: the program itself does not check their range. `counted` are the dimensions
    of results that a hyperparameter counts: their name, the hyperparameter, and what is added."""

    arguments: tuple[Argument, ...]
    outputs: tuple[Output, ...]
    unchecked: tuple[str, ...]
    counted: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class Compiled:
    """A variant that runs."""

    plan: Plan
    emitted: Emitted
    run: Executable


def recall(origin_key: str, name: str, target: str, request: Request) -> Compiled | None:
    """A variant whose text is in the disk cache."""
    found = cache.read(_VARIANTS, _entry(origin_key, name, target, request))
    if found is None:
        return None
    data = json.loads(found)
    emitted = Emitted(**data["emitted"])
    return Compiled(_plan_from(data["plan"]), emitted, target_of(target).load(emitted))


def remember(compiled: Compiled, origin_key: str, name: str, target: str, request: Request) -> None:
    """Keep the text of a variant, where it is plain data."""
    emitted = compiled.emitted
    data = {
        "plan": asdict(compiled.plan),
        "emitted": {
            "name": emitted.name,
            "text": emitted.text,
            "dtype": emitted.dtype,
            "metadata": dict(emitted.metadata),
        },
    }
    try:
        text = json.dumps(data)
    except TypeError:  # metadata that JSON can't hold stays in this process
        return
    cache.write(_VARIANTS, _entry(origin_key, name, target, request), text.encode())


def compile_variant(program: Program, target: str, request: Request) -> Compiled:
    """All stages after lowering.

    Raises:
        ObjcError: there is no such target, or it can't run the program.
    """
    derived = derived_program(program, request)
    chosen = target_of(target)
    if (reason := chosen.supports(derived)) is not None:
        raise ObjcError(UnknownTarget(program.span, target, reason, tuple(targets.available())))
    emitted = chosen.emit(derived, request.dtype)
    return Compiled(plan_of(program, derived, request.wrt), emitted, chosen.load(emitted))


def derived_program(program: Program, request: Request) -> Program:
    """The program with what the request asks for, before a target sees it."""
    from objc.compiler import Result, Variant, derive

    results = cast("tuple[Result, ...]", request.results)
    return derive(
        program, Variant(results, request.wrt, request.batched, request.weighted, request.alone)
    )


def plan_of(program: Program, derived: Program, wrt: Iterable[str]) -> Plan:
    """How the derived program is called."""
    from objc.passes.derivatives.differentiate import vectors_of

    own = {one.name for one in program.inputs}
    added = [one for one in derived.inputs if one.name not in own]
    vectors = vectors_of(derived, wrt)
    arguments = [Argument(one.name, "input", one.name) for one in program.inputs]
    arguments += [
        Argument(one.name, _added(one), "") for one in added if one.name not in vectors.values()
    ]
    arguments += [Argument(vector, "vector", name) for name, vector in vectors.items()]
    outputs = []
    counted: dict[str, tuple[str, str, int]] = {}
    for key, name in derived.outputs.items():
        let = derived.tensor(name)
        for one in let.dimensions:
            if one.count is not None:
                counted[one.name] = (one.name, one.count, one.more)
        dimensions = tuple(dimension_key(one) for one in let.dimensions)
        outputs.append(Output(key, dimensions, let.domain.is_integer))
    # Second derivatives may read no label: one that is wrong is so for them too.
    read = {read.tensor for let in derived.lets for read in let.reads}
    unread = tuple(one for one in program.always_gathered if one not in read)
    unchecked = (*derived.compared, *unread)
    return Plan(tuple(arguments), tuple(outputs), unchecked, tuple(counted.values()))


def _added(one: Input) -> str:
    return "weight" if one.dimensions else "scale"


def _plan_from(data: dict[str, Any]) -> Plan:
    return Plan(
        tuple(Argument(**one) for one in data["arguments"]),
        tuple(
            Output(one["key"], tuple(one["dimensions"]), one["integer"]) for one in data["outputs"]
        ),
        tuple(data["unchecked"]),
        tuple((name, count, more) for name, count, more in data["counted"]),
    )


def _entry(origin_key: str, name: str, target: str, request: Request) -> str:
    return cache.digest("variant", origin_key, name, target, request.key())


def target_of(name: str) -> targets.Target:
    try:
        return targets.load(name)
    except LookupError as error:
        choices = tuple(targets.available())
        raise ObjcError(UnknownTarget(None, name, str(error), choices)) from None
