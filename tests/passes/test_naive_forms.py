"""The forms that people write, in value, gradient and Hessian diagonal, against numbers of 1000 digits.

Where the true value is below the normal range, nothing above it may come out; where it is beyond the
range, the infinity of its sign. What no rule mends yet stays in the table, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

from objc.compiler import Variant, derive, load, lower, parse
from objc.ir.program import Input, Program
from objc.source import Source
from objc.target import DType
from objc.target import load as target_named

from .hyperdual import ENVIRONMENT, HyperDual, lift
from .naive import FORMS, UNMENDED, Form
from .naive_definitions import DEFINITIONS
from .naive_settings import SETTINGS
from .naive_shapes import SHAPED

DIGITS = 1000
"""Enough for a second derivative at 1e-300 to be right where the text as it stands cancels."""
FEWER = ((1e-12, 1e6, (60, 150)), (1e-40, 1e40, (150, 300)))
"""Enough for numbers between two sizes, where both give the same."""
NOTHING = mpmath.mpf(10) ** -700
RESULTS = ("per_example", "gradient", "hessian_diagonal")


def forms() -> tuple[Form, ...]:
    return (*FORMS, *DEFINITIONS, *SETTINGS, *SHAPED)


LONG = (
    "bins of a mixture of normal distributions", "bins by the logarithm of a scale",
    "generalized intersection over union",
    "-(lgamma(y + m * s) + lgamma(n - y + (1 - m) * s) - lgamma(n + s) - lgamma(m * s)"
    " - lgamma((1 - m) * s) + lgamma(s))",
    "-(lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1) + lgamma(hits + a)"
    " + lgamma(trials - hits + b) - lgamma(trials + a + b) - lgamma(a) - lgamma(b) + lgamma(a + b))",
    "lgamma(y + 1) - lgamma(y + 1/a) + lgamma(1/a) + 1/a * log(1 + a * m) - y * log(a * m / (1 + a * m))",
    "lgamma(y + 1) - lgamma(y + exp(r)) + lgamma(exp(r)) - exp(r) * r - y * m"
    " + (y + exp(r)) * log(exp(r) + exp(m))",
    "-log((erf((high - m) / (s * sqrt(2))) - erf((low - m) / (s * sqrt(2)))) / 2)",
    "(x - m)^2 / (2 * s^2) + log(s)"
    " + log((erf((high - m) / (s * sqrt(2))) - erf((low - m) / (s * sqrt(2)))) / 2)",
    "-log((erf((a + w - x) / sqrt(2)) - erf((a - x) / sqrt(2))) / 2)",
    "lgamma(y + 1) - lgamma(y + r) + lgamma(r) - r * log(r) + (r + y) * log(r + m) - y * log(m)",
    "angle of two rotations, 2 * acos(abs(sum[d](p[d] * q[d])) / (norm(p) * norm(q)))",
    "angle of two rotations, 2 * acos(min(1, abs(cosine(p, q))))",
    "(nu + 1) / 2 * log(1 + r^2 / nu) - lgamma((nu + 1) / 2) + lgamma(nu / 2) + log(nu) / 2",
    "Jensen-Shannon by log-softmaxes",
    "1 - sqrt(2 * s * t / (s^2 + t^2)) * exp(-(m - n)^2 / (4 * (s^2 + t^2)))",
    "-log(erf((b - x) / sqrt(2)) / 2 - erf((a - x) / sqrt(2)) / 2)",
    "mixed divergence of any weight", "weighted overlap", "exp(-(x - y)^4)",
    "lgamma(v / 2) - lgamma((v + 1) / 2) + log(pi * v * s^2) / 2"
    " + (v + 1) / 2 * log(1 + (y - m)^2 / (v * s^2))",
    "angle of two rotations, pi - 2 * asin(abs(cosine(p, q)))",
)  # fmt: skip
"""Forms of several seconds each, of whose kind there are quicker ones."""


def _cases() -> list[Any]:
    return [
        pytest.param(
            form,
            id=form.name,
            marks=[pytest.mark.xfail(reason=UNMENDED[form.name], strict=True)]
            if form.name in UNMENDED
            else [pytest.mark.slow] * (form.name in LONG),
        )
        for form in forms()
    ]


def test_the_table_is_long_and_its_exceptions_are_in_it() -> None:
    names = [form.name for form in forms()]
    assert len(names) == len(set(names)) >= 60
    assert set(UNMENDED) | set(LONG) <= set(names)
    assert len(UNMENDED) < len(FORMS) / 3


@pytest.mark.parametrize("form", _cases())
@pytest.mark.share(1 / 2)
def test_form(form: Form) -> None:
    program = _lowered(form)
    found = computed(program, form)
    assert not (wrong := _wrong(program, form, found, form.tolerance)), "\n".join(
        [form.name, *wrong]
    )


COMPILED = (
    "log(1 + exp(x))", "log(1 - sigmoid(x))", "(1 - exp(-x)) / (1 + exp(-x))", "log(cosh(x))",
    "exp(x) - 1 - x", "log(1 + x^2)", "x / (1 + x^2)", "x * log(x)", "a / sqrt(a^2 + b^2)",
    "-log(softmax(z)[y])", "focal loss of the softmax", "soft targets", "KL with zeros", "norm",
)  # fmt: skip


IN_BOTH = ("log(1 + exp(x))", "exp(x) - 1 - x", "-log(softmax(z)[y])", "norm")
"""Compiling takes longer than all else: those of which float64 is tried too, the others with `--slow`."""


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        pytest.param(
            name,
            dtype,
            marks=[] if dtype == "float32" or name in IN_BOTH else [pytest.mark.slow],
        )
        for name in COMPILED
        for dtype in ("float32", "float64")
    ],
)
def test_form_compiled(name: str, dtype: DType) -> None:
    form = next(one for one in FORMS if one.name == name)
    if dtype == "float32":
        points = [one for one in map(_in_float32, form.points) if one is not None]
        form = replace(form, points=points)
    program = _lowered(form)
    found = computed(program, form, "cpu", dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    assert not (wrong := _wrong(program, form, found, tolerance, dtype)), "\n".join([name, *wrong])


def _in_float32(point: Any) -> Any:
    """A point in numbers of float32; None if one of them leaves its range."""
    flat = np.concatenate([np.ravel(one) for one in point]).astype(float)
    limits = np.finfo(np.float32)
    if any(one != 0 and not limits.tiny <= abs(one) <= limits.max for one in flat):
        return None
    return tuple(
        tuple(float(np.float32(x)) for x in one)
        if isinstance(one, tuple)
        else one if isinstance(one, int) else float(np.float32(one))
        for one in point
    )  # fmt: skip


def _wrong(
    program: Program,
    form: Form,
    found: Mapping[str, Any],
    tolerance: float,
    dtype: DType = "float64",
) -> list[str]:
    """The results that are not near the exact ones."""
    wrong = []
    with mpmath.workdps(DIGITS):
        for key, place, exact in _expected(program, form):
            if not _is_near(float(found[key][place]), exact, tolerance, dtype):
                point = form.points[place[0]]
                wrong.append(
                    f"{key}{place[1:]} at {point}: {found[key][place]!r}, not {exact!s:.25}"
                )
    return wrong[:12]


def derivation(form: Form) -> Program:
    """What a target is given of a form."""
    return _derived(_lowered(form))


def _lowered(form: Form) -> Program:
    return lower(parse(Source("form.objc", form.source))).programs["form"]


def _derived(program: Program) -> Program:
    batched = frozenset(one.name for one in _given(program) if one.role != "hyperparameter")
    wrt = tuple(one.name for one in program.differentiable)
    return derive(program, Variant(RESULTS, wrt, batched))


def computed(
    program: Program, form: Form, target: str = "numpy", dtype: DType = "float64"
) -> Mapping[str, Any]:
    """All points as one batch on a target; those of each setting of hyperparameters, where there are some."""
    given = _given(program)
    settings = [one for one in given if one.role == "hyperparameter"]
    if settings and len(form.points) > 1:
        rows = [
            computed(program, replace(form, points=[point]), target, dtype) for point in form.points
        ]
        return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}
    columns = {
        one.name: np.array(
            [point[number] for point in form.points],  # type: ignore[index]
            np.int64 if one.domain.is_integer else dtype,
        )
        for number, one in enumerate(given)
        if one not in settings
    }
    held = {
        one.name: form.points[0][number]  # type: ignore[index]
        for number, one in enumerate(given)
        if one in settings
    }
    derived = _derived(program)
    sizes = {"batch": len(form.points)} | {
        dimension.name: columns[one.name].shape[1]
        for one in given
        if one not in settings
        for dimension in one.dimensions
    }
    results = {
        key: np.full([sizes[one.name] for one in derived.let[name].dimensions], np.nan, dtype)
        for key, name in derived.outputs.items()
    }
    executable = load(target_named(target).emit(derived, dtype), target)
    with np.errstate(all="ignore"):
        executable({**columns, **held, "scale": 1.0}, sizes, results)
    return results


def _given(program: Program) -> list[Input]:
    """The inputs that a point has numbers for, in order: as they are declared."""
    return [one for one in program.inputs if one.role != "internal"]


def _expected(program: Program, form: Form) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """(output, place, exact value) of every result at every point."""
    for number, point in enumerate(form.points):
        for name, entry in _directions(program, point):
            place = (number,) if entry is None else (number, entry)
            result = _settled(program, form, point, (name, entry))
            yield "per_example", (number,), result.value
            yield f"gradient:{name}", place, result.u
            yield f"hessian_diagonal:{name}", place, result.uv


def _directions(program: Program, point: Any) -> Iterator[tuple[str, int | None]]:
    """Every input, or entry of one, that derivatives are taken by."""
    names = [one.name for one in _given(program)]
    for one in program.differentiable:
        value = point[names.index(one.name)]
        for entry in range(len(value)) if isinstance(value, tuple) else (None,):
            yield one.name, entry


def _settled(program: Program, form: Form, point: Any, direction: tuple[str, int | None]) -> Any:
    """The meaning in few digits, if more change nothing and no number is so small or large that what it
    is added to would hide it; else in all of them."""
    flat = np.abs(np.concatenate([np.ravel(one) for one in point]).astype(float))
    for least, greatest, fewer in FEWER:
        if not all(one == 0 or least <= one <= greatest for one in flat):
            continue
        try:
            few, more = (_meant(program, form, point, direction, digits) for digits in fewer)
        except ZeroDivisionError:
            continue
        pairs = [(getattr(few, part), getattr(more, part)) for part in ("value", "u", "uv")]
        if all(b != 0 and abs(a - b) <= mpmath.mpf(10) ** -25 * abs(b) for a, b in pairs):
            return more
    return _meant(program, form, point, direction, DIGITS)


def _meant(
    program: Program, form: Form, point: Any, direction: tuple[str, int | None], digits: int
) -> HyperDual:
    names = [one.name for one in _given(program)]
    integers = {one.name for one in program.inputs if one.domain.is_integer}
    moving, entry = direction
    with mpmath.workdps(digits):
        values = {
            name: value if name in integers else _lifted(value)
            for name, value in zip(names, point, strict=True)
        }
        values[moving] = _moved(values[moving], entry)
        return lift(eval(form.meaning, {**ENVIRONMENT, **values}))


def _lifted(value: Any) -> Any:
    return [lift(float(one)) for one in value] if isinstance(value, tuple) else lift(float(value))


def _moved(value: Any, entry: int | None) -> Any:
    """A value, or one entry of it, with a derivative of one."""
    if entry is None:
        return HyperDual(value.value, 1, 1)
    return [HyperDual(one.value, k == entry, k == entry) for k, one in enumerate(value)]


def _is_near(found: float, exact: Any, tolerance: float, dtype: DType) -> bool:
    exact = mpmath.mpf(0) if abs(exact) < NOTHING else exact
    nearest = float(exact)
    limits = np.finfo(dtype)
    if abs(nearest) > limits.max:
        return found == np.copysign(np.inf, nearest)
    if abs(nearest) < 1.04 * limits.tiny:
        return abs(found) <= 1.04 * limits.tiny
    return abs(found - nearest) <= tolerance * abs(nearest)
