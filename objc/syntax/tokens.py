"""Text to tokens: one regular expression of the grammar's terminals, and which words are names.

The terminals stand in `grammar/objc.lark`. A word such as `from` or `loss` is a keyword only where it
can be one, judged by its neighbors, so that few names are reserved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from lark import Token
from lark.lexer import Lexer, PatternStr

RESERVED = frozenset({
    "if", "then", "else", "and", "or", "not", "where", "claims", "minimize", "maximize",
    "minimizes", "maximizes",
})  # fmt: skip
"""The words that are never names. The reductions are reserved only before `(` and `[`."""

DECLARATIONS = frozenset({
    "USE", "SURROGATE", "LOSS", "METRIC", "FUNCTION", "MODEL", "OBJECTIVE", "GAME", "STAGES",
})  # fmt: skip
"""The terminals that begin a declaration."""

MAX_NAME = 200
"""The most characters of a name."""

STRAY = "STRAY"
UNTERMINATED = "UNTERMINATED"

_CLOSING = ("CLOSE", "CLOSE_BRACKET")

_GAP = r"(?:\s|\ufeff|#[^\r\n]*)+"
_FOREIGN = r"\*\*|:=|&&|\|\||->|=>|//|[≤≥≠−×·÷√∑∏]|\{|\}"


class TokenLexer(Lexer):
    """What lark's parser reads: tokens made beforehand. It keeps the grammar's terminals."""

    def __init__(self, configuration: Any) -> None:
        self.terminals = configuration.terminals

    def lex(self, data: Iterable[Token]) -> Iterable[Token]:
        return data


class Tokenizer:
    """Cuts a text into tokens by the terminals of the grammar."""

    def __init__(self, terminals: Iterable[Any]) -> None:
        patterns, self.keywords = [], {}
        for terminal in terminals:
            text = terminal.pattern.to_regexp()
            if isinstance(terminal.pattern, PatternStr) and terminal.pattern.value.isidentifier():
                self.keywords[terminal.pattern.value] = terminal.name
            elif terminal.name == "REDUCTION":
                self._reduction = re.compile(text)
            else:
                patterns.append((terminal.pattern.max_width, terminal.name, text))
        # Longest first, and names and numbers before operators, as lark orders them.
        patterns.sort(reverse=True)
        branches = [f"(?P<gap>{_GAP})", f"(?P<{STRAY}>{_FOREIGN})"]
        branches.extend(f"(?P<{name}>{text})" for _, name, text in patterns)
        branches.append(f'(?P<{UNTERMINATED}>"""(?s:.)*)')
        branches.append(r"(?P<other>(?s:.))")
        self._pattern = re.compile("|".join(branches))

    def tokens(self, text: str) -> list[Token]:
        """All tokens of a text; what no terminal matches has the type STRAY or UNTERMINATED."""
        found: list[Token] = []
        for match in self._pattern.finditer(text):
            kind, word = match.lastgroup, match.group()
            if kind == "gap":
                continue
            if kind == "NAME":
                kind = self._word(word)
            elif kind == "other":
                kind = STRAY
            assert kind is not None
            found.append(Token(kind, word, match.start(), end_pos=match.end()))
        return list(in_context(found, text))

    def _word(self, word: str) -> str:
        if len(word) > MAX_NAME or not word.isidentifier():
            return STRAY
        if self._reduction.fullmatch(word):
            return "REDUCTION"
        return self.keywords.get(word, "NAME")


def with_brackets_apart(tokens: Iterable[Token]) -> Iterable[Token]:
    """The tokens of a declaration, a bracket that stands apart behind a number or a bracket in a claim as one
    of its own kind: `bounded 0 (a + 1)` has two numbers, where a formula would lack an operator."""
    depth, is_claim, end = 0, False, None
    for token in tokens:
        is_claim = is_claim or token.type == "CLAIMS"
        is_apart = is_claim and depth == 0 and token.type == "OPEN"
        if is_apart and end is not None and end != token.start_pos:
            yield Token.new_borrow_pos("APART", token.value, token)
        else:
            yield token
        depth += (token.type in ("OPEN", "OPEN_BRACKET")) - (token.type in _CLOSING)
        end = token.end_pos if token.type in ("NUMBER", *_CLOSING) else None


OPERAND_FOLLOWS = frozenset({
    "PLUS", "MINUS", "STAR", "SLASH", "CARET", "COMPARISON", "LESS", "GREATER", "EQUAL",
    "COMMA", "BAR", "SEMICOLON", "COLON", "OPEN", "OPEN_BRACKET", "IF", "THEN", "ELSE", "AND",
    "OR", "NOT", "DOT",
})  # fmt: skip

_NAME_FOLLOWS = frozenset({"FOR", "FROM", "BY", "IN"})


def in_context(tokens: Sequence[Token], text: str) -> Iterable[Token]:
    """The tokens, with the words that can't be keywords where they stand made names."""
    previous = ""
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else None
        kind = token.type
        is_word = kind not in ("NAME", STRAY) and token.value.isidentifier()
        if is_word and token.value not in RESERVED:
            if not _is_keyword(token, following, previous, text):
                kind = "NAME"
                token.type = kind
        elif kind == "COMPARISON" and token.value == ">=" and _closes_unit(tokens, number):
            # `real<m>=1`: the angle bracket of a unit, then the default
            middle = token.start_pos + 1
            yield Token("GREATER", ">", token.start_pos, end_pos=middle)
            token = Token("EQUAL", "=", middle, end_pos=token.end_pos)
            kind = "EQUAL"
        yield token
        previous = kind


def _is_word(token: Token | None) -> bool:
    return token is not None and token.value.isidentifier()


def _is_keyword(token: Token, following: Token | None, previous: str, text: str) -> bool:
    kind = token.type
    follows = following.type if following is not None else ""
    if kind == "REDUCTION":
        return follows in ("OPEN", "OPEN_BRACKET")
    if kind in DECLARATIONS:
        if follows in ("EQUAL", "COLON"):
            return False
        first = token.start_pos == 0 or text[token.start_pos - 1] in "\n\ufeff"
        names = _is_word(following) and following.value not in RESERVED  # type: ignore[union-attr]
        if (
            previous in OPERAND_FOLLOWS | _NAME_FOLLOWS
        ):  # `where a = loss`, unless a line ends early
            return first and names
        return first or names or (kind == "USE" and follows in ("DOT", "SLASH"))
    if kind == "LEARN":
        return _is_word(following) and previous in ("OPEN", "COMMA", "BAR", "SEMICOLON")
    if kind == "OVER":
        if not _is_word(following) or following.value in RESERVED:  # type: ignore[union-attr]
            return False
        return previous not in OPERAND_FOLLOWS and previous not in ("MINIMIZE", "MAXIMIZE", "")
    if kind == "PARAMETERS":
        return previous == "OVER"
    if kind == "SCORED":
        return following is not None and following.value == "by"
    if kind == "BY":
        return previous == "SCORED"
    # in, for, from, combine: between an operand and a word
    return (
        previous not in OPERAND_FOLLOWS
        and previous not in ("WHERE", "CLAIMS", "MINIMIZE", "MAXIMIZE", "")
        and _is_word(following)
    )


def _closes_unit(tokens: Sequence[Token], number: int) -> bool:
    inside = ("NAME", "NUMBER", "STAR", "SLASH", "CARET", "MINUS")
    position = number - 1
    while position > 0 and tokens[position].type in inside:
        position -= 1
    return 0 < position < number - 1 and tokens[position].type == "LESS"
