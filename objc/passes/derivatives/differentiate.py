"""Differentiation on the representation: gradients by adjoints, directional derivatives by tangents.

Both return programs, so they compose: a Hessian product is the tangent of a gradient, and the
language's `gradient(f, x)` is the same pass again. The adjoint of a read `x[σ]` in
`t[f] := m[o] b` is `Σ over (f ∪ o) ∖ idx(σ) of d_t · weight · ∂b/∂x`; a plain index in σ is renamed
to x's own, anything else (a gather, a shift, a constant) gives Kronecker's δ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy

from objc.ir.domain import Domain
from objc.ir.index import BATCH, Index, Position, at
from objc.ir.program import Input, Let, Names, Program
from objc.ir.recurrence import groups
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    move_position,
    position_value,
    substitute_positions,
)
from objc.passes.delta import nonzero_where, under
from objc.passes.derivatives.contributions import Contribution, Sums, is_trivial
from objc.passes.derivatives.diagonals import add_up, contract_diagonals
from objc.passes.derivatives.invariance import balanced
from objc.passes.derivatives.partials import direct_reads, is_tame, moved_by, partial
from objc.passes.derivatives.shifts import LogProbability, name_log_probabilities, without_names
from objc.passes.derivatives.tangents import Forward, Seed
from objc.passes.derivatives.weights import Weights

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)

_VECTOR = "vector_"


def gradient(program: Program, wrt: Iterable[str], output: str = "value") -> Program:
    """Add `gradient:X` for every X of `wrt`: the derivative of a scalar output."""
    reverse = _Reverse(program, list(wrt), output)
    reverse.run()
    outputs = dict(program.outputs)
    for name in wrt:
        outputs[f"gradient:{name}"] = reverse.gradient_of(program.input[name]).name
    zero_sums = {
        (reverse.adjoints[tensor], axis)
        for tensor, axis in balanced(program, program.outputs[output], reverse.adjoints)
    }
    program = replace(program, balanced=program.balanced | zero_sums)
    return program.with_lets((*program.lets, *reverse.lets), outputs)


def term_gradients(program: Program, wrt: Iterable[str]) -> Program:
    """Add `term_gradient:TERM:X` for every term and every X of `wrt`: the derivative of the term's
    mean, before its weight. What the terms share stays shared."""
    inputs = tuple(wrt)
    outputs = dict(program.outputs)
    for term in program.terms:
        program = gradient(program, inputs, f"term:{term.name}")
        for name in inputs:
            outputs[f"term_gradient:{term.name}:{name}"] = program.outputs[f"gradient:{name}"]
    return program.with_lets(program.lets, outputs)


def vectors_of(program: Program, wrt: Iterable[str]) -> dict[str, str]:
    """The names of the vectors that the products with a Hessian are taken with, by input; of a program
    without such products, none."""
    added = [one.name for one in program.inputs if one.role == "internal"]
    return dict(zip(wrt, (one for one in added if one.startswith(_VECTOR)), strict=False))


def hessian_vector_product(program: Program, wrt: Iterable[str]) -> Program:
    """Add `hessian_vector_product:X` for every X: the tangent of the gradients along `vector_X`,
    internal inputs of the same shapes. The program must hold the gradients."""
    names = Names.of(program)
    vectors: dict[str, Input] = {}
    for name in wrt:
        one = program.input[name]
        fresh = names.fresh(f"{_VECTOR}{name}")
        vectors[name] = Input(fresh, one.dimensions, Domain("real"), "internal")
    seeds: dict[str, Seed] = {
        name: (lambda positions, vector=vector: vector.read(*positions))  # type: ignore[misc]
        for name, vector in vectors.items()
    }
    program, log_probabilities = name_log_probabilities(program, moved_by(program, seeds))
    forward = Forward(program, seeds, (), log_probabilities)
    forward.run()
    outputs = dict(program.outputs)
    for name in wrt:
        let = program.let[program.outputs[f"gradient:{name}"]]
        outputs[f"hessian_vector_product:{name}"] = forward.tangent_of(let).name
    lets = (*program.lets, *forward.lets)
    program = replace(
        program,
        inputs=(*program.inputs, *vectors.values()),
        lets=lets,
        outputs=outputs,
        balanced=program.balanced
        | {
            (part.let.name, axis)
            for name, axis in program.balanced
            for part in forward.tangents.get(name, ())
        },
    )
    return without_names(program, log_probabilities)


def hessian_diagonal(program: Program, wrt: Iterable[str]) -> Program:
    """Add `hessian_diagonal:X` for every X: the second derivative along each coordinate of X.

    The tangent is taken along one symbolic coordinate at a time (of every example at once, since
    examples don't interact), and read where both coordinates are the same.
    """
    for name in wrt:
        program = _hessian_diagonal(program, name)
    return program


def _hessian_diagonal(program: Program, name: str) -> Program:
    names = Names.of(program)
    one = program.input[name]
    gradient_let = program.let[program.outputs[f"gradient:{name}"]]
    batched = bool(one.dimensions) and one.dimensions[0] == BATCH
    own = gradient_let.free[1:] if batched else gradient_let.free
    direction = tuple(names.index(index) for index in own)

    def seed(positions: tuple[Position, ...]) -> Expression:
        places = positions[1:] if batched else positions
        conditions = [
            sympy.Eq(IndexValue(index), position_value(place))
            for index, place in zip(direction, places, strict=True)
        ]
        return under(sympy.And(*conditions), ONE)

    forward = Forward(program, {name: seed}, direction, towards=gradient_let)
    forward.run()
    log_probabilities: Mapping[str, LogProbability] = {}
    if forward.spread:  # once more, with names
        program, log_probabilities = name_log_probabilities(
            program, moved_by(program, [name]), forward.spread
        )
        gradient_let = program.let[gradient_let.name]
        forward = Forward(program, {name: seed}, direction, log_probabilities, gradient_let)
        forward.run()
    places = {index: at(place) for index, place in zip(direction, own, strict=True)}
    body = forward.at(gradient_let.name, tuple(map(at, gradient_let.free)), places)
    diagonal = Let(names.fresh(f"dd_{name}"), gradient_let.free, body)
    outputs = {**program.outputs, f"hessian_diagonal:{name}": diagonal.name}
    program = program.with_lets((*program.lets, *forward.lets, diagonal), outputs)
    return add_up(contract_diagonals(without_names(program, log_probabilities)))


class _Reverse:
    """One sweep backwards over the lets."""

    def __init__(self, program: Program, wrt: list[str], output: str) -> None:
        self.program = program
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.weights = Weights(self.names, self.lets, program, known=program.lets)
        self.sums = Sums(self.names, self.lets, program)
        self.active = moved_by(program, wrt)
        self.parts: dict[str, list[Contribution]] = {name: [] for name in self.active}
        self.output = program.outputs[output]
        self.axes: dict[str, tuple[Index, ...]] = {}
        self.adjoints: dict[str, str] = {}
        """By input or let outside of recurrences."""

    def run(self) -> None:
        if self.output in self.active:
            one = Contribution(ONE, (), sympy.true)
            self.parts[self.output].append(one)
        for group in reversed(groups(self.program)):
            active = [let for let in reversed(group.lets) if let.name in self.active]
            if group.indices:
                self._back_through_recurrence(active)
            elif active and self.parts[active[0].name]:
                self._back_through(active[0])

    def gradient_of(self, one: Input) -> Let:
        """The let of one input's gradient; all zero if nothing depends on it."""
        free = self._axes_of(one)
        let = self.sums.build(f"d_{one.name}", free, self.parts.get(one.name, []))
        if let is None:
            let = Let(self.names.fresh(f"d_{one.name}"), free, sympy.Integer(0))
            self.lets.append(let)
        self.adjoints[one.name] = let.name
        return let

    def _back_through(self, let: Let) -> None:
        adjoint = self.sums.build(f"d_{let.name}", let.free, self.parts[let.name])
        if adjoint is None:
            return
        self.adjoints[let.name] = adjoint.name
        trivial = adjoint.reduction is None and is_trivial(adjoint.body)
        outer = adjoint.body if trivial else adjoint.read(*let.free)
        self._distribute(let, outer, adjoint.body)

    def _back_through_recurrence(self, lets: list[Let]) -> None:
        """The adjoints of a recurrence are one in the opposite direction: they read each other, so
        they are promised before any is built."""
        if not any(self.parts[let.name] for let in lets):
            return
        promised = [Let(self.names.fresh(f"d_{let.name}"), let.free, ONE) for let in lets]
        for let, adjoint in zip(lets, promised, strict=True):
            self._distribute(let, adjoint.read(*let.free), ONE)
        for let, adjoint in zip(lets, promised, strict=True):
            self.sums.build(adjoint.name, let.free, self.parts[let.name], adjoint)

    def _distribute(self, let: Let, outer: Expression, adjoint: Expression) -> None:
        """Give every read of a let its contribution; `outer` stands for the let's adjoint, whose
        body tells where it is zero."""
        for read in direct_reads(let):
            if read.tensor not in self.active:
                continue
            slope = partial(let.body, read)
            if slope == 0:
                continue
            slope *= self.weights.of(let) if let.reduction else ONE
            # Where the result isn't used its slope may be infinite: zero times that is no zero.
            used = sympy.true if is_tame(slope) else nonzero_where(adjoint)
            part = self._contribution(let, read, outer * slope, used)
            self.parts[read.tensor].append(part)

    def _axes_of(self, tensor: Input | Let) -> tuple[Index, ...]:
        """The free indices of a tensor's derivative: a let's own; for an input, those of a plain
        read if there is one, so that the text stays familiar."""
        if isinstance(tensor, Let):
            return tensor.free
        if tensor.name not in self.axes:
            self.axes[tensor.name] = self._familiar_axes(tensor)
        return self.axes[tensor.name]

    def _familiar_axes(self, one: Input) -> tuple[Index, ...]:
        reads = [r for let in self.program.lets for r in let.reads if r.tensor == one.name]
        for read in reads:
            indices = [position.index for position in read.positions]
            if None not in indices and len(set(indices)) == len(indices):
                return tuple(index for index in indices if index is not None)
        known = {index.name: index for let in self.program.lets for index in let.indices}
        axes: list[Index] = []
        for number, dimension in enumerate(one.dimensions):
            wanted = Index(dimension.name.lower()[:1] or "i", dimension)
            for read in reads:
                index = read.positions[number].index
                if index is not None and index.dimension == dimension:
                    wanted = index
                    break
            if (
                wanted in axes
                or known.get(wanted.name, wanted) != wanted
                or wanted.name not in known
            ):
                wanted = self.names.index(wanted)
            axes.append(wanted)
        return tuple(axes)

    def _contribution(
        self, let: Let, read: Read, body: Expression, used: Condition
    ) -> Contribution:
        axes = self._axes_of(self.program.tensor(read.tensor))
        mapping, guard, unresolved = _bind(let.indices, read.positions, axes)
        over = []
        for index in let.indices:
            if index not in mapping:
                other = self.names.index(index) if index in axes else index
                if other != index:
                    mapping[index] = Position(other)
                over.append(other)
        where = sympy.And(self.weights.where(let), used)
        conditions = [substitute_positions(where, mapping), guard]
        for axis, position in unresolved:
            place = position_value(move_position(position, mapping))
            conditions.append(sympy.Eq(IndexValue(axis), place))
        moved = substitute_positions(body, mapping)
        return Contribution(moved, tuple(over), sympy.And(*conditions))


def _bind(
    indices: tuple[Index, ...], positions: tuple[Position, ...], axes: tuple[Index, ...]
) -> tuple[dict[Index, Position], Condition, list[tuple[Index, Position]]]:
    """Rename the indices that a read determines to the axes of its tensor.

    Returns the renaming, the condition that a shifted index is in range, and the axes whose position
    is not determined by renaming.
    """
    mapping: dict[Index, Position] = {}
    conditions = []
    unresolved = []
    for axis, position in zip(axes, positions, strict=True):
        index = position.base
        if isinstance(index, Index) and index in indices and index not in mapping:
            mapping[index] = Position(axis, -position.offset)
            conditions += _in_range(index, axis, position.offset)
        else:
            unresolved.append((axis, position))
    return mapping, sympy.And(*conditions), unresolved


def _in_range(index: Index, axis: Index, offset: int) -> list[Condition]:
    """That `axis − offset` is a value of `index`."""
    conditions = []
    same = index.dimension == axis.dimension
    if offset > 0:
        conditions.append(sympy.Ge(IndexValue(axis), offset))
    if offset < 0 or not same:
        limit = Extent(index.dimension)
        conditions.append(sympy.Lt(IndexValue(axis) - offset, limit))
    return conditions
