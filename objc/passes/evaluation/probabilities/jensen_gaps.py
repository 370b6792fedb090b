"""The logarithm of a mean of exponentials beyond the mean (Jensen 1906), where all are nearly the same.

`logsumexp b − log K − mean b` is never negative and of second order in what b varies by: of w = b − mean b it
is log(1 + mean(exp(w) − 1 − w)), since the mean of w is zero. Its derivative, p − 1/K, is exp(w − gap) − 1
over K.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, maximum
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, Extent, Read, substitute_positions
from objc.passes.rewrites.forms import without_factor

_SMALL = sympy.Rational(1, 4)
"""Beyond it the difference loses two bits."""
ZERO = sympy.Integer(0)


def measure_gaps(program: Program) -> Program:
    """The program with one let for each such gap."""
    measuring = _Measuring(program)
    if not measuring.normalizers:
        return program
    inside = members(program)
    for let in program.lets:
        let = let if let.name in inside else measuring.whole(let)
        body = let.body
        if let.reduction is None and let.name not in inside:
            for node in sorted(body.atoms(sympy.Add), key=spelled):
                body = body.xreplace({node: measuring.changed(node, let)})
        measuring.lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(measuring.lets)


class _Measuring:
    """Makes the lets; `lets` are those of the program so far, with them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.normalizers = {
            let.name: let
            for let in program.lets
            if let.reduction == "logsumexp" and let.guard == sympy.true and len(let.over) == 1
        }
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[str, tuple[Let, Let, Let]] = {}

    def changed(self, node: Any, reader: Let) -> Any:
        """A sum with such a gap, or its derivative, by the let of it."""
        if not isinstance(node, sympy.Add):
            return node
        changed = self._gap(node)
        return changed if changed is not None else self._slope(node, reader)

    def _gap(self, node: Any) -> Expression | None:
        """c·(l − log K − mean)."""
        for term in node.args:
            factor, read = _with_read(term, self.normalizers)
            if read is None:
                continue
            number = factor * self._log_of_size(self.normalizers[read.tensor])
            for other in node.args:
                mean = other / -factor
                if -number in node.args and self._is_mean(mean, read):
                    *_, gap = self._lets(read.tensor)
                    used = (term, other, -number)
                    rest = [one for one in node.args if one not in used]
                    return sympy.Add(*rest, factor * gap.read(*read.positions))
        return self._mean_of_logarithms(node)

    def _mean_of_logarithms(self, node: Any) -> Expression | None:
        """−c·mean(b − l) − c·log K."""
        for term in node.args:
            factor, read = _with_read(term, self.program.let)
            let = self.program.let[read.tensor] if read is not None else None
            found = None if let is None or let.reduction != "mean" else self._logarithm(let)
            if read is None or found is None or found[2] != 0:
                continue
            number = factor * found[1]
            constant = number * self._log_of_size(self.normalizers[found[0].tensor])
            if constant in node.args:
                *_, gap = self._lets(found[0].tensor)
                rest = [one for one in node.args if one not in (term, constant)]
                return sympy.Add(*rest, -number * gap.read(*read.positions))
        return None

    def whole(self, let: Let) -> Let:
        """A sum or mean of c·(b − l + log K) as a gap."""
        found = self._logarithm(let) if let.reduction in ("mean", "sum") else None
        if found is None:
            return let
        read, number, rest = found
        normalizer = self.normalizers[read.tensor]
        if sympy.expand(rest - number * self._log_of_size(normalizer)) != 0:
            return let
        *_, gap = self._lets(read.tensor)
        size = 1 if let.reduction == "mean" else Extent(normalizer.over[0].dimension)
        body = -number * size * gap.read(*read.positions)
        return replace(let, reduction=None, over=(), body=body)

    def _logarithm(self, let: Let) -> tuple[Read, Expression, Expression] | None:
        """(l, c, r) of a sum or mean of c·(b − l) + r over all that l is of, with numbers c and r."""
        if let.guard != sympy.true or len(let.over) != 1:
            return None
        for term in sympy.Add.make_args(let.body):
            number, read = term.as_coeff_Mul()
            normalizer = self.normalizers.get(getattr(read, "tensor", ""))
            if normalizer is None or [one.dimension for one in normalizer.indices] != [
                one.dimension for one in let.indices
            ]:
                continue
            places = dict(zip(normalizer.indices, map(at, let.indices), strict=True))
            logit = substitute_positions(normalizer.body, places)
            rest = sympy.expand(let.body + number * (logit - read))
            if read.positions == tuple(map(at, let.free)) and not rest.atoms(Read):
                return read, -number, rest
        return None

    def _log_of_size(self, normalizer: Let) -> Expression:
        return sympy.log(Extent(normalizer.over[0].dimension))

    def _is_mean(self, mean: Any, read: Read) -> bool:
        let = self.program.let.get(getattr(mean, "tensor", ""))
        normalizer = self.normalizers[read.tensor]
        if let is None or let.reduction != "mean" or let.guard != sympy.true:
            return False
        dimensions = [[index.dimension for index in one.indices] for one in (let, normalizer)]
        if dimensions[0] != dimensions[1] or mean.positions != read.positions:
            return False
        places: dict[Index, Position] = {
            old: at(new) for old, new in zip(let.indices, normalizer.indices, strict=True)
        }
        return bool(substitute_positions(let.body, places) == normalizer.body)

    def _slope(self, node: Any, reader: Let) -> Any:
        """c·exp(b − l) − c/K."""
        for term in node.args:
            for power in sympy.Mul.make_args(term):
                if not isinstance(power, sympy.exp):
                    continue
                found = self._entry(power.args[0], reader)
                if found is None:
                    continue
                read, place = found
                size = Extent(self.normalizers[read.tensor].over[0].dimension)
                factor = without_factor(term, power) / size
                for other in node.args:
                    if -factor not in (other, self._opened(other)):
                        continue
                    w, *gaps = self._lets(read.tensor)
                    crude, gap = (one.read(*read.positions) for one in gaps)
                    near = factor * expm1(w.read(*read.positions, place) - gap)
                    rest = [one for one in node.args if one not in (term, other)]
                    return sympy.Add(*rest, Branch(_is_small(crude), near, term + other))
        return node

    def _opened(self, term: Any) -> Any:
        """A term, or what it is a name for."""
        number, read = term.as_coeff_Mul()
        let = self.program.let.get(getattr(read, "tensor", ""))
        if let is None or let.reduction is not None:
            return term
        places = dict(zip(let.free, read.positions, strict=True))
        return number * substitute_positions(let.body, places)

    def _entry(self, exponent: Any, reader: Let) -> tuple[Read, Position] | None:
        """(l, k) of an exponent b[k] − l at an index of the reader."""
        for addend in sympy.Add.make_args(exponent):
            read = -addend
            if not isinstance(read, Read) or read.tensor not in self.normalizers:
                continue
            normalizer = self.normalizers[read.tensor]
            places: dict[Index, Position] = dict(zip(normalizer.free, read.positions, strict=True))
            for index in reader.indices:
                if index.dimension == normalizer.over[0].dimension:
                    places[normalizer.over[0]] = at(index)
                    logit = substitute_positions(normalizer.body, places)
                    if logit - read == exponent:
                        return read, at(index)
        return None

    def _lets(self, name: str) -> tuple[Let, Let, Let]:
        """Each counted from the mean, the gap in plain terms, and the gap. All are counted from the largest
        first, which is exact where they are near each other."""
        if name in self.made:
            return self.made[name]
        normalizer = self.normalizers[name]
        free, b = normalizer.free, normalizer.body
        nonnegative = Domain("nonnegative")
        top = replace(normalizer, name=self.names.fresh(f"top_{name}"), reduction="max")
        largest = top.read(*free)
        mean = replace(
            normalizer,
            name=self.names.fresh(f"mean_{name}"),
            reduction="mean",
            body=b - largest,
            domain=REAL,
        )
        middle = mean.read(*free)
        w = Let(self.names.fresh(f"{name}_apart"), normalizer.indices, b - largest - middle)
        apart = w.read(*w.free)
        size = Extent(normalizer.over[0].dimension)
        plain = normalizer.read(*free) - largest - middle - sympy.log(size)
        crude = Let(self.names.fresh(f"{name}_beyond"), free, plain)
        spread = replace(
            normalizer,
            name=self.names.fresh(f"{name}_spread"),
            reduction="sum",
            body=expm1(apart) - apart,
            guard=_is_small(crude.read(*free)),
            domain=nonnegative,
        )
        near = log1p(maximum(0, spread.read(*free) / size))
        body = Branch(_is_small(crude.read(*free)), near, crude.read(*free))
        gap = Let(self.names.fresh(f"{name}_gap"), free, body, domain=nonnegative)
        self.lets += [top, mean, w, crude, spread, gap]
        self.made[name] = w, crude, gap
        return self.made[name]


def _is_small(crude: Any) -> Condition:
    return sympy.Lt(crude, _SMALL)


def _with_read(term: Any, known: Any) -> tuple[Expression, Read | None]:
    for one in sympy.Mul.make_args(term):
        if isinstance(one, Read) and one.tensor in known:
            return term / one, one
    return term, None
