"""What is declared of several inputs together: never wrong where inputs lie in their domains, and drawn
inputs lie there."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from objc.accuracy.points import Sampler
from objc.analysis.values.membership import are_members
from objc.analysis.values.ranges import Ranges
from objc.analysis.values.samples import samples
from objc.compiler import lower, parse
from objc.ir.declared import declared_sign
from objc.ir.evaluate import evaluate
from objc.ir.index import Index, Position
from objc.ir.inside import brought_inside
from objc.ir.program import Let, Program
from objc.source import Source

SIGNATURES = (
    "a: positive | hits: count(trials), trials: count",
    "m: real | low: real, high: interval(low, inf)",
    "m: real | x: interval(low, high), low: real, high: real",
    "m: real | x: interval(-high, high), high: nonnegative",
    "m: real | low: real[K], high: interval(low, inf)[K], top: real",
    "m: real | x: interval(low, 2 * low + 1)[K], low: positive",
    "theta: ordered[K] | label: count(K)",
    "q: ordered[N, K], r: ordered[K]",
    "m: real | x: interval(lo, hi); lo: real = -1, hi: interval(lo, inf) = 2",
    "m: real | a: interval(b, inf), b: interval(c, inf), c: real",
)
_SIGNS = {
    "positive": lambda one: one > 0,
    "nonnegative": lambda one: one >= 0,
    "negative": lambda one: one < 0,
    "nonpositive": lambda one: one <= 0,
}


def program_of(signature: str, body: str = "1") -> Program:
    return lower(parse(Source("text", f"loss f({signature}) = {body}"))).programs["f"]


def reads_of(program: Program) -> list[Any]:
    """Reads of every input, of tensors at an index, at those around it, and at the first place."""
    found = []
    for one in program.inputs:
        places = []
        for at, dimension in enumerate(one.dimensions):
            index = Index("ijk"[at + 3 - len(one.dimensions)], dimension)
            last = at == len(one.dimensions) - 1
            moved = [Position(index, shift) for shift in ((-1, 0, 1) if last else (0,))]
            places.append([*moved, *([Position(None, 0)] if last else [])])
        found += [one.read(*where) for where in itertools.product(*places)]
    return found


@pytest.mark.parametrize("signature", SIGNATURES)
def test_no_sign_is_wrong_inside_the_domains(signature: str) -> None:
    """Sums of a few reads with small coefficients: what is said of their sign holds at all drawn inputs."""
    program = program_of(signature)
    generator = np.random.default_rng(0)
    reads, told = reads_of(program), 0
    drawn = list(itertools.islice(samples(program, 24), 24))
    assert len(drawn) > 12
    for _ in range(150):
        chosen = generator.choice(len(reads), size=int(generator.integers(2, 5)))
        terms = [int(generator.choice([-2, -1, 1, 2])) * reads[one] for one in chosen]
        body = sum(terms) + int(generator.choice([0, 0, 1, -1]))
        kind = declared_sign(body, program).kind
        interval = Ranges(program).of(body)
        if body.is_number or (kind == "real" and interval.low < 0 < interval.high):
            continue
        told += 1
        bases = {p.base for read in reads for p in read.positions if isinstance(p.base, Index)}
        used = tuple(
            one
            for one in sorted(bases, key=str)
            if any(p.base == one for read in body.free_symbols for p in read.positions)
        )
        let = Let("probe", used, body)
        probed = program.with_lets((*program.lets, let), {"result": "probe"})
        for values in drawn:
            for value in inside(probed, values):
                assert kind == "real" or _SIGNS[kind](value), (body, kind, values)
                assert interval.low - 1e-9 <= value <= interval.high + 1e-9, (body, values)
    assert told


def inside(program: Program, values: dict[str, Any]) -> list[float]:
    """The values of a probe, but those that read outside of a tensor."""
    (let,) = (one for one in program.lets if one.name == "probe")
    found = []
    sizes = [len(_row(values, index.dimension, program)) for index in let.free]
    for point in itertools.product(*map(range, sizes)):
        fixed = dict(zip(let.free, point, strict=True))
        reads = let.body.free_symbols
        if any(not _is_there(read, fixed, values) for read in reads):
            continue
        at_point = {read: _entry(values[read.tensor], _places(read, fixed)) for read in reads}
        found.append(
            float(let.body.xreplace({k: sympy.Rational(str(v)) for k, v in at_point.items()}))
        )
    return found


def _row(values: dict[str, Any], dimension: Any, program: Program) -> Any:
    for one in program.inputs:
        row = values[one.name]
        for each in one.dimensions:
            if each == dimension:
                return row
            row = row[0]
    raise AssertionError(dimension)


def _places(read: Any, fixed: dict[Index, int]) -> list[int]:
    return [fixed.get(one.base, 0) + one.offset for one in read.positions]


def _is_there(read: Any, fixed: dict[Index, int], values: dict[str, Any]) -> bool:
    row = values[read.tensor]
    for place in _places(read, fixed):
        if not 0 <= place < len(row):
            return False
        row = row[place]
    return True


def _entry(row: Any, places: list[int]) -> Any:
    for place in places:
        row = row[place]
    return row


@pytest.mark.parametrize(
    ("signature", "text", "kind"),
    [
        (SIGNATURES[0], "trials - hits", "nonnegative"),
        (SIGNATURES[0], "trials - hits + a", "positive"),
        (SIGNATURES[0], "hits - trials", "nonpositive"),
        (SIGNATURES[0], "2 * trials - hits", "nonnegative"),
        (SIGNATURES[0], "hits - a", "real"),
        (SIGNATURES[0], "trials - 2 * hits", "real"),
        (SIGNATURES[1], "high - low", "nonnegative"),
        (SIGNATURES[1], "high - low + 1", "positive"),
        (SIGNATURES[1], "high - m", "real"),
        (SIGNATURES[2], "high - low", "nonnegative"),
        (SIGNATURES[2], "high - x", "nonnegative"),
        (SIGNATURES[3], "x + high", "nonnegative"),
        (SIGNATURES[4], "high[0] - low[0]", "nonnegative"),
        (SIGNATURES[4], "high[1] - low[0]", "real"),
        (SIGNATURES[4], "high[0] - top", "real"),
        (SIGNATURES[6], "theta[1] - theta[0]", "positive"),
        (SIGNATURES[6], "theta[K-1] - theta[0]", "nonnegative"),
        (SIGNATURES[6], "theta[label] - theta[label-1]", "positive"),
        (SIGNATURES[6], "theta[label] - theta[0]", "nonnegative"),
        (SIGNATURES[6], "theta[label] - theta[1]", "real"),
        (SIGNATURES[6], "K - label", "nonnegative"),
        (SIGNATURES[7], "q[0, 1] - q[0, 0]", "positive"),
        (SIGNATURES[7], "q[1, 0] - q[0, 0]", "real"),
        (SIGNATURES[7], "q[0, 1] - r[0]", "real"),
        (SIGNATURES[8], "hi - x", "nonnegative"),
        (SIGNATURES[8], "x - lo", "nonnegative"),
        (SIGNATURES[9], "a - c", "nonnegative"),
    ],
)
def test_what_follows_from_the_declared_order(signature: str, text: str, kind: str) -> None:
    program = program_of(signature, f"({text})^3 / 7")
    (body,) = {one for let in program.lets for one in let.body.atoms(sympy.Add)}
    assert declared_sign(body, program).kind == kind
    low, high = Ranges(program).of(body).low, Ranges(program).of(body).high
    assert (low >= 0) == (kind in ("nonnegative", "positive"))
    assert (high <= 0) == (kind == "nonpositive")


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_brought_inside_lies_inside(signature: str, dtype: Any) -> None:
    """Raw numbers of every magnitude, of one, and all alike; what is inside stays as it is."""
    program = program_of(signature)
    generator = np.random.default_rng(1)
    sizes = {one: 2 if one.name == "N" else 3 for one in program.dimensions}
    drawn: dict[str, Any] = {}
    number = 60
    for one in program.inputs:
        shape = (number, *(sizes[each] for each in one.dimensions))
        raw = generator.normal(size=shape) * 10.0 ** generator.integers(-9, 9, size=shape)
        raw[:20] = np.round(generator.normal(size=raw[:20].shape))
        raw[20:25] = 1.0
        if one.domain.assumptions.get("nonnegative") or one.domain.assumptions.get("positive"):
            raw = np.abs(raw) + (one.domain.kind == "positive")
        whole = one.domain.is_integer
        drawn[one.name] = np.minimum(raw, 1e6).astype(np.int64) if whole else raw.astype(dtype)
    setting = {"lo": -1.0, "hi": 2.0} if "lo" in program.input else {}
    for name in setting:
        del drawn[name]
    if setting:
        drawn["x"] = np.clip(drawn["x"], -1, 2)
    found = brought_inside(program, drawn, sizes, setting)
    again = brought_inside(program, found, sizes, setting)
    for row in range(number):
        here = {name: value[row].tolist() for name, value in found.items()}
        exact = {name: _exactly(one) for name, one in {**here, **setting}.items()}
        assert are_members(program, exact), here
    for name, value in found.items():
        assert value.dtype == drawn[name].dtype and value.shape == drawn[name].shape
        np.testing.assert_array_equal(again[name], value)


def _exactly(value: Any) -> Any:
    return [_exactly(one) for one in value] if isinstance(value, list) else Fraction(value)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_what_analyses_draw_lies_inside(signature: str) -> None:
    program = program_of(signature)
    drawn = list(samples(program, 60))
    assert len(drawn) > 40
    assert all(are_members(program, values) for values in drawn)
    assert evaluate(program, drawn[0])


def test_what_lies_outside_is_no_member() -> None:
    counts = program_of(SIGNATURES[0])
    assert not are_members(counts, {"a": 1, "hits": 4, "trials": 3})
    assert are_members(counts, {"a": 1, "hits": 3, "trials": 3})
    order = program_of("theta: ordered[K]")
    assert not are_members(order, {"theta": [0, 0]})
    assert not are_members(order, {"theta": [1, 0.5]})
    above = program_of(SIGNATURES[4])
    assert not are_members(above, {"m": 0, "low": [0, 4], "high": [5, 3], "top": 0})
    assert are_members(above, {"m": 0, "low": [0, 3], "high": [5, 3], "top": 0})


def test_adversarial_inputs_are_of_every_magnitude() -> None:
    """An end that is another input is no reason to stand at the greatest number that there is."""
    sampler = Sampler.of(program_of(SIGNATURES[1]), "float32", {}, 0)
    drawn = sampler.draw(200, {})
    assert (drawn["high"] >= drawn["low"]).all()
    assert np.median(np.abs(drawn["high"])) < 1e6
    assert (drawn["high"] < 0).any() and (drawn["high"] > 0).any()
    near = sampler.near(drawn, {})
    assert (near["high"] >= near["low"]).all()
