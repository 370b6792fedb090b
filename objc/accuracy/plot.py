"""Bits lost over the domain, as a picture."""

from __future__ import annotations

import math
from pathlib import Path

from objc.accuracy.report import Report

_COLORS = {"float32": "C1", "float64": "C0"}
_LEAST = 1e-300
"""Where zero and its neighbors are drawn."""


def save(report: Report, path: str | Path) -> None:
    """Draw, for every quantity, the bits lost at each entry over the largest input there.

    Raises:
        ImportError: matplotlib is not installed (`pip install 'objc[plot]'`).
    """
    from matplotlib.figure import Figure

    quantities = list(dict.fromkeys(row.quantity for row in report.rows))
    figure = Figure(figsize=(4.4 * len(quantities), 3.6), layout="constrained")
    for place, quantity in enumerate(quantities):
        axes = figure.add_subplot(1, len(quantities), place + 1)
        for dtype, color in _COLORS.items():
            chosen = [
                one for one in report.samples if (one.quantity, one.dtype) == (quantity, dtype)
            ]
            axes.plot(
                [math.log10(max(one.magnitude, _LEAST)) for one in chosen],
                [min(one.bits, 64.0) for one in chosen],
                ".", color=color, label=dtype, alpha=0.5, markersize=4,
            )  # fmt: skip
        axes.set(xlabel="log₁₀ of the largest input", title=quantity, ylim=(-1, 66))
        axes.set_ylabel("bits lost beyond rounding of inputs" if place == 0 else "")
        axes.grid(alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
    figure.suptitle(f"{report.name}, target {report.target}", fontsize="medium")
    figure.savefig(path, dpi=150)
