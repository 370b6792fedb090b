"""Differentiation on the representation: gradients by adjoints, directional derivatives by tangents.

Both return programs, so they compose: a Hessian product is the tangent of a gradient, and the
language's `gradient(f, x)` is the same pass again. The adjoint of a read `x[σ]` in
`t[f] := m[o] b` is `Σ over (f ∪ o) ∖ idx(σ) of d_t · weight · ∂b/∂x`; a plain index in σ is renamed
to x's own, anything else (a gather, a shift, a constant) gives Kronecker's δ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

import sympy

from objc.ir.domain import Domain
from objc.ir.index import BATCH, Index, Position
from objc.ir.program import Input, Let, Names, Program
from objc.ir.recurrence import groups, members
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
from objc.passes.contributions import Contribution, Sums, is_trivial
from objc.passes.delta import Domains, nonzero_where, under
from objc.passes.partials import is_tame, partial
from objc.passes.shifts import LogProbability, Shifts, name_log_probabilities, without_names
from objc.passes.weights import Weights

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)

Seed = Callable[[tuple[Position, ...]], Expression]
"""The tangent of an input at a position."""


def gradient(program: Program, wrt: Iterable[str], output: str = "value") -> Program:
    """Add `gradient:X` for every X of `wrt`: the derivative of a scalar output."""
    reverse = _Reverse(program, list(wrt), output)
    reverse.run()
    outputs = dict(program.outputs)
    for name in wrt:
        outputs[f"gradient:{name}"] = reverse.gradient_of(program.input[name]).name
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


def hessian_vector_product(program: Program, wrt: Iterable[str]) -> Program:
    """Add `hessian_vector_product:X` for every X: the tangent of the gradients along `vector_X`,
    internal inputs of the same shapes. The program must hold the gradients."""
    names = Names.of(program)
    vectors: dict[str, Input] = {}
    for name in wrt:
        one = program.input[name]
        vectors[name] = Input(
            names.fresh(f"vector_{name}"), one.dimensions, Domain("real"), "internal"
        )
    seeds: dict[str, Seed] = {
        name: (lambda positions, vector=vector: vector.read(*positions))  # type: ignore[misc]
        for name, vector in vectors.items()
    }
    program, log_probabilities = name_log_probabilities(program)
    forward = _Forward(program, seeds, (), log_probabilities)
    forward.run()
    outputs = dict(program.outputs)
    for name in wrt:
        let = program.let[program.outputs[f"gradient:{name}"]]
        outputs[f"hessian_vector_product:{name}"] = forward.tangent_of(let).name
    lets = (*program.lets, *forward.lets)
    program = replace(
        program, inputs=(*program.inputs, *vectors.values()), lets=lets, outputs=outputs
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

    forward = _Forward(program, {name: seed}, direction)
    forward.run()
    log_probabilities: Mapping[str, LogProbability] = {}
    if forward.spread:  # once more, with names
        program, log_probabilities = name_log_probabilities(program, forward.spread)
        gradient_let = program.let[gradient_let.name]
        forward = _Forward(program, {name: seed}, direction, log_probabilities)
        forward.run()
    tangent = forward.tangent_of(gradient_let)
    diagonal = Let(
        names.fresh(f"dd_{name}"), gradient_let.free, tangent.read(*gradient_let.free, *own)
    )
    outputs = {**program.outputs, f"hessian_diagonal:{name}": diagonal.name}
    program = program.with_lets((*program.lets, *forward.lets, diagonal), outputs)
    return without_names(program, log_probabilities)


def _domains(program: Program) -> Domains:
    domains = {one.name: one.domain for one in program.inputs}
    domains.update({one.name: one.domain for one in program.lets})
    return domains


def _dependent(program: Program, roots: Iterable[str]) -> set[str]:
    """The tensors that vary with the roots, through reads that have a derivative."""
    found = set(roots)
    waiting = [let for let in program.lets if not let.domain.is_integer]
    while True:
        reached = {
            let.name
            for let in waiting
            if let.name not in found and any(read.tensor in found for read in _direct_reads(let))
        }
        if not reached:
            return found
        found |= reached


def _may_be_impossible(program: Program) -> set[str]:
    """The lets of recurrences that the text makes -∞ somewhere, as the logarithm of what can't be, or that
    are made of such: states that nothing leads to. A row outside of one is -∞ by fault alone."""
    inside = members(program)
    if not inside:
        return set()
    found: set[str] = set()
    size = -1
    while size < len(found):  # in a recurrence what comes later is read
        size = len(found)
        for let in program.lets:
            if let.body.has(-sympy.oo) or any(read.tensor in found for read in let.reads):
                found.add(let.name)
    return found & set(inside)


def _direct_reads(let: Let) -> list[Read]:
    """The reads that stand in the body itself, not in gathers nor in the guard."""
    return sorted(let.body.atoms(Read), key=lambda read: str(read.name))


class _Reverse:
    """One sweep backwards over the lets."""

    def __init__(self, program: Program, wrt: list[str], output: str) -> None:
        self.program = program
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.weights = Weights(
            self.names, self.lets, program.lets, impossible=_may_be_impossible(program)
        )
        self.sums = Sums(self.names, self.lets, _Growing(_domains(program), self.lets))
        self.active = _dependent(program, wrt)
        self.parts: dict[str, list[Contribution]] = {name: [] for name in self.active}
        self.output = program.outputs[output]
        self.axes: dict[str, tuple[Index, ...]] = {}

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
        return let

    def _back_through(self, let: Let) -> None:
        adjoint = self.sums.build(f"d_{let.name}", let.free, self.parts[let.name])
        if adjoint is None:
            return
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
        for read in _direct_reads(let):
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
        conditions = [substitute_positions(sympy.And(let.guard, used), mapping), guard]
        for axis, position in unresolved:
            place = position_value(move_position(position, mapping))
            conditions.append(sympy.Eq(IndexValue(axis), place))
        moved = substitute_positions(body, mapping)
        return Contribution(moved, tuple(over), sympy.And(*conditions))


class _Growing(Mapping[str, Domain]):
    """The domains of a program's tensors and of the lets that are being added to it."""

    def __init__(self, known: Domains, lets: list[Let]) -> None:
        self._known, self._lets = known, lets

    def __getitem__(self, name: str) -> Domain:
        if name in self._known:
            return self._known[name]
        return next(let.domain for let in self._lets if let.name == name)

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield from self._known
        yield from (let.name for let in self._lets)

    def __len__(self) -> int:
        return len(self._known) + len(self._lets)


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


class _Forward:
    """One sweep forwards: the tangent of every let along the seeds.

    `direction` holds extra free indices of the seeds, one coordinate each; every tangent has them
    behind its own free indices. `log_probabilities` are lets whose tangent is one difference; where they are
    not known yet, `spread` tells the logsumexps of which one coordinate moves several addends.
    """

    def __init__(
        self,
        program: Program,
        seeds: Mapping[str, Seed],
        direction: tuple[Index, ...],
        log_probabilities: Mapping[str, LogProbability] | None = None,
    ) -> None:
        self.program = program
        self.seeds = seeds
        self.direction = direction
        self.log_probabilities = log_probabilities
        self.names = Names.of(program)
        for index in direction:
            self.names.fresh(index.name)  # taken
        self.lets: list[Let] = []
        self.weights = Weights(self.names, self.lets, impossible=_may_be_impossible(program))
        self.shifts = Shifts(self.names, self.lets)
        domains = _Growing(_domains(program), self.lets)
        self.sums = Sums(self.names, self.lets, domains)
        self.tangents: dict[str, Let] = {}
        self.shifted: dict[str, tuple[Let, Expression, Expression]] = {}
        self.spread: set[str] = set()

    def run(self) -> None:
        active = _dependent(self.program, self.seeds)
        for group in groups(self.program):
            lets = [let for let in group.lets if let.name in active]
            if group.indices:
                for let in lets:
                    free = (*let.free, *self.direction)
                    name = self.names.fresh(f"{let.name}_dot")
                    self.tangents[let.name] = Let(name, free, ONE)
            for let in lets:
                if group.indices or not self._through_softmax(let):
                    self._through(let)

    def tangent_of(self, let: Let) -> Let:
        found = self.tangents.get(let.name)
        if found is None:
            free = (*let.free, *self.direction)
            found = Let(self.names.fresh(f"{let.name}_dot"), free, sympy.Integer(0))
            self.lets.append(found)
        return found

    def _through(self, let: Let) -> None:
        parts = []
        for read in _direct_reads(let):
            tangent = self._tangent_at(read)
            if tangent == 0:
                continue
            slope = partial(let.body, read)
            if slope == 0:
                continue
            weight = self.weights.of(let) if let.reduction else ONE
            for addend in sympy.Add.make_args(
                sympy.expand_mul(weight * slope * tangent, deep=False)
            ):
                parts.append(Contribution(addend, let.over, let.guard))
        free = (*let.free, *self.direction)
        promised = self.tangents.get(let.name)
        built = self.sums.build(f"{let.name}_dot", free, parts, promised)
        if built is not None:
            self.tangents[let.name] = built

    def _through_softmax(self, let: Let) -> bool:
        """The tangent of a logsumexp from where its largest term is, and of a log-probability from
        that; False where it is neither."""
        if self.log_probabilities is not None and let.name in self.log_probabilities:
            one = self.log_probabilities[let.name]
            if one.normalizer not in self.shifted:
                return False
            _, v, mean = self.shifted[one.normalizer]
            name = self.names.fresh(f"{let.name}_dot")
            body = substitute_positions(v - mean, one.places)
            free = (*let.free, *self.direction)
            self.tangents[let.name] = Let(name, free, body, span=let.span)
            self.lets.append(self.tangents[let.name])
            return True
        if let.reduction != "logsumexp":
            return False
        tangent = sympy.Add(
            *(partial(let.body, read) * self._tangent_at(read) for read in _direct_reads(let))
        )
        if self._is_pinned(tangent, let.over):
            return False
        self.spread.add(let.name)
        if self.log_probabilities is None:
            return False
        terms = self.shifts.terms_of(let, tangent, self.direction)
        if terms is None:
            return False
        v, top = terms
        part = Contribution(self.weights.of(let) * (v - top), let.over, let.guard)
        free = (*let.free, *self.direction)
        rest = self.sums.build(f"{let.name}_dot_rest", free, [part])
        self.shifted[let.name] = let, v, top if rest is None else top + rest.read(*free)
        return True

    def _is_pinned(
        self, tangent: Expression, over: Collection[Index], seen: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a coordinate moves one addend alone: nothing is a mean of several then. A recurrence is
        `seen` once."""
        chosen = {IndexValue(one) for one in self.direction}
        places = {IndexValue(one) for one in over}
        for one in tangent.atoms(sympy.Eq):
            if one.free_symbols & chosen and one.free_symbols & places:
                return True
        for read in tangent.atoms(Read):
            let = next((one for one in self.lets if one.name == read.tensor), None)
            if let is not None and let.name not in seen:
                pairs = zip(let.free, read.positions, strict=True)
                inner = {own for own, place in pairs if place.index in over}
                met = seen | {let.name}
                if inner and any(self._is_pinned(one, inner, met) for one in (let.body, let.guard)):
                    return True
        return False

    def _tangent_at(self, read: Read) -> Expression:
        if read.tensor in self.seeds:
            return self.seeds[read.tensor](read.positions)
        if read.tensor in self.shifted:
            let, _, mean = self.shifted[read.tensor]
            return substitute_positions(mean, dict(zip(let.free, read.positions, strict=True)))
        found = self.tangents.get(read.tensor)
        if found is None:
            return ZERO
        return found.read(*read.positions, *self.direction)
