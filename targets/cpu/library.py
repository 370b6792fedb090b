"""Everything that the text of a kernel may name, in one place to import from."""

from __future__ import annotations

from objc.targets.cpu.kernels import inside, step
from objc.targets.cpu.mathematics import (
    error_function,
    float32,
    float64,
    normal,
    powers,
    special,
    trigonometry,
    wide,
)
from objc.targets.cpu.mathematics.bits import add, maximum, minimum, view
from objc.targets.cpu.mathematics.powers import is_few
from objc.targets.cpu.mathematics.registers import flat
from objc.targets.cpu.products import distances, finite, product, pulls
from objc.targets.cpu.running import running, running_at_infinity, running_count, running_in_place
from objc.targets.cpu.sliding import ranks_before, ranks_between
from objc.targets.cpu.sorting import sort

__all__ = [
    "add", "distances", "finite", "flat", "inside", "is_few", "maximum", "minimum",
    "product", "pulls", "ranks_before", "ranks_between", "running", "running_at_infinity", "running_count",
    "running_in_place", "sort", "step", "view",
]  # fmt: skip

for _module in (error_function, float32, float64, normal, powers, special, trigonometry, wide):
    for _name, _function in vars(_module).items():
        if _name.endswith(("_32", "_64")):
            globals()[_name] = _function
            __all__.append(_name)
