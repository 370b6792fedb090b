"""The table of rooms: who may import whom. See CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIBRARIES = {
    "click", "jax", "lark", "llvmlite", "matplotlib", "mpmath", "numba", "numpy", "platformdirs",
    "rich", "scipy", "sklearn", "sympy", "torch",
}  # fmt: skip
BELOW = {"source", "errors", "files", "interruption", "properties"}
MEANING = BELOW | {"atoms", "ir"}

# room: (rooms of objc that it may import, libraries that it may import)
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "source": (set(), set()),
    "errors": ({"source"}, set()),
    "interruption": (set(), set()),
    "properties": (set(), set()),
    "files": ({"interruption"}, set()),
    "atoms": (BELOW, {"sympy", "mpmath"}),
    "ir": (MEANING | {"target"}, {"sympy", "mpmath", "numpy"}),
    "syntax": (BELOW | {"cache"}, {"lark", "platformdirs"}),
    "passes": (MEANING, {"sympy"}),
    "passes.lower": (MEANING | {"passes", "syntax"}, {"sympy", "mpmath"}),
    "analysis": (MEANING | {"passes", "target"}, {"sympy", "mpmath", "numpy"}),
    "schedule": (MEANING, {"sympy"}),
    "target": ({"ir"}, set()),
    "cache": (BELOW | {"version"}, {"platformdirs"}),
    "compiler": (
        MEANING | {"passes", "passes.lower", "target", "analysis", "schedule", "syntax"},
        set(),
    ),
    "kernel": (
        MEANING | {"passes", "passes.lower", "syntax", "compiler", "target", "cache"},
        {"numpy"},
    ),
    "library": (BELOW | {"kernel", "syntax", "cache", "target"}, set()),
    "training": (BELOW | {"kernel", "cache"}, {"numpy", "scipy", "matplotlib", "rich"}),
    "accuracy": (
        MEANING | {"passes", "compiler", "kernel", "target"},
        {"numpy", "mpmath", "sympy", "matplotlib"},
    ),
    "bench": (
        MEANING | {"passes", "compiler", "kernel", "library", "schedule", "target", ""},
        {"numpy", "torch", "jax", "sklearn", "matplotlib", "sympy"},
    ),
    "bridges": (BELOW | {"kernel", "training"}, {"numpy", "torch", "jax", "sklearn"}),
    "targets": (
        MEANING | {"schedule", "target", "cache"},
        {"numpy", "numba", "llvmlite", "sympy"},
    ),
    "cli": ({"*"}, {"click", "rich", "numpy", "numba", "sympy", "matplotlib"}),
    "grammar": (set(), set()),
    "__main__": ({"cli"}, set()),
    "": ({"*"}, set()),
}


PACKAGES = (("objc", "objc"), ("targets", "objc.targets"), ("grammar", "objc.grammar"))


def _files() -> Iterator[tuple[str, str, Path]]:
    for folder, package in PACKAGES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = (*package.split("."), *path.relative_to(ROOT / folder).with_suffix("").parts)
            module = ".".join(part for part in parts if part != "__init__")
            yield _room(module), module, path


def _room(module: str) -> str:
    inner = module.removeprefix("objc").removeprefix(".")
    if inner.startswith("passes.lower"):
        return "passes.lower"
    return inner.split(".")[0]


def _imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".") if is_package else module.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, base]).rstrip(".")
            if base == "objc":
                yield from (f"objc.{alias.name}" for alias in node.names)
            else:
                yield base


@pytest.mark.parametrize(
    ("room", "module", "path"), list(_files()), ids=[module for _, module, _ in _files()]
)
def test_imports_stay_in_their_rooms(room: str, module: str, path: Path) -> None:
    assert room in ROOMS, f"the room `{room}` is not in the table"
    rooms, libraries = ROOMS[room]
    tree = ast.parse(path.read_text())
    for name in _imports(tree, module, path.name == "__init__.py"):
        top = name.split(".")[0]
        if top == "objc":
            other = _room(name)
            allowed = other in rooms or other == room or "*" in rooms or other.startswith("__")
            assert allowed, f"{module} imports {name}: `{room}` may not use `{other}`"
            assert other not in ("grammar",), f"{module}: the grammar is found by name"
            if room != "targets":
                assert other != "targets", f"{module}: targets are found by name"
        elif top in LIBRARIES:
            assert top in libraries, f"{module} imports {top}: `{room}` may not use it"
