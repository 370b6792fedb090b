"""How the loops of a kernel's text are made: which are made once, under a mask."""

from __future__ import annotations

import ast
import re

from objc.targets.cpu.entry import translate

from .test_cpu_compilation import emitted

HEAD = """from objc.targets.cpu.library import exp_32, log_ndtr_32, maximum, step

@step
def each(x, y, n, m):
"""
TAIL = """

def entry(slots, values, scratch, begin, end, first, last):
    n = slots[0]
    m = slots[1]
    x = view(slots[2], (n, m,), float32)
    each(x, view(slots[3], (n, m,), float32), n, m)
"""
ROWS = """
    for i in range(n):
        largest = float32(0.0)
        for k in range(m):
            largest = maximum(largest, x[i, k])
        for k in range(m):
            v = {body}
            y[i, k] = v
"""


def made(text: str) -> tuple[int, int]:
    """The vectorised loops that LLVM is given, and those among them that go under a mask."""
    module = str(translate(text, 512, {}))
    said = dict(re.findall(r"^!(\d+) = !{ (.*) }$", module, re.M))
    hints = [re.findall(r"!(\d+)", said[one]) for one in re.findall(r"!llvm.loop !(\d+)", module)]
    masked = [any("predicate.enable" in said[one] for one in hint) for hint in hints]
    return len(hints), sum(masked)


def rows(body: str) -> str:
    return HEAD + ROWS.lstrip("\n").format(body=body) + TAIL


def test_a_light_loop_of_a_row_has_whole_vectors_and_a_rest_under_a_mask() -> None:
    assert made(rows("x[i, k] - largest")) == (4, 2)
    assert made(rows("exp_32(x[i, k] - largest)")) == (4, 2)


def test_a_loop_is_made_once_where_a_mask_takes_no_time_beside_its_work() -> None:
    assert made(rows("log_ndtr_32(exp_32(x[i, k] - largest))")) == (3, 2)


SIGNATURE = "loss f(x: real[N, D], y: real[N, D]) = "
MEANS = "mean[i](logsumexp[j](sum[d](x[i, d] * y[j, d])))"


def again(text: str) -> int:
    """How many loops of a text LLVM is given twice."""
    own = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.For)]
    module = str(translate(text, 512, {}))
    names = [
        one for one in re.split(r"^define ", module, flags=re.M) if "step_" in one or "entry" in one
    ]
    return sum(len(re.findall(r"^loop[.\d]*:", one, re.M)) for one in names) - len(own)


def test_so_are_many_loops_of_rows_beside_products() -> None:
    others = [
        MEANS.replace("y[j", "x[j"),
        MEANS.replace("x[i", "y[i"),
        MEANS.replace("* y", "* 2 * y"),
    ]
    assert again(emitted(SIGNATURE + MEANS)) > 3
    assert again(emitted(SIGNATURE + " + ".join([MEANS, *others]))) == 0


def test_so_is_one_that_is_seldom_run() -> None:
    text = rows("x[i, k]")
    rare = """        if largest > float32(1e30):
            for k in range(m):
                y[i, k] = x[i, k] - largest
"""
    assert made(text.replace("\n\ndef entry", rare + "\n\ndef entry")) == (5, 3)
