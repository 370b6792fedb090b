"""Stages: checked for their order, for what stands still, and for what they train on."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from objc.errors import Collector
from objc.ir.stages import Run, Stage
from objc.passes.lower import errors
from objc.passes.lower.functions import ELEMENTARY
from objc.passes.lower.loading import Namespace, library_declaration, library_names
from objc.source import Span
from objc.syntax import tree

Place: TypeAlias = Literal["formula", "trained", "data"]
"""Where a name stands: as a term of the formula, before the bar of a call, or after it."""

TRAINABLE = frozenset({"loss", "objective"})


def run_of(item: tree.Stages, namespace: Namespace, collector: Collector) -> Run:
    """A run of stages as data; what is wrong with it is collected."""
    order: dict[str, int] = {}
    for number, one in enumerate(item.stages):
        if one.name in order:
            what, first = "another stage has it", item.stages[order[one.name]].span
            collector.add(errors.DuplicateName(one.span, one.name, what, first))
        order.setdefault(one.name, number)
    stages = tuple(_Stage(item, one, order, namespace, collector).stage() for one in item.stages)
    return Run(item.name, stages, item.docstring)


@dataclass
class _Stage:
    """One stage under examination."""

    run: tree.Stages
    node: tree.Stage
    order: dict[str, int]
    namespace: Namespace
    collector: Collector
    declared: dict[str, None] = field(default_factory=dict)
    given: dict[str, None] = field(default_factory=dict)
    frozen: dict[str, None] = field(default_factory=dict)

    def stage(self) -> Stage:
        node = self.node
        source = None
        if isinstance(node.value, tree.Name) and node.value.name not in self.order:
            source = self._single(node.value)
        else:
            self._formula(node.value, "formula")
        return Stage(
            name=node.name,
            direction=node.direction,
            objective=re.sub(r"\s+", " ", node.value.span.text),
            declared=tuple(self.declared),
            given=tuple(self.given),
            start=self._earlier(node.start, "starts from"),
            frozen=tuple(self.frozen),
            scorer=self._earlier(node.scored_by, "is scored by"),
            source=None if source is None else source.span.source,
        )

    # ------------------------------------------------------------------ other stages

    def _earlier(self, name: tree.Name | None, how: str) -> str | None:
        if name is None:
            return None
        if name.name not in self.order:
            self.collector.add(errors.UnknownStage(name.span, name.name, tuple(self.order)))
        else:
            self._require_earlier(name.name, name.span, how)
        return name.name

    def _require_earlier(self, name: str, span: Span, how: str) -> None:
        if self.order[name] < self.order[self.node.name]:
            return
        other = self.run.stages[self.order[name]]
        circle = self._circle(name) if how == "starts from" else ()
        self.collector.add(errors.StageOrder(span, self.node.name, name, how, circle, other.span))

    def _circle(self, name: str) -> tuple[str, ...]:
        """The way along `from` back to this stage, if there is one."""
        chain = [self.node.name, name]
        while (start := self.run.stages[self.order[chain[-1]]].start) is not None:
            if start.name == self.node.name:
                return (*chain, start.name)
            if start.name in chain or start.name not in self.order:
                return ()
            chain.append(start.name)
        return ()

    def _reference(self, node: tree.Name, trained: bool) -> None:
        """A stage that the formula refers to: it stays as it is."""
        itself = node.name == self.node.name
        if trained or itself:
            self.collector.add(errors.TrainedReference(node.span, node.name, itself))
            return
        self._require_earlier(node.name, node.span, "refers to")
        self.frozen[node.name] = None

    # ------------------------------------------------------------------ the objective

    def _single(self, node: tree.Name) -> tree.Declaration | None:
        """A stage that has the name of a loss or an objective."""
        found = self._find(node.name)
        if found is None or _kind(found) not in TRAINABLE:
            self._not_trainable(node.name, node.span, found)
            return None
        self.declared[node.name] = None
        if isinstance(found, tree.Objective) and found.direction != self.node.direction:
            self.collector.add(errors.StageDirection(node.span, node.name, found.direction))
        return found

    def _not_trainable(self, name: str, span: Span, found: tree.Declaration | None) -> None:
        if found is not None and _kind(found) == "metric":
            surrogates = self.namespace.surrogates_of(found)
            what = f"the stage `{self.node.name}`"
            self.collector.add(errors.MetricInLoss(span, name, surrogates, what))
            return
        kind = None if found is None else _kind(found)
        names = (*self.namespace.callables(), *library_names())
        self.collector.add(errors.BadStageObjective(span, name, kind, names))

    def _formula(self, node: tree.Expression, place: Place) -> None:
        """Everything that a formula names."""
        match node:
            case tree.Name():
                self._name(node, place)
            case tree.Call():
                self._call(node)
            case _:
                for part in _parts(node):
                    self._formula(part, place)

    def _name(self, node: tree.Name, place: Place) -> None:
        if node.name in self.order:
            self._reference(node, place == "trained")
        elif (found := self._find(node.name)) is not None and place == "formula":
            if _kind(found) == "metric":
                self._not_trainable(node.name, node.span, found)
            self.declared[node.name] = None
        elif place == "data" and difflib.get_close_matches(node.name, self.order, 1, 0.8):
            self.collector.add(errors.UnknownStage(node.span, node.name, tuple(self.order)))
        else:
            self.given[node.name] = None

    def _call(self, node: tree.Call) -> None:
        found = self._find(node.function)
        if found is not None:
            self.declared[node.function] = None
            if _kind(found) == "metric":
                self._not_trainable(node.function, node.function_span, found)
        elif node.function not in ELEMENTARY:
            names = (*ELEMENTARY, *self.namespace.callables(), *library_names())
            self.collector.add(errors.UnknownFunction(node.function_span, node.function, names))
        for one in node.arguments:
            self._formula(one, "data" if node.data is None else "trained")
        for one in (*(node.data or ()), *(one.value for one in node.keywords)):
            self._formula(one, "data")

    def _find(self, name: str) -> tree.Declaration | None:
        found = self.namespace.find(name)
        return found[0] if found is not None else library_declaration(name)


def _kind(declaration: tree.Declaration) -> str:
    return str(getattr(declaration, "kind", type(declaration).__name__.lower()))


def _parts(node: tree.Expression) -> list[tree.Expression]:
    found: list[tree.Expression] = []
    for value in vars(node).values():
        members = value if isinstance(value, tuple) else (value,)
        found += [one for one in members if isinstance(one, tree.Expression)]
    return found
