"""From what the parser could not read to what to say about it.

`check_tokens` finds what is wrong before parsing: stray characters, brackets that don't match.
`diagnose` looks at the place where the parser stopped: each rule below recognizes one frequent
mistake, and what none recognizes is an `Unexpected` with the exact list of what could have stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lark import Token

from objc.errors import Diagnostic
from objc.source import Source, Span
from objc.syntax import errors, foreign
from objc.syntax.tokens import DECLARATIONS, OPERAND_FOLLOWS, RESERVED, STRAY, UNTERMINATED
from objc.syntax.tree import REDUCTIONS
from objc.syntax.words import described, in_words

MAX_BRACKETS = 200
"""The most brackets within each other."""

_CLOSES = {"CLOSE": "OPEN", "CLOSE_BRACKET": "OPEN_BRACKET"}
_STARTS = frozenset({"NAME", "NUMBER", "OPEN", "OPEN_BRACKET", "REDUCTION"})
_ENDS = frozenset({"NAME", "NUMBER", "CLOSE", "CLOSE_BRACKET"})
_COMPARES = frozenset({"COMPARISON", "LESS", "GREATER"})


def span_of(source: Source, token: Token) -> Span:
    start, stop = token.start_pos, token.end_pos
    assert start is not None and stop is not None
    return Span(source, start, stop)


def check_tokens(source: Source, tokens: Sequence[Token]) -> Iterator[Diagnostic]:
    """What is wrong with the tokens of one declaration by themselves."""
    open_brackets: list[Token] = []
    is_sound = True
    if any(one.type == STRAY for one in tokens) and (word := _foreign_beginning(source, tokens)):
        yield errors.ForeignSyntax(span_of(source, word), word.value)
        return
    quoted_to = 0
    for number, token in enumerate(tokens):
        if number < quoted_to:
            continue
        span = span_of(source, token)
        if token.type == UNTERMINATED:
            yield errors.UnterminatedDocstring(Span(source, span.start, span.start + 3))
            return
        if token.type == STRAY:
            is_sound = False
            quoted_to = _end_of_quotation(source, tokens, number)
            if token.value in foreign.OPERATORS:
                yield errors.ForeignOperator(span, token.value)
            else:
                yield errors.StrayCharacter(span, token.value)
        elif token.type in _CLOSES.values():
            open_brackets.append(token)
            if len(open_brackets) > MAX_BRACKETS:
                yield errors.TooDeep(span, MAX_BRACKETS)
                return
        elif token.type in _CLOSES:
            opening = open_brackets.pop() if open_brackets else None
            if opening is None or opening.type != _CLOSES[token.type]:
                at = span_of(source, opening) if opening is not None else None
                yield errors.UnclosedBracket(span, token.value, at)
                return
    if open_brackets and is_sound:
        end = tokens[-1].end_pos or 0
        at = span_of(source, open_brackets[-1])
        yield errors.UnclosedBracket(Span(source, end, end), "", at)


def _foreign_beginning(source: Source, tokens: Sequence[Token]) -> Token | None:
    """A word at the beginning of a line by which other languages declare: what follows it is theirs."""
    for number, token in enumerate(tokens[:-1]):
        start = token.start_pos or 0
        begins = start == 0 or source.text[start - 1] == "\n"
        is_theirs = token.value in foreign.WORDS and tokens[number + 1].value.isidentifier()
        if begins and is_theirs and (number == 0 or tokens[number - 1].type not in OPERAND_FOLLOWS):
            return token
    return None


def _end_of_quotation(source: Source, tokens: Sequence[Token], start: int) -> int:
    """The token after a text in quotation marks that begins at a token; 0 where none does."""
    if tokens[start].value != '"':
        return 0
    for number in range(start + 1, len(tokens)):
        if "\n" in source.text[tokens[start].start_pos : tokens[number].start_pos]:
            return 0
        if tokens[number].value == '"':
            return number + 1
    return 0


@dataclass
class Stop:
    """Where the parser stopped: the token, what could have stood there, what is open before it."""

    source: Source
    tokens: Sequence[Token]
    token: Token
    index: int
    accepts: frozenset[str]

    @property
    def previous(self) -> Token | None:
        return self.tokens[self.index - 1] if self.index else None

    @property
    def span(self) -> Span:
        if self.index < len(self.tokens):
            return span_of(self.source, self.token)
        end = self.tokens[-1].end_pos or 0
        return Span(self.source, end, end)

    def is_first_of_line(self, index: int) -> bool:
        start = self.tokens[index].start_pos or 0
        return start == 0 or self.source.text[start - 1] == "\n"

    def is_on_line_of_previous(self, index: int) -> bool:
        before = self.tokens[index - 1].end_pos
        return "\n" not in self.source.text[before : self.tokens[index].start_pos]

    @cached_property
    def open(self) -> list[Token]:
        """The brackets, `if`s and `then`s that are not yet closed before the token."""
        found: list[Token] = []
        for token in self.tokens[: self.index]:
            if token.type in ("OPEN", "OPEN_BRACKET", "IF"):
                found.append(token)
            elif token.type in ("CLOSE", "CLOSE_BRACKET"):
                while found and found.pop().type not in ("OPEN", "OPEN_BRACKET"):
                    pass
            elif token.type == "THEN" and found and found[-1].type == "IF":
                found.append(token)
            elif token.type == "ELSE" and found and found[-1].type == "THEN":
                del found[-2:]
        return found


Rule = Callable[[Stop], Diagnostic | None]


def diagnose(
    source: Source, tokens: Sequence[Token], place: int, accepts: frozenset[str]
) -> Diagnostic:
    """What to say of the token at `place`, where the parser stopped and `accepts` could stand."""
    token = tokens[place] if place < len(tokens) else Token("$END", "")
    stop = Stop(source, tokens, token, place, accepts)
    for rule in _RULES:
        found = rule(stop)
        if found is not None:
            return found
    expected = in_words(accepts)
    return errors.Unexpected(stop.span, described(token.type, token.value), expected, _advice(stop))


def _advice(stop: Stop) -> str | None:
    kind = stop.token.type
    if stop.previous is not None and stop.previous.type == "COMMA":
        return "remove the comma before it, or write what follows it"
    following = stop.tokens[stop.index + 1] if stop.index + 1 < len(stop.tokens) else None
    if kind == "DOT" and stop.previous is not None and following is not None:
        return f"there are no methods: write `{following.value}({stop.previous.value})`"
    if kind == "COMMA" and not stop.open and _has_where(stop):
        return "definitions have no commas between them: each begins a line"
    if kind in ("NAME", "REDUCTION") and "COLON" in stop.accepts and stop.previous is not None:
        return f"a type follows a colon: `{stop.previous.value}: {stop.token.value}`"
    if kind == "WHERE" and _has_where(stop):
        return "a declaration has one `where`: put all definitions there, in any order"
    if kind in ("COMBINE", "WHERE", "CLAIMS"):
        if stop.tokens[0].type in ("FUNCTION", "MODEL") and kind == "CLAIMS":
            return "a function or model makes no claims; a loss, metric or objective does"
        return "the order is: formula or terms, `combine`, `where`, `claims`, each once"
    if kind == "BAR":
        return "the bar stands once, between what is differentiable and data, or before a guard"
    return None


def _is_weight(stop: Stop) -> bool:
    """Whether a term of `combine sum(…)` has been named, and no `=` follows."""
    if not stop.open or stop.accepts != {"EQUAL"}:
        return False
    place = next(n for n, one in enumerate(stop.tokens) if one is stop.open[-1])
    return place > 1 and stop.tokens[place - 2].type == "COMBINE"


# -------------------------------------------------------------------------- rules


def _docstring(stop: Stop) -> Diagnostic | None:
    return errors.MisplacedDocstring(stop.span) if stop.token.type == "DOCSTRING" else None


def _foreign_word(stop: Stop) -> Diagnostic | None:
    for index in (stop.index - 1, stop.index):
        if not 0 <= index < len(stop.tokens):
            continue
        token = stop.tokens[index]
        following = stop.tokens[index + 1].type if index + 1 < len(stop.tokens) else ""
        starts = index == 0 or stop.is_first_of_line(index)
        span = span_of(stop.source, token)
        if starts and token.type == "NAME" and stop.tokens[0].type != "USE":
            if following == "NAME" or index == 0:
                return errors.ForeignSyntax(span, token.value)
        elif token.value in foreign.WORDS and following in ("NAME", "COLON"):
            return errors.ForeignSyntax(span, token.value)
    return None


def _assignment(stop: Stop) -> Diagnostic | None:
    if stop.token.type != "EQUAL" or "STAR" not in stop.accepts:
        return None
    inside = stop.open[-1] if stop.open else None
    if inside is None or inside is _first_bracket(stop) or inside.type == "THEN":
        return None
    return errors.AssignmentInCondition(stop.span)


def _first_bracket(stop: Stop) -> Token | None:
    return next((one for one in stop.tokens if one.type == "OPEN"), None)


def _conditional(stop: Stop) -> Diagnostic | None:
    if stop.token.type in ("IF", "NOT") and "NUMBER" in stop.accepts and "IF" not in stop.accepts:
        return errors.ConditionalWithoutBrackets(stop.span, stop.token.value)
    opening = [one for one in stop.open if one.type == "IF"]
    for terminal in ("THEN", "ELSE"):
        if opening and terminal in stop.accepts and not _comes_later(stop, terminal):
            at = span_of(stop.source, opening[-1])
            return errors.IncompleteConditional(stop.span, terminal.lower(), at)
    return None


def _comes_later(stop: Stop, terminal: str) -> bool:
    return any(one.type == terminal for one in stop.tokens[stop.index :])


def _reduction(stop: Stop) -> Diagnostic | None:
    if stop.accepts == {"OPEN_BRACKET"}:  # `max` where a definition begins
        return None
    for index in (stop.index, stop.index - 1):
        if not 2 <= index < len(stop.tokens) or stop.tokens[index].type not in _STARTS:
            continue
        operator = _reduction_before(stop.tokens, index)
        if operator is not None and stop.is_on_line_of_previous(index):
            span = span_of(stop.source, stop.tokens[index])
            return errors.ReductionWithoutBrackets(span, operator)
    return None


def _reduction_before(tokens: Sequence[Token], index: int) -> str | None:
    """The reduction that ends before a token: `sum` or `sum[i]`."""
    before = tokens[index - 1]
    if before.value in REDUCTIONS:
        return str(before.value)
    if before.type != "CLOSE_BRACKET":
        return None
    depth = 0
    for number in range(index - 1, -1, -1):
        depth += (tokens[number].type == "CLOSE_BRACKET") - (tokens[number].type == "OPEN_BRACKET")
        if depth == 0:
            operator = tokens[number - 1] if number else None
            is_reduction = operator is not None and operator.type == "REDUCTION"
            return str(operator.value) if operator and is_reduction else None
    return None


def _reserved(stop: Stop) -> Diagnostic | None:
    word = str(stop.token.value)
    is_name_wanted = "NAME" in stop.accepts and "OPEN" not in stop.accepts
    is_end_wanted = "STAR" in stop.accepts or "$END" in stop.accepts
    is_word = stop.token.type == "REDUCTION" or word in RESERVED or stop.token.type in DECLARATIONS
    if is_name_wanted and is_word and not is_end_wanted and stop.token.type not in stop.accepts:
        return errors.ReservedWord(stop.span, word)
    previous = stop.previous
    if previous is not None and previous.type == "REDUCTION" and stop.accepts == {"OPEN_BRACKET"}:
        return errors.ReservedWord(span_of(stop.source, previous), str(previous.value))
    return None


def _missing_equals(stop: Stop) -> Diagnostic | None:
    previous = stop.previous
    if "EQUAL" not in stop.accepts or previous is None or stop.token.type == "EQUAL":
        return None
    if not stop.accepts <= {"EQUAL", "OPEN", "OPEN_BRACKET"}:
        return None
    found = str(stop.token.value) if stop.index < len(stop.tokens) else ""
    if _is_weight(stop):
        term = previous.value
        return errors.MissingEquals(stop.span, f"the term `{term}`", found, f"{term} = WEIGHT")
    if "OPEN" in stop.accepts:  # after a name that would begin a definition
        if stop.index > 1 and stop.is_on_line_of_previous(stop.index - 1):
            before = stop.tokens[stop.index - 2]
            if before.type in _ENDS:
                span = span_of(stop.source, previous)
                return errors.MissingOperator(span, span_of(stop.source, before))
        return errors.MissingEquals(stop.span, f"the definition's name `{previous.value}`", found)
    subject = "the signature" if not _has_where(stop) else "what is defined"
    return errors.MissingEquals(stop.span, subject, found)


def _has_where(stop: Stop) -> bool:
    return any(one.type == "WHERE" for one in stop.tokens[: stop.index])


def _chained(stop: Stop) -> Diagnostic | None:
    if stop.token.type not in _COMPARES or "PLUS" not in stop.accepts:
        return None
    for token in reversed(stop.tokens[: stop.index]):
        if token.type in _COMPARES:
            return errors.ChainedComparison(stop.span, str(stop.token.value))
        if token.type in ("OPEN", "OPEN_BRACKET", "COMMA", "EQUAL", "AND", "OR"):
            return None
    return None


def _missing_operator(stop: Stop) -> Diagnostic | None:
    previous = stop.previous
    if previous is None or previous.type not in _ENDS or stop.token.type not in _STARTS:
        return None
    if "STAR" not in stop.accepts or "PLUS" not in stop.accepts:
        return None
    return errors.MissingOperator(stop.span, span_of(stop.source, previous))


_RULES: tuple[Rule, ...] = (
    _docstring,
    _foreign_word,
    _assignment,
    _reduction,
    _conditional,
    _reserved,
    _missing_equals,
    _chained,
    _missing_operator,
)
