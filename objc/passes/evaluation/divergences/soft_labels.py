"""The divergence of a sigmoid from a probability that is given, as of binomial deviances.

`y·log(y/σ(x)) + (1 − y)·log((1 − y)/σ(−x))`, and what else is y·log y + (1 − y)·log(1 − y) + softplus(x)
− y·x, is of second order in y − σ(x): it is summed as divergences of distributions are. That difference is
y·σ(−x) − (1 − y)·σ(x), which is not rounded to zero where the sigmoid is one but for less than a rounding;
and so is its sign, as of signed roots of deviances. Of y among n trials, y·log(y/(n·σ(x))) + (n − y)·log((n −
y)/(n·σ(−x))), it is the same, n times, of the share y/n.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.atoms import log1p, sigmoid, softplus, xlog1py, xlogy
from objc.ir.parts import found_in
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.divergences.distributions import Term, never_negative
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import ONE, is_short, without_factor
from objc.passes.stable.differences import written_out


def divergences_from_labels(program: Program) -> Program:
    """The program with such divergences as sums of what is never negative, and such signs."""

    def change(node: Any) -> Expression | None:
        return _sign(node) if isinstance(node, sympy.sign) else _divergence(node, program)

    kinds = (sympy.Add, sympy.sign)
    return change_nodes(program, change, kinds=kinds, beside=(softplus, sigmoid))


def _divergence(node: Any, program: Program) -> Expression | None:
    """c·y·log y + c·(1 − y)·log(1 − y) + c·softplus(x) − c·y·x, and what is left beside it."""
    if not (node.has(softplus) and node.has(sympy.log, xlogy, xlog1py) and is_short(node)):
        return None
    opened = _opened(written_out(node, program))
    logits = sorted({one.args[0] for one in found_in(opened, softplus)}, key=spelled)
    for share in _shares(opened, program):
        y, n = share.successes, share.trials
        for x in logits:
            weight = sympy.cancel(opened.coeff(softplus(x)) / n)
            if weight == 0 or weight.has(softplus, sympy.log, y):
                continue
            whole = weight * (share.entropy + n * softplus(x) - y * x)
            rest = sympy.expand(opened - sympy.expand(whole, log=False))
            if not rest.has(softplus, sympy.log, log1p):
                return rest + weight * share.divergence(x)
    return None


@dataclass(frozen=True)
class _Share:
    """Successes among trials, or a probability, of one trial, with the logarithms of the shares of both sides
    and y·log(y/n) + (n − y)·log((n − y)/n) as it stands."""

    successes: Any
    trials: Any
    logarithms: tuple[Any, Any]
    entropy: Expression

    def divergence(self, x: Any) -> Expression:
        y, n = self.successes, self.trials
        sides = (y, self.logarithms[0], x), (n - y, self.logarithms[1], -x)
        apart = _apart(y, n, x)
        return sympy.Add(
            *(
                never_negative(
                    Term(count * (logarithm + softplus(-logit)), count, count / n, sigmoid(logit)),
                    way * apart,
                )
                for way, (count, logarithm, logit) in zip((1, -1), sides, strict=True)
            )
        )


def _shares(opened: Any, program: Program) -> Iterator[_Share]:
    """What may be such a label: a probability, or one of the reads of which shares have logarithms."""
    logarithms = sorted(found_in(opened, sympy.log), key=spelled)
    for one in logarithms:
        (y,) = one.args
        if _is_probability(y, program):
            sides = sympy.log(y), log1p(-y)
            yield _Share(y, ONE, sides, y * sides[0] + (1 - y) * sides[1])
    others = [*logarithms, *sorted(found_in(opened, log1p), key=spelled)]
    for one in logarithms:
        y, n = sympy.fraction(one.args[0])
        if isinstance(y, Read) and isinstance(n, Read) and y.is_nonnegative:
            for other in others:
                ratio = other.args[0] + (1 if isinstance(other, log1p) else 0)
                if sympy.cancel(ratio - (n - y) / n) == 0:
                    yield _Share(y, n, (one, other), y * one + (n - y) * other)
    counts = [one.args[0] for one in logarithms if isinstance(one.args[0], Read)]
    for y in counts:
        for n in counts:
            if y != n and sympy.log(n - y) in logarithms:
                sides = sympy.log(y / n), sympy.log((n - y) / n)
                entropy = y * sympy.log(y) + (n - y) * sympy.log(n - y) - n * sympy.log(n)
                yield _Share(y, n, sides, entropy)


def _opened(node: Any) -> Any:
    """A sum multiplied out, with logarithms of products and of one less something in one spelling, and every
    softplus of a logit of one sign."""
    node = node.replace(xlogy, lambda weight, ratio: weight * sympy.log(ratio))
    node = node.replace(xlog1py, lambda weight, part: weight * log1p(part))
    node = node.replace(
        lambda one: isinstance(one, sympy.log) and isinstance(1 - one.args[0], Read),
        lambda one: log1p(one.args[0] - 1),
    )
    node = node.replace(
        lambda one: isinstance(one, softplus) and one.args[0].could_extract_minus_sign(),
        lambda one: softplus(-one.args[0]) + one.args[0],
    )
    return sympy.expand(node, log=False, power_exp=False)


def _is_probability(label: Any, program: Program) -> bool:
    given = program.input.get(getattr(label, "tensor", ""))
    return given is not None and given.domain.is_within(0, 1)


def _sign(node: Any) -> Expression | None:
    """sign(y − n·σ(x)), or the other way round."""
    for one in sympy.Add.make_args(node.args[0]):
        times, part = one.as_coeff_Mul()
        gates = [factor for factor in sympy.Mul.make_args(part) if isinstance(factor, sigmoid)]
        rest = node.args[0] - one
        if len(gates) != 1 or abs(times) != 1:
            continue
        y, n = -times * rest, without_factor(part, gates[0])
        if isinstance(y, Read) and (n == 1 or isinstance(n, Read)) and n.is_nonnegative:
            return -times * sympy.sign(_apart(y, n, gates[0].args[0]))
    return None


def _apart(y: Any, n: Any, x: Any) -> Expression:
    """y/n − σ(x), which is not rounded where both are next to one."""
    return (y * sigmoid(-x) - (n - y) * sigmoid(x)) / n
