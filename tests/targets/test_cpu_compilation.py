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
from objc import cache
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
    monkeypatch.setattr(loading, "optimise", lambda module, machine, level: None)
    monkeypatch.setenv("OBJC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(loading, "_parts", {})
    found: list[str] = []
    object_of = loading.object_of

    def recorded(text: str, level: int) -> bytes:
        found.append(text)
        return object_of(text, level)

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


def shared(texts: list[str]) -> list[str]:
    """The functions of the modules that are no kernels."""
    found = [re.findall(r'^define (?!internal)[^@]*@"([^"]*)"', text, re.M) for text in texts]
    return [name for names in found for name in names if name != "entry"]


def test_products_are_compiled_once_for_all_kernels(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values(TEXTS[0])
    first = len(compiled)
    names = shared(compiled)
    assert len(names) == len(set(names)) == first - 1
    assert {one.partition(".")[0] for one in names} >= {"product", "pack_rows", "pack_columns"}
    values(TEXTS[1])
    assert len(compiled) == first + 1  # its own steps
    monkeypatch.setattr(loading, "_parts", {})  # another process, which has the cache
    values(TEXTS[0].replace("near", "close"))
    assert not shared(compiled[first:])


def test_what_a_shared_function_calls_is_found_again(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its object is in the cache, and that of what it calls is not."""
    values(TEXTS[0])
    (lost,) = (one for one in shared(compiled) if one.startswith("pack_rows."))
    read = cache.read
    key = cache.digest("part", loading._processor(), lost)
    monkeypatch.setattr(cache, "read", lambda kind, one: None if one == key else read(kind, one))
    monkeypatch.setattr(loading, "_parts", {})
    compiled.clear()
    values(TEXTS[1])
    assert shared(compiled) == [lost]


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
    assert any(one.startswith("pack_rows.") for one in parts)  # which a product calls


def test_a_step_takes_each_value_once_and_stands_alone() -> None:
    text = "loss f(x: real[K] | y: real[K]) = sum[k]((x[k] - y[k])^2)"
    module = str(translate(emitted(text), 512))
    (step,) = (line for line in module.splitlines() if "step_1.alone" in line and "define" in line)
    assert "noinline" in step
    pointers = re.findall(r"double\* noalias", step)
    called = next(line for line in module.splitlines() if 'call void @"step_1.alone"' in line)
    arguments = re.findall(r"i64 (%[^,)]*)", called)
    assert pointers and len(arguments) == len(set(arguments))


def test_what_puts_chunks_together_is_made_in_one_form() -> None:
    """Its turns are few: one vector at a time, and nothing of what runs the steps is worth LLVM's passes."""
    source = Source("t.objc", "loss square(x: real |) = x^2")
    (program,) = lower(parse(source)).programs.values()
    variant = Variant(("value",), batched=frozenset({"x"}))
    text = TARGET.emit(derive(program, variant), "float32").text
    module = str(translate(text, 256))
    assert re.search(r'^define void @"entry"\([^\n]*\boptnone\b', module, re.M)
    assert "for c in range(1, partial_1.shape[0])" in text
    last = module[module.index('define internal void @"step_2.alone"') :]
    (hint,) = re.findall(r"!llvm\.loop (!\d+)", last)
    parts = re.findall(r"!\d+", re.search(rf"^{hint} = (.*)$", module, re.M)[1])  # type: ignore[index]
    said = [re.search(rf"^{part} = (.*)$", module, re.M)[1] for part in parts]  # type: ignore[index]
    assert any('vectorize.width", i32 4' in one for one in said)
    assert any('interleave.count", i32 1' in one for one in said)
