"""What runs along an order: sorted rows, and reductions over all that comes before, beside a comparison with
every other entry and beside SciPy and PyTorch."""

from __future__ import annotations

import functools
import importlib.util
import itertools
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest
import scipy.stats
import torch
from objc.targets.cpu import loops
from objc.targets.cpu.emission import FEW_SORTED as FEW

import objc
import objc.library
from objc.cli.application import objc as command
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate

LESS = {
    "<": lambda t, s, i, j: t < s,
    "<=": lambda t, s, i, j: t <= s,
    ">": lambda t, s, i, j: t > s,
    ">=": lambda t, s, i, j: t >= s,
    "<= and i != j": lambda t, s, i, j: (t <= s) & (i != j),
    "< or (t[j] == t[i] and j < i)": lambda t, s, i, j: (t < s) | ((t == s) & (j < i)),
    "< or (t[j] == t[i] and j >= i)": lambda t, s, i, j: (t < s) | ((t == s) & (j >= i)),
    "> or (t[j] == t[i] and j <= i)": lambda t, s, i, j: (t > s) | ((t == s) & (j <= i)),
    "> or (t[j] == t[i] and i < j)": lambda t, s, i, j: (t > s) | ((t == s) & (j > i)),
    "==": lambda t, s, i, j: t == s,
    "== and i > j": lambda t, s, i, j: (t == s) & (j < i),
    "== and i != j": lambda t, s, i, j: (t == s) & (j != i),
}
"""Guards `t[j] … t[i]`, and what they say of two keys and their places."""

BODIES = {
    "sum": "sum[j | GUARD](x[j]^2)",
    "some": "sum[j | GUARD and e[j] == 1](x[j]^2)",
    "count": "count[j](GUARD) * x[i]",
    "max": "max(-9, max[j | GUARD](x[j]))",
    "min": "min(9, min[j | GUARD](x[j]))",
    "product": "sum[j | GUARD](x[j] * x[i])",
    "exponentials": "sum[j | GUARD](exp(x[j] - x[i]))",
    "weighed": "sum[j | GUARD](t[j]^2 * exp(x[j] + 2 * x[i]))",
    "logsumexp": "log(1 + exp(logsumexp[j | GUARD](x[j] - x[i])))",
}
ROWS = FEW + 37

BETWEEN = {
    "t[j] >= t[i] - 0.5 and t[j] <= t[i] + 0.5": lambda t, i, j: (
        (t[j] >= t[i] - 0.5) & (t[j] <= t[i] + 0.5)
    ),
    "t[i] < t[j] and t[j] - 1 < t[i]": lambda t, i, j: (t[i] < t[j]) & (t[j] - 1 < t[i]),
    "t[j] > t[i] + 0.5 and t[j] < t[i] - 1": lambda t, i, j: np.zeros_like(i == j),
    "t[j] > t[i] - 10^39 and t[j] <= t[i]": lambda t, i, j: (t[j] > t[i] - 1e39) & (t[j] <= t[i]),
    "j <= i and j > i - 9": lambda t, i, j: (j <= i) & (j > i - 9),
    "t[j] + 1/3 >= t[i]": lambda t, i, j: t[j] + 1 / 3 >= t[i],
    "t[j] < 2 * t[i]": lambda t, i, j: t[j] < 2 * t[i],
}
"""Guards with bounds of what one entry has by what another has."""


def text(body: str, guard: str, group: str = "") -> str:
    sign, _, ties = guard.partition(" ")
    compared = f"(t[j] {sign} t[i] {ties})"
    if group:
        compared = f"({compared} and {group}[j] == {group}[i])"
    written = BODIES[body].replace("GUARD", compared)
    return f"loss f(x: real[N] | t: real[N], e: binary[N]) = sum[i](sin(i) * {written})"


def listed(source: str) -> str:
    """The loops of value and gradient of one example."""
    kernel = compiled(source).f
    wrt = tuple(one.name for one in kernel.program.differentiable)
    return str(loops(derive(kernel.program, Variant(("value", "gradient"), wrt))))


def _parallel(source: str) -> str:
    """What one iteration of its steps costs."""
    return "".join(line for line in listed(source).splitlines() if "parallel" in line)


@functools.cache
def compiled(source: str, target: str = "cpu") -> Any:
    return objc.compile(source, target=target)


def drawn(shape: tuple[int, ...], dtype: str, seed: int = 0) -> list[Any]:
    """Values, keys of which several are equal, and who counts."""
    generator = np.random.default_rng(seed)
    x, t = generator.normal(size=shape), np.round(3 * generator.normal(size=shape)) / 3
    return [x.astype(dtype), t.astype(dtype), (generator.random(shape) < 0.7).astype(dtype)]


def _pairs() -> list[tuple[str, str]]:
    """Every body with one guard, of each kind in turn, and sums with all."""
    guards = list(LESS)
    found = {("sum", guard) for guard in guards}
    for number, body in enumerate(BODIES):
        found.add((body, guards[number % 4 if number % 2 else 4 + number % 8]))
    return sorted(found)


def _others() -> list[Any]:
    """A second body with the other guards."""
    others = [one for one in LESS if ("logsumexp", one) not in _pairs()]
    return [pytest.param("logsumexp", one, "", marks=pytest.mark.slow) for one in others]


def _groups() -> list[Any]:
    """Every body with one of the guards within groups."""
    return [(body, guard, "e") for body, guard in zip(BODIES, itertools.cycle(LESS))]


@pytest.mark.parametrize(
    ("body", "guard", "group"), [*((*pair, "") for pair in _pairs()), *_groups(), *_others()]
)
@pytest.mark.share(1 / 2)
def test_every_side_of_every_reduction(body: str, guard: str, group: str) -> None:
    source = text(body, guard, group)
    picks = body in ("max", "min") and "i != j" in guard
    assert body == "weighed" or picks or "*N" not in _parallel(source)
    for rows, dtype in ((ROWS, "float32"), (ROWS, "float64"), (FEW, "float32")):
        arguments = drawn((2, rows), dtype)
        value, gradient = compiled(source).f.value_and_grad(*arguments)
        wide = [one.astype(float) for one in arguments]
        exact, slopes = compiled(source, "numpy").f.value_and_grad(*wide)
        closely = 3e-6 if dtype == "float32" else 1e-13
        sizes = np.abs(compiled(source, "numpy").f.per_example(*wide)).max()
        assert value == pytest.approx(exact, rel=closely, abs=closely * sizes)
        np.testing.assert_allclose(
            gradient, slopes, rtol=closely, atol=closely * np.abs(slopes).max()
        )


@pytest.mark.parametrize("group", ["", "g"])
@pytest.mark.parametrize("guard", LESS)
def test_sums_are_those_of_a_comparison_with_every_entry(guard: str, group: str) -> None:
    """By NumPy, all pairs at once; keys and groups that are no numbers, infinities among the others."""
    x, t, e = drawn((ROWS,), "float64")
    t[::9], t[5], t[6] = np.nan, np.inf, -np.inf
    g = np.random.default_rng(1).integers(0, 9, ROWS) / 3
    g[::7], g[5:50:5] = np.nan, np.inf
    places = np.arange(ROWS)
    before = LESS[guard](t[None, :], t[:, None], places[:, None], places[None, :])
    if group:
        before = before & (g[None, :] == g[:, None])
    expected = np.sin(places) @ (before @ x**2)
    source = text("sum", guard, group).replace("e: binary[N]", "e: binary[N], g: real[N]")
    found, gradient = compiled(source).f.value_and_grad(x, t, e, g)
    assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, 2 * x * (np.sin(places) @ before), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, 33, FEW, FEW + 1, 100, 257, 3000])
def test_sorting(rows: int, dtype: str) -> None:
    """Equal keys stay as they stand, what is no number comes last."""
    kernel = compiled(
        "loss f(x: real[N] | t: real[N]) = sum[i](x[o[i]] * sin(i))\n  where o = argsort(t)"
    )
    generator = np.random.default_rng(rows)
    for keys in (
        generator.normal(size=rows), np.arange(rows), -np.arange(rows), np.zeros(rows),
        np.round(generator.normal(size=rows)), np.where(generator.random(rows) < 0.3, np.nan, 1.0),
        generator.choice([-0.0, 0.0, np.inf, -np.inf, 1.0], rows),
    ):  # fmt: skip
        t, x = keys.astype(dtype), generator.normal(size=rows).astype(dtype)
        _, gradient = kernel.f.value_and_grad(x, t)
        expected = np.zeros(rows)
        expected[np.argsort(t, kind="stable")] = np.sin(np.arange(rows))
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("guard", BETWEEN)
@pytest.mark.share(1 / 2)
def test_sums_between_bounds(guard: str) -> None:
    """By NumPy, all pairs at once: a window slides along, and what has gone out leaves nothing behind."""
    source = "".join(
        f"loss {name}(x: real[N] | t: real[N], e: binary[N]) = sum[i](e[i] * sin(i) * {body})\n"
        for name, body in {
            "f": f"sum[j | {guard}](x[j])", "g": f"log(1 + sum[j | {guard}](exp(x[j] - x[i])))",
            "h": f"(1 + 0*x[i]) * count[j]({guard} and e[j] == 1)",
            "k": f"max(-99, max[j | {guard}](x[j]))",
        }.items()
    )  # fmt: skip
    kernels, plain = compiled(source), compiled(source, "numpy")
    assert "*N" not in _parallel(source)
    x, t, e = drawn((ROWS,), "float64")
    t[::9], t[5], t[6] = np.nan, np.inf, -np.inf
    for name in "gk":
        value, other = (getattr(one, name)(x, t, e) for one in (kernels, plain))
        assert value == pytest.approx(other, rel=1e-13)
    slopes = [one.g.value_and_grad(x, t, e)[1] for one in (kernels, plain)]
    np.testing.assert_allclose(*slopes, rtol=1e-11, atol=1e-13)
    places = np.arange(ROWS)
    inside = BETWEEN[guard](t, places[:, None], places[None, :])
    assert kernels.h(x, t, e) == pytest.approx((e * np.sin(places)) @ (inside @ e), rel=1e-13)
    x, e = np.where(t < -1, 1e16 * x, x), np.where(t > 1, 1.0, 0.0)
    signs = e * np.sin(places)
    found, gradient = kernels.f.value_and_grad(x, t, e)
    sizes = np.abs(signs) @ (inside @ np.abs(x))
    assert found == pytest.approx(signs @ (inside @ x), abs=1e-14 * sizes)
    np.testing.assert_allclose(gradient, signs @ inside, rtol=1e-12, atol=1e-13)


def test_whole_numbers_are_sorted_as_such() -> None:
    """These two are one number of float64."""
    source = "loss f(x: real[N] | t: count[N]) = sum[i](x[i] * (1 + count[j](t[j] < t[i])))"
    t = np.full(ROWS, 2**60)
    t[::2] += 1
    _, gradient = compiled(source).f.value_and_grad(np.ones(ROWS), t)
    np.testing.assert_array_equal(gradient, np.where(np.arange(ROWS) % 2, 1, 1 + ROWS // 2))


@pytest.mark.parametrize("picked", ["max", "min"])
def test_slopes_of_extremes(picked: str) -> None:
    """They are those of the first place: of equal ones, of infinities and of what is no number."""
    source = "".join(
        f"loss {name}(x: real[N] | t: real[N], e: binary[N], g: index(G)[N]) ="
        f" sum[i](sin(i) * {picked}[j | {guard}](x[j]))\n"
        for name, guard in {
            "f": "t[j] >= t[i]", "g": "g[j] == g[i] and (t[j] > t[i] or t[j] == t[i] and j <= i)",
            "h": "t[j] <= t[i] and e[j] == 1", "k": "t[j] < t[i] and g[j] == g[i] and e[j] == 1",
        }.items()
    )  # fmt: skip
    kernels, plain = compiled(source), compiled(source, "numpy")
    assert "*N" not in _parallel(source)
    g = np.arange(ROWS) ** 2 % 7
    for seed in range(2):
        x, t, e = drawn((ROWS,), "float64", seed=seed)
        x = np.round(2 * x) / 2
        if seed:
            x[::9], x[::11], x[::30], t[::13] = -np.inf, np.inf, np.nan, np.nan
        for name in "fghk":
            slopes = [getattr(one, name).value_and_grad(x, t, e, g)[1] for one in (kernels, plain)]
            np.testing.assert_allclose(*slopes, rtol=1e-13, atol=1e-14)


def test_sums_up_to_a_place() -> None:
    source = "loss f(x: real[N] | t: real[N]) = sum[i](t[i] * exp(sum[j | j <= i](x[j])))"
    x, t, _ = drawn((ROWS,), "float64")
    leaf = torch.tensor(x, requires_grad=True)
    expected = (torch.tensor(t) * torch.exp(torch.cumsum(leaf, 0))).sum()
    expected.backward()
    found, gradient = compiled(source).f.value_and_grad(x, t)
    assert found == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-11)


LINEAR = {
    "strata": "sum[i | e[i] == 1](logsumexp[j | t[j] >= t[i] and g[j] == g[i]](x[j]) - x[i])",
    "ties by Efron": """sum[i | e[i] == 1](log(sum[j | t[j] >= t[i]](exp(x[j])) - before[i] / deaths[i]
        * sum[j | t[j] == t[i] and e[j] == 1](exp(x[j]))) - x[i])
      where deaths[i] = count[j](t[j] == t[i] and e[j] == 1)
            before[i] = count[j](t[j] == t[i] and e[j] == 1 and j < i)""",
    "pairs": "sum[i, j | t[i] < t[j] and e[i] == 1](exp(x[i] - x[j]))",
    "pairs of groups": "sum[i, j | g[i] == g[j] and i < j](x[i]^2 * x[j])",
    "a count of pairs": "sum[i](x[i]) * (1 + count[i, j](t[i] < t[j] and e[i] == 1))",
    "weighted means before": "sum[i | e[i] == 1]((x[i] - sum[j | t[j] <= t[i] and e[j] == 1](t[j]^2 * x[j])"
    " / sum[j | t[j] <= t[i] and e[j] == 1](t[j]^2 + 1/9))^2)",
    "weighted means of others": "sum[i]((x[i] - sum[j | g[j] == g[i] and i != j](t[j]^2 * x[j])"
    " / sum[j | g[j] == g[i] and i != j](t[j]^2 + 1/9))^2)",
    "weighted means of windows": "sum[i]((x[i] - sum[j | t[j] > t[i] - 1 and t[j] <= t[i]](t[j]^2 * x[j])"
    " / sum[j | t[j] > t[i] - 1 and t[j] <= t[i]](t[j]^2 + 1/9))^2)",
    "windows": "sum[i]((x[i] - sum[j | t[j] > t[i] - 2 and t[j] <= t[i]](x[j]))^2)",
    "means of groups": "sum[i]((x[i] - sum[j | g[j] == g[i]](x[j]) / count[j](g[j] == g[i]))^2)",
    "places in groups": "sum[i](x[i] / (1 + count[j](g[j] == g[i] and t[j] > t[i])))",
    "Plackett and Luce": "sum[i](logsumexp[j | j >= i](x[j]) - x[i])",
    "Plackett and Luce, by a key": "sum[i](logsumexp[j | t[j] >= t[i]](x[j]) - x[i])",
    "by a sum of exponentials": "sum[i](log(sum[j | t[j] >= t[i]](exp(x[j]))) - x[i])",
    "weighted hazards": "sum[i | e[i] == 1](log(sum[j | t[j] >= t[i]](t[j]^2 * exp(x[j]))) - x[i])",
    "weighted means": "sum[i]((sum[j | t[j] <= t[i]](e[j] * x[j]) / (1 + sum[j | t[j] <= t[i]](e[j])))^2)",
}


@pytest.mark.parametrize("name", LINEAR)
def test_no_entry_is_compared_with_every_other(name: str) -> None:
    source = f"loss f(x: real[N] | t: real[N], e: binary[N], g: index(G)[N]) = {LINEAR[name]}"
    assert "*N" not in _parallel(source)
    arguments = [*drawn((ROWS,), "float64", seed=4), np.arange(ROWS) ** 2 % 7]
    value, gradient = compiled(source).f.value_and_grad(*arguments)
    exact, slopes = compiled(source, "numpy").f.value_and_grad(*arguments)
    assert value == pytest.approx(exact, rel=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-13 * np.abs(slopes).max())


def test_areas_under_curves_of_many() -> None:
    """Beside the ranks of SciPy, which count equals half."""
    score, time, positive = drawn((3000,), "float64", seed=5)
    for keys in (score, time):
        ranks = scipy.stats.rankdata(keys)[positive == 1]
        count = len(ranks)
        area = (ranks.sum() - count * (count + 1) / 2) / (count * (3000 - count))
        assert objc.library.roc_auc(keys, positive) == pytest.approx(area, rel=1e-14)


def test_what_has_no_weight_hides_nothing() -> None:
    """Beside an exponent of 800 nothing is left of others, but it does not count."""
    source = """
    loss f(x: real[N] | t: real[N], e: binary[N]) =
        sum[i | e[i] == 1](log(1 + sum[j | t[j] > t[i]](e[j] * exp(x[j] - x[i]))))
    loss g(x: real[N] | t: real[N], e: binary[N]) = sum[i](t[i] * sum[j | t[j] > t[i]](e[j] * exp(x[j])))
    """
    x, t, e = drawn((ROWS,), "float64")
    for name in ("f", "g"):
        kernel = getattr(compiled(source), name)
        expected, slopes = kernel.value_and_grad(x, t, e)
        found, gradient = kernel.value_and_grad(np.where(e == 1, x, 700.0), t, e)
        assert found == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-12)


def test_what_stands_beside_an_entry_is_read_where_it_is() -> None:
    """The one behind the last is asked for by nobody."""
    source = "loss f(x: real[N]) = sum[i](sin(i) * sum[j | j < i](x[j+1]^2))"
    x, _, _ = drawn((ROWS,), "float64")
    found, gradient = compiled(source).f.value_and_grad(x)
    sums = np.concatenate([[0], np.cumsum(x[1:] ** 2)])
    assert found == pytest.approx(np.sin(np.arange(ROWS)) @ sums, rel=1e-12)
    assert np.isfinite(gradient).all()


def test_partial_likelihoods_far_apart() -> None:
    """Hazards that differ by more than a double holds: what is small beside the largest keeps its digits."""
    rows = 200
    log_hazard = np.linspace(-700, 700, rows)[np.random.default_rng(2).permutation(rows)]
    time, event = np.arange(rows)[::-1].astype(float), np.ones(rows)
    order = torch.tensor(np.argsort(-time))
    leaf = torch.tensor(log_hazard, requires_grad=True)
    expected = (torch.logcumsumexp(leaf[order], 0) - leaf[order]).sum()
    expected.backward()
    found, gradient = objc.library.cox.value_and_grad(log_hazard, time, event)
    assert found == pytest.approx(expected.item(), rel=1e-13)
    np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "body",
    [
        "log(sum[j | t[j] >= t[i]](exp(x[j]))) - x[i]",
        "e[i] * (log(sum[j | t[j] >= t[i] and e[j] == e[i]](w[j] * exp(x[j]))) - x[i])",
        "log(1 + sum[j | t[j] > t[i]](exp((x[j] - x[i]) / 0.7)))",
        "w[i] * (logsumexp[j | t[j] >= t[i] - 1 and t[j] <= t[i]](x[j] + w[j]) - x[i])^2",
    ],
)
def test_large_scores_keep_the_digits_of_their_differences(body: str) -> None:
    """In float32 as in float64, of scores that are the same in both."""
    kernel = compiled(
        f"loss f(x: real[N] | t: real[N], e: binary[N], w: positive[N]) = sum[i]({body})"
    ).f
    for offset, rows in ((0, FEW + 1), (1e3, 300), (2e6, 300)):
        x, t, e = drawn((2, rows), "float32")
        given = x + np.float32(offset), np.round(2 * t) / 2, e, abs(x[::-1]) + np.float32(0.1)
        found, slopes = kernel.value_and_grad(*given)
        value, exact = kernel.value_and_grad(*(one.astype(float) for one in given))
        assert found == pytest.approx(value, rel=2e-7)
        np.testing.assert_allclose(slopes, exact, rtol=0, atol=4e-7 * abs(exact).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_of_the_library(dtype: str) -> None:
    """In the order of a sort, and beside every other: both are one function."""
    x, y, e = drawn((150,), dtype)
    sign = np.where(e == 1, 1, -1).astype(dtype)
    for name, arguments in {
        "cox": (x, y, e), "listmle": (x, y), "lovasz_hinge": (x, sign), "wasserstein_1d": (x, y),
    }.items():  # fmt: skip
        kernel = getattr(objc.library, name)
        found, gradient = kernel.value_and_grad(*arguments)
        program = kernel.program
        named = zip(program.inputs, arguments, strict=True)
        given = {one.name: np.asarray(array, float) for one, array in named}
        wrt = program.differentiable[0].name
        exact = evaluate(derive(program, Variant(("value", "gradient"), (wrt,))), given)
        slopes = exact[f"gradient:{wrt}"]
        closely = 2e-6 if dtype == "float32" else 1e-13
        assert found == pytest.approx(float(exact["value"]), rel=closely)
        np.testing.assert_allclose(gradient, slopes, rtol=0, atol=closely * np.abs(slopes).max())


def test_what_a_pixel_adds_to_a_share_is_no_difference_of_shares() -> None:
    """Of a share of a million pixels float32 holds no change by one: counts are subtracted as such."""
    rows = 1_000_000
    score, _, foreground = drawn((rows,), "float32")
    label = np.where(foreground == 1, 1, -1).astype("float32")
    found, gradient = objc.library.lovasz_hinge.value_and_grad(score, label)
    error = 1 - (label * score).astype(float)
    order = np.argsort(-error, kind="stable")
    here = label[order] == 1
    positive, negative = np.cumsum(here), np.cumsum(~here)
    union = (here.sum() + negative).astype(float)
    jaccard = 1 - (here.sum() - positive) / union  # by float64, in which ten digits are left
    weight = np.zeros(rows)
    weight[order] = np.diff(jaccard, prepend=0)
    slopes = np.where(error > 0, -label * weight, 0)
    assert found == pytest.approx(np.maximum(error, 0).astype(float) @ weight, rel=1e-6)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-15)


WINDOWS = """
loss windows(x: real[N] | t: real[N], e: binary[N]) =
    sum[i](sin(i) * log(1 + sum[j | t[j] >= t[i] - 1 and t[j] <= t[i]](exp(x[j]))))
    + sum[i](count[j](j <= i and j > i - 9) * x[i]^2 + x[i] * sum[j | e[j] == e[i] and i != j](x[j]))
    + sum[i, j](abs(x[i] - x[j]) + max(0, 1 - x[i] + x[j])^2)
"""


def test_a_library_of_functions_sorts() -> None:
    source = text("logsumexp", ">=") + text("count", "< or (t[j] == t[i] and j < i)").replace(
        "loss f", "\nloss g"
    )
    source += WINDOWS
    arguments = drawn((ROWS,), "float64")
    modules = [compiled(source, target) for target in ("library", "cpu")]
    for name in ("f", "g", "windows"):
        (found, slopes), (value, gradient) = (
            getattr(one, name).value_and_grad(*arguments) for one in modules
        )
        assert found == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(slopes, gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["f", "windows"])
def test_a_module_for_people_sorts(name: str, tmp_path: Path) -> None:
    """With Numba alone, which takes a quarter of a minute for what has every kind of run."""
    source = text("exponentials", "> or (t[j] == t[i] and j <= i)") + WINDOWS
    (tmp_path / "ordered.objc").write_text(source, "utf-8")
    command_line = ["compile", str(tmp_path / "ordered.objc"), "-o", str(tmp_path / "written")]
    done = click.testing.CliRunner().invoke(command, command_line)
    assert done.exit_code == 0, done.output
    place = tmp_path / "written" / "ordered.py"
    specification = importlib.util.spec_from_file_location("objc_written_ordered", place)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    arguments = drawn((ROWS,), "float64")
    found, expected = (getattr(one, name)(*arguments) for one in (module, compiled(source)))
    assert found == pytest.approx(expected, rel=1e-14)


BEYOND = {
    "Gini": (
        "sum[i, j](w[j] * abs(x[i] - x[j]))",
        lambda d, w, e: w * abs(d),
        lambda d, w, e: w * np.sign(d),
    ),
    "hinges": (
        "sum[i, j | e[i] == 1 and e[j] == 0](max(0, m - (x[i] - x[j])))",
        lambda d, w, e: np.where(e[:, None] > e, np.maximum(0, M - d), 0),
        lambda d, w, e: np.where((e[:, None] > e) & (d < M), -1, 0),
    ),
    "squares": (
        "sum[i, j](w[i] * w[j] * max(0, m - (x[i] - x[j]))^2)",
        lambda d, w, e: w[:, None] * w * np.maximum(0, M - d) ** 2,
        lambda d, w, e: -2 * w[:, None] * w * np.maximum(0, M - d),
    ),
    "one by one": (
        "sum[i](sin(i) * sum[j | e[j] == 1](w[j] * max(0, x[i] - x[j])))",
        lambda d, w, e: np.sin(np.arange(len(e)))[:, None] * w * e * np.maximum(0, d),
        lambda d, w, e: np.sin(np.arange(len(e)))[:, None] * w * e * (d > 0),
    ),
    "groups": (
        "sum[i, j | e[i] == e[j]](w[j] * abs(x[i] - x[j]))",
        lambda d, w, e: w * (e[:, None] == e) * abs(d),
        lambda d, w, e: w * (e[:, None] == e) * np.sign(d),
    ),
    "others": (
        "sum[i, j | i != j](w[i] * abs(x[i] - x[j]))",
        lambda d, w, e: w[:, None] * abs(d),
        lambda d, w, e: w[:, None] * np.sign(d),
    ),
    "means": (
        "mean[i, j | e[i] == 1 and e[j] == 0](max(0, m - x[i] + x[j]))",
        lambda d, w, e: np.where(e[:, None] > e, np.maximum(0, M - d), 0) / (e[:, None] > e).sum(),
        lambda d, w, e: np.where((e[:, None] > e) & (d < M), -1, 0) / (e[:, None] > e).sum(),
    ),
    "squares in groups": (
        "sum[i, j | e[i] == e[j] and x[i] > x[j]](w[i] * (x[i] - x[j])^2)",
        lambda d, w, e: w[:, None] * (e[:, None] == e) * np.maximum(0, d) ** 2,
        lambda d, w, e: 2 * w[:, None] * (e[:, None] == e) * np.maximum(0, d),
    ),
    "quantiles": (
        "sum[i, j](w[i] * max(3/10 * (x[i] - x[j]), -7/10 * (x[i] - x[j])))",
        lambda d, w, e: w[:, None] * np.where(d >= 0, 0.3 * d, -0.7 * d),
        lambda d, w, e: w[:, None] * np.where(d >= 0, 0.3, -0.7),
    ),
    "quantiles by cases": (
        "sum[i, j | e[i] == e[j]](if x[i] >= x[j] then (x[i] - x[j]) / 4 else m * (x[j] - x[i]))",
        lambda d, w, e: (e[:, None] == e) * np.where(d >= 0, d / 4, -M * d),
        lambda d, w, e: (e[:, None] == e) * np.where(d >= 0, 1 / 4, -M),
    ),
    "expectiles": (
        "sum[i, j](w[j] * (if x[i] > x[j] then (x[i] - x[j])^2 / 4 else m * (x[i] - x[j])^2))",
        lambda d, w, e: w * np.where(d > 0, d / 4, M * d) * d,
        lambda d, w, e: 2 * w * np.where(d > 0, d / 4, M * d),
    ),
    "insensitive": (
        "sum[i, j | e[j] == 1](w[i] * max(0, abs(x[i] - x[j]) - m))",
        lambda d, w, e: w[:, None] * e * np.maximum(0, abs(d) - M),
        lambda d, w, e: w[:, None] * e * np.where(abs(d) > M, np.sign(d), 0),
    ),
    "insensitive squares": (
        "sum[i, j](w[i] * max(0, abs(x[i] - x[j]) - m)^2)",
        lambda d, w, e: w[:, None] * np.maximum(0, abs(d) - M) ** 2,
        lambda d, w, e: 2 * w[:, None] * np.maximum(0, abs(d) - M) * np.sign(d),
    ),
}  # fmt: skip
"""What hangs on the difference of two keys, what pairs say of it, and of its slope."""
M = 0.375


def beyond(name: str) -> str:
    return f"loss f(x: real[N] | w: real[N], e: binary[N]; m: positive = {M}) = {BEYOND[name][0]}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BEYOND)
@pytest.mark.share(1 / 2)
def test_how_far_keys_are_apart(name: str, dtype: str) -> None:
    """Beside all pairs in longdouble: keys may be a million, and weights of either sign."""
    assert "*N" not in _parallel(beyond(name))
    _, value, slope = BEYOND[name]
    for rows, offset, seed in itertools.product((FEW + 1, 300), (0, 2**20), (0, 1)):
        x, w, e = drawn((rows,), dtype, seed)
        x = (np.round(4 * x) / 4 if seed else 50 * x).astype(dtype) + np.asarray(offset, dtype)
        wide = [one.astype(np.longdouble) for one in (x, w, e)]
        pairs = wide[0][:, None] - wide[0]
        terms, slopes = (one(pairs, *wide[1:]) for one in (value, slope))
        found, gradient = compiled(beyond(name)).f.value_and_grad(x, w, e)
        closely = 1e-6 if dtype == "float32" else 1e-14
        assert abs(found - terms.sum()) <= closely * abs(terms).sum()
        sizes = abs(slopes).sum(0) + abs(slopes).sum(1)
        assert (abs(gradient - (slopes.sum(1) - slopes.sum(0))) <= closely * sizes).all()


@pytest.mark.parametrize("name", BEYOND)
def test_keys_that_are_infinite_or_no_numbers(name: str) -> None:
    """By NumPy, all pairs at once."""
    kernel, plain = compiled(beyond(name)).f, compiled(beyond(name), "numpy").f
    for odd in ([np.inf], [-np.inf, np.inf], [np.nan], [np.inf, np.inf, 1], [np.nan, -np.inf]):
        x, w, e = drawn((ROWS,), "float64", seed=3)
        x[7 : 7 + len(odd)] = odd
        found, expected = (one.value_and_grad(x, w, e) for one in (kernel, plain))
        assert found[0] == pytest.approx(expected[0], rel=1e-12, nan_ok=True)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=1e-12)


def test_far_keys_of_many_pairs() -> None:
    """The mean difference of many is that of ranks: sum (2·r − n − 1)·x, x sorted."""
    x = np.random.default_rng(0).normal(size=100_000) + 1e6
    found, gradient = compiled("loss f(x: real[N]) = sum[i, j](abs(x[i] - x[j]))").f.value_and_grad(
        x
    )
    order, rows = np.argsort(x), len(x)
    ranks = np.empty(rows)
    ranks[order] = 2 * np.arange(1, rows + 1) - rows - 1
    exact = 2 * (ranks.astype(np.longdouble) * (x - 1e6).astype(np.longdouble)).sum()
    assert found == pytest.approx(float(exact), rel=1e-13)
    np.testing.assert_allclose(gradient, 2 * ranks, rtol=0, atol=0)
