"""What lowered recurrences compute, by the interpreter, against all paths or a plain loop."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from objc.errors import ObjcError
from objc.ir.evaluate import evaluate
from objc.ir.recurrence import groups
from objc.ir.symbols import IndexValue
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

FOLDER = Path(__file__).parent / "programs"
RANDOM = np.random.default_rng(11)
T, K = 5, 3
EMISSION, TRANSITION = RANDOM.normal(size=(T, K)), RANDOM.normal(size=(K, K))
TAG = RANDOM.integers(0, K, T)


def value(file: str, name: str, precision: int | None = None, **inputs: Any) -> Any:
    text = (FOLDER / f"{file}.objc").read_text("utf-8")
    return run(text, name, precision, **inputs)


def run(text: str, name: str, precision: int | None = None, **inputs: Any) -> Any:
    program = lower(parse(Source("<text>", text))).programs[name]
    (found,) = evaluate(program, inputs, precision).values()
    return found


def path_score(path: Any) -> float:
    steps = TRANSITION[path[:-1], path[1:]].sum()
    return float(EMISSION[range(len(path)), path].sum() + steps)


@pytest.mark.parametrize("precision", [None, 30])
def test_crf_is_the_sum_over_all_paths(precision: int | None) -> None:
    paths = [path_score(np.array(path)) for path in product(range(K), repeat=T)]
    found = value(
        "language_recurrences", "crf", precision,
        emission=EMISSION, transition=TRANSITION, tag=TAG,
    )  # fmt: skip
    assert float(found) == pytest.approx(logsumexp(paths) - path_score(TAG), rel=1e-13)


def test_crf_of_length_one() -> None:
    found = value(
        "language_recurrences", "crf",
        emission=EMISSION[:1], transition=TRANSITION, tag=TAG[:1],
    )  # fmt: skip
    assert found == pytest.approx(-log_softmax(EMISSION[0])[TAG[0]], rel=1e-13)


def test_gae() -> None:
    reward, v, last = RANDOM.normal(size=T), RANDOM.normal(size=T), 0.7
    expected, after, following = np.zeros(T), 0.0, last
    for t in reversed(range(T)):
        after = reward[t] + 0.9 * following - v[t] + 0.9 * 0.8 * after
        expected[t], following = after, v[t]
    found = value(
        "language_recurrences", "gae",
        reward=reward, value=v, last_value=last, discount=0.9, trace=0.8,
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_soft_dtw() -> None:
    x, y, gamma = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=(3, 2)), 0.5
    cost = ((x[:, None] - y[None]) ** 2).sum(-1)
    padded = np.full((5, 4), np.inf)
    padded[0, 0] = 0
    for i, j in product(range(1, 5), range(1, 4)):
        near = np.array([padded[i - 1, j - 1], padded[i - 1, j], padded[i, j - 1]])
        padded[i, j] = cost[i - 1, j - 1] - gamma * logsumexp(-near / gamma)
    found = value("recurrences", "soft_dtw", x=x, y=y, gamma=gamma)
    assert found == pytest.approx(padded[-1, -1], rel=1e-12)


def test_ctc_is_the_sum_over_all_alignments() -> None:
    logits, label = RANDOM.normal(size=(T, 3)), [1, 2, 2]
    state = np.array([0, 1, 0, 2, 0, 2, 0])
    skip = np.array([0, 1, 0, 1, 0, 0, 0])
    log_p = log_softmax(logits, axis=1)
    alignments = [
        sum(log_p[t, symbol] for t, symbol in enumerate(path))
        for path in product(range(3), repeat=T)
        if collapsed(path) == label
    ]
    found = value("recurrences", "ctc", logits=logits, state=state, skip=skip)
    assert found == pytest.approx(-logsumexp(alignments), rel=1e-12)


def collapsed(path: tuple[int, ...]) -> list[int]:
    merged = [s for t, s in enumerate(path) if t == 0 or s != path[t - 1]]
    return [s for s in merged if s != 0]


def test_mutual() -> None:
    x = RANDOM.normal(size=T)
    a, b = [x[0]], [x[0]]
    for one in x[1:]:
        a.append(one + b[-1])
        b.append(a[-1] * b[-1])
    np.testing.assert_allclose(value("recurrences", "mutual", x=x), np.add(a, b), rtol=1e-13)


def test_viterbi_is_the_best_of_all_paths() -> None:
    best = max(product(range(K), repeat=T), key=lambda path: path_score(np.array(path)))
    found = value("recurrences", "viterbi", emission=EMISSION, transition=TRANSITION)
    np.testing.assert_array_equal(found, np.array(best) == 0)


@pytest.mark.parametrize("length", [1, 3, T, 9])
def test_nothing_behind_the_length_is_read(length: int) -> None:
    x, tag = EMISSION.copy(), TAG.copy()
    x[length:] = np.nan
    tag[length:] = -100
    expected = EMISSION[range(T), TAG][:length].prod()
    found = value("recurrences", "bounded", x=x, tag=tag, length=length)
    assert found == pytest.approx(expected, rel=1e-13)


def test_several_sequences() -> None:
    x = RANDOM.normal(size=(3, T))
    last = x[:, 0]
    for t in range(1, T):
        last = 0.75 * last + 0.25 * x[:, t]
    expected = (last * x.mean(1)).mean()
    assert value("recurrences", "several", x=x) == pytest.approx(expected, rel=1e-13)


def test_backwards_along_a_length() -> None:
    """The last step is where data say; the guard keeps what lies ahead unread."""
    text = (
        "function f(x: real[T] | length: count)[t] = b[t]\n"
        "    where b[t] = if t + 1 < length then x[t] + b[t+1] / 2\n"
        "                 else (if t + 1 == length then x[t] else 0)\n"
        "          b[T-1] = if length == T then x[T-1] else 0\n"
    )
    x = np.array([1.0, 2, 3, 4])
    np.testing.assert_allclose(run(text, "f", x=x, length=3), [2.75, 3.5, 3, 0])
    np.testing.assert_allclose(run(text, "f", x=x, length=4), [3.25, 4.5, 5, 4])


def test_a_step_that_data_forbid_is_believed() -> None:
    text = (
        "function f(x: real[T] | start: binary[T])[t] = s[t]\n"
        "    where s[t] = if start[t] == 1 then x[t] else s[t-1] + x[t]\n"
    )
    x = np.array([1.0, 2, 3, 4])
    np.testing.assert_allclose(run(text, "f", x=x, start=[1, 0, 1, 0]), [1, 3, 3, 7])


def test_the_more_special_equation_goes_first() -> None:
    text = (
        "function f(x: real[N, M])[i, j] = r[i, j]\n"
        "    where r[0, j] = r[0, j-1] + x[0, j]\n"
        "          r[i, 0] = 2 * r[i-1, 0]\n"
        "          r[0, 0] = x[0, 0]\n"
        "          r[i, j] = r[i-1, j] + r[i, j-1] * x[i, j]\n"
    )
    x = np.ones((3, 3))
    np.testing.assert_allclose(run(text, "f", x=x), [[1, 2, 3], [2, 4, 7], [4, 8, 15]])


def test_inside_of_functions_with_several_lets() -> None:
    text = (
        "function run(x: real[T])[t] = s[t]\n"
        "    where s[0] = x[0]\n"
        "          s[t] = half(s[t-1]) + x[t]\n"
        "          half(v) = v / 2\n"
        "loss f(x: real[T], y: real[U]) = sum(run(x) ) * sum[u](run(y)[u])\n"
    )

    def total(v: Any) -> float:
        found = [v[0]]
        for one in v[1:]:
            found.append(found[-1] / 2 + one)
        return float(sum(found))

    x, y = RANDOM.normal(size=4), RANDOM.normal(size=6)
    assert run(text, "f", x=x, y=y) == pytest.approx(total(x) * total(y), rel=1e-12)


def test_a_row_of_the_step_before() -> None:
    text = (
        "function f(x: real[T, K])[t, k] = s[t, k]\n"
        "    where s[0, k] = x[0, k]\n"
        "          s[t, k] = softmax(s[t-1])[k] + x[t, k] * norm(s[t-1])\n"
    )
    expected = EMISSION.copy()
    for t in range(1, T):
        before = expected[t - 1]
        expected[t] = np.exp(log_softmax(before)) + EMISSION[t] * np.linalg.norm(before)
    np.testing.assert_allclose(run(text, "f", x=EMISSION), expected, rtol=1e-12)


def test_what_guards_a_call_guards_its_recurrence() -> None:
    text = (
        "loss f(x: real[B, T]) = sum[i | i > 0](last(x[i-1]))\n"
        "function last(x: real[T]) = a[T-1]\n"
        "    where a[0] = x[0]\n"
        "          a[t] = log(sum[s](exp(a[t-1] + x[s])))\n"
    )
    program = lower(parse(Source("<text>", text))).programs["f"]
    before = next(let for let in program.lets if let.name == "a")
    assert before.body.args[0] == (IndexValue(before.free[0]) > 0)
    x = RANDOM.normal(size=(3, T))
    expected = sum(row[0] + (T - 1) * logsumexp(row) for row in x[:-1])
    assert run(text, "f", x=x) == pytest.approx(expected, rel=1e-12)


def test_what_is_not_used_is_not_made() -> None:
    text = "loss f(x: real[T]) = sum(x)\n    where a[0] = x[0]\n          a[t] = a[t-1] + x[t]\n"
    program = lower(parse(Source("<text>", text))).programs["f"]
    assert [let.name for let in program.lets] == ["loss"]


def test_each_place_around_has_its_own() -> None:
    """The same recurrence at the place of each class is made once for each index around it."""
    text = (FOLDER / "recurrences.objc").read_text("utf-8")
    program = lower(parse(Source("<text>", text))).programs["several"]
    (group,) = (one for one in groups(program) if one.is_recurrence)
    assert [index.name for index in group.indices] == ["t"]
    assert [index.name for index in group.lets[0].free] == ["b", "t"]


def test_up_to_a_hyperparameter() -> None:
    """The iteration has a place more than its count says: the one it begins at."""
    text = (
        "loss f(x: real; steps: count = 3) = a[steps]\n"
        "    where a[0] = x\n"
        "          a[n] = a[n-1] / 2 + 1\n"
        "loss g(x: real) = f(x; steps = 2)\n"
    )
    assert run(text, "f", x=8.0) == 2.75
    assert [run(text, "f", x=8.0, steps=n) for n in range(3)] == [8, 5, 3.5]
    assert run(text, "g", x=8.0) == 3.5


def test_place_by_place() -> None:
    """A tensor whose places are all said has as many as are said, in a recurrence too."""
    text = (
        "loss f(x: real[T]) = logsumexp[i](last[i])\n"
        "    where last[0] = s[T-1]\n"
        "          last[1] = x[0]\n"
        "          s[0] = x[0]\n"
        "          s[t] = max[k](way[t, k]) + x[t]\n"
        "          way[t, 1] = if t > 0 then -s[t-1] else -inf\n"
        "          way[t, 0] = if t > 0 then s[t-1] else -inf\n"
    )
    x = np.array([1.0, -3, 0.5])
    assert run(text, "f", x=x) == pytest.approx(logsumexp([2.5, 1.0]), rel=1e-13)


def test_gates_need_no_step_that_nothing_reads() -> None:
    x, w, u, target = (RANDOM.normal(size=one) for one in ((4, 2), (3, 2), (3, 3), 3))
    text = (Path(__file__).parents[1] / "recurrences.objc").read_text("utf-8")

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    cell = np.tanh(w @ x[0])
    for step in x[1:]:
        h = np.tanh(cell)
        cell = sigmoid(step[0] - h) * cell + sigmoid(w @ step + u @ h) * np.tanh(w @ step)
    found = run(text, "gated", x=x, w=w, u=u, target=target)
    assert found == pytest.approx(((np.tanh(cell) - target) ** 2).sum(), rel=1e-13)


@pytest.mark.parametrize("reader", ["sum[t](g[t])", "g[0]", "sum[t | t > 0](g[t-1])", "g[T-1]"])
def test_a_gate_that_is_read_at_the_first_step_has_to_be_given(reader: str) -> None:
    text = f"""
loss f(x: real[T]) = {reader} + h[T-1]
    where g[t] = sin(h[t-1])
          h[0] = x[0]
          h[t] = g[t] * h[t-1] + x[t]
"""
    with pytest.raises(ObjcError, match=r"there is no `h.t-1.`"):
        lower(parse(Source("<text>", text)))
