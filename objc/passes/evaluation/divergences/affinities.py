"""The affinity of two softmaxes that nearly agree, Σ p^α·q^(1−α).

It is of Bhattacharyya (1943), Chernoff (1952) and Rényi (1961).

Its logarithm is of second order in p − q, and what it is a logsumexp of is of first order. But p and q add up
to one: the affinity is one less Σ (α·p + (1−α)·q − p^α·q^(1−α)), of terms that all have one sign, and are
(√p − √q)²/2 for α = 1/2. Its slopes are differences of p and the entries of the softmax in between, of which
the log-ratio is (1−α)·(log p − log q) and the logarithm of the affinity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, maximum
from objc.ir.domain import REAL, Domain
from objc.ir.index import Position, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.evaluation.divergences.log_ratios import LogRatios
from objc.passes.rewrites.forms import HALF, is_short, parts_with
from objc.passes.stable.probabilities import parts_of_affinity

_NEAR, _TERMS = sympy.Rational(1, 8), 11
"""|log p − log q| below which a term is by its series, and how many terms of that are right to 2⁻⁵⁵."""


@dataclass(frozen=True)
class _Affinity:
    """A logsumexp of α·log p + (1 − α)·log q; the logarithms are what they are in its loop."""

    let: Let
    name: Let
    share: Expression
    first: Expression
    second: Expression
    ratio: Expression


def affinities_by_parts(program: Program) -> Program:
    """The program with such affinities, and their slopes, in which nothing cancels."""
    ratios = LogRatios(program)
    inside = members(program)
    known: dict[str, _Affinity] = {}
    for let in program.lets:
        if let.name in inside:
            ratios.lets.append(let)
            continue
        body = _by_names(let.body, known) if let.reduction is None else let.body
        if let.reduction is None and known:
            body = _compared(body, let, known, ratios)
        ratios.lets.append(let if body == let.body else replace(let, body=body))
        is_affinity = let.reduction == "logsumexp"
        parts = parts_of_affinity(ratios.opened(let.body), let, program) if is_affinity else None
        if parts is not None:
            known[let.name] = _named(let, *parts, ratios)
    return program.with_lets(ratios.lets) if known else program


def _named(let: Let, alpha: Any, first: Any, second: Any, ratios: LogRatios) -> _Affinity:
    """The lets of one: what it is less than one, and its logarithm by that."""
    ratio = ratios.name(sympy.expand(first - second), "log_ratio", replace(let, reduction=None))
    gap = replace(
        let,
        name=ratios.names.fresh(f"{let.name}_gap"),
        reduction="sum",
        body=sympy.exp(maximum(first, second)) * _gap(ratio, alpha),
        domain=Domain("nonnegative") if 0 < alpha < 1 else REAL,
    )
    read = gap.read(*gap.free)
    body = Branch(sympy.Lt(sympy.Abs(read), HALF), log1p(-read), let.read(*let.free))
    name = Let(ratios.names.fresh(f"{let.name}_near"), let.free, body, domain=REAL, span=let.span)
    ratios.lets += [gap, name]
    return _Affinity(let, name, alpha, first, second, ratio)


def _gap(u: Any, alpha: Any) -> Expression:
    """α·p + (1 − α)·q − p^α·q^(1−α) over the greater of p and q, with u = log p − log q."""
    size = sympy.Abs(u)
    if alpha == HALF:
        return expm1(-size / 2) ** 2 / 2
    # (1 − α)·(exp(−|u|) − 1) − (exp(−(1 − α)·|u|) − 1) where p is the greater, else with α.
    return Branch(sympy.Gt(u, 0), _less_power(size, 1 - alpha), _less_power(size, alpha))


def _less_power(size: Any, c: Any) -> Expression:
    """c·expm1(−s) − expm1(−c·s), by its series where s is small."""
    series: Expression = sympy.Integer(0)
    for n in reversed(range(2, _TERMS + 2)):
        series = (c - c**n) * sympy.Rational((-1) ** n, math.factorial(n)) + size * series
    return Branch(sympy.Lt(size, _NEAR), size**2 * series, c * expm1(-size) - expm1(-c * size))


def _by_names(body: Any, known: dict[str, _Affinity]) -> Any:
    """A body with the logarithms of affinities by their names."""
    reads = {one for one in body.atoms(Read) if one.tensor in known}
    return body.xreplace({one: known[one.tensor].name.read(*one.positions) for one in reads})


def _compared(body: Any, reader: Let, known: dict[str, _Affinity], ratios: LogRatios) -> Any:
    """A body with c·p − c·r, r the entry of the softmax in between."""
    if not getattr(body, "args", ()) or getattr(body, "is_Relational", False):
        return body
    if isinstance(body, sympy.Add):
        powers = list(parts_with(body, sympy.exp))
        for whole, weight, power in powers:
            for other, other_weight, other_power in powers:
                if whole is other or weight.could_extract_minus_sign():
                    continue
                if not _cancel(weight, other_weight, ratios):
                    continue
                apart = ratios.opened(power.args[0] - other_power.args[0])
                u = _log_ratio(apart, reader, known)
                if u is None:
                    continue
                less = expm1(-sympy.Abs(u))
                greatest = sympy.exp(maximum(power.args[0], other_power.args[0]))
                rest = [one for one in body.args if one is not whole and one is not other]
                rest.append(weight * greatest * Branch(sympy.Gt(u, 0), -less, less))
                return _compared(sympy.Add(*rest), reader, known, ratios)
    arguments = [_compared(one, reader, known, ratios) for one in body.args]
    return body if arguments == list(body.args) else body.func(*arguments)


def _cancel(weight: Any, other: Any, ratios: LogRatios) -> bool:
    """Whether two coefficients add up to zero, as they are or written out."""
    if weight + other == 0:
        return True
    reads = {read for read in (weight + other).atoms(Read) if read.tensor in ratios.program.let}
    lets = {one.name: one for one in ratios.lets}
    bodies = {
        read: substitute_positions(let.body, dict(zip(let.free, read.positions, strict=True)))
        for read in reads
        if (let := lets.get(read.tensor)) is not None and let.reduction is None
    }
    whole = (weight + other).xreplace(bodies)
    return bool(bodies) and is_short(whole) and sympy.expand(whole) == 0


def _log_ratio(apart: Any, reader: Let, known: dict[str, _Affinity]) -> Expression | None:
    """A difference, written out, that is between the logarithm of p or q and that of the entry in between."""
    for one in known.values():
        for read in (read for read in apart.atoms(Read) if read.tensor == one.name.name):
            for index in reader.indices:
                if index.dimension != one.let.over[0].dimension:
                    continue
                places: dict[Any, Position] = dict(zip(one.let.free, read.positions, strict=True))
                places[one.let.over[0]] = at(index)
                for share in (one.share - 1, one.share):
                    for sign in (1, -1):
                        wanted = sign * (read - share * (one.first - one.second))
                        if sympy.expand(substitute_positions(wanted, places) - apart) == 0:
                            return sign * (read - share * substitute_positions(one.ratio, places))
    return None


__all__ = ["affinities_by_parts"]
