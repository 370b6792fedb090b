"""What NumPy lacks: the functions that emitted text copies in, each in plain NumPy.

Elementwise functions keep the floating type of their argument; the accuracy is that of NumPy's own
`exp`, `log1p` and `expm1`, a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from objc.target import IndexOutOfRange

# ------------------------------------------------------------------ functions


def sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def logit(x: Any) -> Any:
    near = np.log1p((2 * x - 1) / (1 - x))  # 2x - 1 is exact around one half
    return np.where(np.abs(x - 0.5) <= 0.25, near, np.log(x) - np.log1p(-x))


def log_cosh(x: Any) -> Any:
    size = np.abs(x)
    small = np.log1p(2 * np.square(np.sinh(np.minimum(size, 1) / 2)))
    return np.where(size < 1, small, size + (np.log1p(np.exp(-2 * size)) - math.log(2)))


def log1mexp(x: Any) -> Any:
    return np.where(x > -math.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def sqrt1pm1(x: Any) -> Any:
    return np.where(np.isinf(x), np.sqrt(1 + x), x / (1 + np.sqrt(1 + x)))


def hypot1m1(x: Any) -> Any:
    size = np.abs(x)
    small = np.minimum(size, 2.0**60)
    return np.where(size > small, size, small * small / (1 + np.sqrt(1 + small * small)))


def xlogy(x: Any, y: Any) -> Any:
    return np.where((x == 0) & (y == y), 0 * np.sign(x), x * np.log(y))


def xlog1py(x: Any, y: Any) -> Any:
    return np.where((x == 0) & (y == y), 0 * np.sign(x), x * np.log1p(y))


def each(function: Any, x: Any) -> Any:
    """A function of the standard library at every entry, in double precision."""
    x = np.asarray(x)
    found = np.frompyfunc(function, 1, 1)(x.astype(np.float64))
    return np.asarray(found).astype(x.dtype)  # at a single number it is a float of Python


def erf(x: Any) -> Any:
    return each(math.erf, x)


def erfc(x: Any) -> Any:
    return each(math.erfc, x)


def _excess(x: Any) -> Any:
    """The hazard of the normal distribution less its argument, x ≥ 0, as `cpu.mathematics.normal`."""
    t = 1 - 6 / (x + 3)
    q = np.zeros_like(t)
    for coefficient in (
        -6.236634761689725e-09,
        7.056777105270921e-09,
        8.521859982445792e-08,
        2.134436759117015e-08,
        -4.5761448755193276e-07,
        -6.820659771377246e-07,
        9.741598383205301e-07,
        4.324540886479126e-06,
        2.2565151539872073e-06,
        -1.4580530390107169e-05,
        -2.633456192954389e-05,
        2.5101992366902312e-05,
        0.00011711341915797915,
        2.2639805454917855e-05,
        -0.0003594007764655631,
        -0.0003497422634507096,
        0.0008506866373414754,
        0.001597264222944246,
        -0.0015902584523075994,
        -0.005466766389660458,
        0.002286132587957356,
        0.016642647787639627,
        -0.0026899657280594846,
        -0.04977129672226092,
        0.009754304451767592,
        0.15761017439386074,
        -0.1259538434692492,
        -0.4181836739754236,
        1.4154932746521824,
    ):
        q = q * t + coefficient
    return q / (x + 2)


def _density(x: Any) -> Any:
    """φ(x) for x ≥ 0: the square of x in two parts, the greater of which is exact."""
    x = np.minimum(x, 40.0)
    high = np.round(x * 2**10) / 2**10
    rest = 0.5 * (x - high) * (x + high)
    return np.exp(-0.5 * high * high) * np.exp(-rest) / math.sqrt(2 * math.pi)


def log_ndtr(x: Any) -> Any:
    """log Φ(x)."""
    size = np.abs(np.asarray(x, np.float64))
    hazard = size + _excess(size)
    below = -0.5 * size * size - np.log(hazard * math.sqrt(2 * math.pi))
    value = np.where(x > 0, np.log1p(-_density(size) / hazard), below)
    return value.astype(np.asarray(x).dtype)


def hazard(x: Any) -> Any:
    """φ(x)/Φ(−x)."""
    size = np.abs(np.asarray(x, np.float64))
    above = size + _excess(size)
    density = _density(size)
    return np.where(x > 0, above, density / (1 - density / above)).astype(np.asarray(x).dtype)


def hazard_excess(x: Any) -> Any:
    """φ(x)/Φ(−x) − x."""
    wide = np.asarray(x, np.float64)
    value = np.where(wide > 0, _excess(np.abs(wide)), hazard(wide) - wide)
    return value.astype(np.asarray(x).dtype)


def lgamma(x: Any) -> Any:
    def positive(one: float) -> float:
        if one > 0:
            return math.lgamma(one) if one < 1e305 else math.inf
        return math.inf if one == 0 else math.nan

    return each(positive, x)


def polygamma(order: int, x: Any) -> Any:
    """Orders 0, 1 and 2 for x > 0: upwards by recurrence to 10, then the asymptotic series."""
    x = np.asarray(x)
    z = x.astype(np.float64)
    shift = np.zeros_like(z)
    for _ in range(10):
        low = z < 10
        step = -1 / z if order == 0 else 1 / z**2 if order == 1 else -2 / z**3
        shift = np.where(low, shift + step, shift)
        z = np.where(low, z + 1, z)
    w = 1 / z
    series = np.zeros_like(z)
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
    for half, number in reversed(list(enumerate(bernoulli, start=1))):
        n = 2 * half
        series = (series + number * (1 / n, 1, n + 1)[order]) * w**2
    if order == 0:
        value = np.log(z) - w / 2 - series
    elif order == 1:
        value = w + w**2 / 2 + series * w
    else:
        value = -(w**2) - w**3 - series * w**2
    pole = math.inf if order % 2 else -math.inf
    value = np.where(np.isinf(x), math.inf if order == 0 else 0.0, value + shift)
    value = np.where(x > 0, value, np.where(x == 0, pole, np.nan))
    return value.astype(x.dtype)


def integer_power(x: Any, count: int) -> Any:
    """By repeated squaring: the same roundings everywhere."""
    result = None
    while True:
        if count & 1:
            result = x if result is None else result * x
        count >>= 1
        if not count:
            return result
        x = x * x


# ------------------------------------------------------------------ reads and writes


def refuse(name: str, axis: int, places: Any, extent: int, faulty: Any, example: Any) -> None:
    """Raise for the first faulty position."""
    examples = 0 if example is None else example
    faulty, places, examples = np.broadcast_arrays(faulty, places, examples)
    first = int(np.argmax(faulty))
    found = None if example is None else int(examples.flat[first])
    raise IndexOutOfRange(name, axis, int(places.flat[first]), extent, found)


def gather(array: Any, name: str, taken: Any, example: Any, *positions: Any) -> Any:
    """`array[positions]`: each position checked where it is taken, and harmless elsewhere."""
    places = []
    for axis, place in enumerate(positions):
        extent = array.shape[axis]
        outside = np.less(place, 0) | np.greater_equal(place, extent)
        if np.any(outside):
            faulty = outside & taken
            if np.any(faulty):
                refuse(name, axis, place, extent, faulty, example)
            place = np.where(outside, 0, place)
        places.append(place)
    if array.size == 0:
        return np.zeros(np.broadcast_shapes(*map(np.shape, places)), array.dtype)
    return array[tuple(places)]


def part(array: Any, name: str, taken: Any, example: Any, *places: Any) -> Any:
    """An array at fixed places, and whole along the axes where the place is None. A place is checked
    if it is taken anywhere, and harmless if not."""
    where: list[Any] = []
    for axis, place in enumerate(places):
        if place is None:
            where.append(slice(None))
            continue
        extent = array.shape[axis]
        if not 0 <= place < extent:
            if np.any(taken):
                refuse(name, axis, place, extent, taken, example)
            place = 0
        where.append(place)
    if array.size == 0:
        return np.zeros(
            [array.shape[n] for n, one in enumerate(places) if one is None], array.dtype
        )
    return array[tuple(where)]


def first_largest(body: Any, taken: Any) -> Any:
    """The first place of the greatest taken entry along the last axis; a NaN is greatest, and the
    place among none is -1."""
    body, taken = np.broadcast_arrays(body, taken)
    greatest = np.max(body, axis=-1, keepdims=True, where=taken, initial=-np.inf)
    hit = taken & ((body == greatest) | np.isnan(body))
    some = np.any(hit, axis=-1)
    return np.where(some, np.argmax(hit, axis=-1), -1) if body.shape[-1] else some - 1


def scatter(out: Any, shape: Any, taken: Any, values: Any, *positions: Any) -> None:
    """Add each taken value to its place."""
    taken = np.broadcast_to(taken, shape)
    places = tuple(np.broadcast_to(place, shape)[taken] for place in positions)
    np.add.at(out, places, np.broadcast_to(values, shape)[taken])


def blocks(extent: int, width: int) -> Iterator[slice]:
    """Slices of an axis, so that a temporary of that width stays below 64 MB."""
    step = max(1, (1 << 23) // max(width, 1))
    for start in range(0, extent, step):
        yield slice(start, min(start + step, extent))
