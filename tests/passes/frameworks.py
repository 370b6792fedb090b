"""The naive forms through other tools: the same text, in float32, in value and gradient.

`python -m tests.passes.frameworks [NAME…]` runs the forms through these tools (through all that are
installed, where none is named, and then only what is new through the others), keeps what came out in
`frameworks.json`, and writes the table of `docs/accuracy.md`. A form counts as wrong where a number is off
by more than a thousandth, infinite or
zero where the true one is in the range, or no number, at any of its points.
"""

from __future__ import annotations

import json
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import numpy as np

from .hyperdual import ENVIRONMENT, HyperDual, lift
from .naive import FORMS, Form

KEPT = Path(__file__).with_name("frameworks.json")
PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
BEGIN, END = "<!-- frameworks: begin -->", "<!-- frameworks: end -->"
TOLERANCE = 1e-3
DIGITS = 1000
LIMITS = np.finfo(np.float32)

Numbers = list[list[float]]
"""By point: the value, then every entry of the gradient."""
Tool = Callable[[Sequence[Form]], Iterator[Numbers]]


def points_of(form: Form) -> list[tuple[Any, ...]]:
    """The points of a form of which every number is one of float32, rounded to it."""
    kept = []
    whole = [name in integers_of(form) for name, _ in signature_of(form)]
    for point in form.points:
        pairs = zip(point, whole, strict=True)  # type: ignore[call-overload]
        rounded = tuple(one if integer else _rounded(one) for one, integer in pairs)
        if None not in rounded:
            kept.append(rounded)
    return kept


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        entries = tuple(_rounded(float(one)) for one in value)
        return None if None in entries else entries
    size = abs(value)
    if size and not float(LIMITS.tiny) <= size <= float(LIMITS.max):
        return None
    rounded = float(np.float32(value))
    onto_an_end = abs(rounded) == 1 != size
    return None if onto_an_end else rounded


def signature_of(form: Form) -> list[tuple[str, bool]]:
    """The inputs in order, each with whether it is learned through."""
    found = []
    for number, part in enumerate(re.split(r"[|;]", form.inputs)):
        for one in re.findall(r"(\w+):", part):
            found.append((one, number == 0))
    return found


def is_comparable(form: Form) -> bool:
    """Whether a form can be given to other tools: it has points of float32, and is neither a recurrence
    nor has a term of one index, which no word for whole vectors says."""
    return bool(points_of(form)) and not re.search(r"\[t|\[k ==", f"{form.where} {form.text}")


def integers_of(form: Form) -> set[str]:
    return set(re.findall(r"(\w+): index", form.inputs))


def body_of(form: Form) -> tuple[str, str]:
    """Definitions and result as Python that works on whole vectors: `sum[k](z[k])` is `sum(z)`."""

    def python(text: str) -> str:
        text = re.sub(r"\[[kdij]\]", "", text).replace("^", "**").replace("abs(", "absolute(")
        return re.sub(r"if (.*) then (.*) else (.*)", r"where(\1, \2, \3)", text)

    return python(form.where), python(form.text)


def function_of(form: Form, words: Mapping[str, Any]) -> Callable[..., Any]:
    """The form as a function of its inputs, in the words of a tool."""
    names = ", ".join(name for name, _ in signature_of(form))
    definition, result = body_of(form)
    sizes = [f"K = {name}.shape[0]" for name in re.findall(r"(\w+): \w+\[K\]", form.inputs)[:1]]
    body = [*sizes, *_in_order(definition.splitlines()), f"return {result}"]
    lines = [f"def form({names}):", *(f"    {line}" for line in body)]
    space = dict(words)
    exec("\n".join(lines), space)
    made: Callable[..., Any] = space["form"]
    return made


def _in_order(definitions: Sequence[str]) -> list[str]:
    """What is used before what uses it; functions as such."""
    waiting = {}
    for line in definitions:
        name, meaning = (part.strip() for part in line.split("=", 1))
        function = re.fullmatch(r"(\w+)\((\w+)\)", name)
        if function is not None:
            name, meaning = function[1], f"lambda {function[2]}: {meaning}"
        waiting[name] = meaning
    found: list[str] = []
    while waiting:
        ready = next(
            name
            for name, meaning in waiting.items()
            if not any(re.search(rf"\b{other}\b", meaning) for other in waiting if other != name)
        )
        found.append(f"{ready} = {waiting.pop(ready)}")
    return found


# ------------------------------------------------------------------ the truth


def truth_of(form: Form) -> list[list[Any]]:
    """By point: the exact value, and every entry of the exact gradient; sought once for all tools."""
    key = form.source, str(form.points)
    if key not in _TRUTHS:
        _TRUTHS[key] = _truth_of(form)
    return _TRUTHS[key]


_TRUTHS: dict[tuple[str, str], list[list[Any]]] = {}


def _truth_of(form: Form) -> list[list[Any]]:
    rows = []
    names = signature_of(form)
    for point in points_of(form):
        row: list[Any] = []
        values = {
            name: [lift(x) for x in one]
            if isinstance(one, tuple)
            else one
            if isinstance(one, int)
            else lift(float(one))
            for (name, learned), one in zip(names, point, strict=True)
        }
        for name, learned in names:
            for entry in range(len(values[name]) if isinstance(values[name], list) else 1):
                if learned:
                    moved = {**values, name: _moved(values[name], entry)}
                    result = lift(eval(form.meaning, {**ENVIRONMENT, **moved}))
                    row = [*(row or [result.value]), result.u]
        rows.append(row)
    return rows


def _moved(value: Any, entry: int) -> Any:
    if not isinstance(value, list):
        return HyperDual(value.value, 1, 0)
    return [HyperDual(one.value, k == entry, 0) for k, one in enumerate(value)]


def verdict(found: Numbers, exact: Sequence[Sequence[Any]]) -> dict[str, bool]:
    """Whether any value is wrong, any gradient, and whether any of both is no number."""
    wrong = {"value": False, "gradient": False, "nan": False}
    for numbers, truths in zip(found, exact, strict=True):
        for place, (one, true) in enumerate(zip(numbers, truths, strict=True)):
            if not _is_near(one, true):
                wrong["gradient" if place else "value"] = True
                wrong["nan"] |= one != one
    return wrong


def _is_near(found: float, true: Any) -> bool:
    if not mpmath.isfinite(true) or abs(true) > float(LIMITS.max):
        return bool(np.isinf(found) and (found > 0) == (true > 0))
    if abs(true) < 1.04 * float(LIMITS.tiny):
        return abs(found) <= 1.04 * float(LIMITS.tiny)
    return bool(np.isfinite(found)) and abs(found - true) <= TOLERANCE * abs(true)


# ------------------------------------------------------------------ the tools


def objc_tool(forms: Sequence[Form]) -> Iterator[Numbers]:
    from objc.compiler import lower, parse
    from objc.source import Source

    from .test_naive_forms import computed

    for form in forms:
        program = lower(parse(Source("form.objc", form.source))).programs["form"]
        found = computed(program, replace(form, points=points_of(form)), "cpu", "float32")
        slopes = [found[f"gradient:{one.name}"] for one in program.differentiable]
        size = len(points_of(form))
        wide = [np.reshape(one, (size, -1)) for one in (found["per_example"], *slopes)]
        yield np.concatenate(wide, axis=1).astype(float).tolist()


def torch_words() -> dict[str, Any]:
    import torch
    from torch.nn import functional as F

    def maximum(*arguments: Any) -> Any:
        if len(arguments) == 1:
            return torch.amax(arguments[0])
        one, other = (torch.as_tensor(x, dtype=torch.float32) for x in arguments)
        return torch.maximum(one, other)

    def each(name: str) -> Any:
        function = getattr(torch, name)
        return lambda x: function(torch.as_tensor(x, dtype=torch.float32))

    names = ("exp", "log", "sqrt", "tanh", "sigmoid", "cosh", "sinh", "sin", "cos", "tan", "atan",
             "acos", "erf", "erfc", "lgamma", "sum", "mean", "prod")  # fmt: skip
    return {
        "pi": math.pi,
        **{name: each(name) for name in names},
        "absolute": torch.abs, "max": maximum, "where": torch.where, "dot": torch.dot,
        "softmax": lambda z: torch.softmax(z, -1), "logsumexp": lambda z: torch.logsumexp(z, -1),
        "norm": torch.linalg.vector_norm,
        "cosine": lambda a, b: F.cosine_similarity(a, b, dim=-1),
        "normalize": lambda x: F.normalize(x, dim=-1),
    }  # fmt: skip


def torch_eager(forms: Sequence[Form]) -> Iterator[Numbers]:
    words = torch_words()
    for form in forms:
        function = function_of(form, words)
        rows = []
        for point in points_of(form):
            tensors = _tensors(form, point)
            rows += _values_and_slopes([form], [function(*tensors)], [tensors])
        yield rows


def torch_compiled(forms: Sequence[Form]) -> Iterator[Numbers]:
    """Several forms a time, since compiling takes seconds however little there is to compile."""
    import torch

    words = torch_words()
    for start in range(0, len(forms), 16):
        torch._dynamo.reset()
        some = forms[start : start + 16]
        functions = [function_of(form, words) for form in some]

        def all_of(arguments: Any, functions: Any = functions) -> Any:
            return [one(*given) for one, given in zip(functions, arguments, strict=True)]

        compiled = torch.compile(all_of, dynamic=False, fullgraph=True)
        points = [points_of(form) for form in some]
        rows: list[Numbers] = [[] for _ in some]
        for number in range(max(map(len, points))):
            tensors = [
                _tensors(form, each[number % len(each)])
                for form, each in zip(some, points, strict=True)
            ]
            found = _values_and_slopes(some, compiled(tensors), tensors)
            for row, one, each in zip(rows, found, points, strict=True):
                if number < len(each):
                    row.append(one)
        yield from rows


def _tensors(form: Form, point: Sequence[Any]) -> list[Any]:
    import torch

    return [
        one
        if isinstance(one, int)
        else torch.tensor(one, dtype=torch.float32).requires_grad_(learned)
        for one, (_, learned) in zip(point, signature_of(form), strict=True)
    ]


def _values_and_slopes(forms: Sequence[Form], values: Any, tensors: Any) -> list[list[float]]:
    import torch

    learned = [[x for x in one if getattr(x, "requires_grad", False)] for one in tensors]
    flat = [one for each in learned for one in each]
    slopes = iter(torch.autograd.grad(list(values), flat, [torch.ones_like(v) for v in values],
                                      allow_unused=True))  # fmt: skip
    rows = []
    for value, each in zip(values, learned, strict=True):
        row = [float(value)]
        for one in each:
            slope = next(slopes)
            row += (torch.zeros_like(one) if slope is None else slope).reshape(-1).tolist()
        rows.append(row)
    return rows


def jax_tool(forms: Sequence[Form]) -> Iterator[Numbers]:
    import jax
    from jax import numpy as jnp

    def maximum(*arguments: Any) -> Any:
        return jnp.max(arguments[0]) if len(arguments) == 1 else jnp.maximum(*arguments)

    names = ("exp", "log", "sqrt", "tanh", "cosh", "sinh", "sin", "cos", "tan", "sum", "mean",
             "prod", "where", "dot")  # fmt: skip
    words = {
        **{name: getattr(jnp, name) for name in names},
        "absolute": jnp.abs, "max": maximum, "pi": math.pi, "acos": jnp.arccos,
        "atan": jnp.arctan, "sigmoid": jax.nn.sigmoid,
        "softmax": jax.nn.softmax, "logsumexp": jax.nn.logsumexp, "erf": jax.scipy.special.erf,
        "erfc": jax.scipy.special.erfc,
        "lgamma": jax.scipy.special.gammaln, "norm": jnp.linalg.norm,
        "cosine": lambda a, b: jnp.dot(a, b) / (jnp.linalg.norm(a) * jnp.linalg.norm(b)),
        "normalize": lambda x: x / jnp.linalg.norm(x),
    }  # fmt: skip
    for form in forms:
        learned = tuple(n for n, (_, wanted) in enumerate(signature_of(form)) if wanted)
        both = jax.jit(jax.value_and_grad(function_of(form, words), argnums=learned))
        rows = []
        for point in points_of(form):
            values = [
                one if isinstance(one, int) else jnp.asarray(one, jnp.float32) for one in point
            ]
            value, slopes = both(*values)
            rows.append([float(value), *(float(x) for one in slopes for x in np.ravel(one))])
        yield rows


def pytensor_tool(forms: Sequence[Form]) -> Iterator[Numbers]:
    import pytensor
    from pytensor import tensor as pt

    pytensor.config.floatX = "float32"

    def maximum(*arguments: Any) -> Any:
        return pt.max(arguments[0]) if len(arguments) == 1 else pt.maximum(*arguments)

    names = ("exp", "log", "sqrt", "tanh", "sigmoid", "cosh", "sinh", "sin", "cos", "tan", "sum",
             "mean", "prod", "dot", "erf", "erfc")  # fmt: skip
    words = {
        **{name: getattr(pt, name) for name in names},
        "absolute": pt.abs, "max": maximum, "pi": math.pi, "acos": pt.arccos,
        "atan": pt.arctan, "where": pt.switch,
        "softmax": lambda z: pt.special.softmax(z), "logsumexp": pt.logsumexp, "lgamma": pt.gammaln,
        "norm": lambda x: pt.linalg.norm(x, 2),
        "cosine": lambda a, b: pt.dot(a, b) / (pt.linalg.norm(a, 2) * pt.linalg.norm(b, 2)),
        "normalize": lambda x: x / pt.linalg.norm(x, 2),
    }  # fmt: skip
    for form in forms:
        points = points_of(form)
        symbols = [
            pt.lscalar(name)
            if isinstance(one, int)
            else pt.vector(name, dtype="float32")
            if isinstance(one, tuple)
            else pt.scalar(name, dtype="float32")
            for (name, _), one in zip(signature_of(form), points[0], strict=True)
        ]
        learned = [one for one, (_, w) in zip(symbols, signature_of(form), strict=True) if w]
        value = function_of(form, words)(*symbols).astype("float32")
        slopes = pytensor.grad(value, learned, disconnected_inputs="ignore")
        run = pytensor.function(symbols, [value, *slopes], on_unused_input="ignore")
        rows = []
        for point in points:
            given = [one if isinstance(one, int) else np.asarray(one, np.float32) for one in point]
            rows.append([float(x) for one in run(*given) for x in np.ravel(one)])
        yield rows


TOOLS: Mapping[str, Tool] = {
    "objc": objc_tool,
    "PyTorch": torch_eager,
    "torch.compile": torch_compiled,
    "JAX": jax_tool,
    "PyTensor": pytensor_tool,
}


# ------------------------------------------------------------------ the table


def kept() -> dict[str, dict[str, dict[str, bool]]]:
    """By tool and form: what was wrong."""
    found: dict[str, dict[str, dict[str, bool]]] = json.loads(KEPT.read_text("utf-8"))
    return found


def table(found: Mapping[str, Mapping[str, Mapping[str, bool]]]) -> str:
    """How many forms are wrong in each tool, as Markdown."""
    lines = [
        "| tool | forms | wrong value | wrong gradient | not a number | all right |",
        "|---|---|---|---|---|---|",
    ]
    for tool in TOOLS:
        forms = list(found.get(tool, {}).values())
        if forms:
            counts = [sum(one[kind] for one in forms) for kind in ("value", "gradient", "nan")]
            right = sum(not any(one.values()) for one in forms)
            lines.append(f"| {tool} | {len(forms)} | {' | '.join(map(str, counts))} | {right} |")
    return "\n".join(lines)


def page_with(text: str, rows: str) -> str:
    """The page with this table in the place of the one it has."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{rows}\n{END}{rest.split(END)[1]}"


def measured(name: str, forms: Sequence[Form]) -> dict[str, dict[str, bool]]:
    """The verdicts on some forms in one tool."""
    found = {}
    with warnings.catch_warnings(), mpmath.workdps(DIGITS):
        warnings.simplefilter("ignore")
        for form, numbers in zip(forms, TOOLS[name](forms), strict=True):
            found[form.name] = verdict(numbers, truth_of(form))
    return found


def main(chosen: Sequence[str]) -> None:
    """Run the forms through tools, keep the verdicts and write the table. Where no tool is named, the
    others are given what is new."""
    forms = {form.name: form for form in FORMS if is_comparable(form)}
    found = kept() if KEPT.exists() else {}
    for name in chosen or TOOLS:
        known = {} if chosen or name == "objc" else found.get(name, {})
        known = {one: verdict for one, verdict in known.items() if one in forms}
        try:
            new = measured(name, [form for one, form in forms.items() if one not in known])
            found[name] = {**known, **new}
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
        KEPT.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", "utf-8")
    PAGE.write_text(page_with(PAGE.read_text("utf-8"), table(found)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
