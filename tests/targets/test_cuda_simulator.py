"""Calls in Numba's simulator: a rehearsal of a device, which takes and refuses what a device would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.cli import doctor
from objc.errors import InputError, ObjcError
from objc.target import load

TEXT = "loss shared(b: real[C] | z: real[C]) = sum[c]((b[c] * z[c])^2) + sum[c](b[c]^3)"
B, Z = np.array([1.0, 2, 3]), np.arange(12.0).reshape(4, 3) / 10
WEIGHT = np.array([1.0, 0, 1, 2])


@pytest.fixture(autouse=True)
def _simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")


@pytest.fixture(scope="module")
def kernels() -> tuple[Any, Any]:
    return objc.compile(TEXT, target="cuda").shared, objc.compile(TEXT, target="numpy").shared


def put(array: Any) -> Any:
    return load("cuda").upload(array)  # type: ignore[attr-defined]


def test_results_are_arrays_of_the_simulators_device(kernels: tuple[Any, Any]) -> None:
    """With weights, a mask and a direction; a call of numbers alone gives numbers."""
    ours, theirs = kernels
    for options in ({}, {"weight": WEIGHT}, {"mask": np.sign(WEIGHT)}, {"reduction": "sum"}):
        there = {k: put(one) if isinstance(one, np.ndarray) else one for k, one in options.items()}
        value, gradient = ours.value_and_grad(put(B), put(Z), **there)
        expected, slope = theirs.value_and_grad(B, Z, **options)
        assert float(value) == pytest.approx(expected, rel=1e-14)
        assert type(gradient) is type(put(B))
        np.testing.assert_allclose(gradient.copy_to_host(), slope, rtol=1e-14)
    product = ours.hessian_vector_product(put(B), put(Z), vector=put(B))
    expected = theirs.hessian_vector_product(B, Z, vector=B)
    np.testing.assert_allclose(product.copy_to_host(), expected, rtol=1e-14)
    each = ours(put(B), put(Z), reduction="none", weight=put(WEIGHT))
    expected = theirs(B, Z, reduction="none", weight=WEIGHT)
    np.testing.assert_allclose(each.copy_to_host(), expected, rtol=1e-14)
    plain = objc.compile("loss q(x: real | y: real) = (x - y)^2", target="cuda").q
    assert [float(one) for one in plain.value_and_grad(1.0, 3.0)] == [4.0, -4.0]


def test_a_buffer_of_the_simulators_device_is_filled(kernels: tuple[Any, Any]) -> None:
    ours, theirs = kernels
    out = put(np.zeros(3))
    _, gradient = ours.value_and_grad(put(B), put(Z), out=out)
    assert gradient is out
    np.testing.assert_allclose(out.copy_to_host(), theirs.value_and_grad(B, Z)[1], rtol=1e-14)
    with pytest.raises(InputError, match=r"E0423.*not an array on the device"):
        ours.value_and_grad(put(B), put(Z), out=np.zeros(3))
    with pytest.raises(InputError, match=r"E0423.*shares memory with b"):
        ours.value_and_grad(held := put(B), put(Z), out=held)


@pytest.mark.parametrize("method", ["__call__", "value_and_grad", "per_example"])
def test_arrays_of_the_host_are_refused_as_on_a_device(
    kernels: tuple[Any, Any], method: str
) -> None:
    call = getattr(kernels[0], method)
    with pytest.raises(ObjcError, match=r"E0354.*`b` is on the host.*") as caught:
        call(B, Z)
    assert "numba.cuda.to_device(x)" in str(caught.value)
    for one, other, name in ((put(B), Z, "z"), (B, put(Z), "b")):
        with pytest.raises(InputError, match=rf"E0440.*`{name}` is a ndarray on the host"):
            call(one, other)


def test_doctor_says_that_no_device_has_run() -> None:
    found = {one.name: one for one in doctor._targets()}
    assert found["cuda"].verdict == "ok"
    assert found["cuda"].detail.endswith(
        "agrees with NumPy in value and gradient, on Numba's simulator"
    )
    assert found["numpy"].detail.endswith("agrees with NumPy in value and gradient")
