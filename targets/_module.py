"""Modules for people: the text around the kernels, the same for every target that writes Python.

Each declaration becomes functions with the user's names as parameters and everything else out of their
reach: a user's name never shadows NumPy, a helper or a builtin, since private names are chosen after
all of the user's, and a public name that something private holds gets an underscore.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence

import sympy

from objc.atoms import BY_FUNCTION
from objc.ir.index import BATCH, Dimension
from objc.ir.program import Claim, Input, Program
from objc.ir.symbols import Expression, Read
from objc.ir.text import formula
from objc.target import DType, identifier, inexact

from . import _standalone

_MARK = "# ---- copied into emitted modules from here on\n"
_IMPORTS = (
    "from collections import namedtuple",
    "from collections.abc import Callable, Mapping, Sequence",
    "from typing import Any, NamedTuple",
)
_SUFFIXES = {
    "value": "",
    "result": "",
    "value_and_grad": "_value_and_grad",
    "per_example": "_per_example",
    "hessian_diagonal": "_hessian_diagonal",
}
_WHAT = {
    "value": "The mean over the batch, as a float.",
    "result": "The result, behind the batch axes.",
    "value_and_grad": "The mean over the batch and its gradient, shaped as the input (a named tuple"
    " by input, where there are several).",
    "per_example": "One value an example, in the shape of the batch axes.",
    "hessian_diagonal": "The second derivatives of the mean by each entry, shaped as the gradient.",
}
_USES_WEIGHT = ("value", "value_and_grad", "hessian_diagonal")


def preamble() -> str:
    """The text of `_standalone` that emitted modules hold, with what it takes from elsewhere."""
    own = inspect.getsource(_standalone).partition(_MARK)[2].strip()
    return f"{inspect.getsource(inexact)}\n\n{own}\n"


def write(
    programs: Iterable[tuple[Program, Mapping[str, Program]]],
    dtype: DType,
    needs: str,
    imports: Sequence[str],
    kernel: Callable[[Program, str], str],
    helpers: Callable[[str], Sequence[str]] = lambda text: [],
    declaration: str = "Declaration",
) -> str:
    """The text of a module.

    `programs` gives each declaration with its variants by what they compute: `value`, `per_example`,
    `value_and_grad`, `hessian_diagonal`, `result`; one without outputs is left out.
    `kernel(program, name)` writes the function `name(arguments, sizes, results)` of a variant,
    `helpers(text)` what those functions call, and the class `declaration`, which calls them. `needs`
    names the libraries, `imports` are the import statements of the kernels.
    """
    declarations = [(program, kept) for program, given in programs if (kept := _computing(given))]
    head = _imports([*_IMPORTS, *imports, "import numpy as np"])
    fixed = [head, preamble()]
    private = _Private(declarations, _defined("\n".join(fixed)))
    kernels: list[str] = []
    for program, variants in declarations:
        for what, variant in variants.items():
            kernels.append(kernel(variant, private.kernel(program, what)))
    support = list(helpers("\n".join(kernels)))
    private.public(declarations, _defined("\n".join([*fixed, *support, *kernels])))
    public: list[str] = []
    for program, variants in declarations:
        public += _functions(program, variants, dtype, private, declaration)
    listed = ", ".join(repr(name) for name in sorted(private.names.values()))
    exported = f"__all__ = [{listed}]\n"
    title = _introduction(declarations, needs, dtype, private.names)
    parts = [docstring(title, ""), "from __future__ import annotations", head, exported]
    return "\n\n".join([*parts, preamble(), *support, *kernels, *public]).rstrip() + "\n"


def _computing(variants: Mapping[str, Program]) -> dict[str, Program]:
    """Without those that have nothing to compute: the derivatives of what has no inputs to move."""
    return {what: variant for what, variant in variants.items() if variant.outputs}


class _Private:
    """The names of a module: private ones that no user's name can hit, public ones beside them."""

    def __init__(
        self, declarations: Sequence[tuple[Program, Mapping[str, Program]]], fixed: set[str]
    ) -> None:
        self.taken = set(fixed)
        self.users: set[str] = set()
        for program, _ in declarations:
            self.users |= {_spelled(program.name)} | {program.name}
            self.users |= set(_parameters(program).values())
            self.users |= {_spelled(program.name) + one for one in _SUFFIXES.values()}
        self.kernels: dict[tuple[str, str], str] = {}
        self.names: dict[tuple[str, str], str] = {}

    def fresh(self, wanted: str) -> str:
        name, number = wanted, 0
        while name in self.taken or name in self.users:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name

    def kernel(self, program: Program, what: str) -> str:
        name = self.fresh(f"_{_spelled(program.name)}_{what}_kernel")
        self.kernels[program.name, what] = name
        return name

    def public(
        self, declarations: Sequence[tuple[Program, Mapping[str, Program]]], defined: set[str]
    ) -> None:
        self.taken |= defined
        wanted = [
            (program.name, what, _spelled(program.name) + _SUFFIXES[what])
            for program, variants in declarations
            for what in variants
            if what in _SUFFIXES
        ]
        for program, what, name in sorted(wanted, key=lambda one: _SUFFIXES[one[1]] != ""):
            while name in self.taken:
                name += "_"
            self.taken.add(name)
            self.names[program, what] = name


def _functions(
    program: Program,
    variants: Mapping[str, Program],
    dtype: DType,
    private: _Private,
    declaration: str,
) -> list[str]:
    shown = [one for one in program.inputs if one.role != "internal"]
    first = next(iter(variants.values()))
    holder = private.fresh(f"_{_spelled(program.name)}")
    lines = [f"{holder} = {declaration}(", f"    {_spelled(program.name)!r},", f"    {dtype!r},"]
    lines.append("    [")
    lines += [f"        {_argument(one, _parameters(program)[one.name], first)}," for one in shown]
    lines.append("    ],")
    lines.append("    {")
    for what, variant in variants.items():
        lines.append(f"        {what!r}: {_variant(variant, private.kernels[program.name, what])},")
    lines += ["    },", ")", ""]
    found = ["\n".join(lines)]
    for what in variants:
        if what in _SUFFIXES:
            found.append(_function(program, variants, what, holder, private))
    return found


def _function(
    program: Program, variants: Mapping[str, Program], what: str, holder: str, private: _Private
) -> str:
    positional = [one for one in program.inputs if one.role in ("differentiable", "data")]
    named = [one for one in program.inputs if one.role in ("hyperparameter", "learned")]
    spelled = _parameters(program)
    parameters = [spelled[one.name] for one in positional]
    keywords = [spelled[one.name] + _default(one) for one in named]
    weight = "weight"
    if what in _USES_WEIGHT:
        while weight in spelled.values():
            weight += "_"
        keywords.append(f"{weight}=None")
    if keywords:
        parameters += ["*", *keywords]
    shown = [one for one in program.inputs if one.role != "internal"]
    values = "".join(f"{spelled[one.name]}, " for one in shown)
    passed = f"({values})" + (f", {weight}" if what in _USES_WEIGHT else "")
    about = _about(program, variants, what)
    return (
        f"def {private.names[program.name, what]}({', '.join(parameters)}):\n"
        f"    {docstring(about, '    ')}\n"
        f"    return {holder}.{what}({passed})\n"
    )


def _spelled(name: str) -> str:
    """A name at the call. Names from a file are identifiers; from elsewhere they are made so."""
    plain = "".join(one if f"a{one}".isidentifier() else "_" for one in identifier(name))
    return plain if plain.isidentifier() else f"_{plain}"


def _parameters(program: Program) -> dict[str, str]:
    """From the user's inputs to distinct parameters."""
    found: dict[str, str] = {}
    for one in program.inputs:
        if one.role != "internal":
            name = _spelled(one.name)
            while name in found.values():
                name += "_"
            found[one.name] = name
    return found


def _default(one: Input) -> str:
    if one.default is None or not one.default.is_number:
        return ""
    value = float(one.default)
    if one.domain.is_integer:
        return f"={int(value)}"
    return f"={value!r}" if abs(value) != float("inf") else f'=float("{value}")'


def _about(program: Program, variants: Mapping[str, Program], what: str) -> str:
    parts = [program.docstring or f"{program.name}."]
    parts.append(_WHAT[what])
    parts.append(formula(program))
    if what in ("value_and_grad", "hessian_diagonal"):
        parts.append(formula(variants[what]))
    shapes = [str(one) for one in program.inputs if one.role != "internal"]
    if shapes:
        parts.append(
            "Inputs, each for one example, batch axes before these:\n  " + "\n  ".join(shapes)
        )
    if program.claims and what == "value":
        parts.append("Claimed: " + "; ".join(map(_claim, program.claims)) + ".")
    return "\n\n".join(parts)


def _claim(claim: Claim) -> str:
    words = ["not"] * claim.negated + list(claim.words) + [str(one) for one in claim.arguments]
    words += [claim.subject] if claim.subject else []
    return " ".join(words + (["in", ", ".join(claim.inputs)] if claim.inputs else []))


def _argument(one: Input, name: str, variant: Program) -> str:
    """An `Argument` of the preamble: the shape is that of one example."""
    held = variant.input.get(one.name, one)
    batched = bool(held.dimensions) and held.dimensions[0] == BATCH
    fields = [repr(name), repr(one.name), _shape(one.dimensions)]
    fields += [str(one.domain.is_integer), str(batched), str(one.is_differentiable)]
    if one.role == "hyperparameter":
        fields.append(repr(one.domain.kind))
        if one.domain.kind == "interval" or one.domain.high is not None:
            fields += [_end(one.domain.low, "-"), _end(one.domain.high, "")]
    return f"Argument({', '.join(fields)})"


def _variant(program: Program, kernel: str) -> str:
    results = [
        (key, _shape(program.let[name].dimensions), program.let[name].domain.is_integer)
        for key, name in program.outputs.items()
    ]
    listed = "".join(f"({key!r}, {shape}, {integer}), " for key, shape, integer in results)
    internal = [one for one in program.inputs if one.role == "internal"]
    weight = next((one.name for one in internal if one.dimensions == (BATCH,)), None)
    scale = next((one.name for one in internal if not one.dimensions), None)
    ranges = [
        (one.name, _size(one.domain.dimension))
        for one in program.inputs
        if one.domain.dimension is not None and one.name in program.compared
    ]
    fields = [kernel, f"({listed.rstrip()})", repr(weight), repr(scale)]
    fields += [f"({''.join(f'{one!r}, ' for one in ranges).rstrip()})"] if ranges else []
    return f"Variant({', '.join(fields)})"


_END_FUNCTIONS = ("exp", "expm1", "log", "log1p", "abs", "sin", "cos", "tan", "tanh",
                  "maximum", "minimum")  # fmt: skip
"""Atoms of the ends of intervals that NumPy calls as objc does."""


def _end(expression: Expression | None, sign: str) -> str:
    """An end of an interval: a number, or a function of the hyperparameters; infinite, with that
    sign, where it says more than NumPy can."""
    if expression is not None and expression.is_number and expression.is_finite:
        return repr(float(expression))
    text = None if expression is None else _end_text(expression)
    return f'float("{sign}inf")' if text is None else f"lambda given: {text}"


def _end_text(expression: Expression) -> str | None:
    if expression.is_number:
        return f"{float(expression)!r}" if expression.is_finite else None
    if isinstance(expression, Read):
        return None if expression.positions else f"given[{expression.tensor!r}]"
    parts = [_end_text(one) for one in expression.args]
    known = [one for one in parts if one is not None]
    if len(known) < len(parts):
        return None
    for kind, sign in ((sympy.Add, " + "), (sympy.Mul, " * "), (sympy.Pow, " ** ")):
        if isinstance(expression, kind):
            return f"({sign.join(known)})"
    atom = BY_FUNCTION.get(expression.func)
    if atom is None or atom.name not in _END_FUNCTIONS:
        return None
    return f"np.{atom.name}({', '.join(known)})"


def _size(dimension: Dimension) -> str | int | tuple[str, int]:
    if dimension.count is not None:
        return dimension.count, dimension.more
    return dimension.name if dimension.size is None else dimension.size


def _shape(dimensions: Sequence[Dimension]) -> str:
    sizes = [repr(_size(one)) for one in dimensions]
    return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"


def _introduction(
    declarations: Sequence[tuple[Program, Mapping[str, Program]]],
    needs: str,
    dtype: DType,
    public: Mapping[tuple[str, str], str],
) -> str:
    names = ", ".join(
        next(name for (declared, _), name in public.items() if declared == program.name)
        for program, _ in declarations
    )
    formulas = "\n\n".join(formula(program) for program, _ in declarations)
    return (
        f"Training objectives compiled by objc: {names}.\n\nNeeds {needs} only; computes in {dtype}."
        f" Sums over the batch are in float64.\n\n{formulas}"
    )


def docstring(text: str, margin: str) -> str:
    """A text as a docstring that nothing in the text can end."""
    escaped = "".join(
        one if one == "\n" or (one.isprintable() and one not in '\\"') else _escape(one)
        for one in text.strip()
    )
    lines = [line.rstrip() for line in escaped.split("\n")]
    if len(lines) == 1:
        return f'"""{lines[0]}"""'
    return (
        f'"""{lines[0]}\n'
        + "".join(f"{margin}{line}\n" if line else "\n" for line in lines[1:])
        + f'{margin}"""'
    )


def _escape(character: str) -> str:
    if character in '\\"':
        return f"\\{character}"
    return character.encode("unicode_escape").decode()


def _defined(text: str) -> set[str]:
    """The names that a module's text binds at its top level."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {one.asname or one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.Assign):
            found |= {one.id for one in node.targets if isinstance(one, ast.Name)}
    return found


def _imports(lines: Iterable[str]) -> str:
    """Import statements in order, one for each module that names are taken from."""
    taken: dict[str, set[str]] = {}
    whole = set()
    for line in lines:
        source, is_from, names = line.removeprefix("from ").partition(" import ")
        if is_from:
            taken.setdefault(source, set()).update(names.split(", "))
        else:
            whole.add(line)
    parts = [f"from {source} import {', '.join(sorted(names))}" for source, names in taken.items()]
    return "\n".join(sorted([*whole, *parts], key=_import_order))


def _import_order(line: str) -> tuple[bool, bool, str]:
    return "numpy" in line or "numba" in line, line.startswith("from"), line
