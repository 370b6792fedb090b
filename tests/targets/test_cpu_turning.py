"""A matrix that is copied with its axes turned goes through registers: every entry, and nothing beside."""

from __future__ import annotations

import ctypes
import itertools
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from objc.targets.cpu.entry import translate
from objc.targets.cpu.loading import (
    SIGNATURE,
    _place,
    entry_of,
    native_target,
    object_of,
    optimise,
    vector_bits,
    widened,
)

TEXT = """
@step
def each(lo, hi, x, y, rows, columns):
    own_x = x[lo:hi]
    for k in range(columns):
        for n in range(hi - lo):
            v = {come}
            {go} = v


def entry(slots, values, scratch, begin, end, first, last):
    rows = slots[0]
    columns = slots[1]
    each(slots[4], slots[5], view(slots[2], {shape}, {kind}), view(slots[3], {turned}, {kind}), rows, columns)
"""


def text(back: bool, kind: str) -> str:
    if back:
        return TEXT.replace("own_x = x[lo:hi]", "own_x = y[lo:hi]").format(
            come="x[k, n]", go="own_x[n, k]", shape="(columns, rows,)", turned="(rows, columns,)", kind=kind
        )  # fmt: skip
    return TEXT.format(
        come="own_x[n, k]", go="y[k, n]", shape="(rows, columns,)", turned="(columns, rows,)", kind=kind
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("back", [False, True])
def test_every_shape(back: bool, kind: str) -> None:
    entry = entry_of(text(back, kind))
    generator = np.random.default_rng(0)
    for rows in (1, 2, 7, 8, 15, 16, 17, 96):
        for columns in (1, 2, 3, 7, 8, 9, 10, 16, 17, 33):
            for lo, hi in {(0, rows), (rows // 3, rows), (rows - 1, rows), (0, 0)}:
                whole: Any = generator.normal(size=(rows, columns)).astype(kind)
                part = np.ascontiguousarray(whole.T) if back else whole
                # around the goal lies what is not to be written
                memory = np.full(rows * columns + 64, 77, kind)
                goal = memory[32:-32].reshape((rows, columns) if back else (columns, rows))
                table = (ctypes.c_int64 * 6)(
                    rows, columns, part.ctypes.data, goal.ctypes.data, lo, hi
                )
                entry(ctypes.addressof(table), None, 0, 0, 0, 0, 0)
                expected = np.full_like(goal, 77)
                if back:
                    expected[lo:hi] = whole[: hi - lo]
                else:
                    expected[:, : hi - lo] = whole[lo:hi].T
                assert np.array_equal(goal, expected), (rows, columns, lo, hi)
                assert (memory[:32] == 77).all() and (memory[-32:] == 77).all()


@pytest.mark.parametrize("bits", [256, 512])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_turned_copy_is_of_any_shape(dtype: str, bits: int) -> None:
    """And nothing beside it is written."""
    if bits > vector_bits():
        pytest.skip("the processor has no such vectors")
    text = f"""def entry(slots, values, scratch, begin, end, first, last):
    goal = view(slots[0], (slots[2], slots[3],), {dtype})
    source = view(slots[1], (slots[4], slots[5],), {dtype})
    turned_copy(goal, source, begin, end)
"""
    code = object_of(widened(str(translate(text, bits)), bits))
    address = _place([code], "entry")
    assert address is not None
    copy = SIGNATURE(address)
    values = np.zeros(1)
    sizes = (1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 16, 17, 20, 31, 32, 33, 70)
    for tall, wide in itertools.product(sizes, sizes):
        source = np.arange((wide + 2) * (tall + 3), dtype=dtype).reshape(wide + 2, tall + 3)
        goal = np.full((tall + 2, wide + 1), -1, dtype)
        expected = goal.copy()
        expected[:tall, :wide] = source[:wide, :tall].T
        slots = np.array([goal.ctypes.data, source.ctypes.data, *goal.shape, *source.shape])
        copy(slots.ctypes.data, values.ctypes.data, 0, tall, wide, 0, 0)
        np.testing.assert_array_equal(goal, expected)


def test_entries_go_by_vectors() -> None:
    """Number by number only where a matrix is too short for them."""
    module = llvm.parse_assembly(widened(str(translate(text(False, "float32"), 512)), 512))
    machine = native_target().create_target_machine(cpu="x86-64-v4", opt=3)
    optimise(module, machine)
    made = str(module)
    assert "shufflevector <16 x float>" in made
    assert "store <16 x float>" in made and "store <8 x float>" in made


def test_other_copies_are_left_to_llvm() -> None:
    same = TEXT.format(
        come="own_x[n, k]", go="y[n, k]", shape="(rows, columns,)", turned="(rows, columns,)", kind="float32"
    )  # fmt: skip
    assert "shufflevector" not in str(translate(same, 512))
    shifted = text(False, "float32").replace("y[k, n]", "y[k, n + 1]")
    assert "shufflevector" not in str(translate(shifted, 512))
    whole = text(False, "float32").replace("float32", "int64")
    assert "shufflevector" not in str(translate(whole, 512))
