"""Derivatives through a softmax that add up to zero over its entries, proved by opening the sums in them.

What a function of shares says about the logits does not change where all logits are moved alike. So all of
its slopes by them add up to zero, and all entries of a product with its Hessian do. `Σⱼ p[j]·S` is S, which
is the sum of other terms: opened where it stands, all terms have to cancel, one by one. What stands at one
place alone, `[j = y]·d`, adds up to d, and what does not hang on the place to as many as there are, as in a
quotient of a log-probability and the sum of all (Ma et al. 2020).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import sympy

from objc.ir.index import Index
from objc.ir.program import Program
from objc.ir.symbols import Expression
from objc.passes.evaluation.probabilities.terms import Shares, Terms
from objc.passes.rewrites.forms import ONE
from objc.passes.stable.simplices import CONFIDENT

_MOST_OPENED, _MOST_WAYS = 4, 64
"""How often sums are opened, one within the other; and in how many ways, where there is a choice."""
_MOST_TERMS = 800
"""That are made in all these ways together: a proof that is longer takes longer than all else."""


def shares_of_zero_sum(
    body: Any, index: Index, program: Program, *, is_known: bool = False
) -> list[Shares]:
    """The softmaxes along an index of which a body has entries, if it is proved to add up to zero along it,
    or known to; none if it isn't, or if it is c·(p − [j = y]): what p lacks of one has its digits without
    the others. So has the slope of log(1 − p[y])."""
    terms = Terms(program, index)
    whole = terms.of(body)
    if whole is None:
        return []
    wholes = list(terms.wholes())
    if len(wholes) == 1 and _is_of_a_label(whole, wholes[0][1], terms):
        return []
    if _is_of_the_rest(whole, terms):
        return []
    is_proved = is_known or (bool(wholes) and _adds_up_to_zero(whole, wholes, terms))
    return [one for one, _ in wholes] if is_proved else []


def lands_a_result(body: Any, index: Index, program: Program) -> bool:
    """Whether something of a body stands at one place of the index alone that is more than given numbers: a
    probability that was the largest, say. What a softmax lacks of a given label has its digits."""
    terms = Terms(program, index)
    whole = terms.of(body)
    return whole is not None and any(
        not all(map(terms.is_given, term.free_symbols))
        for term in sympy.Add.make_args(terms.at_their_places(whole))
        if terms.place_of(term) is not None
    )


def _is_of_a_label(body: Any, entry: Any, terms: Terms) -> bool:
    """Whether a body is what an entry of a softmax lacks of a label, times what all along the index share."""
    shares = (term / entry for term in sympy.Add.make_args(body))
    common = sympy.Add(*(one for one in shares if not terms.varies(one)))
    labels = [*terms.choices, *terms.distributions()]
    return any(terms.expanded(body - common * (entry - label)) == 0 for label in labels)


def _is_of_the_rest(body: Any, terms: Terms) -> bool:
    """Whether no label is left where a class is sure but with the shares of all other classes, as in the
    slope of log(1 − p[y]): their shares less p at all of these, and p at the label."""
    sure = {
        symbol: ONE
        for condition, symbol in terms.atoms.items()
        if isinstance(condition, sympy.Gt) and condition.args[1] == CONFIDENT
    }
    if not sure:
        return False
    among_others = set(terms.totals_of_the_rest())
    there = terms.expanded(body.xreplace(sure))
    return not any(
        terms.place_of(term) is not None and not term.free_symbols & among_others
        for term in sympy.Add.make_args(there)
    )


def _adds_up_to_zero(body: Any, wholes: Any, terms: Terms) -> bool:
    """Whether nothing is left of a body that is added up, where sums are opened in one of all ways."""
    waiting: list[tuple[Any, int]] = [(body, 0)]
    made = 0
    for _ in range(_MOST_WAYS):
        if not waiting:
            return False
        one, depth = waiting.pop()
        constants, rest = _parts(one, wholes, terms)
        if constants == 0:
            if rest == 0:
                return True
            continue
        if depth < _MOST_OPENED:
            ways = [list(_ways(term, terms)) for term in sympy.Add.make_args(constants)]
            if not any(ways):
                continue
            # What has no sum to open is left as it was, a whole softmax times it.
            closed = [term * wholes[0][1] for term in sympy.Add.make_args(constants)]
            ways = [way or [one] for way, one in zip(ways, closed, strict=True)]
            for way in itertools.islice(itertools.product(*ways), _MOST_WAYS):
                waiting.append((terms.expanded(rest + sympy.Add(*way)), depth + 1))
                made += len(sympy.Add.make_args(waiting[-1][0]))
                if made > _MOST_TERMS:
                    return False
    return False


def _parts(body: Any, wholes: Any, terms: Terms) -> tuple[Expression, Expression]:
    """What all along the index add up to where the terms are entries of whole softmaxes or of
    distributions, stand at one place or are all the same, and the others."""
    constants, rest = [], []
    shares = [*(entry for _, entry in wholes), *terms.distributions()]
    entries = [*((entry, ONE) for entry in shares), *terms.parts()]
    for term in sympy.Add.make_args(terms.at_their_places(body)):
        place = terms.place_of(term)
        here = [(place, ONE)] if place is not None else entries
        shares = [(term / one, total) for one, total in here if not terms.varies(term / one)]
        if shares:
            # An entry is also one of another softmax of these logits, times both totals: here its own.
            share, total = min(shares, key=lambda one: len(one[0].free_symbols))
            constants.append(share * total)
        elif terms.varies(term):
            rest.append(term)
        else:
            constants.append(term * terms.size)
    return terms.expanded(sympy.Add(*constants)), sympy.Add(*rest)


def _ways(term: Any, terms: Terms) -> Iterator[Any]:
    """A product in which a sum is read, with each of these opened."""
    for factor in sympy.Mul.make_args(term):
        opened = terms.opened(factor) if isinstance(factor, sympy.Symbol) else None
        if opened is not None:
            yield terms.expanded(term / factor * opened)
