"""Modules for CUDA that objc writes: with the PTX beside them, called as if on a device."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from objc.targets.cuda import host, ptx

import objc
from objc.cli.application import objc as command

from .pretended import LABEL, LOGITS, TEXT, Brief, Owned, Pretended

LAYER = """
loss layer(| x: real[D], label: index(K); learn weight: real[K, D]) =
    logsumexp[k](score[k]) - score[label]
    where score[k] = sum[d](weight[k, d] * x[d])
"""


def compiled(folder: Path, *options: str) -> Any:
    (folder / "margin.objc").write_text(TEXT + LAYER)
    arguments = ["compile", str(folder / "margin.objc"), "-o", str(folder / "out"), *options]
    return CliRunner().invoke(command, arguments)


def loaded(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("margin", folder / "out" / "margin.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["margin"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


class Reading(Pretended):
    """Takes a file with a first line that says who wrote it."""

    def load(self, text: str) -> Any:
        return super().load(text.partition("\n")[2])


@pytest.fixture
def margin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A written module whose device is the simulator: what it takes for PTX is the text."""
    yield from simulated(tmp_path, monkeypatch)


def simulated(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> Iterator[Any]:
    monkeypatch.setattr(ptx, "compiled", lambda text, architecture: text)
    assert compiled(folder, "--target", "cuda", "--arch", "sm_90", *options).exit_code == 0
    module = loaded(folder)
    device = Reading()
    module.Array.__init__.__globals__["driver"] = lambda: device
    monkeypatch.setattr(module, "Shape", lambda **_: host.SHAPE)
    for name in vars(module):
        if name.endswith("_kernel"):
            kernel = getattr(module, name)
            for one in (kernel.plain, kernel.products) if hasattr(kernel, "plain") else (kernel,):
                one.device = lambda: device
    yield module
    del sys.modules["margin"]


def test_a_module_gives_what_the_compiler_gives(margin: Any) -> None:
    expected, slope = objc.compile(TEXT).focal.value_and_grad(LOGITS * 1.0, LABEL, gamma=1.5)
    wide = Owned(LOGITS.astype(np.float64))
    value, gradient = margin.focal_value_and_grad(wide, Owned(LABEL), gamma=1.5)
    assert float(value) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradient.fetch(), slope, rtol=1e-5, atol=1e-8)
    assert margin.focal_per_example(wide, Owned(LABEL)).shape == LABEL.shape
    x = np.arange(5.0)
    assert float(margin.squared(Owned(x), Owned(x * 0))) == pytest.approx((x**2).mean() / 2)


def test_a_module_multiplies_by_the_library(margin: Any) -> None:
    """Where products are large enough; here, whatever they are."""
    rng = np.random.default_rng(4)
    x, w = rng.normal(size=(6, 4)), rng.normal(size=(5, 4))
    label = rng.integers(5, size=6)
    kernel = margin._layer_value_and_grad_kernel
    kernel.least = 0
    value, slopes = margin.layer_value_and_grad(Owned(x), Owned(label), weight=Owned(w))
    expected, near = objc.compile(TEXT + LAYER).layer.value_and_grad(x, label, weight=w)
    assert float(value) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(slopes.fetch(), near, rtol=1e-12, atol=1e-14)
    assert not kernel.plain.prepared and len(kernel.products.prepared) == 1


def test_a_weighted_mean_is_divided_on_the_device(margin: Any) -> None:
    rng = np.random.default_rng(6)
    logits, label = rng.normal(size=(2, 3, 4)), rng.integers(4, size=(2, 3))
    weight = np.array([[1.0, 0, 2], [0.5, 0, 3]])
    logits[0, 1] = np.nan
    given = Owned(logits), Owned(label)
    value, gradient = margin.focal_value_and_grad(*given, weight=Owned(weight))
    expected, slope = objc.compile(TEXT).focal.value_and_grad(logits, label, weight=weight)
    assert float(value) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient.fetch(), slope, rtol=1e-12, atol=1e-14)
    assert float(margin.focal(*given, weight=Owned(weight))) == pytest.approx(expected, rel=1e-12)
    value = margin.focal(*given, weight=Owned(-weight))
    with pytest.raises(IndexError, match=r"`weight` is -[12350.]+, and must be at least 0"):
        float(value)
    with pytest.raises(TypeError, match="`weight` is on the host"):
        margin.focal(*given, weight=weight)
    with pytest.raises(ValueError, match=r"weights have the shape \(6,\), the batch \(2, 3\)"):
        margin.focal(*given, weight=Owned(weight.ravel()))
    with pytest.raises(TypeError, match="`weight` is of type float32, not float64"):
        margin.focal(*given, weight=Owned(weight.astype(np.float32)))


def test_arrays_of_16_bits_are_stored_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for margin in simulated(tmp_path, monkeypatch, "--dtype", "bfloat16"):
        rounded = (LOGITS.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
        bits = (rounded.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
        value, gradient = margin.focal_value_and_grad(Brief(bits), Owned(LABEL))
        expected, slope = objc.compile(TEXT).focal.value_and_grad(rounded, LABEL)
        assert float(value) == pytest.approx(expected, rel=1e-6)
        assert gradient.kind == "bfloat16"
        np.testing.assert_allclose(gradient.fetch(), slope, rtol=2.0**-8)
        with pytest.raises(TypeError, match="`logits` is of type float32, not bfloat16"):
            margin.focal(Owned(rounded), Owned(LABEL))


def test_what_does_not_fit_is_told(margin: Any) -> None:
    x = np.arange(6.0)
    with pytest.raises(TypeError, match="takes arrays on the device"):
        margin.squared(x, x)
    with pytest.raises(TypeError, match="`target` is on the host"):
        margin.squared(Owned(x), x)
    with pytest.raises(TypeError, match="`target` is of type float32, not float64"):
        margin.squared(Owned(x), Owned(x.astype(np.float32)))
    with pytest.raises(ValueError, match="do not stand in C order"):
        margin.squared(Owned(x), Owned(np.arange(12.0)[::2]))
    with pytest.raises(ValueError, match="the batch axes of `target`"):
        margin.squared(Owned(x), Owned(np.arange(5.0)))
    label = LABEL.copy()
    label[0, 1] = -1
    value = margin.focal(Owned(LOGITS.astype(np.float64)), Owned(label))
    with pytest.raises(IndexError, match=r"`logits` is read at position -1.*at example 1"):
        float(value)


def test_a_module_needs_neither_objc_nor_a_device_to_be_imported(tmp_path: Path) -> None:
    result = compiled(tmp_path, "--target", "cuda", "--arch", "sm_80", "--dtype", "float32")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / "margin.ptx").read_text()
    assert ".target sm_80" in text
    assert text.startswith("// Written by objc")
    script = (
        "import sys; sys.modules['objc'] = None; sys.modules['numba'] = None\n"
        "import margin; assert 'Σ' in margin.focal.__doc__"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "out", check=True)


def test_options_of_other_targets_are_refused(tmp_path: Path) -> None:
    for options, said in (
        (("--target", "cuda", "--cpu", "native"), "takes no `--cpu`"),
        (("--target", "cpu", "--arch", "sm_90"), "takes no `--arch`"),
        (("--target", "cuda", "--arch", "sm_1"), "E0350"),
        (("--target", "cpu", "--dtype", "bfloat16"), "takes no `--dtype bfloat16`"),
    ):
        result = compiled(tmp_path, *options)
        assert result.exit_code != 0
        assert said in result.stderr
