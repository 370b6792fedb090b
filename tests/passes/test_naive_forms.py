"""The forms that people write, in value, gradient and Hessian diagonal, against numbers of 1000 digits.

Where the true value is below the normal range, nothing above it may come out; where it is beyond the
range, the infinity of its sign. What no rule mends yet stays in the table, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest

from objc.compiler import Variant, derive, load, lower, parse
from objc.ir.program import Program
from objc.source import Source
from objc.target import load as target_named

from .hyperdual import ENVIRONMENT, HyperDual, lift
from .naive import FORMS, UNMENDED, Form

DIGITS = 1000
"""Enough for a second derivative at 1e-300 to be right where the text as it stands cancels."""
TINY, NOTHING = 2.3e-308, mpmath.mpf(10) ** -700
RESULTS = ("per_example", "gradient", "hessian_diagonal")


def _cases() -> list[Any]:
    return [
        pytest.param(
            form,
            id=form.name,
            marks=[pytest.mark.xfail(reason=UNMENDED[form.name], strict=True)]
            if form.name in UNMENDED
            else [],
        )
        for form in FORMS
    ]


def test_the_table_is_long_and_its_exceptions_are_in_it() -> None:
    names = [form.name for form in FORMS]
    assert len(names) == len(set(names)) >= 60
    assert set(UNMENDED) <= set(names)
    assert len(UNMENDED) < len(FORMS) / 3


@pytest.mark.parametrize("form", _cases())
def test_form(form: Form) -> None:
    program = lower(parse(Source("form.objc", form.source))).programs["form"]
    found = _computed(program, form)
    wrong = []
    with mpmath.workdps(DIGITS):
        for key, place, exact in _expected(program, form):
            if not _is_near(float(found[key][place]), exact, form.tolerance):
                point = form.points[place[0]]
                wrong.append(
                    f"{key}{place[1:]} at {point}: {found[key][place]!r}, not {exact!s:.25}"
                )
    assert not wrong, "\n".join([form.name, *wrong[:12]])


def _computed(program: Program, form: Form) -> Mapping[str, Any]:
    """All points as one batch on the NumPy target, in float64."""
    given = [one for one in program.inputs if one.role in ("differentiable", "data")]
    columns = {
        one.name: np.array(
            [point[number] for point in form.points],  # type: ignore[index]
            np.int64 if one.domain.is_integer else np.float64,
        )
        for number, one in enumerate(given)
    }
    wrt = tuple(one.name for one in program.differentiable)
    derived = derive(program, Variant(RESULTS, wrt, frozenset(columns)))
    sizes = {"batch": len(form.points)} | {
        dimension.name: columns[one.name].shape[1] for one in given for dimension in one.dimensions
    }
    results = {
        key: np.full([sizes[one.name] for one in derived.let[name].dimensions], np.nan)
        for key, name in derived.outputs.items()
    }
    executable = load(target_named("numpy").emit(derived, "float64"), "numpy")
    with np.errstate(all="ignore"):
        executable({**columns, "scale": 1.0}, sizes, results)
    return results


def _expected(program: Program, form: Form) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """(output, place, exact value) of every result at every point."""
    names = [one.name for one in program.inputs if one.role in ("differentiable", "data")]
    integers = {one.name for one in program.inputs if one.domain.is_integer}
    for number, point in enumerate(form.points):
        values = {
            name: value if name in integers else _lifted(value)
            for name, value in zip(names, point, strict=True)  # type: ignore[call-overload]
        }
        for one in program.differentiable:
            vector = isinstance(values[one.name], list)
            for k in range(len(values[one.name])) if vector else (None,):
                moved = {**values, one.name: _moved(values[one.name], k)}
                result = lift(eval(form.meaning, {**ENVIRONMENT, **moved}))
                place = (number,) if k is None else (number, k)
                yield "per_example", (number,), result.value
                yield f"gradient:{one.name}", place, result.u
                yield f"hessian_diagonal:{one.name}", place, result.uv


def _lifted(value: Any) -> Any:
    return [lift(float(one)) for one in value] if isinstance(value, tuple) else lift(float(value))


def _moved(value: Any, entry: int | None) -> Any:
    """A value, or one entry of it, with a derivative of one."""
    if entry is None:
        return HyperDual(value.value, 1, 1)
    return [HyperDual(one.value, k == entry, k == entry) for k, one in enumerate(value)]


def _is_near(found: float, exact: Any, tolerance: float) -> bool:
    exact = mpmath.mpf(0) if abs(exact) < NOTHING else exact
    nearest = float(exact)
    if np.isinf(nearest):
        return found == nearest
    if abs(nearest) < TINY:
        return abs(found) <= TINY
    return abs(found - nearest) <= tolerance * abs(nearest)
