"""Differences of sums of squares, without the subtraction: a variance is the mean of squared distances.

`mean x·y − mean x · mean y` is `mean (x − mean x)·(y − mean y)`, and `Σ u² − Σ v²`, where u and v have
something in common, `Σ (u − v)·(u + v)`: both cancel to what is far below their terms, the first also
where its means are sums over their size. So does Gram's form of a squared distance,
`Σ x² + Σ y² − 2·Σ x·y`, of which the root may be no number; for all pairs of rows it is left where no
root is taken, since products are quicker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import ZERO, is_short
from objc.passes.stable.differences import written_out


def differences_of_squares(program: Program) -> Program:
    """The program with a let for every such difference in the body of an elementwise let."""
    return _Squares(program).run()


class _Squares:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        inside = members(program)
        self.known: dict[str, Let] = {
            let.name: let
            for let in program.lets
            if let.reduction in ("sum", "mean")
            and let.guard == sympy.true
            and let.name not in inside
        }
        self.made: dict[tuple[Expression, tuple[Index, ...], str | None], Let] = {}
        self.means: dict[str, Let] = {}

    def run(self) -> Program:
        lets: list[Let] = []
        for let in self.program.lets:
            before = set(self.made)
            body = let.body
            rooted = {
                one.base
                for one in found_in(body, sympy.Pow)
                if one.exp.is_Rational and one.exp.q == 2
            }
            for node in sorted(found_in(body, sympy.Add), key=spelled):
                changed = self._distance(written_out(node, self.program), node in rooted)
                if changed is None:
                    changed = self._of(node)
                if changed is None and node.has(Extent):
                    changed = self._of(self._by_means(node))
                if changed is None and node.has(Extent):
                    changed = self._over_size(node)
                if changed is not None:
                    body = body.xreplace({node: changed})
            lets += [one for key, one in self.made.items() if key not in before]
            lets.append(let if body == let.body else replace(let, body=body))
        return self.program.with_lets(lets)

    def _of(self, node: Any) -> Expression | None:
        for first in node.args:
            coefficient, read = _read_in(first, self.known)
            if read is None:
                continue
            for second in node.args:
                if second is first:
                    continue
                found = self._spread(read, -second / coefficient)
                if found is None:
                    found = self._apart(read, -second / coefficient)
                if found is not None:
                    rest = [one for one in node.args if one is not first and one is not second]
                    return sympy.Add(*rest, coefficient * found)
        return None

    def _over_size(self, node: Any) -> Expression | None:
        """N·Σ x·y − Σ x·Σ y as N times what it is over N."""
        for size in sorted(found_in(node, Extent), key=spelled):
            found = self._of(self._by_means(node.func(*(one / size for one in node.args))))
            if found is not None:
                return size * found
        return None

    def _by_means(self, node: Any) -> Any:
        """A sum with Σ x / N as the mean that it is, and (Σ x)²/N as N times its square."""
        return node.func(*(self._by_mean(one) for one in node.args))

    def _by_mean(self, term: Any) -> Any:
        powers = dict(one.as_base_exp() for one in sympy.Mul.make_args(term))
        for base, exponent in powers.items():
            let = self.known.get(getattr(base, "tensor", ""))
            if let is None or let.reduction != "sum" or len(let.over) != 1:
                continue
            size = Extent(let.over[0].dimension)
            if exponent.is_Integer and exponent > 0 and powers.get(size, ZERO).is_negative:
                mean = self._mean(let).read(*base.positions)
                term = term / base**exponent * (size * mean) ** exponent
        return term

    def _mean(self, let: Let) -> Let:
        if let.name not in self.means:
            name = self.names.fresh(f"mean_{let.name}")
            self.means[let.name] = replace(let, name=name, reduction="mean", domain=REAL)
            self.known[name] = self.means[let.name]
        return self.means[let.name]

    def _distance(self, node: Any, is_rooted: bool) -> Expression | None:
        """c·Σ x² + c·Σ y² ∓ 2c·Σ x·y = c·Σ (x ∓ y)²."""
        for term in node.args:
            coefficient, read = _read_in(term, self.known)
            if read is None or self.known[read.tensor].reduction != "sum":
                continue
            product = self.known[read.tensor]
            place = dict(zip(product.free, read.positions, strict=True))
            number, factors = substitute_positions(product.body, place).as_coeff_Mul()
            pair = _two(factors)
            if pair is None or pair[0] == pair[1]:
                continue
            for sign in (-1, 1):
                factor = sign * coefficient * number / 2
                squares = [self._square_of(one, factor, product, node) for one in pair]
                pairs = [indices_of(one) - set(product.over) for one in pair]
                if None in squares or not (is_rooted or pairs[0] == pairs[1]):
                    continue
                whole = self._sum((pair[0] + sign * pair[1]) ** 2, product)
                rest = [one for one in node.args if one is not term and one not in squares]
                return sympy.Add(*rest, factor * whole)
        return None

    def _square_of(self, entry: Any, factor: Any, like: Let, node: Any) -> Expression | None:
        """The addend c·Σ x² of a sum, at the indices that another sum runs over."""
        for term in node.args:
            coefficient, read = _read_in(term, self.known)
            if read is None or coefficient != factor:
                continue
            square = self.known[read.tensor]
            dimensions = [[index.dimension for index in one.over] for one in (square, like)]
            if square.reduction != "sum" or dimensions[0] != dimensions[1]:
                continue
            places: dict[Index, Position] = dict(zip(square.free, read.positions, strict=True))
            places |= {old: at(new) for old, new in zip(square.over, like.over, strict=True)}
            if substitute_positions(square.body, places) == entry**2:
                return term
        return None

    def _spread(self, read: Read, product: Any) -> Expression | None:
        """mean x·y − mean x · mean y, and Σ x·y less N times the same."""
        whole = self.known[read.tensor]
        if whole.reduction == "sum":
            product /= sympy.Mul(*(Extent(index.dimension) for index in whole.over))
        factors = _two(whole.body)
        means = _two(product)
        if factors is None or means is None:
            return None
        if not all(isinstance(one, Read) and one.tensor in self.known for one in means):
            return None
        place = dict(zip(whole.free, read.positions, strict=True))
        moved = [substitute_positions(one, place) for one in factors]
        entries = [self._entry(one, whole) for one in means]
        if None in entries or (moved != entries and moved[::-1] != entries):
            return None
        for one in means:
            if self.known[one.tensor] in self.means.values():
                let = self.known[one.tensor]
                self.made[let.body, let.over, let.reduction] = let
        pairs = zip(entries, means, strict=True)
        return self._sum(sympy.Mul(*(x - mean for x, mean in pairs)), whole)

    def _entry(self, mean: Read, whole: Let) -> Expression | None:
        """What a mean is of, at the indices that another runs over."""
        let = self.known[mean.tensor]
        dimensions = [[index.dimension for index in one.over] for one in (let, whole)]
        if let.reduction != "mean" or dimensions[0] != dimensions[1]:
            return None
        mapping: dict[Index, Position] = dict(zip(let.free, mean.positions, strict=True))
        mapping |= {old: at(new) for old, new in zip(let.over, whole.over, strict=True)}
        return substitute_positions(let.body, mapping)

    def _apart(self, read: Read, other: Any) -> Expression | None:
        """Σ u² − Σ v², where u − v is shorter than u and v are."""
        if not isinstance(other, Read) or other.tensor not in self.known:
            return None
        first, second = (self.known[one.tensor] for one in (read, other))
        dimensions = [[index.dimension for index in one.over] for one in (first, second)]
        bodies = [one.body for one in (first, second)]
        squares = all(isinstance(one, sympy.Pow) and one.exp == 2 for one in bodies)
        if not squares or first.reduction != second.reduction or dimensions[0] != dimensions[1]:
            return None
        if not all(is_short(one) for one in bodies):
            return None
        place: dict[Index, Position] = dict(zip(second.free, other.positions, strict=True))
        place |= {old: at(new) for old, new in zip(second.over, first.over, strict=True)}
        u = substitute_positions(bodies[0].base, dict(zip(first.free, read.positions, strict=True)))
        v = substitute_positions(bodies[1].base, place)
        apart, together = sympy.expand(u - v), sympy.expand(u + v)
        if len(sympy.Add.make_args(together)) < len(sympy.Add.make_args(apart)):
            apart, together = together, apart
        terms = len(sympy.Add.make_args(u)) + len(sympy.Add.make_args(v))
        if apart == 0 or len(sympy.Add.make_args(apart)) >= terms:
            return None
        return self._sum(apart * together, first)

    def _sum(self, body: Expression, like: Let) -> Expression:
        """A read of the sum or mean of a body over the indices of another one, where it is read."""
        free = tuple(sorted(indices_of(body) - set(like.over), key=lambda index: index.name))
        key = body, like.over, like.reduction
        if key not in self.made:
            name = self.names.fresh(f"spread_{like.name}")
            domain = Domain("nonnegative") if body.is_nonnegative else REAL
            self.made[key] = replace(like, name=name, free=free, body=body, domain=domain)
        return self.made[key].read(*free)


def _read_in(term: Any, known: Mapping[str, Let]) -> tuple[Expression, Read | None]:
    """(c, r) of a term c·r with a read of a sum."""
    for factor in sympy.Mul.make_args(term):
        if isinstance(factor, Read) and factor.tensor in known:
            return sympy.Mul(*(f for f in sympy.Mul.make_args(term) if f is not factor)), factor
    return term, None


def _two(product: Any) -> list[Any] | None:
    """The two factors of a product, or of a square."""
    if isinstance(product, sympy.Pow) and product.exp == 2:
        return [product.base, product.base]
    if isinstance(product, sympy.Mul) and len(product.args) == 2:
        return list(product.args)
    return None
