"""Diagnostics: one frozen dataclass an error, rendered like rustc's.

A diagnostic's fields are the data of the case; its methods make the text, so that wording stands in
one place. Its docstring is what `objc explain CODE` prints: what is wrong, why, an example, the mend.
Classes live in the room that finds the error (`objc/syntax/errors.py`, …) and are found through
`Diagnostic.catalogue()`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NoReturn

from objc.source import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Label:
    """A remark on a stretch of the user's text."""

    span: Span
    text: str


_catalogue: dict[str, type[Diagnostic]] = {}


@dataclass(frozen=True)
class Diagnostic:
    """One finding in the user's text or data. Subclasses set `code` and override the text methods."""

    code: ClassVar[str] = ""
    severity: ClassVar[Severity] = "error"

    span: Span | None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.code:
            if cls.code in _catalogue and _catalogue[cls.code].__qualname__ != cls.__qualname__:
                raise TypeError(f"two diagnostics have the code {cls.code}")
            _catalogue[cls.code] = cls

    @staticmethod
    def catalogue() -> dict[str, type[Diagnostic]]:
        """Every diagnostic class whose module has been imported, by code."""
        return dict(sorted(_catalogue.items()))

    def title(self) -> str:
        """One line: what is wrong, naming the input, what was expected and what came."""
        raise NotImplementedError(f"{type(self).__name__} has no title")

    def label(self) -> str:
        """What stands under the primary span."""
        return ""

    def labels(self) -> Sequence[Label]:
        """Secondary labels."""
        return ()

    def notes(self) -> Sequence[str]:
        return ()

    def help(self) -> str | None:
        """What to write instead."""
        return None

    def render(self) -> str:
        return render(self)

    def __str__(self) -> str:
        return self.render()

    def as_data(self) -> dict[str, object]:
        """The form that `--json` prints: offsets and lines from 1."""
        data: dict[str, object] = {
            "code": self.code,
            "severity": self.severity,
            "title": self.title(),
            "label": self.label(),
            "notes": list(self.notes()),
            "help": self.help(),
        }
        if self.span is not None:
            data["span"] = _span_data(self.span)
        data["labels"] = [{**_span_data(one.span), "text": one.text} for one in self.labels()]
        return data


def _span_data(span: Span) -> dict[str, object]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.stop)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


class ObjcError(Exception):
    """Something wrong in the user's text or data. `str()` is the rendering; `diagnostics` the data."""

    def __init__(self, diagnostics: Iterable[Diagnostic] | Diagnostic) -> None:
        found = [diagnostics] if isinstance(diagnostics, Diagnostic) else list(diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(found)
        super().__init__("\n\n".join(one.render() for one in self.diagnostics))

    def __reduce__(self) -> tuple[type[ObjcError], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.diagnostics,)


class InputError(ObjcError, ValueError):
    """Wrong data at a call: shape, dtype, range, an empty batch."""


class OutOfMemory(InputError, MemoryError):
    """The arrays that a call works in take more memory than there is."""


class InternalError(RuntimeError):
    """A fault of the compiler itself, never of the user's text."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"{message}\nThis is a fault in objc, not in your text. Please report it with the text"
            " that led to it and the output of `objc doctor`."
        )


class Collector:
    """Gathers the diagnostics of one stage. `stop()` ends the stage if any is an error."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.found:
            self.found.append(diagnostic)

    def fail(self, diagnostic: Diagnostic) -> NoReturn:
        """Record an error after which the stage can't go on."""
        self.add(diagnostic)
        self.stop()
        raise InternalError("a stage failed with a warning")

    @property
    def errors(self) -> list[Diagnostic]:
        return [one for one in self.found if one.severity == "error"]

    def stop(self) -> None:
        if self.errors:
            raise ObjcError(self.found)


def article(noun: str) -> str:
    """`a` or `an`, by the first letter."""
    return "an" if noun[:1] in "aeiou" else "a"


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """The help line for a misspelled name, or None when nothing in scope is near."""
    choices = sorted(set(candidates) - {name})
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if not near:
        near = [one for one in choices if one.lower() == name.lower()]
    return f"did you mean `{near[0]}`?" if near else None


# ------------------------------------------------------------------ rendering


def render(diagnostic: Diagnostic) -> str:
    """The text of a diagnostic: header, place, the marked lines, notes and help."""
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.title()}"]
    width = 1
    if diagnostic.span is not None:
        labels = [Label(diagnostic.span, diagnostic.label()), *diagnostic.labels()]
        width = max(len(str(one.span.source.position(one.span.start)[0])) for one in labels)
        lines.extend(_snippets(labels, width))
    margin = " " * (width + 1)
    for note in diagnostic.notes():
        lines.append(f"{margin}= note: {_indent(note, margin)}")
    if (help_text := diagnostic.help()) is not None:
        lines.append(f"{margin}= help: {_indent(help_text, margin)}")
    return "\n".join(lines)


def marked(labels: Sequence[Label]) -> list[str]:
    """Lines of the user's text with remarks under them; the first of the labels is the primary one."""
    width = max(len(str(one.span.source.position(one.span.start)[0])) for one in labels)
    return list(_snippets(labels, width))


def _indent(text: str, margin: str) -> str:
    return text.replace("\n", "\n" + margin + " " * 8)


def _snippets(labels: Sequence[Label], width: int) -> Iterator[str]:
    primary = labels[0]
    gutter = " " * width
    by_source: dict[int, list[Label]] = {}
    for label in labels:
        by_source.setdefault(id(label.span.source), []).append(label)
    for number, group in enumerate(by_source.values()):
        place = (primary if number == 0 else group[0]).span
        yield f"{gutter}{'-->' if number == 0 else ':::'} {place}"
        yield f"{gutter} |"
        yield from _marked_lines(group, primary, width)


def _marked_lines(group: Sequence[Label], primary: Label, width: int) -> Iterator[str]:
    by_line: dict[int, list[Label]] = {}
    for label in group:
        by_line.setdefault(label.span.source.position(label.span.start)[0], []).append(label)
    previous = None
    for number, here in sorted(by_line.items()):
        if previous is not None and number > previous + 1:
            yield "..."
        previous = number
        shown, offset = _window(here[0].span.source.line(number), here)
        yield f"{number:>{width}} | {shown}"
        for label in sorted(here, key=lambda one: (one is primary, one.span.start)):
            start = label.span.source.position(label.span.start)[1] - 1 - offset
            line_end = offset + len(shown)
            stop = min(start + max(label.span.stop - label.span.start, 1), line_end + 1)
            mark = ("^" if label is primary else "-") * max(min(stop, len(shown)) - start, 1)
            yield f"{' ' * width} | {' ' * start}{mark} {label.text}".rstrip()


_WINDOW = 160
_INVISIBLE = {"\t": " "}  # other control characters would act on the terminal


def _window(text: str, labels: Sequence[Label]) -> tuple[str, int]:
    """A line's text as shown, tabs as one blank, and the offset of its first shown character."""
    text = "".join(one if one.isprintable() else _INVISIBLE.get(one, "�") for one in text)
    if len(text) <= _WINDOW:
        return text, 0
    first = min(one.span.source.position(one.span.start)[1] for one in labels)
    offset = max(0, first - _WINDOW // 2)
    return text[offset : offset + _WINDOW], offset
