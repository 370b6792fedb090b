"""What is divided by a sum of squares, by its length in turn, where the sum has left the range.

`x/(1 + Σ x²)` is x times 1/∞ from 1e154 on (1e19 in float32), and of the size of 1/x in truth; its
derivatives divide by powers of the sum, which leave the range much earlier. Where a sum of squares is too
large or too small for the power that is taken of it, D = c + k·n² stands for k·n², and every entry is
divided by the length n once, before what is left of it divides the whole. Where c is not lost beside n²,
or there are several sums, n is √D, a hypotenuse. Logarithms are sums of logarithms there. An ordinary row
costs a comparison; lengths have loops that it does not run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import sympy

from objc.atoms import Branch, log1p, quotient
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.evaluation.differences.monomials import Monomials, divided_in_turn, in_turn
from objc.passes.evaluation.ranges.denominators import Denominator, Denominators, multiples
from objc.passes.rewrites.forms import ONE, ZERO
from objc.passes.stable.differences import is_difference, written_out
from objc.passes.tidying.inline import size

_TWO = sympy.Integer(2)
_LEAST_EXPONENT, _GREATEST_EXPONENT = 80, 120
_LEAST, _GREATEST = _TWO**-_LEAST_EXPONENT, _TWO**_GREATEST_EXPONENT
"""Between these a product is as good as it gets, in float32 too."""
_LOST = _TWO**60
"""Beyond it a constant is lost in a denominator, also where that comes several times."""
_MOST_NODES = 160
_NONE: Mapping[Expression, Expression] = {}


def divide_by_lengths(program: Program) -> Program:
    """The program with quotients and logarithms of sums of squares that keep their range."""
    return _Lengths(program).changed()


class _Lengths:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.inside = members(program)
        self.named = {
            one.name: one
            for one in program.lets
            if one.reduction is None and one.name not in self.inside
        }
        self.lets: list[Let] = []
        self.denominators = Denominators(program, self.lets)
        self.makes_lets = True

    def changed(self) -> Program:
        for let in self.program.lets:
            body = let.body
            if not let.domain.is_integer:
                self.makes_lets = let.name not in self.inside
                body = self._within(body)
            self.lets.append(let if body == let.body else replace(let, body=body))
        return self.program.with_lets(self.lets)

    def _within(self, node: Any) -> Any:
        if not getattr(node, "args", ()) or getattr(node, "is_Relational", False):
            return node
        is_log = isinstance(node, (sympy.log, log1p))
        changed = self._logarithm(node) if is_log else self._quotient(node)
        if changed is not None:
            return changed
        arguments = [self._within(one) for one in node.args]
        return node.func(*arguments) if arguments != list(node.args) else node

    def _quotient(self, node: Any) -> Expression | None:
        """A sum of products with powers of denominators, as a whole."""
        if not isinstance(node, (sympy.Add, sympy.Mul, sympy.Pow, quotient)):
            return None
        opened = _as_fractions(self._opened(node))
        if size(opened) > _MOST_NODES or not self.denominators.within(opened):
            return None
        node, opened = self.denominators.by_norms(node), self.denominators.by_norms(opened)
        known = self.denominators.within(opened)
        same = multiples(known)
        if same:
            opened = opened.xreplace(same)
            known = self.denominators.within(opened)
        if not known or not (self.makes_lets or len(known) == len(known[0].squares) == 1):
            return None
        if all(self.denominators.is_length_of_shares(one) for one in known):
            return None
        ratios = {b for one in known for _, b in one.squares if isinstance(b, quotient)}
        norms = {
            read: self.denominators.norm(read) ** 2
            for read in sorted(found_in(opened, Read), key=spelled)
            if read.tensor in self.denominators.sums
        }
        monomials = Monomials.of(opened, [one.base for one in known], norms, ratios)
        if monomials is None or not monomials.is_at_risk:
            return None
        parts = _Parts(self.denominators, known, monomials)
        inside = self._is_inside(parts)
        if inside is None:
            return None
        parts.outside = sympy.Not(inside)
        if len(known) > 1 or len(known[0].squares) > 1:
            whole = {
                one.base: found
                for one in known
                if (found := parts.rate_and_length(one)) is not None
            }
            return (
                Branch(inside, node, parts.by_lengths(whole)) if len(whole) == len(known) else None
            )
        ((square,), base) = known[0].squares, known[0].base
        beyond = parts.alone(*square)
        large = isinstance(inside, sympy.Lt) and inside.lhs == base and inside.rhs >= _LOST
        if known[0].constant != 0 and not large:
            is_row = self.denominators.is_length(square[1])
            between = parts.by_root() if is_row else divided_in_turn(opened, ratios)
            beyond = Branch(sympy.Lt(base, _LOST), between, beyond)
        return Branch(inside, node, beyond)

    def _is_inside(self, parts: _Parts) -> Any:
        """Whether no product that is divided, or divided by, has left the range; of what is no longer than
        a divisor nothing is asked. None where a number may be no real one."""
        divisors: dict[Expression, Expression] = {}
        squares = set()
        for above, below in parts.monomials.products():
            for factor in sympy.Mul.make_args(below):
                base, exponent = factor.as_base_exp()
                if base != 1:
                    divisors[base] = max(divisors.get(base, ZERO), exponent)
            squares.add(self._squares_in(above, parts.entries))
        if not all(one.is_extended_real for one in (*divisors, *squares)):
            return None
        number = len(divisors)
        from_one = all(_is_from_one(base, parts.known) for base in divisors)
        bounds = []
        for base, exponent in sorted(divisors.items(), key=lambda one: spelled(one[0])):
            length = base if base.is_nonnegative else sympy.Abs(base)
            bounds.append(sympy.Lt(length, _TWO ** (_GREATEST_EXPONENT // (number * exponent))))
            if not _is_from_one(base, parts.known):
                bounds.append(sympy.Gt(length, _TWO ** -(_LEAST_EXPONENT // (number * exponent))))
        for product in sorted(squares - {ONE}, key=spelled):
            bounds.append(sympy.Lt(product, _GREATEST))
            if not from_one:
                bounds.append(sympy.Gt(product, _LEAST))
        return sympy.And(*bounds)

    def _squares_in(self, product: Any, entries: Collection[Expression]) -> Expression:
        """The sums of squares in a product, and the powers of entries."""
        factors = [one for one in sympy.Mul.make_args(product) if one.has(Read)]
        powers = [(one, *one.as_base_exp()) for one in factors]
        return sympy.Mul(*(
            sympy.Abs(one)
            for one, base, n in powers
            if base not in entries and (n > 1 or getattr(base, "tensor", "") in self.denominators.sums)
        ))  # fmt: skip

    def _logarithm(self, node: Any) -> Expression | None:
        """log(c + k·b²) = log k + 2·log |b| where c is lost, and 2·log √D of several squares."""
        (argument,) = node.args
        if not isinstance(self._opened(argument), (sympy.Add, sympy.Mul, Read)):
            return None
        argument = self.denominators.by_norms(argument)
        node, opened = node.func(argument), self._opened(argument)
        found = self.denominators.of(1 + opened if isinstance(node, log1p) else opened)
        if found is None:
            return None
        inside = sympy.Lt(found.base, _GREATEST)
        if found.constant == 0:
            inside = sympy.And(inside, sympy.Gt(found.base, _LEAST))
        if len(found.squares) > 1:
            if not self.makes_lets:
                return None
            return Branch(
                inside, node, 2 * sympy.log(self.denominators.length(found, sympy.Not(inside)))
            )
        ((rate, b),) = found.squares
        if isinstance(b, quotient):
            if rate.is_number:
                return None
            rate, b = rate / b.args[1] ** 2, b.args[0]
        apart = [
            n * sympy.log(f) for f, n in (one.as_base_exp() for one in sympy.Mul.make_args(rate))
        ]
        far = sympy.Add(2 * sympy.log(b if b.is_nonnegative else sympy.Abs(b)), *apart)
        return Branch(inside, node, far)

    def _opened(self, node: Any) -> Any:
        """With what the reads of elementwise lets stand for, where it has a denominator."""
        for _ in range(3):
            swaps = {
                read: body
                for read in found_in(node, Read)
                if (body := self._body_with_denominator(read)) is not None
            }
            if not swaps:
                break
            node = node.xreplace(swaps)
        return node

    def _body_with_denominator(self, read: Read) -> Expression | None:
        let = self.named.get(read.tensor)
        if let is not None and getattr(let.body, "tensor", "") in self.denominators.sums:
            return substitute_positions(let.body, dict(zip(let.free, read.positions, strict=True)))
        if let is not None and is_difference(let.body):
            own = self.denominators.of(let.body)
            is_risky = own is not None and not self.denominators.is_of_shares(own)
            return written_out(read, self.program) if is_risky else None
        if let is None or not isinstance(let.body, (sympy.Add, sympy.Mul, sympy.Pow)):
            return None
        bases = [one.base for one in found_in(let.body, sympy.Pow) if one.exp.is_negative]
        found = [self.denominators.of(one) for one in bases]
        if not any(found):
            bases += [one.args[1] for one in found_in(let.body, quotient)]
            named = (written_out(one, self.program) for one in bases if isinstance(one, Read))
            found = [self.denominators.of(one) for one in named]
            if all(one is None or self.denominators.is_of_shares(one) for one in found):
                return None
        return substitute_positions(let.body, dict(zip(let.free, read.positions, strict=True)))


@dataclass
class _Parts:
    """A sum of monomials beside the denominators that are known in it."""

    denominators: Denominators
    known: list[Denominator]
    monomials: Monomials
    outside: Any = sympy.true

    @cached_property
    def entries(self) -> set[Expression]:
        squares = [b for one in self.known for _, b in one.squares]
        return {x for b in squares for x in self.denominators.entries(b)}

    def rate_and_length(self, one: Denominator) -> tuple[Expression, Expression] | None:
        """(k, n) of D = k·n² with the length of its squares."""
        length, rate = self.denominators.length(one, self.outside), ONE
        for times, read in one.crossed:
            scaled = self.denominators.scaled_product(read, self.entries, length, self.outside)
            if scaled is None:
                return None
            rate -= times * quotient(scaled, length)
        return rate, length

    def _by_scaled(self, addend: Any, lengths: Collection[Any]) -> Expression:
        """With n·Σ (x/n)·y for sums of products, where x is among the entries of a denominator."""
        swaps = {}
        for read in sorted(found_in(addend, Read), key=spelled):
            if read.tensor in self.denominators.products:
                for length in lengths:
                    scaled = self.denominators.scaled_product(
                        read, self.entries, length, self.outside
                    )
                    if scaled is not None:
                        swaps[read] = scaled * length
                        break
        return addend.xreplace(swaps) if swaps else addend

    def by_lengths(
        self,
        lengths: Mapping[Expression, tuple[Expression, Expression]],
        ratios: Mapping[Expression, Expression] = _NONE,
    ) -> Expression:
        """With k·b² for every denominator, and one division after the other."""
        longest = self.entries | {b for _, b in lengths.values()}
        own = [b for _, b in lengths.values() if isinstance(b, Read)]
        rates = {k: sympy.Dummy(positive=True) for k, _ in lengths.values() if k.is_Add}
        lengths = {base: (rates.get(k, k), b) for base, (k, b) in lengths.items()}
        addends = (one.xreplace(dict(ratios)) for one in self.monomials.with_lengths(lengths))
        addends = (self._by_scaled(one, own) for one in addends)
        whole = sympy.Add(*(in_turn(one, longest) for one in addends))
        back = {dummy: rate for rate, dummy in rates.items()}
        return whole.xreplace({**self.monomials.opaque, **back})

    def alone(self, rate: Any, b: Any) -> Expression:
        """k·b² for c + k·b², of which x/s·s is x."""
        whole = b.args[0] / b.args[1] if isinstance(b, quotient) else b
        return self.by_lengths({self.known[0].base: (rate, whole)}, {b: whole})

    def by_root(self) -> Expression:
        base, root = self.known[0].base, sympy.Dummy(positive=True)
        return self.by_lengths({base: (ONE, root)}).xreplace({root: sympy.sqrt(base)})


def _as_fractions(node: Any) -> Any:
    """With a/b for every quotient of a and b in sums and products."""
    if isinstance(node, quotient):
        above, below = map(_as_fractions, node.args)
        return above / below
    if not isinstance(node, (sympy.Add, sympy.Mul, sympy.Pow)):
        return node
    arguments = [_as_fractions(one) for one in node.args]
    return node if arguments == list(node.args) else node.func(*arguments)


def _is_from_one(factor: Any, known: list[Denominator]) -> bool:
    """Whether a divisor is a power of a denominator with a number in it."""
    base = factor.as_base_exp()[0]
    return any(one.base == base and one.constant != 0 for one in known)
