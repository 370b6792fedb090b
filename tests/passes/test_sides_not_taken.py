"""The side of a least, greatest or clipped number that isn't taken has left the range: it contributes nothing
to what stands beside it, in value, gradient and products with the Hessian."""

from __future__ import annotations

import numpy as np
import pytest

import objc

PENALTY = "c*sum[k](p[k]*log(p[k]))"
SIDES = {
    "-min(r*a, clip(r, 0.8, 1.2)*a)": "r = exp(log(p[y]) - old)",
    "-min(r, max(min(r, 1.2), 0.8))*a": "r = p[y]/exp(old)",
    "(if r > 1.2 then 0 else -r*a)": "r = exp(log(p[y]) - old)",
    "min(1/p[y], 3) + min(1/p[y]^2, 5) + min(-log(p[y])/p[y], 9)": "r = 1",
    "min(softmax(z)[y]/softmax(w)[y], 2)": "w[k] = if k == y then -1000 else z[k]",
}
"""What is kept from going far by a bound, and a definition that it uses."""


@pytest.mark.parametrize("side", SIDES)
def test_what_is_not_taken_adds_nothing(side: str) -> None:
    source = "\n".join(
        f"loss {name}(z: real[K] | y: index(K), old: real, a: real; c: positive = 0.25) = {text}\n"
        f"    where {SIDES[side]}\n          p[k] = softmax(z)[k]"
        for name, text in (("both", f"{side} + {PENALTY}"), ("alone", PENALTY))
    )
    module = objc.compile(source, target="numpy")
    for number in (np.float32, np.float64):
        vector = np.array([0.5, -1.0, 0.25], number)
        given = {"z": np.array([-900.0, 0.5, 1.0], number), "y": 0}
        given |= {"old": number(-2000.0), "a": number(1.0)}
        slope = module.both.gradient(**given)
        product = module.both.hessian_vector_product(**given, vector=vector)
        np.testing.assert_allclose(slope, module.alone.gradient(**given), 1e-6, 1e-37)
        expected = module.alone.hessian_vector_product(**given, vector=vector)
        np.testing.assert_allclose(product, expected, 1e-5, 1e-37)
        assert np.abs(slope).max() > 1e-2
