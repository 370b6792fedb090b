"""Compiling says nothing to the user of how LLVM got on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import objc

TEXT = """loss f(s: real[N, N]) = sum[i](t[i]^2)
    where t[i] = sum[j | j != i](q[i, j] * s[j, i])
          q[i, j] = exp(s[i, j])
"""


def test_a_loop_that_is_not_vectorized_is_no_news(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OBJC_CACHE_DIR", str(tmp_path))
    kernel = objc.compile(TEXT, target="cpu").f
    s = np.random.default_rng(0).normal(size=(3, 3))
    kernel.value_and_grad(s)
    kernel.hessian_diagonal(s)
    kernel.hessian_vector_product(s, vector=s)
    assert capfd.readouterr().err == ""
