"""objc's own kernels, called as a user calls them."""

from __future__ import annotations

from typing import Any

import numpy as np

from objc.bench.cases import BOOSTING
from objc.bench.problem import Problem
from objc.kernel import Kernel


class Own:
    """`kernel.value_and_grad`, with arrays for the gradients or without; for a case of boosting
    `kernel.gradient_and_hessian_diagonal`."""

    form = "generated"

    def __init__(self, problem: Problem, given: bool, kernel: Kernel | None = None) -> None:
        kernel = kernel or Kernel.of_program(problem.program)
        self.both = problem.case.results == BOOSTING
        self.call = kernel.gradient_and_hessian_diagonal if self.both else kernel.value_and_grad
        keyword = {one.name: one.keyword for one in kernel.signature.inputs}
        self.sets = [
            {keyword[name]: value for name, value in data.items() if name in keyword}
            for data in problem.data
        ]
        self.wrt = problem.wrt
        self.options: dict[str, Any] = {}
        self.arrays: dict[str, Any] = {}
        """Those for the gradients, where they are given."""
        if given:
            first = problem.data[0]
            self.arrays = {name: np.empty_like(np.asarray(first[name])) for name in self.wrt}
            several = len(self.arrays) > 1
            out: Any = self.arrays if several else next(iter(self.arrays.values()))
            self.options["out"] = (out, np.empty_like(out)) if self.both else out

    def run(self, number: int) -> Any:
        return self.call(**self.sets[number % len(self.sets)], **self.options)

    def results(self, found: Any) -> dict[str, Any]:
        if self.both:
            return {**self._by_input("gradient", found[0]),
                    **self._by_input("hessian_diagonal", found[1])}  # fmt: skip
        return {"value": float(found[0]), **self._by_input("gradient", found[1])}

    def _by_input(self, kind: str, parts: Any) -> dict[str, Any]:
        whole = (parts,) if len(self.wrt) == 1 else parts
        return {f"{kind}:{name}": one for name, one in zip(self.wrt, whole, strict=True)}


def build(problem: Problem, name: str) -> Own:
    return Own(problem, name == "objc out")
