"""Chunks, threads, the cache of object code, and several callers at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from objc.targets.cpu import division, driver, get_threads, loading, set_threads
from objc.targets.cpu.division import divided

from objc import cache
from objc.ir.index import BATCH
from objc.target import Emitted

from .. import programs
from .running import TARGET, agree, given

CASES = {case.name: case for case in programs.all_cases()}


def prepared(name: str, count: int, dtype: str) -> tuple[Any, dict[str, Any], dict[str, int]]:
    """A loaded cross-entropy or network, with `count` examples."""
    program, inputs = given(CASES[name], "value_and_grad")
    executable = TARGET.load(TARGET.emit(program, dtype))  # type: ignore[arg-type]
    generator = np.random.default_rng(3)
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(inputs[one.name])
        if one.dimensions and one.dimensions[0] == BATCH:
            value = value[generator.integers(0, len(value), count)]
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        kind = np.int64 if one.domain.is_integer else np.dtype(dtype)
        arguments[one.name] = np.ascontiguousarray(value, kind) if one.dimensions else float(value)
    results = {
        key: (tuple(sizes.get(d.name, d.size) for d in program.let[name].dimensions))
        for key, name in program.outputs.items()
        if program.let[name].free
    }

    def call() -> dict[str, Any]:
        arrays = {key: np.zeros(shape, dtype) for key, shape in results.items()}
        return {**executable(arguments, sizes, arrays), **arrays}

    return call, arguments, sizes


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["cross_entropy", "network", "pairs", "power", "chain"])
def test_threads_change_no_bit(name: str, dtype: str, small_chunks: Any) -> None:
    call, _, _ = prepared(name, 700, dtype)
    set_threads(1)
    alone = call()
    for threads in (2, 3, 7):
        set_threads(threads)
        for _ in range(3):
            for key, value in call().items():
                assert np.array_equal(value, alone[key]), key


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 31, 32, 33])
def test_borders_of_chunks(count: int, small_chunks: Any) -> None:
    case = CASES["cross_entropy"]
    program, _ = given(case, "value_and_grad")
    generator = np.random.default_rng(count)
    logits, label = generator.normal(size=(count, 3)), generator.integers(0, 3, count)
    set_threads(2)
    agree(program, {"logits": logits, "label": label, "scale": 1 / count})


def test_chunks_follow_from_sizes_alone() -> None:
    _, _, sizes = prepared("network", 100_000, "float32")
    program, _ = given(CASES["network"], "value_and_grad")
    kernel = TARGET.load(TARGET.emit(program, "float32"))
    assert isinstance(kernel, driver.Kernel)
    plans = []
    for threads in (1, 5):
        set_threads(threads)
        plans.append([divided(step, sizes) for step in kernel.steps])
    set_threads(None)
    assert plans[0] == plans[1]


def test_partial_results_of_a_large_gradient_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = given(CASES["network"], "value_and_grad")
    kernel = TARGET.load(TARGET.emit(program, "float32"))
    assert isinstance(kernel, driver.Kernel)
    sizes = {"batch": 1 << 30, "H": 1 << 12, "D": 1 << 12, "K": 1 << 10}
    chunks = divided(kernel.steps[0], sizes).chunks
    partial = (1 << 24) + (1 << 22)
    assert chunks * partial * 8 <= division.PRODUCTS + partial * 8


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in driver.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(get_num_threads=lambda: 1))
    assert get_threads() == 1
    monkeypatch.delitem(sys.modules, "torch")
    assert get_threads() >= 1
    for count in ("", "-1", "0", "x"):
        monkeypatch.setenv("OMP_NUM_THREADS", count)
        assert 1 <= get_threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "6,2")
    assert get_threads() == 6
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert get_threads() == 3
    monkeypatch.setenv("OBJC_NUM_THREADS", "5")
    assert get_threads() == 5
    for wrong in ("abc", "0", "-1", "1.5", "5000"):
        monkeypatch.setenv("OBJC_NUM_THREADS", wrong)
        with pytest.raises(ValueError, match=f"OBJC_NUM_THREADS is '{wrong}'"):
            get_threads()
    monkeypatch.delenv("OBJC_NUM_THREADS")
    set_threads(2)
    assert get_threads() == 2
    set_threads(None)
    set_threads(np.int64(4))  # type: ignore[arg-type]  # as what counts is often given
    assert get_threads() == 4
    for wrong in (0, -1, 10**6):
        with pytest.raises(ValueError, match=f"from 1 to 4096, not {wrong}"):
            set_threads(wrong)
    for odd in (2.5, "x", True):
        with pytest.raises(TypeError, match="a whole number or None, not"):
            set_threads(odd)  # type: ignore[arg-type]
    assert get_threads() == 4
    set_threads(None)


def test_several_callers_at_once(small_chunks: Any) -> None:
    call, _, _ = prepared("cross_entropy", 300, "float32")
    set_threads(3)
    expected = call()
    failures: list[str] = []

    def caller() -> None:
        for _ in range(20):
            found = call()
            failures.extend(k for k in expected if not np.array_equal(found[k], expected[k]))

    callers = [threading.Thread(target=caller) for _ in range(6)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_threads_after_a_fork() -> None:
    code = """
import os, warnings
warnings.simplefilter("ignore")
import tests.targets.test_cpu_driver as t
from objc.targets.cpu import division, set_threads, sharing
division.CHUNK, sharing.ALWAYS = 40, 0
set_threads(2)
call, _, _ = t.prepared("cross_entropy", 300, "float32")
value = call()["value"]
child = os.fork()
if child == 0:
    os._exit(0 if call()["value"] == value else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    found = subprocess.run([sys.executable, "-c", code], timeout=60, cwd=_ROOT)
    assert found.returncode == 0


# ------------------------------------------------------------------ the cache

_ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OBJC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def emitted() -> Emitted:
    return TARGET.emit(given(CASES["huber"], "value_and_grad")[0], "float32")


def test_compiled_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, inputs = given(CASES["huber"], "value_and_grad")
    agree(program, inputs, "float32")
    assert len(list(own_cache.rglob("*.entry"))) == 1
    monkeypatch.setattr(loading, "compiled", None)  # a second compilation would fail
    agree(program, inputs, "float32")


@pytest.mark.parametrize("damage", ["truncated", "foreign", "flipped"])
def test_a_damaged_entry_is_rebuilt(damage: str, own_cache: Path) -> None:
    program, inputs = given(CASES["huber"], "value_and_grad")
    agree(program, inputs, "float32")
    (path,) = own_cache.rglob("*.entry")
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[len(broken) // 2] ^= 1
    path.write_bytes({"truncated": whole[:-9], "foreign": b"MZ", "flipped": bytes(broken)}[damage])
    agree(program, inputs, "float32")
    assert path.read_bytes() == whole


def test_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "read", lambda kind, key: None)
    monkeypatch.setattr(cache, "write", lambda kind, key, content: None)
    program, inputs = given(CASES["huber"], "value_and_grad")
    agree(program, inputs)


def test_processes_side_by_side(own_cache: Path) -> None:
    code = """
import tests.targets.test_cpu_driver as t
call, _, _ = t.prepared("huber", 50, "float32")
print(call()["value"].hex())
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        for _ in range(3)
    ]
    said = {one.communicate(timeout=120)[0] for one in running}
    assert all(one.returncode == 0 for one in running)
    assert len(said) == 1
    assert not list(own_cache.rglob(".new-*"))


def test_text_to_machine_code_is_the_same_every_time() -> None:
    assert emitted() == emitted()
