"""The form of a problem in a framework: one that its users would write, or the program's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from objc.bench.cases import VALUE_AND_GRADIENT
from objc.bench.forms import NoForm, form, has_steps
from objc.bench.problem import Absent, Problem
from objc.bench.words import function_of

Inputs: TypeAlias = Mapping[str, Any]
Form: TypeAlias = Callable[[Inputs], Any]
"""The value of a problem, of its inputs by name."""


def keyed(value: float, gradients: Mapping[str, Any]) -> dict[str, Any]:
    """A value and gradients by the keys of a program's outputs."""
    return {"value": value, **{f"gradient:{name}": one for name, one in gradients.items()}}


def require_gradients(problem: Problem) -> None:
    """Raises Absent for a case that asks for other derivatives, for which a framework has no one call."""
    if problem.case.results != VALUE_AND_GRADIENT:
        raise Absent("no second derivatives of every entry in one call")


def require_no_loop(problem: Problem, by_hand: Mapping[str, Form]) -> None:
    """Raises Absent for a generated form with a loop over steps, of which a compiler makes one program of
    all steps, for minutes."""
    if by_hand.get(problem.case.form or "") is None and has_steps(problem.value):
        raise Absent("its loop over steps would be unrolled")


def written(
    problem: Problem, by_hand: Mapping[str, Form], words: str, real: Any
) -> tuple[Form, str]:
    """The form, and where it comes from: `by hand`, or `generated` in these words of a framework whose
    floating type is `real`.

    Raises:
        Absent: nobody wrote it, and the program has no form.
    """
    require_gradients(problem)
    found = by_hand.get(problem.case.form or "")
    if found is not None:
        return found, "by hand"
    try:
        text = form(problem.value)
    except NoForm as error:
        raise Absent(str(error)) from error
    return function_of(text, words, real), "generated"
