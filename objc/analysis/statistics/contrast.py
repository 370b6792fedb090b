"""Contrastive losses of a batch: what they bound.

With pairs (i, i) that belong together among the B · B of a batch, the mean over i of
log Σ_j exp(s_ij) − s_ii, the own pair counted in the sum, has log B less its expectation as a lower bound on
the mutual information of the two (van den Oord, Li and Vinyals 2018). Each of its terms is at least 0, as
the sum is at least its own part, so that it tells of log B at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import body_at
from objc.analysis.signs.elementary import is_zero
from objc.analysis.subject import Subject
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.program import Claim, Let, Program
from objc.ir.symbols import Extent, Read, reads, substitute_positions


def most_information(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """The statement of how much information a loss may tell of."""
    batch = batch_of(subject)
    if batch is not None:
        yield Claim(False, (word,), (sympy.log(Extent(batch)),), None, names)


def of_a_batch(subject: Subject, claim: Claim) -> Decision | None:
    batch = batch_of(subject)
    if batch is None or claim.arguments != (sympy.log(Extent(batch)),):
        return None
    return proved(
        f"log {batch} less the expected loss is a lower bound on the information that the two of a pair have"
        f" of each other, the {batch} pairs drawn independently, and the loss is at least 0"
    )


def own_part_of_the_sum(subject: Subject, claim: Claim) -> Decision | None:
    """Each log Σ_j exp(s_ij) is at least s_ii."""
    low, high = (0, sympy.oo) if claim.words[0] == "nonnegative" else claim.arguments
    if high != sympy.oo or low != 0 or batch_of(subject) is None:
        return None
    return proved("the logarithm of a sum of exponentials is at least the exponent of the own pair")


def batch_of(subject: Subject) -> Dimension | None:
    """The dimension B of a mean over i of log Σ_j exp(s_ij) − s_ii, where a loss is one."""
    if "batch" not in subject.known:
        subject.known["batch"] = _batch(subject.program)
    found: Dimension | None = subject.known["batch"]
    return found


def _batch(program: Program) -> Dimension | None:
    mean = _mean(program)
    if mean is None:
        return None
    own, body = mean
    sums = [one for one in reads(body) if _is_sum(program, one, own)]
    if len(sums) != 1:
        return None
    (read,) = sums
    partition = program.let[read.tensor]
    (other,) = partition.over
    logarithm = read if partition.reduction == "logsumexp" else sympy.log(read)
    rest = body - logarithm
    if rest.has(read):
        return None
    inside = body_at(partition, read)
    exponent = inside if partition.reduction == "logsumexp" else inside.args[0]
    score = substitute_positions(exponent, {other: at(own)})
    left = sympy.expand(_by_meaning(program, rest) + _by_meaning(program, score))
    is_whole = other.dimension == own.dimension and is_zero(left)
    return own.dimension if is_whole and _is_of_both(program, partition, own) else None


def _mean(program: Program) -> tuple[Index, Any] | None:
    """The index of the examples of a batch and the loss of one, where the whole is their mean."""
    total = program.lets[-1].body
    found = [one for one in reads(total) if one.tensor in program.let]
    if len(found) != 1 or program.let[found[0].tensor].reduction not in ("mean", "sum"):
        return None
    outer = program.let[found[0].tensor]
    if len(outer.over) != 1 or outer.free or outer.guard != sympy.true:
        return None
    (own,) = outer.over
    factor = total / found[0] * (Extent(own.dimension) if outer.reduction == "sum" else 1)
    if factor not in (1, -1):
        return None
    return own, sympy.expand(_logarithms_apart(program, factor * outer.body))


def _logarithms_apart(program: Program, expression: Any) -> Any:
    """A formula with log(exp(a) / S) as a − log S, S a sum of exponentials."""
    mapping = {}
    for one in expression.atoms(sympy.log):
        factors = sympy.Mul.make_args(one.args[0])
        parts = [
            part.as_base_exp() if not isinstance(part, sympy.exp) else (part, 1) for part in factors
        ]
        if all(_is_above_zero(program, base) for base, _ in parts):
            mapping[one] = sympy.Add(
                *(
                    power * (base.args[0] if isinstance(base, sympy.exp) else sympy.log(base))
                    for base, power in parts
                )
            )
    return expression.xreplace(mapping)


def _is_above_zero(program: Program, base: Any) -> bool:
    if isinstance(base, sympy.exp):
        return True
    let = program.let.get(base.tensor) if isinstance(base, Read) else None
    return let is not None and let.reduction == "sum" and isinstance(let.body, sympy.exp)


def _by_meaning(program: Program, expression: Any) -> Any:
    """A formula with symbols for what it reads of reductions: equal ones for what is computed alike."""
    mapping = {}
    for read in expression.atoms(Read):
        let = program.let.get(read.tensor)
        if let is not None and let.reduction is not None:
            places = dict(zip(let.free, read.positions, strict=True))
            places |= {
                one: Position(Index(f"place {number}", one.dimension))
                for number, one in enumerate(let.over)
            }
            sides = (substitute_positions(side, places) for side in (let.body, let.guard))
            sizes = "".join(f", {one.dimension}" for one in let.over)
            mapping[read] = sympy.Symbol(f"{let.reduction}{sizes}: {'; '.join(map(str, sides))}")
    return expression.xreplace(mapping)


def _is_sum(program: Program, read: Read, own: Index) -> bool:
    let = program.let.get(read.tensor)
    if let is None or let.guard != sympy.true or len(let.over) != 1:
        return False
    is_partition = let.reduction == "logsumexp" or (
        let.reduction == "sum" and isinstance(let.body, sympy.exp)
    )
    return is_partition and read.positions == (at(own),)


def _is_of_both(program: Program, partition: Let, own: Index) -> bool:
    """Whether a score knows both of its pair, and no other of the batch."""
    (free,), (other,) = partition.free, partition.over
    known: set[Any] = set()
    for read in reads(partition.body):
        known |= {one.index for one in read.positions}
    if not {free, other} <= known:
        return False
    waiting, seen = [read.tensor for read in reads(partition.body)], set[str]()
    while waiting:
        let = program.let.get(waiting.pop())
        if let is None or let.name in seen:
            continue
        seen.add(let.name)
        if any(one.dimension == own.dimension for one in let.over):
            return False
        waiting += [read.tensor for read in let.reads]
    return True
