"""The driver as it is called, held to a C library that stands for it: what is handed over, what is said of
failures, and how often a call waits or allocates."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import arrays, driver, loading, measuring, ptx, running

import objc
from objc.errors import ObjcError

SOURCE = Path(__file__).with_name("cuda_driver.c")
TEXT = "loss squared(prediction: real | target: real) = (prediction - target)^2 / 2"


class Launch(ctypes.Structure):
    _fields_ = (
        ("function", ctypes.c_uint64), ("stream", ctypes.c_uint64), ("blocks", ctypes.c_uint),
        ("threads", ctypes.c_uint), ("shared", ctypes.c_uint), ("first", ctypes.c_int64),
    )  # fmt: skip


class Followed(ctypes.Structure):
    """That a stream waits for another, and how many launches there were before."""

    _fields_ = (
        ("stream", ctypes.c_uint64),
        ("other", ctypes.c_uint64),
        ("launched", ctypes.c_int64),
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    path = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", path, SOURCE],
        check=True,
    )
    return path


@pytest.fixture
def device(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[driver.Driver]:
    """The driver, loaded from the library that stands for it."""
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(driver, "_NAMES", (str(built),))
    found = driver.Driver()
    for module in (driver, arrays, measuring):
        monkeypatch.setattr(module, "driver", lambda: found)
    monkeypatch.setattr(loading, "require_device", lambda: None)
    original = running.Kernel.__init__

    def init(self: Any, *given: Any, **options: Any) -> None:
        original(self, *given, **options)
        self.device = lambda: found

    monkeypatch.setattr(running.Kernel, "__init__", init)
    monkeypatch.setattr(ptx, "ptx_of", lambda text, architecture: f"PTX for {architecture}")
    for name in ("launched", "waited", "refuses", "shares", "ordered", "events", "elsewhere"):
        of(found, name).value = 0
    yield found


def of(device: driver.Driver, name: str) -> Any:
    return ctypes.c_int.in_dll(device.library, name)


def launches(device: driver.Driver) -> list[Launch]:
    held = (Launch * 64).in_dll(device.library, "launches")
    return list(held[: of(device, "launched").value])


def test_a_call_launches_and_does_not_wait(device: driver.Driver) -> None:
    """Neither the first nor those after it, which take the short way; reading the value waits once."""
    kernel = objc.compile(TEXT, target="cuda").squared
    x, y = (arrays.upload(np.arange(512.0, dtype=np.float32)) for _ in range(2))
    first = kernel.value_and_grad(x, y)
    found = launches(device)
    assert [(one.function, one.blocks, one.threads) for one in found] == [(1, 1, 256), (2, 1, 256)]
    assert found[0].first == 1  # blocks of the first step
    again = kernel.value_and_grad(x, y)
    repeated = launches(device)[2:]
    assert [bytes(one) for one in repeated] == [bytes(one) for one in found]
    assert again[1] is not first[1] and again[1].shape == (512,)
    assert of(device, "waited").value == 0
    float(again[0])
    float(again[0])
    assert of(device, "waited").value == 1


class Named:
    """An array that says on which stream it is ready; None where it is."""

    def __init__(self, stream: int | None) -> None:
        self.held = arrays.upload(np.arange(512.0, dtype=np.float32))
        self.stream = stream

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**self.held.__cuda_array_interface__, "stream": self.stream}


@pytest.mark.parametrize(
    ("named", "on", "others"),
    [
        ((77, 77), 77, []),
        ((77, 99), 77, [99]),
        ((None, 99), 99, []),
        ((None, None), 0, []),
        ((1, 77), 0, [77]),
        ((77, 1), 77, [0]),
    ],
)
def test_a_call_is_in_the_order_of_every_stream_that_its_arrays_name(
    named: tuple[int | None, ...], on: int, others: list[int], device: driver.Driver
) -> None:
    """It is on the first's, begins when the others are done, and they go on when it is: without the host
    waiting, in the first call and in those after it. 1 is the default stream, as 0 for the driver."""
    kernel = objc.compile(TEXT, target="cuda").squared
    given = [Named(stream) for stream in named]
    for _ in range(2):
        for name in ("launched", "ordered", "events"):
            of(device, name).value = 0
        _, gradient = kernel.value_and_grad(*given)
        held = (Followed * 64).in_dll(device.library, "orders")
        found = [
            (one.stream, one.other, one.launched) for one in held[: of(device, "ordered").value]
        ]
        assert {one.stream for one in launches(device)} == {on}
        before, after = [(on, one, 0) for one in others], [(one, on, 2) for one in others]
        assert found == [*before, *after]
        assert gradient.__cuda_array_interface__["stream"] == (on or 1)
        assert of(device, "waited").value == of(device, "events").value == 0


def test_arrays_of_another_device_than_the_current_one_are_refused(device: driver.Driver) -> None:
    kernel = objc.compile(TEXT, target="cuda").squared
    x = arrays.upload(np.zeros(4, np.float32))
    of(device, "elsewhere").value = 1
    with pytest.raises(
        driver.DriverError, match="`prediction` is on device 1, and device 0 is cur"
    ):
        kernel(x, x)
    assert launches(device) == []


def test_buffers_and_weights_are_in_their_streams_order_too(device: driver.Driver) -> None:
    kernel = objc.compile(TEXT, target="cuda").squared
    x, y, weight, out = Named(77), Named(None), Named(88), Named(99)
    kernel.value_and_grad(x, y, weight=weight, out=out)
    held = (Followed * 64).in_dll(device.library, "orders")
    found = [(one.stream, one.other) for one in held[: of(device, "ordered").value]]
    assert sorted(found[:2]) == [(77, 88), (77, 99)] and sorted(found[2:]) == [(88, 77), (99, 77)]


def test_arrays_of_several_frameworks_are_met_each_in_its_own_terms(device: driver.Driver) -> None:
    """Where one begins, and which stream it is on: in calls of a known kind too."""

    class Elsewhere(arrays.Plain):
        def empty(self, shape: tuple[int, ...], kind: str) -> Any:
            return Named(7)

        def memory(self, count: int) -> tuple[Any, int]:
            return arrays.Plain().memory(count)

        def pointer(self, array: Any) -> int:
            return int(array.held.pointer)

        def stream(self) -> int:
            return 55

    original = arrays._of_interface

    def met(value: Any, found: Any, framework: Any) -> arrays.OnDevice:
        own = Elsewhere(7) if isinstance(value, Named) else framework
        return original(value, found, own)

    kernel = objc.compile(TEXT, target="cuda").squared
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "_of_interface", met)
        for given in ((Named(7), Named(7).held), (Named(7).held, Named(7))):
            for _ in range(2):
                _, gradient = kernel.value_and_grad(*given)
                ours = isinstance(given[0], Named)
                assert isinstance(gradient, Named) == ours
                assert launches(device)[-1].stream == (55 if ours else 0)


def test_arrays_of_the_host_are_refused(device: driver.Driver) -> None:
    """By name, with the copy to make; nothing is copied in silence, and nothing is launched."""
    kernel = objc.compile(TEXT, target="cuda").squared
    for call in (kernel, kernel.value_and_grad):
        with pytest.raises(ObjcError, match=r"E0354.*`prediction` is on the host") as caught:
            call(np.zeros(8), np.ones(8))
        assert 'torch.as_tensor(x, device="cuda")' in str(caught.value)
    assert launches(device) == []


def test_rows_that_fit_are_kept_in_shared_memory(device: driver.Driver) -> None:
    """Up to what a block of the device may share, beside what its function declares."""
    text = "loss entropy(z: real[K] | label: index(K)) = logsumexp[k](z[k]) - z[label]"
    kernel = objc.compile(text, target="cuda").entropy
    label = arrays.upload(np.zeros(65, np.int64))
    for extent, shared, threads in ((1100, 4400, 256), (32_768, 131_072, 1024), (65_536, 0, 1024)):
        of(device, "launched").value = 0
        kernel.value_and_grad(arrays.upload(np.zeros((65, extent), np.float32)), label)
        first = launches(device)[0]
        assert (first.shared, first.threads, first.blocks) == (shared, threads, 65)
        assert shared in (0, of(device, "shares").value)


def test_other_threads_find_the_context(device: driver.Driver) -> None:
    of(device, "current").value = 0
    assert device.context() == 77
    of(device, "current").value = 5
    assert device.context() == 5


def test_what_the_driver_refuses_is_told_in_its_words(device: driver.Driver) -> None:
    with pytest.raises(driver.DriverError, match=r"invalid PTX\nptxas fatal: line 1"):
        device.load("wrong")
    kernel = objc.compile(TEXT, target="cuda").squared
    of(device, "refuses").value = 700
    x = arrays.upload(np.zeros(4, np.float32))
    with pytest.raises(driver.DriverError, match="cuLaunchKernel: an illegal memory access"):
        kernel(x, x)


def test_the_clock_of_a_device(device: driver.Driver) -> None:
    clock = measuring.clock()
    described = clock.description()
    assert described["name"] == "a device" and described["capability"] == "9.0"
    assert described["memory_bytes"] == 1 << 33 and described["driver_cuda"] == "13.0"
    table = driver.Table(["int64"])
    seconds = clock.between(lambda: device.launch(1, 1, 32, table, 9), 9)
    assert seconds == pytest.approx(1e-3)
    (one,) = launches(device)
    assert (one.stream, one.threads) == (9, 32)
    of(device, "refuses").value = 700
    with pytest.raises(driver.DriverError, match="illegal"):
        clock.wait()


def test_no_driver_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(driver, "_NAMES", ("libcuda.so.none",))
    driver.driver.cache_clear()
    with pytest.raises(ObjcError, match=r"E0352.*libcuda.so.none"):
        measuring.clock()
    driver.driver.cache_clear()
