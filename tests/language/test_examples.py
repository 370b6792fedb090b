"""The examples of the language: each parses, formats to a fixed point, and keeps its tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from objc.source import Source
from objc.syntax import format_source, parse, read_source, tree

HERE = Path(__file__).parent
EXAMPLES = sorted(HERE.glob("*.objc"))
LIBRARY = sorted((HERE.parent.parent / "objc" / "library").rglob("*.objc"))
SHOWN = ("cross_entropy", "crf", "elastic_net", "gan", "huber", "maml", "mlp", "rlhf", "scene")
Golden = Callable[[Path, str], None]


def stem(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", EXAMPLES + LIBRARY, ids=stem)
def test_formats_to_a_fixed_point(path: Path) -> None:
    source = read_source(path)
    text = format_source(source)
    assert parse(Source(path.name, text)) == parse(source)
    assert format_source(Source(path.name, text)) == text


@pytest.mark.parametrize("path", EXAMPLES, ids=stem)
def test_layout(path: Path, golden: Golden) -> None:
    golden(HERE / "formatted" / f"{path.stem}.txt", format_source(read_source(path)))


@pytest.mark.parametrize("name", SHOWN)
def test_tree(name: str, golden: Golden) -> None:
    file = parse(read_source(HERE / f"{name}.objc"))
    golden(HERE / "trees" / f"{name}.txt", "\n".join(outline(file)))


def outline(node: tree.Node, depth: int = 0, label: str = "") -> Iterator[str]:
    """A tree, one node a line, with its fields that are not nodes and its place."""
    plain, nodes = [], []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        children = value if isinstance(value, tuple) else (value,)
        if any(isinstance(one, tree.Node) for one in children):
            nodes.extend((field.name, one) for one in children)
        elif field.compare and value not in (None, ()):
            plain.append(f" {field.name}={value!r}")
    start, stop = (node.span.source.position(one) for one in (node.span.start, node.span.stop))
    place = f"{start[0]}:{start[1]}-{stop[0]}:{stop[1]}"
    yield f"{'  ' * depth}{label}{type(node).__name__}{''.join(plain)}  {place}"
    for name, child in nodes:
        yield from outline(child, depth + 1, f"{name}: ")


@pytest.mark.parametrize("path", EXAMPLES, ids=stem)
def test_spans_hold_their_children(path: Path) -> None:
    file = parse(read_source(path))

    def check(node: tree.Node) -> None:
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            for child in value if isinstance(value, tuple) else (value,):
                if isinstance(child, tree.Node):
                    assert node.span.start <= child.span.start < child.span.stop <= node.span.stop
                    check(child)
        if isinstance(node, tree.Name):
            assert node.span.text.strip("() ") == node.name

    check(file)
