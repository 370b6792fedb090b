"""objc's own kernels, called as a user calls them."""

from __future__ import annotations

from typing import Any

import numpy as np

from objc.bench.problem import Problem
from objc.kernel import Kernel


class Own:
    """`kernel.value_and_grad`, with arrays for the gradients or without."""

    form = "generated"

    def __init__(self, problem: Problem, given: bool) -> None:
        kernel = Kernel.of_program(problem.program)
        self.call = kernel.value_and_grad
        keyword = {one.name: one.keyword for one in kernel.signature.inputs}
        self.sets = [
            {keyword[name]: value for name, value in data.items() if name in keyword}
            for data in problem.data
        ]
        self.wrt = problem.wrt
        self.options: dict[str, Any] = {}
        if given:
            first = problem.data[0]
            arrays = {name: np.empty_like(np.asarray(first[name])) for name in self.wrt}
            self.options["out"] = arrays if len(arrays) > 1 else next(iter(arrays.values()))

    def run(self, number: int) -> Any:
        return self.call(**self.sets[number % len(self.sets)], **self.options)

    def results(self, found: Any) -> tuple[float, dict[str, Any]]:
        value, gradient = found
        parts = (gradient,) if len(self.wrt) == 1 else gradient
        return float(value), dict(zip(self.wrt, parts, strict=True))


def build(problem: Problem, name: str) -> Own:
    return Own(problem, name == "objc out")
