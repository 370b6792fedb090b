"""The vector mathematics against mpmath, in units in the last place."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import mpmath
import numpy as np
import pytest
from objc.targets.cpu.entry import translate
from objc.targets.cpu.loading import entry_of, native_target, optimise, widened
from objc.targets.cpu.mathematics import BELOW_ZERO
from scipy import special

import objc
from objc.atoms import ATOMS

# The largest errors allowed, in units in the last place: (float32, float64).
BOUNDS = {
    "exp": (1.1, 1.2), "expm1": (1.7, 1.7), "log": (0.9, 0.9), "log1p": (1.0, 1.0),
    "sigmoid": (2.5, 2.5), "softplus": (1.7, 1.7), "tanh": (2.5, 2.5), "log_cosh": (3.5, 3.5),
    "log1mexp": (2.5, 2.5), "logit": (3.0, 3.0), "sqrt1pm1": (2.0, 2.0), "hypot1m1": (3.0, 3.0),
    "log_ndtr": (4.0, 4.0), "hazard": (5.0, 6.0), "hazard_excess": (5.0, 6.0), "lgamma": (0.51, 5.0),
    "digamma": (0.51, 8.0), "trigamma": (0.51, 7.0), "tetragamma": (0.51, 10.0),
    "erf": (0.51, 1.6), "erfc": (0.51, 3.5), "sin": (0.51, 0.9), "cos": (0.51, 0.9),
}  # fmt: skip
# Near the zero of digamma the error is small against one, not against the value.
RANGES = {"logit": (1e-30, 1.0), "lgamma": (1e-300, 1e300), "digamma": (2.5, 1e30)}
RANGES |= {"erfc": (-1e300, 26.0)}
RANGES |= {"trigamma": (1e-3, 1e6), "tetragamma": (1e-3, 1e6)}
EXACT: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sigmoid": special.expit,
    "softplus": lambda x: np.logaddexp(0, x), "tanh": np.tanh, "erf": special.erf,
    "erfc": special.erfc, "sin": np.sin, "cos": np.cos,
    "lgamma": lambda x: np.where(x >= 0, special.gammaln(x), np.nan),
}  # fmt: skip
"""Functions of float64 that are right to a few units in its last place."""

TYPES = {"float32": np.float32, "float64": np.float64}


def text_of(function: str, dtype: str) -> str:
    """A kernel that takes a function of every entry of an array."""
    return f"""
@step
def each(x, y, n):
    for i in range(n):
        y[i] = {function}(x[i])


def entry(slots, values, scratch, begin, end, first, last):
    n = slots[0]
    each(view(slots[1], (n,), {dtype}), view(slots[2], (n,), {dtype}), n)
"""


def vectorised(name: str, dtype: str) -> Callable[[Any], Any]:
    """A function of the mathematics over an array."""
    suffix = "_32" if dtype == "float32" else "_64"
    entry = entry_of(text_of(f"{name}{suffix}", dtype))

    def run(x: Any) -> Any:
        x = np.ascontiguousarray(x, dtype)
        y = np.empty_like(x)
        table = (ctypes.c_int64 * 3)(x.size, x.ctypes.data, y.ctypes.data)
        entry(ctypes.addressof(table), None, 0, 0, 0, 0, 0)
        return y

    return run


def points(name: str, dtype: str) -> Any:
    """Inside the range of the function and of the type, near the origin and far, both signs."""
    low, high = RANGES.get(name) or ATOMS[name].test_range
    generator = np.random.default_rng(1)
    decades = 37 if dtype == "float32" else 300
    size = 10 ** generator.uniform(-decades, decades, 400)
    near = np.concatenate([generator.normal(size=200) * scale for scale in (0.01, 0.5, 3, 40)])
    inside = generator.uniform(max(low, -1e3), min(high, 1e3), 400)
    x = np.concatenate([size, -size, near, inside]).astype(dtype).astype(np.float64)
    return x[(x > low) & (x < high)].astype(dtype)


def errors(name: str, x: Any, found: Any) -> Any:
    """Errors in units in the last place of the exact value, the least normal one at least."""
    with mpmath.workdps(700 if name == "log1mexp" else 50):
        if name in ("trigamma", "tetragamma"):
            order = 1 if name == "trigamma" else 2
            exact = [mpmath.polygamma(order, mpmath.mpf(float(one))) for one in x]
        else:
            exact = [ATOMS[name].reference(mpmath.mpf(float(one))) for one in x]
        least = np.finfo(found.dtype).tiny
        nearest = np.array([float(one) for one in exact])
        with np.errstate(over="ignore"):
            unit = np.spacing(np.maximum(np.abs(nearest), least).astype(found.dtype))
        return np.array(
            [
                abs(float((mpmath.mpf(float(a)) - b) / mpmath.mpf(float(u))))
                for a, b, u in zip(found, exact, unit, strict=True)
            ]
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_error(name: str, dtype: str) -> None:
    x = points(name, dtype)
    found = vectorised(name, dtype)(x)
    keep = np.isfinite(found)  # what overflows is tested below
    assert keep.mean() > 0.4
    worst = errors(name, x[keep], found[keep])
    bound = BOUNDS[name][dtype == "float64"]
    assert worst.max() <= bound, x[keep][worst.argmax()]


INF, NAN = np.inf, np.nan
SPECIAL: dict[str, dict[float, float]] = {
    "exp": {-INF: 0, INF: INF, 0: 1, 1e4: INF, -1e4: 0},
    "expm1": {-INF: -1, INF: INF, 0: 0, 1e4: INF, -1e4: -1},
    "log": {0: -INF, INF: INF, -1: NAN, 1: 0, -INF: NAN},
    "log1p": {-1: -INF, INF: INF, -2: NAN, 0: 0, -INF: NAN},
    "sigmoid": {-INF: 0, INF: 1, 0: 0.5},
    "softplus": {-INF: 0, INF: INF, 1e30: 1e30},
    "tanh": {-INF: -1, INF: 1, 0: 0},
    "log_cosh": {-INF: INF, INF: INF, 0: 0, 1e30: 1e30, -1e30: 1e30},
    "log1mexp": {-INF: 0, 0: -INF},
    "logit": {0: -INF, 1: INF, 0.5: 0},
    "sqrt1pm1": {-1: -1, INF: INF, 0: 0},
    "hypot1m1": {-INF: INF, INF: INF, 0: 0, 1e30: 1e30, -1e30: 1e30},
    "lgamma": {0: INF, INF: INF, 1: 0, 2: 0, -1.5: NAN},
    "erf": {-INF: -1, INF: 1, 0: 0, 1e30: 1},
    "erfc": {-INF: 2, INF: 0, 0: 1, -1e30: 2},
    "sin": {0: 0, INF: NAN, -INF: NAN},
    "cos": {0: 1, INF: NAN, -INF: NAN},
    "digamma": {0: -INF, INF: INF, -1.5: NAN},
    "trigamma": {0: INF, INF: 0},
    "tetragamma": {0: -INF, INF: 0},
    "sign": {-INF: -1, INF: 1, 0: 0, 3: 1, -3: -1},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, dtype: str) -> None:
    function = vectorised(name, dtype)
    given = np.array(list(SPECIAL[name]), dtype)
    expected = np.array(list(SPECIAL[name].values()), dtype)
    np.testing.assert_array_equal(np.abs(function(given)), np.abs(expected))
    np.testing.assert_array_equal(function(given) < 0, expected < 0)
    assert np.isnan(function([NAN])).all()
    many = np.resize(given, 100)  # in lanes as well as one by one
    np.testing.assert_array_equal(function(many), np.resize(function(given), 100))


ELSEWHERE = ("tan", "asin", "sinh")
"""Functions of the C library, which a loop calls for each lane."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*BOUNDS, *ELSEWHERE])
def test_a_loop_is_vectorised(name: str, dtype: str) -> None:
    """Also where a function has lanes that are left to the C library."""
    suffix = "_32" if dtype == "float32" else "_64"
    function = f"math.{name}" if name in ELSEWHERE else f"{name}{suffix}"
    module = llvm.parse_assembly(widened(str(translate(text_of(function, dtype), 256)), 256))
    machine = native_target().create_target_machine(cpu="x86-64-v3", opt=3)
    optimise(module, machine)
    assert "vector.body" in str(module)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_every_number_of_float32(name: str) -> None:
    """Against float64, where the result is a normal number."""
    function, exact = vectorised(name, "float32"), EXACT[name]
    bound = BOUNDS[name][0]
    for first in range(0, 1 << 32, 1 << 22):
        x = np.arange(first, first + (1 << 22), dtype=np.uint32).view(np.float32)
        with np.errstate(all="ignore"):
            truth = exact(x.astype(np.float64))
            nearest = truth.astype(np.float32)
        found = function(x)
        keep = np.isfinite(nearest) & (np.abs(nearest) >= np.finfo(np.float32).tiny)
        error = np.abs(found[keep] - truth[keep]) / np.spacing(np.abs(nearest[keep]))
        assert error.max(initial=0.0) <= bound, x[keep][error.argmax()]
        np.testing.assert_array_equal(np.isnan(found), np.isnan(nearest))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subnormal_numbers(dtype: str) -> None:
    least = np.finfo(dtype).smallest_subnormal
    small = np.array([least, 3 * least, np.finfo(dtype).tiny / 2], dtype)
    for name in ("expm1", "log1p", "tanh"):
        np.testing.assert_array_equal(vectorised(name, dtype)(small), small)
    logs = np.log(small.astype(np.float64) if dtype == "float32" else small)
    np.testing.assert_allclose(vectorised("log", dtype)(small), logs, rtol=1e-6)
    low = -100.0 if dtype == "float32" else -740.0
    assert 0 < vectorised("exp", dtype)([low])[0] < np.finfo(dtype).tiny


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hypot_at_every_magnitude(dtype: str) -> None:
    """Where the squares overflow or vanish too: hypot(x, 0.75·x) = 1.25·x."""
    suffix = "_32" if dtype == "float32" else "_64"
    entry = entry_of(f"""
@step
def each(x, y, n):
    for i in range(n):
        y[i] = hypot{suffix}(-x[i], y[i])


def entry(slots, values, scratch, begin, end, first, last):
    n = slots[0]
    each(view(slots[1], (n,), {dtype}), view(slots[2], (n,), {dtype}), n)
""")
    least, most = (-140, 127) if dtype == "float32" else (-1060, 1023)
    x = (2.0 ** np.arange(least, most)).astype(dtype)
    y = (0.75 * x).astype(dtype)
    table = (ctypes.c_int64 * 3)(x.size, x.ctypes.data, y.ctypes.data)
    entry(ctypes.addressof(table), None, 0, 0, 0, 0, 0)
    np.testing.assert_allclose(y, (1.25 * x.astype(np.float64)).astype(dtype), rtol=2e-7)
    assert (np.array([y[0], y[-1]]) > 0).all()


def power(dtype: str, function: str = "pow") -> Callable[[Any, Any], Any]:
    """x^y over arrays."""
    suffix = "_32" if dtype == "float32" else "_64"
    entry = entry_of(f"""
@step
def each(x, y, z, n):
    for i in range(n):
        z[i] = {function}{suffix}(x[i], y[i])


def entry(slots, values, scratch, begin, end, first, last):
    n = slots[0]
    x, y = view(slots[1], (n,), {dtype}), view(slots[2], (n,), {dtype})
    each(x, y, view(slots[3], (n,), {dtype}), n)
""")

    def run(x: Any, y: Any) -> Any:
        x, y = np.ascontiguousarray(x, dtype), np.ascontiguousarray(y, dtype)
        z = np.empty_like(x)
        table = (ctypes.c_int64 * 4)(x.size, x.ctypes.data, y.ctypes.data, z.ctypes.data)
        entry(ctypes.addressof(table), None, 0, 0, 0, 0, 0)
        return z

    return run


def test_powers() -> None:
    """To 0.51 units in the last place in float32, over all magnitudes of x^y."""
    generator = np.random.default_rng(2)
    x = np.exp(generator.uniform(-80, 80, 100_000)).astype(np.float32)
    y = (generator.uniform(-85, 85, x.size) / np.log(x.astype(float))).astype(np.float32)
    exact = np.power(x.astype(float), y.astype(float))
    keep = (exact > np.finfo(np.float32).tiny) & (exact < np.finfo(np.float32).max)
    unit = np.spacing(exact[keep].astype(np.float32)).astype(float)
    assert (np.abs(power("float32")(x, y)[keep] - exact[keep]) / unit).max() < 0.51


def test_powers_in_float64() -> None:
    """To 1.6 units in the last place, over all magnitudes of x^y."""
    generator = np.random.default_rng(3)
    x = np.exp(generator.uniform(-600, 600, 3000))
    x[:1000] = 1 + generator.normal(size=1000) * 10 ** generator.uniform(-12, -1, 1000)
    y = generator.uniform(-700, 700, x.size) / np.log(x)
    found = power("float64")(x, y)
    with mpmath.workdps(50):
        exact = [mpmath.mpf(a) ** mpmath.mpf(b) for a, b in zip(x, y, strict=True)]
        wrong = [abs(float((mpmath.mpf(a) - b) / b)) for a, b in zip(found, exact, strict=True)]
    unit = np.spacing(found) / found
    assert (np.array(wrong) / unit).max() < 1.6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_at_special_points(dtype: str) -> None:
    """Every pair of what C singles out: zeros, ones, infinities, NaN, odd, even and broken exponents."""
    ends = [0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, INF, -INF, NAN, 1e-40, -1e-40, 3e38, 1e10, -2.5]
    ends += [16777215, -16777215, 16777216]
    points = np.array(ends, dtype).astype(np.float64)
    x, y = map(np.ravel, np.meshgrid(points, points))
    with np.errstate(all="ignore"):
        expected = np.power(x, y).astype(dtype)
    np.testing.assert_allclose(power(dtype)(x, y), expected, rtol=3e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_whole_powers(dtype: str) -> None:
    generator = np.random.default_rng(4)
    bases = np.concatenate([generator.normal(size=200), [0, 1, -1, INF, -INF, NAN, 1e-3, -1e3]])
    x, y = map(np.ravel, np.meshgrid(bases.astype(dtype), np.arange(-7.0, 8.0)))
    with np.errstate(all="ignore"):
        expected = np.power(x.astype(np.float64), y)
    ulp = np.finfo(dtype).eps
    np.testing.assert_allclose(power(dtype, "few")(x, y), expected, rtol=4 * ulp)


@pytest.mark.parametrize("exponent", [-2.0, 0.0, 0.5, 1.0, 2.0, 2.5, 9.0])
def test_an_exponent_that_a_call_chooses(exponent: float) -> None:
    """Small whole ones take a text of their own."""
    loss = objc.compile(
        "loss tilted(x: real | y: positive; a: real = 1) = y^a * x + (1 + x^2)^(a / 2)"
    )
    generator = np.random.default_rng(5)
    x, y = generator.normal(size=50), generator.gamma(2.0, size=50)
    value, slope = loss.tilted.value_and_grad(x, y, a=exponent, reduction="sum")
    other = (1 + x * x) ** (exponent / 2)
    np.testing.assert_allclose(value, np.sum(y**exponent * x + other), rtol=1e-13)
    np.testing.assert_allclose(slope, y**exponent + exponent * x * other / (1 + x * x), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BELOW_ZERO)
def test_below_zero_it_is_the_same_to_the_bit(name: str, dtype: str) -> None:
    x = -np.abs(points(name, dtype))
    x = np.concatenate([x, np.array([0.0, -0.0, -INF, NAN, -87.5, -103.9, -745.1], dtype)])
    found = vectorised(BELOW_ZERO[name], dtype)(x)
    assert np.array_equal(found, vectorised(name, dtype)(x), equal_nan=True)
    a_little = np.linspace(0, 40, 1001).astype(dtype)
    found = vectorised(BELOW_ZERO[name], dtype)(a_little)
    assert np.array_equal(found, vectorised(name, dtype)(a_little))
