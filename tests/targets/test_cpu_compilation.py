"""What a kernel compiles: its steps apart, and what it shares with other kernels once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from objc.targets.cpu import loading
from objc.targets.cpu.entry import translate
from objc.targets.cpu.translation import Parts

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

from .running import TARGET

TEXTS = (
    "loss near(x: real[N, D], y: real[N, D]) = mean[i](logsumexp[j](sum[d](x[i, d] * y[j, d])))",
    "loss far(x: real[N, D], y: real[N, D]) = log(sum[i](logsumexp[j](sum[d](x[i, d] * y[j, d]))^2))",
)
X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that LLVM compiles, without anything in a cache or this process; in haste."""
    monkeypatch.setattr(loading, "optimise", lambda module, machine: None)
    monkeypatch.setenv("OBJC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "_parts", {})
    found: list[str] = []
    object_of = loading.object_of

    def recorded(text: str) -> bytes:
        found.append(text)
        return object_of(text)

    monkeypatch.setattr(loading, "object_of", recorded)
    return found


def values(text: str) -> tuple[object, ...]:
    (kernel,) = objc.compile(text)
    value, gradients = kernel.value_and_grad(X, X[::-1].copy())
    return value, *(one.tobytes() for one in gradients)


def emitted(text: str) -> str:
    """What the target makes of the value and gradient of a text's only loss, without a batch."""
    (program,) = lower(parse(Source("t.objc", text))).programs.values()
    wrt = tuple(one.name for one in program.differentiable)
    return TARGET.emit(derive(program, Variant(("value", "gradient"), wrt)), "float64").text


def products(texts: list[str]) -> int:
    """How many of the modules define a product."""
    return sum(bool(re.search(r'^define .*@"product\.', text, re.M)) for text in texts)


def test_products_are_compiled_once_for_all_kernels(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values(TEXTS[0])
    first = len(compiled)
    assert products(compiled) == first - 1 > 0
    values(TEXTS[1])
    assert products(compiled[first:]) == 0
    assert len(compiled) == first + 1  # its own steps
    monkeypatch.setattr(loading, "_parts", {})  # another process, which has the cache
    values(TEXTS[0].replace("near", "close"))
    assert products(compiled[first:]) == 0


def test_a_kernel_holds_what_it_shares(
    compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that finds it in the cache needs nothing else, whatever the cache has let go."""
    expected = values(TEXTS[0])
    (folder,) = tmp_path.glob("cache/*/objects")
    whole = max(folder.iterdir(), key=lambda one: one.stat().st_size)
    for entry in folder.iterdir():
        if entry != whole:
            entry.unlink()
    compiled.clear()
    monkeypatch.setattr(loading, "_parts", {})
    assert values(TEXTS[0]) == expected
    assert not compiled


def test_what_is_shared_is_declared_and_made_apart() -> None:
    text = emitted(TEXTS[0])
    parts: Parts = {}
    apart = str(translate(text, 512, parts))
    together = str(translate(text, 512))
    (name,) = (one for one in parts if one.startswith("product."))
    assert f'declare void @"{name}"' in apart
    assert f'define internal void @"{name}"' in together
    assert f'define void @"{name}"' in str(parts[name]())


def test_a_step_takes_each_value_once_and_stands_alone() -> None:
    text = "loss f(x: real[K] | y: real[K]) = sum[k]((x[k] - y[k])^2)"
    module = str(translate(emitted(text), 512))
    (step,) = (line for line in module.splitlines() if "step_1.alone" in line and "define" in line)
    assert "noinline" in step
    pointers = re.findall(r"double\* noalias", step)
    called = next(line for line in module.splitlines() if 'call void @"step_1.alone"' in line)
    arguments = re.findall(r"i64 (%[^,)]*)", called)
    assert pointers and len(arguments) == len(set(arguments))
