"""Claims: which of the things that stand side by side are words, arguments, a subject, inputs.

The grammar reads `estimates quantile tau` as a name and expressions beside each other, and a comma
both between claims and between the inputs after `in`; the words below decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from objc.properties import PROPERTIES
from objc.source import Span
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.syntax.build import Part


def split_claims(parts: Sequence[Part], signature: tree.Signature) -> tuple[tree.Claim, ...]:
    """The claims of a declaration from the stretches between its commas."""
    inputs = {one.name for group in (signature.inputs, signature.data) for one in group}
    claims: list[tree.Claim] = []
    named = inputs | {one.name for one in signature.hyperparameters}
    for part in parts:
        claim = _claim(part, named)
        if claims and _continues(claims[-1], claim, inputs):
            claims[-1] = _with_input(claims[-1], claim)
        else:
            claims.append(claim)
    return tuple(claims)


def _claim(part: Part, named: set[str]) -> tree.Claim:
    from lark import Token

    from objc.syntax.build import normalized

    def name(token: Token) -> tree.Name:
        start, stop = token.start_pos, token.end_pos
        assert start is not None and stop is not None
        return tree.Name(Span(part.span.source, start, stop), normalized(token.value))

    tokens = [one for one in part.children if isinstance(one, Token)]
    items: list[tree.Expression] = [one for one in part.children if isinstance(one, tree.Node)]  # type: ignore[misc]
    negated = tokens[0].type == "NOT"
    head = name(tokens[negated])
    words = [head.name]
    after = {tokens[i].type: name(tokens[i + 1]) for i in range(1 + negated, len(tokens) - 1)}
    subject = after["FOR"].name if "FOR" in after else None
    inputs = (after["IN"],) if "IN" in after else ()
    row = PROPERTIES.get(head.name)
    apart = named | set(row.qualifiers or ()) if row is not None else named
    items = [one for item in items for one in _beside(item, apart)]
    if row is not None and row.qualifiers and items and isinstance(items[0], tree.Name):
        words.append(items.pop(0).name)  # type: ignore[union-attr]
    elif (
        row is not None
        and row.metric
        and "FOR" not in after
        and len(items) == 1
        and isinstance(items[0], tree.Name)
    ):
        subject = items.pop().name  # type: ignore[union-attr]
    return tree.Claim(part.span, negated, tuple(words), tuple(items), subject, inputs)


def _beside(item: tree.Expression, apart: set[str]) -> Sequence[tree.Expression]:
    """`quantile (1 - a)` and `a (a + 1)` read like calls of what is no function."""
    is_plain = isinstance(item, tree.Call) and item.data is None and not item.keywords
    if not isinstance(item, tree.Call) or not is_plain or item.function not in apart:
        return (item,)
    return (tree.Name(item.function_span, item.function), *item.arguments)


def _continues(before: tree.Claim, claim: tree.Claim, inputs: set[str]) -> bool:
    """Whether a bare name after a comma is a further input of the claim before."""
    bare = not (claim.negated or claim.arguments or claim.subject or claim.inputs)
    row = PROPERTIES.get(claim.words[0])
    if not before.inputs or not bare or len(claim.words) > 1 or (row and row.stands_alone):
        return False
    if claim.words[0] in inputs:
        return True
    least = PROPERTIES[before.words[0]].least if before.words[0] in PROPERTIES else None
    return row is None and len(before.inputs) < (least or 0)


def _with_input(claim: tree.Claim, further: tree.Claim) -> tree.Claim:
    from dataclasses import replace

    name = tree.Name(further.span, further.words[0])
    return replace(claim, span=claim.span.to(further.span), inputs=(*claim.inputs, name))
