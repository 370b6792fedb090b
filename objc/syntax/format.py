"""The formatter: one layout for every text, comments kept.

A comment stays at the end of its line if what it follows still ends there, else it moves above the
definition, parameter or clause that it stood in. The writer chooses only whether the formula begins
on the line of its declaration, and where blank lines separate declarations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from objc.source import Source, Span
from objc.syntax import tree, write
from objc.syntax.build import Builder
from objc.syntax.layout import WIDTH, Document, lay_out
from objc.syntax.parse import parse, tokenize


def format_source(source: Source) -> str:
    """The text in its one layout, with the same syntax tree and the same comments.

    Idempotent. Raises ObjcError if the text does not parse.
    """
    return _Formatter(source, parse(source)).text()


@dataclass(frozen=True)
class _Comment:
    start: int
    text: str


class _Formatter:
    """Writes statements in the order of the text, taking the comments along as it passes them."""

    def __init__(self, source: Source, file: tree.File) -> None:
        self.source, self.file = source, file
        self.lines: list[str] = []
        tokens = tokenize(source)
        self.docstrings = [one for one in tokens if one.type == "DOCSTRING"]
        self.comments: list[_Comment] = []
        start = 0
        for stop, after in [*((t.start_pos, t.end_pos) for t in tokens), (len(source.text),) * 2]:
            for match in re.compile(r"#[^\r\n]*").finditer(source.text, start, stop):
                self.comments.append(_Comment(match.start(), match.group().rstrip()))
            start = after or 0
        self.comments.reverse()  # the next one is the last

    # --------------------------------------------------------------- comments

    def _take(self, stop: int) -> list[str]:
        """The comments before an offset that have not been written."""
        found = []
        while self.comments and self.comments[-1].start < stop:
            found.append(self.comments.pop().text)
        return found

    def _trailing(self, stop: int, limit: int | None = None) -> str:
        """The comment on the line where a statement ends: behind a comma, or up to `limit`."""
        if not self.comments:
            return ""
        start = self.comments[-1].start
        between = self.source.text[stop:start]
        is_near = start < limit if limit is not None else not between.strip(" \t,")
        if is_near and "\n" not in between:
            return "  " + self.comments.pop().text
        return ""

    def _has_comment(self, stop: int) -> bool:
        return bool(self.comments) and self.comments[-1].start < stop

    def _statement(self, text: str, span: Span, indent: int, mark: str = "") -> None:
        """Lines of one statement: comments above it, itself behind `mark`, a comment at its end."""
        for one in self._take(span.stop):
            self.lines.append(" " * (indent - len(mark)) + one)
        self.lines.append(" " * (indent - len(mark)) + mark + text + self._trailing(span.stop))

    # --------------------------------------------------------------- the file

    def text(self) -> str:
        things: list[tuple[int, int, tree.Item | str]] = [
            (one.span.start, one.span.stop, one) for one in self.file.items
        ]
        for token in self.docstrings:
            docstring = Builder().docstring(token).text
            start, stop = token.start_pos or 0, token.end_pos or 0
            things.append((start, stop, docstring))
        things.sort(key=lambda one: one[0])
        end = 0
        previous: tree.Item | str | None = None
        for number, (start, stop, thing) in enumerate(things):
            end = self._comments_between(end, start)
            is_file_docstring = number == 1 and self.file.docstring is not None
            if is_file_docstring or (isinstance(thing, str) and previous is not None):
                wants_blank = not self.lines[-1].startswith("#")
            else:
                wants_blank = False
            if not isinstance(previous, str):
                wants_blank = wants_blank or self._is_blank_between(end, start)
            self._separate(wants_blank)
            if isinstance(thing, str):
                self._docstring(thing)
            else:
                self._item(thing)
            end, previous = stop, thing
        self._comments_between(end, len(self.source.text))
        return "\n".join(self.lines) + "\n"

    def _separate(self, wants_blank: bool) -> None:
        if wants_blank and self.lines and self.lines[-1]:
            self.lines.append("")

    def _is_blank_between(self, start: int, stop: int) -> bool:
        return bool(re.search(r"\n[^\S\n]*\n", self.source.text[start:stop].replace("\r\n", "\n")))

    def _comments_between(self, end: int, stop: int) -> int:
        """Write the comments between two declarations; return where the last of them ends."""
        while self._has_comment(stop):
            comment = self.comments.pop()
            self._separate(self._is_blank_between(end, comment.start))
            self.lines.append(comment.text)
            end = comment.start + len(comment.text)
        return end

    def _docstring(self, text: str) -> None:
        closing = '\n"""' if text.endswith('"') else '"""'
        self.lines.extend(f'"""{text}{closing}'.split("\n"))

    # ----------------------------------------------------------- declarations

    def _item(self, item: tree.Item) -> None:
        match item:
            case tree.Use():
                self._statement(write.use(item), item.span, 0)
            case tree.Surrogate():
                text = f"surrogate {item.loss.name} for {item.metric.name}"
                self._statement(text, item.span, 0)
            case tree.Stages():
                self._stages(item)
            case tree.Scalar():
                self._header(item.kind, item, item.value)
                self._formula(item.value)
            case tree.Function():
                self._header(item.kind, item, item.value, write.free(item.free))
                self._formula(item.value)
            case tree.Objective():
                self._objective(item)
            case tree.Game():
                self._header("game", item, item.players[0])
                self._players(item.players)
        if isinstance(item, tree.Declaration):
            self._definitions(item.definitions)
        if isinstance(item, tree.Scalar | tree.Objective):
            self._claims(item.claims)

    def _header(
        self, word: str, item: tree.Declaration, value: tree.Node, suffix: str = ""
    ) -> None:
        """`loss f(…) =`, before `value`."""
        head, after = f"{word} {item.name}", f"{suffix} ="
        inside = item.signature
        self.lines.extend(self._take(inside.span.start))
        one_line = head + write.signature(inside) + after
        parameters = [one for _, group in write.groups(inside) for one in group]
        if not parameters or (len(one_line) <= WIDTH and not self._has_comment(inside.span.stop)):
            self.lines.extend(self._take(inside.span.stop))
            self.lines.append(one_line)
        else:
            self.lines.append(head + "(")
            if self._has_comment(inside.span.stop):
                self._one_a_line(inside)
            else:
                self._packed(inside)
            self.lines.append(")" + after)
        self.lines[-1] += self._trailing(inside.span.stop, value.span.start)

    def _one_a_line(self, signature: tree.Signature) -> None:
        written = write.groups(signature)
        for mark, group in written:
            if not group:
                self.lines.append(f"    {mark}")
            for number, one in enumerate(group):
                comma = "," if number + 1 < len(group) else ""
                first = f"{mark} " if mark and number == 0 else ""
                indent = 4 + len(first) if first else 4
                self._statement(write.parameter(one) + comma, one.span, indent, first)
        for comment in self._take(signature.span.stop):
            self.lines.append(f"    {comment}")

    def _packed(self, signature: tree.Signature) -> None:
        for mark, group in write.groups(signature):
            start = f"    {mark} " if mark else "    "
            self._fill(start, [write.parameter(one) for one in group])

    def _fill(self, start: str, parts: Sequence[str]) -> None:
        """Parts between commas, as many on a line as fit, further lines below the first part."""
        line = start
        for number, part in enumerate(parts):
            piece = part + ("," if number + 1 < len(parts) else "")
            if number and len(line) + len(piece) > WIDTH:
                self.lines.append(line.rstrip())
                line = " " * len(start)
            line += piece + " "
        self.lines.append(line.rstrip())

    def _formula(self, value: tree.Expression) -> None:
        """The formula, on the header's line if it was written there and fits."""
        document = write.expression(value)
        header = self.lines[-1]
        one_line = f"{header} {lay_out(document, 0, 1 << 30)}"
        span = value.span
        if (
            header.endswith("=")
            and len(one_line) <= WIDTH
            and not self._has_comment(span.stop)
            and not self._begins_line(span)
        ):
            self.lines[-1] = one_line + self._trailing(span.stop)
        else:
            self._statement(lay_out(document, 4), span, 4)

    def _begins_line(self, span: Span) -> bool:
        start = self.source.text.rfind("\n", 0, span.start) + 1
        return self.source.text[start : span.start].strip() in ("", "=")

    def _definitions(self, definitions: Sequence[tree.Definition]) -> None:
        mark = "where "
        for one in definitions:
            self._statement(lay_out(write.definition(one), 10), one.span, 10, mark)
            mark = ""

    def _claims(self, claims: Sequence[tree.Claim]) -> None:
        if not claims:
            return
        mark = "claims "
        if not self._has_comment(claims[-1].span.stop):
            self._fill("    " + mark, [write.claim(one) for one in claims])
            self.lines[-1] += self._trailing(claims[-1].span.stop)
            return
        for number, one in enumerate(claims):
            comma = "," if number + 1 < len(claims) else ""
            self._statement(write.claim(one) + comma, one.span, 11, mark)
            mark = ""

    # ---------------------------------------------------- objectives and games

    def _objective(self, item: tree.Objective) -> None:
        self._header("objective", item, item.terms[0])
        single = len(item.terms) == 1 and item.terms[0].name == "value"
        if single:
            (term,) = item.terms
            over = " over parameters" if term.over_parameters else ""
            document: Document = (f"{item.direction} ", write.continued(term.value), over)
            self._statement(lay_out(document, 4), term.span, 4)
        else:
            self.lines.append(f"    {item.direction}")
            rows = [
                (one.span, f"{one.name}:", write.continued(one.value),
                 "over parameters" if one.over_parameters else "")
                for one in item.terms
            ]  # fmt: skip
            self._rows(rows, 8)
        if item.combine_span is not None:
            self._statement(write.combination(item), item.combine_span, 4)

    def _players(self, players: Sequence[tree.Player]) -> None:
        width = max(len(one.name) for one in players)
        rows = [
            (one.span, f"{one.name:<{width}} {one.direction}", write.continued(one.value),
             f"over {', '.join(name.name for name in one.moved)}" if one.moved else "")
            for one in players
        ]  # fmt: skip
        self._rows(rows, 4)

    def _stages(self, item: tree.Stages) -> None:
        self.lines.extend(self._take(item.name_span.stop))
        self.lines.append(f"stages {item.name}" + self._trailing(item.name_span.stop))
        rows = []
        for one in item.stages:
            origins = [f"from {one.start.name}"] if one.start else []
            origins += [f"scored by {one.scored_by.name}"] if one.scored_by else []
            value: Document = (f"{one.direction} ", write.continued(one.value))
            rows.append((one.span, f"{one.name}:", value, ", ".join(origins)))
        self._rows(rows, 4)

    def _rows(self, rows: Sequence[tuple[Span, str, Document, str]], indent: int) -> None:
        """Lines of three columns: a name, a formula, what follows it."""
        first = max(len(name) for _, name, _, _ in rows) + 1
        texts = [lay_out(document, indent, column=indent + first) for _, _, document, _ in rows]
        second = max((len(text) for text, row in zip(texts, rows, strict=True)
                      if row[3] and "\n" not in text), default=0) + 3  # fmt: skip
        for (span, name, _, last), text in zip(rows, texts, strict=True):
            if last:
                text = f"{text} {last}" if "\n" in text else f"{text:<{second}}{last}"
            self._statement(f"{name:<{first}}{text}", span, indent)
