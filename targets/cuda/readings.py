"""Texts that read their inputs as somebody has them: whole numbers of fewer bits, reals of another type,
numbers that are on the device.

A kernel is written for inputs of one type, and for numbers that a launch hands over. Nothing is copied where
a call has others: its text is written anew with what is read there and what that becomes.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from objc.targets.cuda.functions import Described, changed
from objc.targets.cuda.layout import SHORT

NARROW = {"int32": "int32", "int16": "int16", "int8": "int8", "uint8": "uint8", "bool": "uint8"}
"""Types of whole numbers beside int64, by what they are read as."""


def read_as(
    text: str, facts: Mapping[str, Any], kinds: Mapping[str, str]
) -> tuple[str, dict[str, Any]]:
    """The text and what has to be known to launch it, for inputs of these `kinds`, by name; an input that is
    a number otherwise is read where it is."""
    tree = ast.parse(text)
    nodes = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}

    def written(name: str, described: Described) -> tuple[str, Described]:
        _Function(nodes[name], described, kinds).write()
        return name, tuple(
            ("input", what[1], kinds[what[1]]) if _is_number(what, kinds) else what
            for what in described
        )

    steps = tuple(changed(step, written) for step in facts["steps"])
    inputs = {**facts["inputs"], **kinds}
    return ast.unparse(tree), {**facts, "steps": steps, "inputs": inputs}


def _is_number(what: tuple[Any, ...], kinds: Mapping[str, str]) -> bool:
    return what[0] == "number" and what[1] in kinds


class _Function:
    """A function of a text, being written for other inputs."""

    def __init__(
        self,
        node: ast.FunctionDef,
        described: tuple[tuple[Any, ...], ...],
        kinds: Mapping[str, str],
    ) -> None:
        self.node = node
        self.described = described
        self.kinds = kinds

    def write(self) -> None:
        arrays: dict[str, tuple[str, str]] = {}
        head: list[ast.stmt] = []
        for parameter, what in zip(self.node.args.args, self.described, strict=True):
            if _is_number(what, self.kinds):
                name, parameter.arg = parameter.arg, f"p_in_{parameter.arg}"
                kind = _read(self.kinds[what[1]], what[2])
                here = f"here_{name} = view({parameter.arg}, (1,), {kind})"
                head += ast.parse(f"{here}\n{name} = {what[2]}(here_{name}[0])").body
            elif what[0] == "input" and self.kinds.get(what[1], what[2]) != what[2]:
                arrays[parameter.arg] = self.kinds[what[1]], what[2]
        for one in self.node.body:
            match one:
                case ast.Assign(
                    value=ast.Call(func=ast.Name(id="view"), args=[ast.Name(id=at), *_] as given)
                ) if at in arrays:
                    given[2:] = [ast.Name(name) for name in _read(*arrays[at]).split(", ")]
        self.node.body[:0] = head


def _read(kind: str, declared: str) -> str:
    """What a view is told: the type that stands there, and what each entry becomes."""
    computed = "float32" if declared in SHORT else declared
    return f"{NARROW.get(kind, kind)}, {computed}"
