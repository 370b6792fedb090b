"""What is decided of the claims of a small file."""

from __future__ import annotations

from objc.analysis import Fact, analyse
from objc.analysis.claims import decide
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse


def facts_of(text: str, name: str = "f") -> tuple[Fact, ...]:
    """The facts of the loss `f` in a text."""
    program = lower(parse(Source("claimed.objc", text))).programs[name]
    return tuple(analyse(program))


def verdict(head: str, body: str, claim: str, prologue: str = "") -> str:
    """The verdict on one claim of `loss f(head) = body`."""
    text = f"{prologue}loss f({head}) =\n    {body}\n    claims {claim}\n"
    (fact,) = (one for one in facts_of(text) if one.claimed)
    return fact.reply()[0]


def decided(head: str, body: str, claim: str) -> str:
    """The same, where nothing else is looked for beside the claim."""
    text = f"loss f({head}) =\n    {body}\n    claims {claim}\n"
    program = lower(parse(Source("claimed.objc", text))).programs["f"]
    return decide(Subject(program), program.claims[0]).verdict
