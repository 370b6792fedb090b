"""Which mean of a formula was left without entries, where a value came out as no number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from objc.ir.evaluate import evaluate
from objc.ir.program import Let, Program
from objc.passes.empty_means import guarded_means, without_empty_means
from objc.target import IndexOutOfRange


def empty_mean(program: Program, inputs: Mapping[str, Any]) -> Let | None:
    """The mean for want of whose entries an example is not a number, if that is why.

    The example is computed once more with 0 for a mean of nothing: if a number comes out, it was that
    one. A mean in a branch that is not taken changes nothing, and is not blamed, nor is any where it is a
    number as it stands, in float64.
    """
    if _is_number(program, inputs):
        return None
    means = guarded_means(program)
    for chosen in (*((one,) for one in means), means):
        if _is_number(without_empty_means(program, chosen), inputs):
            return chosen[0]
    return None


def _is_number(program: Program, inputs: Mapping[str, Any]) -> bool:
    try:
        return not math.isnan(float(evaluate(program, inputs)["per_example"]))
    except (IndexOutOfRange, ArithmeticError):
        return False
