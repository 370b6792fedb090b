"""Definitions that refer to themselves, or to each other, one step back or ahead along an index.

Their equations are resolved as those of any tensor, while each name already stands for a tensor whose
entries are read before they are defined. Whether there is an order to compute them in is seen when
all lets are there (`causality`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import sympy

from objc.atoms import Branch
from objc.ir.domain import Domain
from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, IndexValue, Read, conjuncts, position_value
from objc.passes.lower.builder import Wanted, indices_of
from objc.passes.lower.dimensions import Axis, Variable, unify
from objc.passes.lower.equations import (
    Equation,
    axes_of,
    equation,
    in_order,
    index_name,
    pieces,
)
from objc.passes.lower.names import Scope
from objc.passes.lower.order import Group, names_in, parts_of
from objc.passes.lower.values import Environment, Positions, Value, broken, indices_of_position
from objc.syntax import tree


def is_recurrence(circle: Sequence[Group]) -> bool:
    """Whether definitions that go in a circle are tensors of which one steps along an index."""
    names = {group.name for group in circle}
    tensors = all(group.equations[0].indices for group in circle)
    return tensors and any(_steps(one.value, names) for group in circle for one in group.equations)


def _steps(node: object, names: set[str]) -> bool:
    """Whether an expression reads one of the names at a shifted position."""
    return any(
        isinstance(place, tree.Binary) for read in _reads(node, names) for place in read.indices
    )


def _reads(node: object, names: Iterable[str]) -> Iterator[tree.Subscript]:
    for part in parts_of(node):
        if not isinstance(part, tree.Subscript) or not isinstance(part.base, tree.Name):
            continue
        if part.base.name in names:
            yield part


@dataclass(eq=False)
class _Member:
    """One of the tensors: its equations, its axes, how its indices are called, what it is made of."""

    group: Group
    definitions: list[tree.Definition]
    axes: tuple[Axis, ...]
    indices: tuple[str, ...]
    indexes: Axis | None = None
    source: Value | None = None
    resolved: dict[int, Equation | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.group.name


@dataclass(frozen=True)
class _Made:
    """The let of a tensor, perhaps still under construction, at one place of the indices around."""

    name: str
    outer: tuple[Index, ...]
    own: tuple[Index, ...]
    domain: Domain


class Recurrence:
    """The definitions of one circle."""

    def __init__(self, circle: Sequence[Group], scope: Scope) -> None:
        self.scope = scope
        self.context = scope.context
        self.own = len(scope.context.stack) == 1
        self.members: dict[str, _Member] = {}
        self._made: dict[Positions, list[tuple[tuple[Condition, ...], dict[str, _Made]]]] = {}
        self._building: list[tree.Definition] = []
        self._define(circle)

    def make(self, environment: Environment) -> None:
        """Make the lets now."""
        if self.members:
            self._entry(environment)

    # ------------------------------------------------------------- resolving

    def _define(self, circle: Sequence[Group]) -> None:
        scope = self.scope
        found = [(group, in_order(group, scope)) for group in circle]
        for group, definitions in found:
            if definitions is not None:
                general = definitions[-1]
                names = tuple(index_name(one) or "i" for one in general.indices or ())
                axes = axes_of(definitions, group)
                self.members[group.name] = _Member(group, definitions, axes, names)
        if len(self.members) == len(circle):
            self.context.equations += [one for group in circle for one in group.equations]
            _name_alike(self.members)
            self._resolve()
        else:
            self.members.clear()
        for group in circle:
            if group.name not in self.members:
                value = broken(group.equations[0].span)
                scope.define(group.name, value, "a definition", group.equations[0].name_span)

    def _resolve(self) -> None:
        names = self.members.keys()
        for member in self.members.values():
            for one in member.definitions:
                if not names & set(names_in(one.value)):
                    self._equation(member, one)
            member.indexes = self._pointed_at(member)
        for member in self.members.values():
            span = member.group.equations[0].name_span
            self.scope.define(member.name, self._value(member), "a definition", span)
        joined = [self._join(member) for member in self.members.values()]
        if not all(joined):
            self.members.clear()

    def _join(self, member: _Member) -> bool:
        """Make one tensor of the equations. False if one of them is broken."""
        found: list[Equation] = []
        for one in member.definitions:
            resolved = self._equation(member, one)
            if resolved is not None and not resolved.value.broken:
                found.append(self._told(resolved, one))
        if len(found) < len(member.definitions):
            return False
        member.source = pieces(member.name, found, member.axes, self.scope)
        if member.indexes is not None and member.source.indexes is not None:
            unify(member.indexes, member.source.indexes)
        return True

    def _equation(self, member: _Member, one: tree.Definition) -> Equation | None:
        if id(one) not in member.resolved:
            member.resolved[id(one)] = equation(one, member.axes, self.scope, alone=False)
        return member.resolved[id(one)]

    def _pointed_at(self, member: _Member) -> Axis | None:
        """The axis that a tensor of indices points into, told by the equations where it begins, or,
        where these say `0`, by its use as a position."""
        begun = [one.value for one in member.resolved.values() if one is not None]
        for value in begun:
            if value.categorical:
                return value.indexes
        whole = bool(begun) and all(value.integral for value in begun)
        return Axis() if whole and self._is_position(member.name) else None

    def _is_position(self, name: str) -> bool:
        equations = (one for member in self.members.values() for one in member.definitions)
        return any(
            name in names_in(place)
            for one in equations
            for part in parts_of(one.value)
            if isinstance(part, tree.Subscript)
            for place in part.indices
        )

    def _value(self, member: _Member) -> Value:
        """What the name stands for."""

        def build(environment: Environment, positions: Positions) -> Expression:
            made = self._entry(environment)[member.name]
            if self._building:
                positions = _stepping(positions, made.own, environment.path)
            places = (*map(Position, made.outer), *positions)
            read = Read(made.name, places, made.domain.assumptions)
            if self._building:
                self.context.stepped[read] = self._building[-1].span
            return read

        return Value(
            member.group.equations[0].span,
            member.axes,
            build,
            indexes=member.indexes,
            categorical=member.indexes is not None,
            integral=member.indexes is not None,
            atomic=True,
        )

    def _told(self, one: Equation, definition: tree.Definition) -> Equation:
        """An equation that says, while it is built, which it is."""
        value = one.value

        def build(environment: Environment, positions: Positions) -> Expression:
            self._building.append(definition)
            try:
                return value.build(environment, positions)
            finally:
                self._building.pop()

        return replace(one, value=replace(value, build=build, direct=None))

    # -------------------------------------------------------------- building

    def _entry(self, environment: Environment) -> dict[str, _Made]:
        """The lets at one place of the indices around. Made under a condition they hold there only."""
        key = tuple(environment.positions[one] for one in self.scope.variables)
        for path, made in self._made.setdefault(key, []):
            if path == environment.path[: len(path)]:
                return made
        outer = tuple(dict.fromkeys(one for place in key for one in indices_of_position(place)))
        inner = environment.only(self.scope.variables)
        for condition in environment.path:
            if indices_of(condition) <= set(outer):
                inner = inner.under(condition)
        made = {name: self._reserved(one, outer, inner) for name, one in self.members.items()}
        self._made[key].append((environment.path, made))
        for name, member in self.members.items():
            self._let(member, made[name], inner)
        return made

    def _reserved(
        self, member: _Member, outer: tuple[Index, ...], environment: Environment
    ) -> _Made:
        builder = self.context.builder
        own: list[Index] = []
        for name, axis in zip(member.indices, member.axes, strict=True):
            own.append(builder.index(name, axis, environment))
            environment = _with_index(environment, own[-1], axis, member)
        domain = Domain("real")
        if member.indexes is not None:
            domain = Domain("index", dimension=member.indexes.dimension)
        name = member.name if self.own else builder.fresh(member.name)
        dimensions = tuple(index.dimension for index in (*outer, *own))
        builder.promise(name, domain, dimensions)
        return _Made(name, outer, tuple(own), domain)

    def _let(self, member: _Member, made: _Made, environment: Environment) -> Let:
        for index, axis in zip(made.own, member.axes, strict=True):
            environment = _with_index(environment, index, axis, member)
        assert member.source is not None
        body = member.source.build(environment, tuple(map(Position, made.own)))
        if environment.path:
            body = Branch(sympy.And(*environment.path), body, sympy.Integer(0))
        return self.context.builder.let(
            Wanted(made.name, exact=True),
            (*made.outer, *made.own),
            body,
            domain=made.domain,
            span=member.source.span,
        )


def _with_index(environment: Environment, index: Index, axis: Axis, member: _Member) -> Environment:
    variable = Variable(index.name, member.definitions[-1].span, axis)
    return environment.bind([(variable, Position(index))])


def _stepping(positions: Positions, own: Sequence[Index], path: Sequence[Condition]) -> Positions:
    """Fixed places told from the index, where a condition says what it is: in the equation of
    `r[0, j]` the place `r[0, j-1]` is at this `i`, not far away at 0."""
    known: dict[Index, Expression] = {}
    for condition in path:
        for part in conjuncts(condition):
            if isinstance(part, sympy.Eq):
                for index in own:
                    value = IndexValue(index)
                    if value in part.args:
                        known[index] = part.args[1] if part.args[0] == value else part.args[0]

    def moved(position: Position, index: Index) -> Position:
        if index not in known or isinstance(position.base, Index | Read):
            return position
        offset = position_value(position) - known[index]
        return Position(index, int(offset)) if offset.is_Integer else position

    return tuple(map(moved, positions, own))


def _name_alike(members: dict[str, _Member]) -> None:
    """Call the index along which tensors step together the same in all of them: the first's name."""
    root = {
        (name, at): (name, at) for name, member in members.items() for at in range(len(member.axes))
    }
    for member in members.values():
        for one, other in _stepping_together(member, members):
            kept, gone = sorted((root[one], root[other]))
            root = {axis: kept if of == gone else of for axis, of in root.items()}
    first: dict[tuple[str, int], str] = {}
    for name, member in members.items():
        roots = [root[name, at] for at in range(len(member.axes))]
        if len(set(roots)) < len(roots):
            return
        names = tuple(
            first.setdefault(of, own) for of, own in zip(roots, member.indices, strict=True)
        )
        if len(set(names)) == len(names):
            member.indices = names


def _stepping_together(
    member: _Member, members: dict[str, _Member]
) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """Pairs of axes of which one is read at the other's index."""
    for definition in member.definitions:
        own = {index_name(place): at for at, place in enumerate(definition.indices or ())}
        for read in _reads(definition.value, members):
            target = members[read.base.name] if isinstance(read.base, tree.Name) else member
            for at, place in enumerate(read.indices[: len(target.axes)]):
                name = index_name(place.left if isinstance(place, tree.Binary) else place)
                if name is not None and name in own:
                    yield (member.name, own[name]), (target.name, at)


__all__ = ["Recurrence", "is_recurrence"]
