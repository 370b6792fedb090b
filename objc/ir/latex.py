"""A program as the paper has it: LaTeX that KaTeX and MathJax also take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from objc.atoms import ATOMS
from objc.ir.formula import ATOM, OPERATOR, POWER, PRODUCT, SUM, Notation, Piece, dimension_name
from objc.ir.program import Let, Program
from objc.ir.symbols import IndexValue

_GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda",
    "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
]  # fmt: skip
_LETTERS = dict(zip("αβγδεζηθικλμνξπρστυφχψω", _GREEK, strict=True))
_SIGNS = {"==": "=", "!=": r"\neq", "<=": r"\leq", ">=": r"\geq"}
_WORDS = {"and": r"\land", "or": r"\lor"}


def latex(program: Program) -> str:
    r"""The equations of a program in an `aligned` environment, without dollar signs.

    Reductions are `\sum_{k}`, branches `cases`, gathers subscripts of subscripts.
    """
    equations = Latex(program).equations()
    outputs = len(program.outputs)
    lines = [f"{one.left} &= {one.right}" for one in equations]
    if len(lines) > outputs:
        lines[outputs] = rf"\text{{where}}\quad {lines[outputs]}"
    if len(lines) == 1:
        return lines[0].replace(" &= ", " = ", 1)
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


class Latex(Notation):
    """LaTeX mathematics."""

    def name(self, name: str) -> str:
        stem, _, number = name.rpartition("_")
        if stem and number.isdecimal() and "_" not in stem:
            return f"{self.name(stem)}_{{{number}}}"
        name = _LETTERS.get(name, name)
        if name in _GREEK:
            return f"\\{name}"
        if len(name) == 1:
            return name
        escaped = name.replace("_", r"\_")
        return rf"\mathrm{{{escaped}}}"

    def subscripted(self, name: str, subscripts: Sequence[str]) -> str:
        written = self.name(name) if name.replace("_", "").isalnum() else name
        if not subscripts:
            return written
        base = f"{{{written}}}" if "_{" in written else written
        return f"{base}_{{{', '.join(subscripts)}}}"

    def number(self, value: Any) -> Piece:
        text = str(sympy.latex(value))
        simple = not value.is_Rational or value.is_Integer
        return Piece(text, SUM if text[0] == "-" else ATOM if simple else PRODUCT)

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def fraction(self, above: list[Any], below: list[Any]) -> Piece:
        sides = []
        for factors in (above, below):
            alone = SUM if len(factors) == 1 else PRODUCT
            sides.append(self.times([self.at_level(one, alone) for one in factors]))
        return Piece(rf"\frac{{{sides[0]}}}{{{sides[1]}}}", PRODUCT)

    def times(self, factors: Sequence[str]) -> str:
        text = factors[0]
        for one in factors[1:]:
            text += (r" \cdot " if one[0].isdigit() else r" \, ") + one
        return text

    def root(self, inner: Piece) -> Piece:
        return Piece(rf"\sqrt{{{inner.text}}}")

    def raised(self, base: Piece, exponent: Piece) -> Piece:
        return Piece(f"{{{self.inside(base, ATOM)}}}^{{{exponent.text}}}", POWER)

    def applied(self, name: str, arguments: Sequence[Piece]) -> Piece:
        inner = ", ".join(one.text for one in arguments)
        if name == "abs":
            return Piece(rf"\left|{inner}\right|")
        if name.startswith("polygamma"):
            return Piece(rf"\psi^{{({name[9:]})}}\left({inner}\right)")
        return Piece(rf"{ATOMS[name].latex}\left({inner}\right)")

    def cases(self, pairs: Sequence[tuple[str, str]], otherwise: str) -> Piece:
        rows = [rf"{value} & \text{{if }} {condition}" for value, condition in pairs]
        rows.append(rf"{otherwise} & \text{{otherwise}}")
        return Piece(r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}")

    def truth(self, condition: str) -> Piece:
        return Piece(rf"\left[{condition}\right]")

    def relation(self, sign: str, left: str, right: str) -> str:
        return f"{left} {_SIGNS.get(sign, sign)} {right}"

    def connected(self, word: str, parts: Sequence[str]) -> str:
        if word == "not":
            return rf"\lnot \left({parts[0]}\right)"
        return f" {_WORDS[word]} ".join(
            self.brackets(one) if r"\lor" in one else one for one in parts
        )

    def reduced(self, let: Let) -> Piece:
        binder = f"_{{{self._binder(let)}}}"
        body = self.scalar(let.body)
        match let.reduction:
            case "logsumexp":
                return Piece(rf"\log \sum{binder} \exp\left({body.text}\right)", OPERATOR)
            case "norm":
                under = self.raised(body, Piece("2")).text
                return Piece(rf"\sqrt{{\sum{binder} {under}}}")
            case "mean" if let.guard == sympy.true:
                sizes = r" \, ".join(dimension_name(index.dimension) for index in let.over)
                under = self.inside(body, PRODUCT)
                return Piece(rf"\frac{{1}}{{{sizes}}} \sum{binder} {under}", OPERATOR)
            case _:
                sign = _SIGN[str(let.reduction)]
                return Piece(f"{sign}{binder} {self.inside(body, PRODUCT)}", OPERATOR)

    def _binder(self, let: Let) -> str:
        """`k`, `k \neq y`, or `i, j : condition`."""
        indices = ", ".join(self.over(let.over))
        if let.guard == sympy.true:
            return indices
        guard = self.condition(let.guard)
        if len(let.over) == 1 and getattr(let.guard, "rel_op", None) is not None:
            left, right = let.guard.args
            if left == IndexValue(let.over[0]):
                return guard
            if right == IndexValue(let.over[0]):
                return self.condition(let.guard.reversed)
        return rf"{indices} \,:\, {guard}"

    def derivative(self, kind: str, of: str, by: str) -> str:
        match kind:
            case "gradient":
                return rf"\frac{{\partial {of}}}{{\partial {by}}}"
            case "hessian_diagonal":
                return rf"\frac{{\partial^2 {of}}}{{\partial {by}^2}}"
            case _:
                return rf"\left(\nabla^2 {of} \, v\right)_{{{by}}}"


_SIGN = {
    "sum": r"\sum", "prod": r"\prod", "max": r"\max", "min": r"\min", "argmax": r"\arg\max",
    "argmin": r"\arg\min", "argsort": r"\operatorname{argsort}",
    "mean": r"\operatorname{mean}", "any": r"\bigvee", "all": r"\bigwedge",
    "count": r"\#",
}  # fmt: skip
