"""Which functions of a kernel are launched for given sizes, in how many blocks of how many threads."""

from __future__ import annotations

from objc.targets.cuda.launching import Shape, Sized

import objc

from .pretended import TARGET, TEXT, sized


def test_rows_are_done_by_threads_warps_or_blocks_by_their_length() -> None:
    modes = {
        rows: sized("focal", batch, K=rows).launches[0].name.rpartition("_")[2]
        for rows, batch in ((10, 100_000), (1000, 10_000), (32_000, 2048))
    }
    assert modes == {10: "thread", 1000: "warp", 32_000: "block"}


def test_launches_are_a_function_of_the_sizes_alone() -> None:
    first, second = sized("focal", 5000, K=300), sized("focal", 5000, K=300)
    assert first.launches == second.launches
    assert first.bytes == second.bytes


def test_what_blocks_keep_is_bounded() -> None:
    text = "loss linear(| x: real[D], y: real; learn w: real[D]) = (sum[d](w[d] * x[d]) - y)^2"
    program = objc.compile(text).linear.gradient_program
    facts = TARGET.emit(program, "float32").metadata
    large = Sized(facts, {"batch": 1 << 20, "D": 1 << 20})
    assert large.bytes < 3 << 28
    assert large.launches[0].blocks < 100
    assert Sized(facts, {"batch": 1 << 20, "D": 10}).launches[0].blocks > 100


def test_four_at_once_need_sizes_and_addresses_that_allow_it() -> None:
    facts = TARGET.emit(objc.compile(TEXT).focal.gradient_program, "float32").metadata
    functions = {
        (size, aligned): Sized(facts, {"batch": 2048, "K": size}, None, aligned).launches[0].name
        for size in (32_000, 32_001)
        for aligned in (True, False)
    }
    assert functions.pop((32_000, True)) == "step_1_block_four"
    assert set(functions.values()) == {"step_1_block"}


def test_a_row_that_fits_is_read_once_and_what_is_made_of_it_takes_its_place() -> None:
    """The input by the first loop; the exponentials where it was, which nothing reads any more."""
    program = objc.compile(TEXT).focal.gradient_program
    text = TARGET.emit(program, "float32").text
    held = next(one for one in text.split("@kernel") if "def step_1_block_held" in one)
    assert held.count("take(four_in_logits") == 1
    assert held.count("put(out_d_logits[i_n]") == held.count("out_d_logits[i_n],") == 1
    assert "held_1 = rows[" in held and "held_2 = " not in held
    facts = TARGET.emit(program, "float32").metadata
    names = {
        size: Sized(facts, {"batch": 2048, "K": size}, Shape(shared=shared), True).launches[0].name
        for size, shared in ((8192, 40_000), (16_384, 70_000), (16_388, 40_000))
    }
    assert names == {
        8192: "step_1_block_held", 16_384: "step_1_block_held", 16_388: "step_1_block_four",
    }  # fmt: skip
