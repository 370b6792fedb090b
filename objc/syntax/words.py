"""Terminals of the grammar in plain words, for messages."""

from __future__ import annotations

from collections.abc import Collection

from objc.syntax.tokens import DECLARATIONS

_OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CARET"})
_COMPARISONS = frozenset({"COMPARISON", "LESS", "GREATER", "AND", "OR"})
_VALUES = frozenset({
    "NAME", "NUMBER", "REDUCTION", "OPEN", "OPEN_BRACKET", "MINUS", "PLUS",
})  # fmt: skip
_GROUPS = (
    (_VALUES | {"IF", "NOT"}, "an expression"),
    (_VALUES, "an expression"),
    (_OPERATORS | _COMPARISONS, "an operator"),
    (_OPERATORS, "an operator"),
    (_COMPARISONS, "a comparison"),
    (DECLARATIONS | {"DOCSTRING", "$END"}, "the next declaration"),
    (frozenset({"NAME", "REDUCTION"}), "a name"),
)

_SIGNS = {
    "EQUAL": "=", "PLUS": "+", "MINUS": "-", "STAR": "*", "SLASH": "/", "CARET": "^", "BAR": "|",
    "COMMA": ",", "SEMICOLON": ";", "COLON": ":", "DOT": ".", "OPEN": "(", "CLOSE": ")",
    "OPEN_BRACKET": "[", "CLOSE_BRACKET": "]", "LESS": "<", "GREATER": ">",
}  # fmt: skip

_PLAIN = {
    "NAME": "a name",
    "NUMBER": "a number",
    "REDUCTION": "a reduction",
    "DOCSTRING": "a docstring",
    "COMPARISON": "a comparison",
    "$END": "the end of the file",
}


def in_words(terminals: Collection[str]) -> tuple[str, ...]:
    """What may stand somewhere, in words; whole groups by one name."""
    left, words = set(terminals), []
    if "NAME" in left and "OPEN" not in left:
        left.discard("REDUCTION")
    for group, word in _GROUPS:
        if group <= left:
            left -= group
            words.append(word)
    signs = [f"`{_SIGNS[one]}`" for one in sorted(left) if one in _SIGNS]
    plain = [_PLAIN[one] for one in sorted(left) if one in _PLAIN]
    reserved = [f"`{one.lower()}`" for one in sorted(left) if one not in {**_SIGNS, **_PLAIN}]
    return tuple(signs + plain + reserved + words)


def described(kind: str, text: str) -> str:
    """A token that was found, in words."""
    if kind == "$END":
        return "end of the declaration"
    if kind == "DOCSTRING":
        return "docstring"
    if kind in ("NAME", "NUMBER"):
        return f"{kind.lower()} `{text}`"
    return f"`{text}`"
