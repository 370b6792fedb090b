"""Claims: from words to data, with every name in them checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from objc.errors import Collector, did_you_mean
from objc.ir.program import Claim, Program
from objc.passes.lower import errors
from objc.passes.lower.names import Scope
from objc.passes.lower.shapes import of_hyperparameters
from objc.properties import PROPERTIES, Property
from objc.syntax import tree


def claims_of(claims: Iterable[tree.Claim], scope: Scope) -> tuple[Claim, ...]:
    """Resolve the claims of a declaration."""
    found = (_claim(one, scope) for one in claims)
    return tuple(one for one in found if one is not None)


def _claim(claim: tree.Claim, scope: Scope) -> Claim | None:
    word = claim.words[0]
    rule = PROPERTIES.get(word)
    if rule is None:
        _bad(claim, scope, f"there is no property `{word}`", word, PROPERTIES, listed=True)
        return None
    sound = (
        _words_are_sound(claim, rule, scope)
        and _metric_is_sound(claim, rule, scope)
        and _inputs_are_sound(claim, rule, scope)
    )
    if not sound:
        return None
    where = f"the argument of `{' '.join(claim.words)}`"
    arguments = tuple(of_hyperparameters(a, scope, where) for a in claim.arguments)
    names = tuple(one.name for one in claim.inputs)
    metric = None if claim.subject is None else _metric(claim.subject, scope)
    return Claim(claim.negated, claim.words, arguments, claim.subject, names, claim.span, metric)


def _metric(name: str, scope: Scope) -> Program | None:
    """The metric that a claim names, without claims of its own; None where it has errors, which are
    reported where it is declared."""
    from objc.passes.lower.declarations import program_of  # which reads claims

    found = scope.namespace.find(name)
    if found is None or not isinstance(found[0], tree.Scalar):
        return None
    declaration = replace(found[0], claims=())
    return program_of(declaration, found[1], Collector())


def _words_are_sound(claim: tree.Claim, rule: Property, scope: Scope) -> bool:
    word, qualifiers = claim.words[0], claim.words[1:]
    numbers = rule.numbers
    if rule.qualifiers is not None:
        if len(qualifiers) != 1 or qualifiers[0] not in rule.qualifiers:
            said = " ".join(qualifiers) or "nothing"
            reason = f"`{word}` is followed by {said}"
            _bad(claim, scope, reason, said, rule.qualifiers, listed=True)
            return False
        numbers = rule.qualifiers[qualifiers[0]]
    elif qualifiers:
        _bad(claim, scope, f"`{word}` is followed by `{' '.join(qualifiers)}`", "", ())
        return False
    if len(claim.arguments) != numbers:
        plural = "" if numbers == 1 else "s"
        reason = f"`{' '.join(claim.words)}` takes {numbers or 'no'} number{plural}"
        _bad(claim, scope, f"{reason}, and has {len(claim.arguments)}", "", ())
        return False
    return True


def _metric_is_sound(claim: tree.Claim, rule: Property, scope: Scope) -> bool:
    word = " ".join((*claim.words, "for")) if claim.words[0] == "calibrated" else claim.words[0]
    if not rule.metric:
        if claim.subject is not None:
            _bad(claim, scope, f"`{word}` names nothing, and is followed by a name", "", ())
        return claim.subject is None
    metrics = scope.namespace.metrics()
    if claim.subject in metrics:
        return True
    reason = f"`{word}` needs the name of a metric"
    if claim.subject is not None:
        reason = f"`{claim.subject}` is not a metric in scope"
    _bad(claim, scope, reason, claim.subject or "", metrics, listed=True)
    return False


def _inputs_are_sound(claim: tree.Claim, rule: Property, scope: Scope) -> bool:
    inputs = {one.name for one in scope.context.inputs}
    sound = True
    for one in claim.inputs:
        if one.name not in inputs:
            suggestion = did_you_mean(one.name, inputs)
            reason = f"`{one.name}` is not an input"
            scope.collector.add(errors.BadClaim(one.span, reason, suggestion))
            sound = False
    if rule.least is None and claim.inputs:
        _bad(claim, scope, f"`{claim.words[0]}` is of the whole, without `in`", "", ())
        return False
    if rule.least is not None and len(claim.inputs) < rule.least:
        said = "`in` and the name of an input" if rule.least == 1 else "`in` and two inputs"
        _bad(claim, scope, f"`{claim.words[0]}` needs {said}", "", ())
        return False
    return sound


def _bad(
    claim: tree.Claim,
    scope: Scope,
    reason: str,
    word: str,
    candidates: Iterable[str],
    *,
    listed: bool = False,
) -> None:
    known = tuple(candidates)
    suggestion = did_you_mean(word, known)
    if suggestion is None and listed and known:
        suggestion = f"there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"
    rule = PROPERTIES.get(claim.words[0])
    if suggestion is None and rule is not None:
        suggestion = f"it is written `{rule.form(claim.words)}`"
    scope.collector.add(errors.BadClaim(claim.span, reason, suggestion))
