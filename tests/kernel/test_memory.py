"""Large results lie in the memory of earlier ones, of which nobody has anything any more."""

from __future__ import annotations

import numpy as np
import pytest

import objc
from objc.kernel.memory import LEAST, Memory

COUNT = LEAST // 4


@pytest.fixture
def memory() -> Memory:
    return Memory(most=8 * LEAST)


def test_what_nobody_refers_to_is_written_again(memory: Memory) -> None:
    array = memory.array((COUNT,), np.float32)
    place = array.ctypes.data
    assert place % 64 == 0
    del array
    assert memory.array((COUNT // 2, 2), np.float32).ctypes.data == place


@pytest.mark.parametrize(
    "share", [lambda a: a, lambda a: a[5:9], memoryview, lambda a: a.reshape(2, -1).T]
)
def test_what_somebody_refers_to_is_left_alone(memory: Memory, share: object) -> None:
    array = memory.array((COUNT,), np.float32)
    place, shared = array.ctypes.data, share(array)  # type: ignore[operator]
    del array
    other = memory.array((COUNT,), np.float32)
    assert other.ctypes.data != place
    del shared
    assert memory.array((COUNT,), np.float32).ctypes.data == place


def test_a_tensor_of_a_framework_holds_its_memory(memory: Memory) -> None:
    torch = pytest.importorskip("torch")
    array = memory.array((COUNT,), np.float32)
    place, tensor = array.ctypes.data, torch.from_numpy(array)[3:]
    del array
    other = memory.array((COUNT,), np.float32)
    assert other.ctypes.data != place
    del tensor
    assert memory.array((COUNT,), np.float32).ctypes.data == place


def test_no_more_is_kept_than_the_most(memory: Memory) -> None:
    arrays = [memory.array((COUNT,), np.float32) for _ in range(20)]
    for number, array in enumerate(arrays):
        array[:] = number
    assert [array[-1] for array in arrays] == list(range(20))
    places = {array.ctypes.data for array in arrays}
    del arrays, array
    assert memory.array((COUNT,), np.float32).ctypes.data in places
    memory.release()
    assert not memory._blocks


def test_sizes_that_come_once_leave_little_behind() -> None:
    memory = Memory(most=1 << 40)
    for number in range(12):
        memory.array((2**number * COUNT // 256 + LEAST,), np.float32)
    assert len(memory._blocks) <= 4
    memory.release()
    wide = memory.array((3 * COUNT,), np.float32)
    place = wide.ctypes.data
    del wide
    assert memory.array((2 * COUNT,), np.float32).ctypes.data == place
    assert memory.array((COUNT,), np.float32).ctypes.data != place


def test_small_and_huge_results_have_memory_of_their_own(memory: Memory) -> None:
    assert memory.array((COUNT - 1,), np.float32).base is None
    assert memory.array((9 * COUNT,), np.float32).base is None
    assert memory.array((0,), np.float32).base is None


def test_results_that_are_kept_keep_their_numbers() -> None:
    kernel = objc.library.squared_error
    target = np.zeros(COUNT, np.float32)
    kept = []
    for number in range(6):  # in full, by a recipe, and quickly
        kept.append(kernel.gradient(np.full(COUNT, number, np.float32), target))
    for number, gradient in enumerate(kept):
        assert (gradient == kept[1][0] * number).all()
    objc.release_memory()
