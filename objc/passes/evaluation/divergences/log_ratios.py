"""Names for the differences of two log-probabilities, (a − b) − (l − m), each computed once."""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.domain import REAL
from objc.ir.index import at
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, indices_of, substitute_positions
from objc.passes.stable.differences import written_out
from objc.passes.stable.entries import normalizers_of


class LogRatios:
    """The differences of one program. `lets` are those of the program that have been gone through, to which
    the names are added."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.normalizers = normalizers_of(program)
        self.names = Names.of(program)
        self.lets: list[Let] = []

    def opened(self, expression: Any) -> Any:
        """An expression with what differences stand for, as a sum."""
        return sympy.expand(written_out(expression, self.program))

    def between(self, a: Any, b: Any, reader: Let) -> Expression | None:
        """a − b of two log-probabilities with normalizers of their own, read in a let."""
        return self.named(self.opened(a - b), reader)

    def named(self, u: Any, reader: Let) -> Expression | None:
        """The name of such a difference, written out, with the sign under which it has one."""
        terms = [one.as_coeff_Mul() for one in sympy.Add.make_args(u)]
        signs = {sign for sign, one in terms if getattr(one, "tensor", "") in self.normalizers}
        if signs != {1, -1}:
            return None
        return self.name(u, "log_ratio", reader)

    def name(self, body: Expression, wanted: str, reader: Let) -> Expression:
        """The read of a let of this body or its negative, made anew if there is none."""
        free = tuple(index for index in reader.indices if index in indices_of(body))
        for let in self.lets:
            if let.reduction is None and let.dimensions == tuple(one.dimension for one in free):
                places = dict(zip(let.free, map(at, free), strict=True))
                known = substitute_positions(let.body, places)
                for sign in (1, -1):
                    if known == sign * body:
                        return sign * let.read(*free)
        let = Let(self.names.fresh(wanted), free, body, domain=REAL, span=reader.span)
        self.lets.append(let)
        return let.read(*free)


__all__ = ["LogRatios"]
