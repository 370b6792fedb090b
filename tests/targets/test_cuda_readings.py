"""Inputs on a device of other types than a kernel is written for, and numbers that are there: read where they
are, as what they become, and never copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import ptx
from objc.targets.cuda.readings import read_as

import objc
from objc.compiler import Variant, derive
from objc.errors import InputError
from objc.target import DType

from .pretended import TARGET, Brief, Owned, Pretended

TEXT = """
loss tempered(z: real[K], a: real | y: index(K), m: binary[K], t: real[K]; g: positive = 2) =
    a^2 * g * logsumexp[j](z[j] * m[j]) - z[y] + sum[j](t[j] * z[j])
"""
RNG = np.random.default_rng(0)
Z, Y, M, T = (
    RNG.normal(size=(7, 8)),
    RNG.integers(8, size=7),
    RNG.integers(2, size=(7, 8)),
    RNG.normal(size=8),
)
WEIGHT = RNG.integers(1, 3, size=7)


@pytest.fixture(scope="module")
def tempered() -> Any:
    return objc.compile(TEXT, target="cuda").tempered


@pytest.mark.parametrize(
    ("label", "mask", "other", "weight"),
    [
        (np.int32, np.bool_, np.float32, np.int64),
        (np.uint8, np.int8, np.float64, np.float32),
        (np.int8, np.int64, np.int16, np.bool_),
    ],
)
def test_each_input_is_read_as_it_is(
    label: Any, mask: Any, other: Any, weight: Any, tempered: Any, device: Pretended
) -> None:
    """In one call and those after it, with a number that is on the device beside the arrays."""
    t = np.broadcast_to((4 * T).astype(other), (7, 8)).copy()
    w = WEIGHT.astype(weight)
    host = objc.compile(TEXT, target="numpy").tempered
    expected, near = host.value_and_grad(Z, 0.3, Y, M, t.astype(float), weight=w.astype(float))
    arrays = [Owned(one) for one in (Z, np.array(0.3), Y.astype(label), M.astype(mask), t)]
    for _ in range(2):
        value, slopes = tempered.value_and_grad(*arrays, weight=Owned(w))
        assert device.fetches == 0
        assert float(value) == pytest.approx(expected, rel=1e-12)
        assert float(slopes.a) == pytest.approx(near.a, rel=1e-12)
        np.testing.assert_allclose(slopes.z.fetch(), near.z, rtol=1e-12, atol=1e-14)
        device.fetches = 0


def test_beside_short_arrays_others_keep_their_digits(tempered: Any, device: Pretended) -> None:
    rounded = (Z.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    bits = (rounded.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    t = np.broadcast_to(T.astype(np.float32), (7, 8)).copy()
    host = objc.compile(TEXT, target="numpy").tempered
    expected = host(rounded, 0.3, Y, M, t)
    given = Brief(bits), Owned(np.array(0.3)), Owned(Y), Owned(M), Owned(t)
    with pytest.raises(InputError, match=r"E0441.*`a` is of type float64.*reads bfloat16"):
        tempered(*given)
    value = tempered(given[0], Owned(np.array(0.3, np.float32)), *given[2:])
    assert float(value) == pytest.approx(expected, rel=1e-6)


def test_what_is_looked_at_before_the_launch_is_a_number_of_python_s(
    tempered: Any, device: Pretended
) -> None:
    given = [Owned(one) for one in (Z, np.array(0.3), Y, M, np.broadcast_to(T, (7, 8)).copy())]
    with pytest.raises(InputError, match=r"E0440.*`g` is a number on the device"):
        tempered(*given, g=Owned(np.array(2.0)))
    with pytest.raises(InputError, match=r"`t` is of type int64, and the kernel reads float64"):
        tempered(*given[:4], Owned(np.zeros((7, 8), int)))
    with pytest.raises(
        InputError, match=r"E0441.*`y` is of type float64, and the kernel reads int64"
    ):
        tempered(*given[:2], Owned(Y.astype(float)), *given[3:])


def test_products_of_such_arrays_are_loops(device: Pretended) -> None:
    """The library would read what it is told is there."""
    text = "loss gram(x: real[N, D]) = mean[i](log(sum[j](exp(sum[d](x[i, d] * x[j, d])))))"
    kernel = objc.compile(text, target="cuda").gram
    x = RNG.integers(3, size=(5, 4))
    value = kernel(Owned(x.astype(np.int32)))
    assert float(value) == pytest.approx(objc.compile(text, target="numpy").gram(x), rel=1e-12)


@pytest.mark.parametrize(
    "dtype",
    [*(pytest.param(one, marks=pytest.mark.slow) for one in ("float64", "bfloat16")), "float32"],
)
def test_they_are_compiled(dtype: DType) -> None:
    """Several at once too: of one byte each, as many bytes as there are entries."""
    program = objc.compile(TEXT).tempered.program
    batched = frozenset({"z", "y", "m", "t"})
    derived = derive(program, Variant(("value", "gradient"), ("z", "a"), batched, True))
    emitted = TARGET.emit(derived, dtype)
    kinds = {"y": "uint8", "m": "bool", "a": "float32", "t": "int16", "weight": "int32"}
    text, facts = read_as(emitted.text, emitted.metadata, kinds)
    found = ptx.compiled(text, "sm_90")
    assert all(
        f"ld.global.nc.{one}" in found
        for one in ("b8", "b32", "v4.b16" if dtype != "bfloat16" else "v4.b32")
    )
    assert ".local" not in found
    described = str(facts["steps"])
    assert "('input', 'a', 'float32')" in described and "('number', 'a'" not in described
