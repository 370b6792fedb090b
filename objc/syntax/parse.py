"""Text to syntax tree: tokens, cut into declarations, each parsed by itself so that all errors show."""

from __future__ import annotations

import functools
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, cast

import lark
from lark import Lark, Token, UnexpectedToken

from objc import cache
from objc.errors import Collector, ObjcError
from objc.source import Source, Span
from objc.syntax import errors, tree
from objc.syntax.build import Builder, Docstring
from objc.syntax.diagnose import check_tokens, diagnose
from objc.syntax.tokens import (
    DECLARATIONS,
    OPERAND_FOLLOWS,
    Tokenizer,
    TokenLexer,
    with_brackets_apart,
)

MAX_SIZE = 400_000
"""The most characters of a file, forty times the longest of the library: some seconds of parsing."""

MAX_ERRORS = 20
"""As many errors are shown for one text; a text with more is not a text in this language."""


class _Parser:
    def __init__(self) -> None:
        self.lark = _tables()
        self.builder = cast(Builder, self.lark.options.transformer)
        self.tokenizer = Tokenizer(self.lark.terminals)

    def items(self, source: Source, tokens: Sequence[Token]) -> list[Any]:
        """The declarations and docstrings in a stretch of tokens."""
        self.builder.begin(source)
        return cast("list[Any]", self.lark.parse(with_brackets_apart(tokens)))

    def accepts(self, source: Source, tokens: Sequence[Token]) -> frozenset[str]:
        """The terminals that can follow these tokens.

        lark's own set for an error is smaller: it is taken after what the wrong token completed.
        """
        self.builder.begin(source)
        parser = self.lark.parse_interactive(tokens)
        for token in with_brackets_apart(tokens):
            parser.feed_token(token)
        return frozenset(parser.accepts()) - {"APART"}


def _tables() -> Lark:
    """lark's parser with its builder: from the user's cache in a fifth of the time it takes to make."""
    grammar = resources.files("objc.grammar").joinpath("objc.lark").read_text("utf-8")
    key = cache.digest(grammar, lark.__version__)
    kept = cache.read("grammar", key)
    if kept is not None:
        return cast(Lark, Lark.load(io.BytesIO(kept)))
    made = Lark(
        grammar,
        parser="lalr",
        start="file",
        lexer=TokenLexer,
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    stream = io.BytesIO()
    made.save(stream)
    cache.write("grammar", key, stream.getvalue())
    return made


@functools.cache
def _parser() -> _Parser:
    return _Parser()


def tokenize(source: Source) -> list[Token]:
    """The tokens of a text, comments and blanks left out."""
    return _parser().tokenizer.tokens(source.text)


def parse(source: Source, name: str | None = None) -> tree.File:
    """The syntax tree of a text; with a `name`, of what the text declares by it and of all that is named
    from there: the rest of a long file is not read.

    Raises ObjcError with all the errors found: after one, reading goes on at the next declaration.
    Expressions deeper than `build.MAX_NESTING` are refused, so that readers of the tree may recurse.
    """
    collector = Collector()
    if len(source.text) > MAX_SIZE:
        collector.fail(errors.TooLarge(None, source.name, len(source.text), MAX_SIZE))
    found: list[Any] = []
    for tokens in _declarations(tokenize(source)) if name is None else _about(name, source):
        try:
            found.extend(_items(source, tokens))
        except ObjcError as error:
            for one in error.diagnostics:
                collector.add(one)
        if len(collector.errors) >= MAX_ERRORS:
            break
    collector.stop()
    file = _file(source, found, collector)
    collector.stop()
    return file


def _items(source: Source, tokens: Sequence[Token]) -> list[Any]:
    broken = list(itertools.islice(check_tokens(source, tokens), MAX_ERRORS))
    if broken:
        raise ObjcError(broken)
    try:
        return _parser().items(source, tokens)
    except UnexpectedToken as unexpected:
        at = unexpected.token
        found = (i for i, one in enumerate(tokens) if one is at or _is_apart(at, one))
        place = next(found, len(tokens))
        accepts = _parser().accepts(source, tokens[:place])
        raise ObjcError(diagnose(source, tokens, place, accepts)) from None


def _is_apart(unexpected: Token, token: Token) -> bool:
    return unexpected.type == "APART" and unexpected.start_pos == token.start_pos


def _declarations(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The stretches of tokens from the beginning of a declaration, or docstring, to the next."""
    start = 0
    for number, token in enumerate(tokens):
        begins = token.type in DECLARATIONS or (
            token.type == "DOCSTRING" and tokens[number - 1].type not in OPERAND_FOLLOWS
        )
        if number and begins:
            yield tokens[start:number]
            start = number
    if tokens:
        yield tokens[start:]


@dataclass(frozen=True)
class _Stretch:
    """Tokens of a text, the names that they declare or bring, and those that stand in them."""

    tokens: Sequence[Token]
    declared: frozenset[str]
    named: frozenset[str]


def _about(name: str, source: Source) -> Iterator[Sequence[Token]]:
    """The stretches that declare a name, or what is named there, each with its docstring, in the order of
    the text; all of them where none declares it."""
    stretches = _stretches(source)
    wanted: set[int] = set()
    seen: set[str] = set()
    asked = {name}
    while asked:
        seen |= asked
        more = {n for n, one in enumerate(stretches) if one.declared & asked} - wanted
        wanted |= more
        asked = {each for n in more for each in stretches[n].named} - seen
    for number, one in enumerate(stretches):
        first = one.tokens[0].type
        is_of_next = first == "DOCSTRING" and number + 1 in wanted
        brings_all = first == "USE" and not one.declared
        if number in wanted or is_of_next or brings_all or not wanted:
            yield one.tokens


@functools.lru_cache(maxsize=4)
def _stretches(source: Source) -> tuple[_Stretch, ...]:
    """The stretches of a text, of which several declarations are asked for one after the other."""
    found = [
        _Stretch(tokens, _declared(tokens), frozenset(_names(tokens)))
        for tokens in _declarations(tokenize(source))
    ]
    metrics = {n for one in found if one.tokens[0].type == "METRIC" for n in one.declared}
    return tuple(
        replace(one, declared=one.declared & metrics) if one.tokens[0].type == "SURROGATE" else one
        for one in found
    )


def _declared(tokens: Sequence[Token]) -> frozenset[str]:
    """The name of a declaration, those that a `use` lists, or the metric of a surrogate: who asks for a
    metric asks for what stands for it."""
    match tokens[0].type:
        case "USE":
            listed = itertools.dropwhile(lambda one: one.type != "OPEN", tokens)
            return frozenset(_names(listed))
        case "SURROGATE":
            return frozenset(list(_names(tokens))[-1:])
        case "DOCSTRING":
            return frozenset()
    return frozenset(itertools.islice(_names(tokens), 1))


def _names(tokens: Iterable[Token]) -> Iterator[str]:
    return (one.value for one in tokens if one.type == "NAME")


def _file(source: Source, found: Sequence[Any], collector: Collector) -> tree.File:
    """The declarations with their docstrings."""
    docstring: str | None = None
    items: list[tree.Item] = []
    pending: Docstring | None = None
    for number, one in enumerate([*found, None]):
        if pending is not None:
            if isinstance(one, tree.Declaration | tree.Stages):
                one = replace(one, docstring=pending.text)
            elif number == 1:
                docstring = pending.text
            else:
                collector.add(errors.MisplacedDocstring(pending.span))
            pending = None
        if isinstance(one, Token):
            pending = _parser().builder.docstring(one)
        elif one is not None:
            items.append(one)
    if not items and not collector.errors:
        collector.add(errors.EmptyFile(Span(source, 0, 0), source.name))
    return tree.File(Span(source, 0, len(source.text)), docstring, tuple(items))


def read_source(path: str | Path) -> Source:
    """The text of a file, line ends as `\\n` and without a byte order mark.

    Raises ObjcError when the file can't be read, is not UTF-8, or is larger than `MAX_SIZE`.
    """
    name = str(path)
    place = Path(path)
    try:
        if place.stat().st_size > 4 * MAX_SIZE:
            size = place.stat().st_size
            raise ObjcError(errors.TooLarge(None, name, size, MAX_SIZE))
        data = place.read_bytes()
    except (OSError, ValueError) as error:
        raise ObjcError(errors.Unreadable.of(place, error)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ObjcError(errors.NotUtf8(None, name, line, data[error.start])) from None
    return Source(name, re.sub("\r\n?", "\n", text))
