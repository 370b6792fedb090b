"""Which variant of a program a command shows or compiles, and the later stages of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from objc.cli.errors import NoSuchTarget, Unsupported
from objc.compiler import Result, Variant, derive, differentiated
from objc.errors import ObjcError
from objc.ir.program import Program
from objc.target import DType, Target, available, load


def usual_batch(program: Program) -> frozenset[str]:
    """The inputs that have a batch axis in most calls: predictions and data of a loss, and of an
    objective the data alone, for what stands before its bar are the parameters."""
    roles = ("data",) if program.kind == "objective" else ("differentiable", "data")
    return frozenset(one.name for one in program.inputs if one.role in roles)


def gradient_inputs(program: Program) -> tuple[str, ...]:
    return tuple(one.name for one in program.differentiable)


def variant(program: Program, batched: bool) -> Variant:
    """Value and gradient, where the declaration has them."""
    inputs = usual_batch(program) if batched else frozenset()
    if "result" in program.outputs:
        return Variant(("result",), (), inputs)
    wanted: tuple[Result, ...] = ("value",)
    wrt = () if program.kind == "metric" else gradient_inputs(program)
    if wrt:
        wanted += ("gradient",)
    return Variant(wanted, wrt, inputs)


def find_target(name: str) -> Target:
    """Raises ObjcError where there is no such target."""
    try:
        return load(name)
    except LookupError as error:
        raise ObjcError(NoSuchTarget(None, name, tuple(available()))) from error


def require_support(program: Program, target: Target, name: str) -> None:
    """Raises ObjcError where the target can't run the program."""
    if (reason := target.supports(program)) is not None:
        raise ObjcError(Unsupported(program.span, program.name, name, reason))


def module_variants(
    program: Program, target: Target, name: str, both: bool = False
) -> dict[str, Program]:
    """The variants that an emitted module holds, by what they compute; with `both`, those for weights
    stand beside those without.

    Raises:
        ObjcError: the target can't run the declaration.
    """
    inputs = usual_batch(program)
    if "result" in program.outputs:
        wanted: dict[str, Variant] = {"result": Variant(("result",), (), inputs)}
    else:
        wanted = {
            "value": Variant(("value",), (), inputs, not both),
            "per_example": Variant(("per_example",), (), inputs),
        }
        wrt = gradient_inputs(program)
        if wrt and program.kind != "metric":
            wanted["value_and_grad"] = Variant(("value", "gradient"), wrt, inputs, not both)
        if both and inputs:
            weighted = [(k, one) for k, one in wanted.items() if "value" in one.results]
            wanted |= {f"weighted_{k}": replace(one, weighted=True) for k, one in weighted}
    if "per_example" not in program.outputs:
        wanted.pop("per_example", None)
    variants = {what: derive(program, one) for what, one in wanted.items()}
    for one in variants.values():
        require_support(one, target, name)
    return variants


@dataclass(frozen=True)
class View:
    """How `objc show` looks at a program."""

    batched: bool
    target: str
    dtype: str

    def differentiated(self, program: Program) -> Program:
        return differentiated(program, variant(program, self.batched))

    def derived(self, program: Program) -> Program:
        return derive(program, variant(program, self.batched))

    def loops(self, program: Program) -> str:
        """The schedule, as the target has it where it changes programs before."""
        from objc.schedule import schedule

        derived = self.derived(program)
        own = getattr(find_target(self.target), "loops", schedule)
        return str(own(derived))

    def source(self, program: Program) -> str:
        target = find_target(self.target)
        derived = self.derived(program)
        require_support(derived, target, self.target)
        return target.emit(derived, cast(DType, self.dtype)).text
