"""Programs drawn at random, each as a text of the language and as loops over PyTorch's scalars.

The two are made side by side from the same draws and share nothing of objc: what torch computes and
differentiates is what the text means. Shapes are N = 3 and M = 2; the entries of `z` from `n` on are
padding, which is read behind guards only.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional

EXTENTS = {"N": 3, "M": 2}
SIGNATURE = (
    "x: real[N], w: real[N, M], u: real[M], s: real, z: real[N]"
    " | y: real[N], k: index(M)[N], p: index(N)[N], m: binary[N], n: count,"
    " b: index(N), c: index(M); a: real = 0.7"
)
Indices = Mapping[str, str]


@dataclass(frozen=True)
class Text:
    """An expression in the language and in Python."""

    objc: str
    python: str

    def within(self, objc: str, python: str) -> Text:
        return Text(objc.format(self.objc), python.format(self.python))


def _same(text: str) -> Text:
    return Text(text, text)


_FUNCTIONS = (
    ("tanh({})", "torch.tanh(real({}))"),
    ("sigmoid({})", "torch.sigmoid(real({}))"),
    ("log(1 + exp({}))", "functional.softplus(real({}), threshold=1e9)"),
    ("log(sigmoid({}))", "functional.logsigmoid(real({}))"),
    ("(-log(1 - sigmoid({})))", "functional.softplus(real({}), threshold=1e9)"),
    ("exp(-({})^2)", "torch.exp(-real({})**2)"),
    ("sqrt(1 + ({})^2)", "torch.sqrt(1 + real({})**2)"),
    ("log(1 + ({})^2)", "torch.log1p(real({})**2)"),
    ("log(cosh({}))", "torch.log(torch.cosh(real({})))"),
    ("expm1(0.1 * {})", "torch.expm1(0.1 * real({}))"),
    ("abs({})", "torch.abs(real({}))"),
    ("relu({})", "torch.relu(real({}))"),
    ("({})^2", "real({})**2"),
    ("((1 + ({})^2)^a)", "((1 + real({})**2)**a)"),
    ("sin({})", "torch.sin(real({}))"),
    ("erf({})", "torch.erf(real({}))"),
    ("stop_gradient({})", "real({}).detach()"),
)
_STEPS = (
    ("{0} + 0.5 * {1}", "{0} + 0.5 * {1}"),
    ("tanh({0} * {1})", "torch.tanh(real({0} * {1}))"),
    ("max({0}, {1})", "torch.maximum(real({0}), real({1}))"),
    ("log(exp({0}) + exp({1}))", "torch.logaddexp(real({0}), real({1}))"),
)
_REDUCTIONS = ("sum", "sum", "sum", "mean", "logsumexp", "max", "min", "prod")


@dataclass
class Drawing:
    """One program under construction."""

    random: random.Random
    equations: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    scalars: list[str] = field(default_factory=list)
    vectors: list[str] = field(default_factory=list)
    matrices: list[str] = field(default_factory=list)
    _number: int = 0

    def fresh(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    # ------------------------------------------------------------ expressions

    def leaf(self, indices: Indices) -> Text:
        rows = [name for name, extent in indices.items() if extent == "N"]
        columns = [name for name, extent in indices.items() if extent == "M"]
        found = [_same(one) for one in ("s", "1.5", "a", "0.3", *self.scalars)]
        found += [_same("x[b]"), _same("u[c]")]
        found += [_same(f"u[{j}]") for j in columns] * 2 + [_same(f"w[b, {j}]") for j in columns]
        for i in rows:
            found += [
                _same(f"w[{i}, c]"),
                *(Text(f"{one}[b]", f"{one}(b)") for one in self.vectors),
            ]
            found += [_same(f"x[{i}]")] * 3 + [_same(f"y[{i}]"), _same(f"x[p[{i}]]")]
            found += [_same(f"u[k[{i}]]"), Text(f"w[{i}, k[{i}]]", f"w[{i}, k[{i}]]")]
            found += [Text(f"{one}[{i}]", f"{one}({i})") for one in self.vectors] * 2
            for j in columns:
                found += [_same(f"w[{i}, {j}]")] * 3
                found += [Text(f"{one}[{i}, {j}]", f"{one}({i}, {j})") for one in self.matrices] * 2
                for name in ("softmax", "log_softmax"):
                    found.append(Text(f"{name}(w[{i}])[{j}]", f"torch.{name}(w[{i}], 0)[{j}]"))
        return self.random.choice(found)

    def condition(self, indices: Indices) -> Text:
        found = [_same("y[0] > 0"), _same("n > 1"), _same("s > x[0]")]
        for i in (name for name, extent in indices.items() if extent == "N"):
            tests = (f"{i} < n", f"m[{i}] == 1", f"{i} > 0", f"y[{i}] > 0", f"x[{i}] > y[{i}]")
            found += map(_same, (*tests, f"{i} != b", f"{i} == b"))
        one, other = self.random.choice(found), self.random.choice(found)
        if self.random.random() < 0.8:
            return one
        word = self.random.choice(["and", "or"])
        return _same(f"({one.objc} {word} {other.objc})")

    def expression(self, depth: int, indices: Indices) -> Text:
        if depth <= 0:
            return self.leaf(indices)
        kinds: list[tuple[int, Callable[[int, Indices], Text]]] = [
            (18, lambda _, here: self.leaf(here)),
            (28, self._arithmetic),
            (22, self._function),
            (8, self._extreme),
            (10, self._conditional),
        ]
        if len(indices) < 3:
            kinds += [(24, self.reduction), (8, self._special)]
        (draw,) = self.random.choices(
            [one for _, one in kinds], weights=[weight for weight, _ in kinds]
        )
        return draw(depth - 1, indices)

    def _arithmetic(self, depth: int, indices: Indices) -> Text:
        one, other = self.expression(depth, indices), self.expression(depth, indices)
        form = self.random.choice(["({} + {})", "({} - {})", "({} * {})", "({} / (1 + {}{}))"])
        if "/" in form:
            return Text(
                form.format(one.objc, other.objc, "^2"),
                form.format(one.python, f"real({other.python})", "**2"),
            )
        return Text(form.format(one.objc, other.objc), form.format(one.python, other.python))

    def _function(self, depth: int, indices: Indices) -> Text:
        return self.expression(depth, indices).within(*self.random.choice(_FUNCTIONS))

    def _extreme(self, depth: int, indices: Indices) -> Text:
        one, other = self.expression(depth, indices), self.expression(depth, indices)
        name, word = self.random.choice([("max", "maximum"), ("min", "minimum")])
        python = f"torch.{word}(real({one.python}), real({other.python}))"
        return Text(f"{name}({one.objc}, {other.objc})", python)

    def _conditional(self, depth: int, indices: Indices) -> Text:
        test = self.condition(indices)
        one, other = self.expression(depth, indices), self.expression(depth, indices)
        return Text(
            f"(if {test.objc} then {one.objc} else {other.objc})",
            f"(real({one.python}) if {test.python} else real({other.python}))",
        )

    def reduction(self, depth: int, indices: Indices) -> Text:
        extent = self.random.choice("NNM")
        i = self.fresh("i" if extent == "N" else "j")
        inner = {**indices, i: extent}
        anchor = f"x[{i}]" if extent == "N" else f"u[{i}]"  # tells what the index ranges over
        sign = self.random.choice("*+")
        body = self.expression(depth, inner).within(
            f"({{}} {sign} {anchor})", f"({{}} {sign} {anchor})"
        )
        name, guard, padding = self.random.choice(_REDUCTIONS), None, self.random.random()
        if extent == "N" and padding < 0.35:
            guard = _same(f"{i} < n")
            body = body.within(f"({{}} * z[{i}])", f"({{}} * z[{i}])")
        elif extent == "N" and padding < 0.5 and name in ("sum", "prod"):
            guard = self.condition(inner)
        suffix = f" | {guard.objc}" if guard else ""
        test = f" if {guard.python}" if guard else ""
        python = f"reduce_{name}([real({body.python}) for {i} in range({EXTENTS[extent]}){test}])"
        return Text(f"{name}[{i}{suffix}]({body.objc})", python)

    def _special(self, depth: int, indices: Indices) -> Text:
        rows = [name for name, extent in indices.items() if extent == "N"] or ["0", "2"]
        i, j = self.fresh("i"), self.fresh("i")
        if self.random.random() < 0.4 and len(indices) < 2:
            body = self.expression(min(depth, 2), {**indices, i: "N", j: "N"})
            test = self.random.choice(["<", "!=", "<="])
            loops = f"for {i} in range(3) for {j} in range(3) if {i} {test} {j}"
            return Text(
                f"sum[{i}, {j} | {i} {test} {j}]({body.objc} * x[{i}] * x[{j}])",
                f"reduce_sum([real({body.python} * x[{i}] * x[{j}]) {loops}])",
            )
        one, other = self.random.choice(rows), self.random.choice(rows)
        return self.random.choice([
            Text("norm(x)", "torch.norm(x)"),
            Text(f"dot(w[{one}], w[{other}])", f"w[{one}] @ w[{other}]"),
            Text(f"cosine(w[{one}], u)", f"(w[{one}] @ u / (torch.norm(w[{one}]) * torch.norm(u)))"),
            Text(f"x[argmax[{i}](y[{i}])]", "x[int(torch.argmax(y))]"),
        ])  # fmt: skip

    # ------------------------------------------------------------ definitions

    def define(self) -> None:
        self.random.choice([self._scalar, self._matrix, self._vector, self._recurrence])()

    def _scalar(self) -> None:
        name, value = self.fresh("c"), self.expression(3, {})
        self.equations.append(f"{name} = {value.objc}")
        self.statements.append(f"{name} = real({value.python})")
        self.scalars.append(name)

    def _vector(self) -> None:
        name, t = self.fresh("v"), self.fresh("t")
        value = self.expression(2, {t: "N"})
        self.equations.append(f"{name}[{t}] = {value.objc} + x[{t}]")
        self._function_of(name, t, f"return real({value.python} + x[{t}])")
        self.vectors.append(name)

    def _matrix(self) -> None:
        name, t, j = self.fresh("q"), self.fresh("t"), self.fresh("j")
        value = self.expression(2, {t: "N", j: "M"})
        self.equations.append(f"{name}[{t}, {j}] = {value.objc} + w[{t}, {j}]")
        self._function_of(name, f"{t}, {j}", f"return real({value.python} + w[{t}, {j}])")
        self.matrices.append(name)

    def _recurrence(self) -> None:
        """Forwards or backwards along N."""
        name, t = self.fresh("h"), self.fresh("t")
        first, value = self.expression(1, {}), self.expression(2, {t: "N"})
        step, python = self.random.choice(_STEPS)
        edge, last, sign = self.random.choice([("0", 0, "-"), ("N-1", 2, "+")])
        own = f"({value.objc} + x[{t}])"
        self.equations.append(f"{name}[{edge}] = {first.objc}")
        self.equations.append(f"{name}[{t}] = " + step.format(own, f"{name}[{t}{sign}1]"))
        later = python.format(f"({value.python} + x[{t}])", f"{name}({t} {sign} 1)")
        self._function_of(
            name, t, f"return real({first.python}) if {t} == {last} else real({later})"
        )
        self.vectors.append(name)

    def _function_of(self, name: str, parameters: str, body: str) -> None:
        self.statements.append(f"@functools.cache\n    def {name}({parameters}):\n        {body}")


def real(value: Any) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


_MEANING: dict[str, Any] = {
    "torch": torch,
    "functional": functional,
    "functools": functools,
    "real": real,
    "reduce_sum": lambda parts: sum(parts, real(0)),
    "reduce_mean": lambda parts: sum(parts, real(0)) / len(parts),
    "reduce_logsumexp": lambda parts: torch.logsumexp(torch.stack(parts), 0),
    "reduce_max": lambda parts: functools.reduce(torch.maximum, parts),
    "reduce_min": lambda parts: functools.reduce(torch.minimum, parts),
    "reduce_prod": lambda parts: functools.reduce(torch.mul, parts, real(1)),
}


def draw(seed: int) -> tuple[str, Callable[..., torch.Tensor]]:
    """A loss `f` as a text, and what it means as a function of tensors."""
    drawing = Drawing(random.Random(seed))
    for _ in range(drawing.random.randint(0, 3)):
        drawing.define()
    one, other = drawing.expression(4, {}), drawing.reduction(2, {})
    text = f"loss f({SIGNATURE}) =\n    {one.objc} + {other.objc}\n"
    if drawing.equations:
        text += "    where " + "\n          ".join(drawing.equations) + "\n"
    lines = [*drawing.statements, f"return real({one.python}) + {other.python}"]
    python = "def f(x, w, u, s, z, y, k, p, m, n, b, c, a):\n    " + "\n    ".join(lines) + "\n"
    meaning = dict(_MEANING)
    exec(python, meaning)
    return text, meaning["f"]


def drawn_inputs(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is differentiable, and data, of one example."""
    generator = np.random.default_rng(seed)
    moving = {
        "x": generator.normal(size=3), "w": generator.normal(size=(3, 2)),
        "u": generator.normal(size=2), "s": generator.normal(), "z": generator.normal(size=3),
    }  # fmt: skip
    data = {
        "y": generator.normal(size=3), "k": generator.integers(0, 2, 3),
        "p": generator.integers(0, 3, 3), "m": generator.integers(0, 2, 3),
        "n": int(generator.integers(1, 4)), "b": int(generator.integers(0, 3)),
        "c": int(generator.integers(0, 2)),
    }  # fmt: skip
    return moving, data
