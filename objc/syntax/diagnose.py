"""From what the parser could not read to what to say about it."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token, UnexpectedInput, UnexpectedToken

from objc.errors import Collector, Diagnostic
from objc.source import Source, Span
from objc.syntax import errors


def span_of(source: Source, token: Token) -> Span:
    start, stop = token.start_pos, token.end_pos
    assert start is not None and stop is not None
    return Span(source, start, stop)


def check_tokens(
    source: Source, tokens: Sequence[Token], collector: Collector, most: int
) -> set[int]:
    return set()


def diagnose(source: Source, tokens: Sequence[Token], unexpected: UnexpectedInput) -> Diagnostic:
    assert isinstance(unexpected, UnexpectedToken)
    token = unexpected.token
    if token.type == "$END":
        stop = tokens[-1].end_pos or 0
        span = Span(source, stop, stop)
    else:
        span = span_of(source, token)
    return errors.Unexpected(span, token.value, tuple(sorted(unexpected.accepts)))
