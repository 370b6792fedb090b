"""A part of the program under construction, taken out, differentiated, and put back.

An `Excerpt` is what computes one scalar of one argument, at each place of the indices around it. Those
indices are a batch to the derivative: the argument and every let of the excerpt has them first, and
the sum over all places is what is differentiated, since no place knows of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.index import Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.reductions import REDUCTIONS
from objc.ir.symbols import Condition, Expression, Read, reads, substitute_positions
from objc.passes.derivatives.differentiate import gradient
from objc.passes.lower.bindings import entry_of
from objc.passes.lower.builder import Builder, Wanted, indices_of
from objc.passes.lower.dimensions import Axis
from objc.passes.lower.names import Context
from objc.passes.lower.values import Environment, Positions, Value
from objc.passes.stages import stable, tidy
from objc.passes.tidying.prune import prune
from objc.passes.tidying.share import rename_reads
from objc.passes.tidying.untaken import sink
from objc.source import Span


class Excerpt:
    """What a function makes of its argument, a tensor called `name` that nobody has."""

    def __init__(self, context: Context, name: str, axes: tuple[Axis, ...], span: Span) -> None:
        self.context = context
        self.name = name
        self.axes = axes
        self.span = span
        self.lets: dict[str, Let] = {}
        self._avoided: frozenset[str] = frozenset()

    @property
    def argument(self) -> Value:
        """What stands for the argument while the function is resolved and built."""

        def build(environment: Environment, positions: Positions) -> Expression:
            return Read(self.name, positions, REAL.assumptions)

        return Value(self.span, self.axes, build, atomic=True)

    def take(self, start: int, environment: Environment) -> None:
        """Take the lets that depend on the argument out of those that were made since `start`, in an
        environment whose indices they avoid. What does not depend on it stays in the program."""
        self._avoid(environment.active)
        builder = self.context.builder
        made = builder.lets[start:]
        varying = {self.name, *self.lets}
        while True:
            found = [
                let
                for let in made
                if let.name not in varying and any(read.tensor in varying for read in let.reads)
            ]
            if not found:
                break
            varying.update(let.name for let in found)
        self.lets.update((let.name, let) for let in made if let.name in varying)
        builder.lets[start:] = [let for let in made if let.name not in varying]

    def _avoid(self, active: frozenset[str]) -> None:
        """Rename the indices of lets from an earlier place that would be captured at this one."""
        taken = active - self._avoided
        self._avoided |= active
        for let in list(self.lets.values()):
            own = [index for index in let.indices if index.name in taken]
            if own:
                self.lets[let.name] = renamed(let, _apart(own, let, self.context.builder))

    def only_picks(self, output: Expression) -> bool:
        """Whether the output depends on the argument through nothing but counts and places, whose
        derivative is zero. Derivatives may be zero."""
        if self.context.derived & self.lets.keys():
            return False
        varying = {self.name}
        for let in self.lets.values():
            smooth = let.reduction is None or REDUCTIONS[let.reduction].differentiable
            if smooth and varying & {read.tensor for read in let.body.atoms(Read)}:
                varying.add(let.name)
        if varying & {read.tensor for read in output.atoms(Read)}:
            return False
        return any(read.tensor in self.lets for read in reads(output))

    # ------------------------------------------------------------- the derivative

    def indices_around(self, output: Expression, environment: Environment) -> set[Index]:
        """The indices in force that the excerpt depends on."""
        found = indices_of(output)
        for let in self.lets.values():
            found |= {*let.free, *indices_of(let.body), *indices_of(let.guard)}
        return {index for index in found if index.name in environment.active}

    def derivative(self, output: Expression, around: Sequence[Index]) -> tuple[list[Let], str]:
        """The lets of the derivative, and the name of the one that holds it at `around` and at the
        axes of the argument. They read the argument at `around` and at its own positions."""
        builder = self.context.builder
        free = {self.name: (), **{let.name: let.free for let in self.lets.values()}}
        value = Let(builder.fresh("value"), (), output)
        lets = [at_places(let, free, around) for let in (*self.lets.values(), value)]
        total = lets[-1]
        if around:
            read = total.read(*around)
            total = Let(builder.fresh("total"), (), read, "sum", tuple(around))
            lets.append(total)
        dimensions = (*(one.dimension for one in around), *(one.dimension for one in self.axes))
        argument = Input(self.name, dimensions, REAL, "differentiable")
        outputs = {"value": total.name}
        known = _inputs(lets, argument, self.context)
        program = Program(self.context.name, (argument, *known), tuple(lets), outputs)
        program = gradient(stable(program), [self.name])
        key = f"gradient:{self.name}"
        program = tidy(prune(program, {key: program.outputs[key]}), final=False)
        program = sink(program)  # a step that isn't taken isn't read
        return list(program.lets), program.outputs[key]


def _apart(own: Iterable[Index], let: Let, builder: Builder) -> dict[Index, Index]:
    environment = Environment(reserved=frozenset(index.name for index in let.indices))
    found: dict[Index, Index] = {}
    for index in own:
        found[index] = builder.index(index.name, Axis(index.dimension), environment)
        names = {*environment.reserved, found[index].name}
        environment = replace(environment, reserved=frozenset(names))
    return found


def renamed(let: Let, indices: Mapping[Index, Index]) -> Let:
    """A let with other names for its own indices."""
    mapping = {old: Position(new) for old, new in indices.items() if old in let.indices}
    return replace(
        let,
        free=tuple(indices.get(one, one) for one in let.free),
        over=tuple(indices.get(one, one) for one in let.over),
        body=substitute_positions(let.body, mapping),
        guard=substitute_positions(let.guard, mapping),
    )


def at_places(let: Let, free: Mapping[str, tuple[Index, ...]], around: Sequence[Index]) -> Let:
    """A let with the indices around before its own, and its reads of tensors in `free` likewise.
    `free` has their indices, or the first of them."""

    def moved(read: Read) -> Read:
        positions = tuple(
            replace(one, base=moved(one.base)) if isinstance(one.base, Read) else one
            for one in read.positions
        )
        if read.tensor not in free:
            return read.at(positions)
        here = dict(zip(free[read.tensor], positions, strict=False))
        rest = positions[len(here) :]
        outer = [here.pop(index, Position(index)) for index in around]
        return read.at((*outer, *here.values(), *rest))

    mapping = {read: moved(read) for read in let.body.atoms(Read) | let.guard.atoms(Read)}
    own = tuple(index for index in let.free if index not in around)
    return replace(
        let,
        free=(*around, *own),
        body=let.body.xreplace(mapping),
        guard=let.guard.xreplace(mapping),
    )


def _inputs(lets: Sequence[Let], argument: Input, context: Context) -> list[Input]:
    """Whatever else the lets read, as data: inputs and lets of the program around them."""
    own = {argument.name, *(let.name for let in lets)}
    axes = dict(context.input_axes)
    found = {
        one.name: replace(
            one, dimensions=tuple(axis.dimension for axis in axes[one.name]), role="data"
        )
        for one in context.inputs
    }
    known = context.builder.tensors
    for let in lets:
        for read in let.reads:
            if read.tensor not in own and read.tensor not in found:
                domain, dimensions = known[read.tensor]
                found[read.tensor] = Input(read.tensor, dimensions, domain, "data")
    return list(found.values())


class Splice:
    """Puts the lets of a derivative into the program, under names that are free there, and with the
    place of the derivative for its argument."""

    def __init__(self, excerpt: Excerpt, place: Value, environment: Environment) -> None:
        self.excerpt = excerpt
        self.builder = excerpt.context.builder
        self.environment = environment
        self.own, inner = entry_of(place, (), environment, self.builder)
        self.at = self._read_of(place, inner)

    def _read_of(self, place: Value, inner: Environment) -> Expression:
        """The place of the derivative at `own`: as it stands if that costs nothing, else as a let."""
        body = place.build(inner, tuple(map(Position, self.own)))
        if place.atomic:
            return body
        if place.risky and inner.path:
            body = Branch(sympy.And(*inner.path), body, sympy.Integer(0))
        let = self.builder.let(Wanted(self.excerpt.name), self.own, body, span=place.span)
        return let.read(*let.free)

    def put(self, output: Expression, guarded: bool) -> Read:
        """Add the derivative of the output to the program. What is `guarded` is computed only where
        the path of the environment holds. Returns the read of it at the argument's axes."""
        builder, environment = self.builder, self.environment
        test = sympy.And(*environment.path) if guarded else sympy.true
        around = self.excerpt.indices_around(output, environment)
        around |= (indices_of(self.at) - set(self.own)) | indices_of(test)
        outer = builder.in_order(around)
        lets, result = self.excerpt.derivative(output, outer)
        if test != sympy.true:  # its indices are everywhere, then
            free = {let.name: let.free for let in lets}
            lets = [at_places(let, free, outer) for let in lets]
        indices = self._indices(lets, outer)
        names = {let.name: builder.fresh(let.name) for let in lets}  # steps read what comes later
        for let in lets:
            let = rename_reads(renamed(let, indices), names)
            let = replace(let, name=names[let.name], span=self.excerpt.span)
            builder.add(_under(test, self._with_place(let, outer)))
        self.excerpt.context.derived.update(names.values())
        made = next(let for let in builder.lets if let.name == names[result])
        return made.read(*outer, *self.own)

    def _indices(self, lets: Sequence[Let], outer: Sequence[Index]) -> dict[Index, Index]:
        """Names for the indices of the derivative that nothing in force is captured by."""
        environment, found = self.environment, {}
        for let in lets:
            for index in let.indices:
                if index in found or index in outer:
                    continue
                axis = Axis(index.dimension)
                found[index] = self.builder.index(index.name, axis, environment)
                taken = environment.reserved | {found[index].name}
                environment = replace(environment, reserved=taken)
        return found

    def _with_place(self, let: Let, outer: Sequence[Index]) -> Let:
        """The let with the reads of the argument replaced."""
        mapping = {}
        for read in let.body.atoms(Read) | let.guard.atoms(Read):
            if read.tensor == self.excerpt.name:
                axes = (*outer, *self.own)
                moves = dict(zip(axes, read.positions, strict=True))
                mapping[read] = substitute_positions(self.at, moves)
        body, guard = let.body.xreplace(mapping), let.guard.xreplace(mapping)
        return replace(let, body=body, guard=guard)


def _under(test: Condition, let: Let) -> Let:
    if test == sympy.true:
        return let
    if let.reduction in (None, "argsort"):
        return replace(let, body=Branch(test, let.body, sympy.Integer(0)))
    return replace(let, guard=sympy.And(test, let.guard))
