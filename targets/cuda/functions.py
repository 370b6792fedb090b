"""The functions of a kernel's text, and what is told of them where they are launched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Described: TypeAlias = tuple[tuple[Any, ...], ...]
"""The parameters of a function, in their order."""

_MARK = "@kernel\n"


def split(text: str) -> tuple[str, dict[str, str]]:
    """The head of a text, and its functions by name."""
    head, *functions = text.split(_MARK)
    return head, {one[len("def ") : one.index("(")]: _MARK + one for one in functions}


def alone(text: str, name: str) -> str:
    """The text of one function."""
    head, functions = split(text)
    return head + functions[name]


def changed(
    step: Mapping[str, Any], change: Callable[[str, Described], tuple[str, Described]]
) -> Mapping[str, Any]:
    """A step of a kernel with what `change` makes of the name and the parameters of each of its functions."""
    if "items" in step:
        return {**step, "items": tuple(changed(one, change) for one in step["items"])}
    if "functions" not in step:
        return step
    made = {}
    for form, found in step["functions"].items():
        if form.startswith("spread"):
            made[form] = (tuple(change(*one) for one in found[0]), *found[1:])
        else:
            made[form] = (*change(found[0], found[1]), *found[2:])
    return {**step, "functions": made}


class Shared:
    """Functions of several kernels, each of which is kept once, whatever it is called."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def take(self, texts: list[str], facts: Mapping[str, Any]) -> dict[str, Any]:
        """What has to be known to launch a kernel, by the names that its functions have here."""
        names: dict[str, str] = {}
        for text in texts:
            start = text.index("def ") + len("def ")
            name = text[start : text.index("(", start)]
            names[name] = self.texts.setdefault(text.replace(name, "", 1), name)
        steps = tuple(
            changed(step, lambda name, described: (names[name], described))
            for step in facts["steps"]
        )
        return {**facts, "steps": steps}

    def text(self) -> str:
        """All of them, one after the other."""
        return "\n\n\n".join(
            text.replace("def (", f"def {name}(", 1) for text, name in self.texts.items()
        )
