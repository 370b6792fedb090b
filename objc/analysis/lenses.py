"""What is known of a part of a formula, as a property looks at it: its curvature, its range, its slope, what
it tends to, what a scaling or an exchange makes of it.

A lens says so in words, with whether that is as the property wants it; None of a part of which it has nothing
to say. In the arm of a branch the condition that leads there is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import sympy

from objc.analysis.facts import Fact
from objc.analysis.formulas import influences, inlined, is_short, named
from objc.analysis.identification import look_of, terms_of
from objc.analysis.shape.curvature import Curvature, Shape
from objc.analysis.shape.ends import end_of
from objc.analysis.shape.invariance import Effect, Moves, Unclear
from objc.analysis.shape.slopes import slope
from objc.analysis.signs.inequalities import Inequalities
from objc.analysis.values.interval import Interval
from objc.analysis.values.ranges import Ranges
from objc.analysis.values.words import in_words
from objc.atoms import Branch
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Condition, Expression, Read, reads
from objc.ir.text import Text

Lens: TypeAlias = "Callable[[Expression, Condition], tuple[str, bool] | None]"
_LONGEST = 48
"""Characters of a slope beyond which its range stands for it."""
_GREATEST = 60
"""Operations of a part beyond which its limits aren't looked for."""


def lens_of(name: str, program: Program, fact: Fact) -> Lens:
    return _LENSES[name](program, fact)


def _curvature(program: Program, fact: Fact) -> Lens:
    shapes = Curvature(program, Ranges(program), fact.of)

    def view(expression: Expression, here: Condition) -> tuple[str, bool]:
        found = shapes.of(expression)
        return _shape_in_words(found), found.convex or found.concave or found.log_convex

    return view


def _shape_in_words(shape: Shape) -> str:
    if shape.affine:
        return "affine"
    words = {
        "convex": shape.convex, "concave": shape.concave,
        "log-convex": shape.log_convex, "log-concave": shape.log_concave,
    }  # fmt: skip
    return ", ".join(word for word, holds in words.items() if holds) or "of no known curvature"


def _is_bounded(found: Interval) -> bool:
    return found.is_bounded


_SOUND: Mapping[str, Callable[[Interval], bool]] = {
    "nonnegative": lambda found: found.is_nonnegative,
    **dict.fromkeys(("minimum", "infimum"), lambda found: found.low > -float("inf")),
    **dict.fromkeys(("maximum", "supremum"), lambda found: found.high < float("inf")),
}


def _range(program: Program, fact: Fact) -> Lens:
    ranges, text = Ranges(program), Text(program)
    is_sound = _SOUND.get(fact.property, _is_bounded)

    def view(expression: Expression, here: Condition) -> tuple[str, bool]:
        found = ranges.of(expression)
        told = in_words(found) or "of any value"
        if here != sympy.true:
            under = ranges.under(expression, here, {})
            if under != found:
                found, told = under, f"{in_words(under) or 'of any value'}{_where(text, here)}"
        return told, is_sound(found)

    return view


def _where(text: Text, here: Condition) -> str:
    return "" if here == sympy.true else f" where {text.condition(here)}"


# ------------------------------------------------------------------ slopes


def _elementwise(program: Program) -> dict[str, Let]:
    """The lets that reduce nothing, each with those before it in their readers' places."""
    found: dict[str, Let] = {}
    apart = members(program) | program.gathered
    for let in program.lets:
        if let.reduction is None and let.name not in apart:
            found[let.name] = replace(let, body=inlined(let.body, found))
    return found


class _Slopes:
    """First or second derivatives of parts in one scalar input."""

    def __init__(self, program: Program, fact: Fact) -> None:
        self.program = program
        self.name = _scalar_of(program, fact)
        self.order = 2 if fact.property in ("smooth", "strongly_convex") else 1
        self.bodies = _elementwise(program)

    def whole(self, expression: Any) -> Any:
        return named(inlined(expression, self.bodies))

    def of(self, expression: Expression) -> Expression | None:
        found = (
            None if self.name is None else slope(self.program, self.whole(expression), self.name)
        )
        if found is not None and self.order == 2:
            found = slope(self.program, found, str(self.name))
        return found

    @property
    def word(self) -> str:
        return "slope" if self.order == 1 else "second derivative"


def _scalar_of(program: Program, fact: Fact) -> str | None:
    """The one number that a fact is about: of a fact on the whole loss, what is learned through."""
    names = fact.of or tuple(one.name for one in program.differentiable)
    if len(names) != 1 or program.input[names[0]].dimensions:
        return None
    return names[0]


def _slope(program: Program, fact: Fact) -> Lens:
    slopes, ranges, text = _Slopes(program, fact), Ranges(program), Text(program)
    inequalities = Inequalities(ranges)
    bound = fact.arguments[0] if len(fact.arguments) == 1 else None

    def view(expression: Expression, here: Condition) -> tuple[str, bool] | None:
        found = slopes.of(expression)
        if found is None:
            return None
        values, there = ranges.of(found), slopes.whole(here)
        told = f"{slopes.word} {_written(text, found) or in_words(values) or 'of any value'}"
        if values.is_bounded:
            return told + _between(told, in_words(values)), True
        is_within = bound is not None and all(
            inequalities.is_at_least_where(greater, less, there)
            for greater, less in ((bound, found), (found, -bound))
        )
        if not is_within:
            return f"{told}, of any size", False
        size = text.scalar(bound).text
        return f"{told}, at most {size} in size{_where(text, there)}", True

    return view


def _between(told: str, values: str | None) -> str:
    return "" if values is None or values in told else f", {values}"


def _written(text: Text, formula: Any) -> str | None:
    """A formula where it is short and without branches."""
    if formula.atoms(Branch) or formula.count_ops() > _GREATEST:
        return None
    short = text.scalar(formula).text
    return short if len(short) <= _LONGEST else None


def _derivative(program: Program, fact: Fact) -> Lens:
    """The slope itself, which says what a loss estimates, and what it comes to for that."""
    slopes, text = _Slopes(program, fact), Text(program)
    if slopes.name is None:  # the first of several numbers is what is predicted
        numbers = [one.name for one in program.differentiable if not one.dimensions]
        slopes.name = next(iter(numbers), None)
    look, terms = look_of(program, fact, slopes.name), terms_of(program)

    def view(expression: Expression, here: Condition) -> tuple[str, bool] | None:
        found = slopes.of(expression)
        if found is None:
            return None
        seen = look(found) if look is not None and expression in terms else None
        return seen or (f"slope {_written(text, found) or 'by cases'}", expression not in terms)

    return view


# ------------------------------------------------------------------ far out


def _limits(program: Program, fact: Fact) -> Lens:
    slopes = _Slopes(program, fact)
    is_of_slope = fact.property == "redescending"

    def view(expression: Expression, here: Condition) -> tuple[str, bool] | None:
        formula = slopes.of(expression) if is_of_slope else slopes.whole(expression)
        if slopes.name is None or formula is None or not is_short(formula):
            return None
        read = program.input[slopes.name].read()
        if any(slopes.name in _inner(program, one) for one in reads(formula) if one != read):
            return None
        t = sympy.Dummy("t", positive=True)
        ends = [end_of(formula.xreplace({read: side * t}), t) for side in (-1, 1)]
        what = "slope tends" if is_of_slope else "tends"
        told = " and ".join("?" if one is None else Text(program).scalar(one).text for one in ends)
        return f"{what} to {told}", None not in ends

    return view


def _inner(program: Program, read: Read) -> frozenset[str]:
    """The inputs that a let which isn't written out depends on."""
    return influences(program).get(read.tensor, frozenset())


# ------------------------------------------------------------------ moves


def _moves(program: Program, fact: Fact) -> Lens:
    is_shift = fact.property == "invariant" and fact.value == "shift"
    by = sympy.Dummy("c", real=True, positive=None if is_shift else True)
    effect = Effect(added=by) if is_shift else Effect(factor=by)
    try:
        moves = Moves(program, dict.fromkeys(fact.of, effect))
    except Unclear:
        return lambda expression, here: None
    what = "adding c" if is_shift else "scaling by c"

    def view(expression: Expression, here: Condition) -> tuple[str, bool]:
        try:
            found = moves.effect(expression)
        except Unclear:
            return f"{what} makes something else of it", False
        if found.is_none:
            return f"{what} leaves it as it is", True
        if found.factor != 1:
            power = sympy.simplify(by * sympy.diff(sympy.log(found.factor), by))
            return f"{what} multiplies it by c^{Text(program).scalar(power).text}", True
        return f"{what} adds {str(found.added).replace('_', '')}", True

    return view


def _exchange(program: Program, fact: Fact) -> Lens:
    """What exchanging two numbers makes of a part."""
    bodies, text = _elementwise(program), Text(program)
    inputs = [program.input[name] for name in fact.of[:2]]
    if any(one.dimensions for one in inputs):
        return lambda expression, here: None
    first, second = (one.read() for one in inputs)

    def view(expression: Expression, here: Condition) -> tuple[str, bool]:
        whole = inlined(expression, bodies)
        moved = whole.xreplace({first: second, second: first})
        if moved == whole:
            return "stays as it is", True
        if sympy.expand(moved + whole) == 0:
            return "changes its sign", True
        return f"becomes {_written(text, moved) or 'something else'}", False

    return view


_LENSES: Mapping[str, Callable[[Program, Fact], Lens]] = {
    "curvature": _curvature, "range": _range, "slope": _slope, "derivative": _derivative,
    "limits": _limits, "moves": _moves, "exchange": _exchange,
}  # fmt: skip
