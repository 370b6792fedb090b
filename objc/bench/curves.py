"""Curves of a sweep as text and as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from objc.bench.run import Report
from objc.bench.sweep import Curve
from objc.ir.index import BATCH

_ALONG = {BATCH.name: "entries"}
"""What stands along an axis, where it is not the size of the dimension."""


def text(report: Report) -> str:
    """Nanoseconds an entry, by size and case: a column of equal numbers is a time that grows as the
    work does."""
    lines = []
    for dimension, curves in _by_dimension(report.curves):
        sizes = sorted({one.along(point) for one in curves for point in one.points})
        rows = [(_ALONG.get(dimension, dimension), *(one.case for one in curves))]
        rows += [(str(size), *(_cost(one, size) for one in curves)) for size in sizes]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
            lines.append("  ".join(cells).rstrip())
        lines.append("")
    lines.append(
        "nanoseconds an entry of the largest input; the worst steps from a size to the next:"
    )
    for one in report.curves:
        cliff = one.cliff()
        if cliff is not None:
            lines.append(f"{one.case} along {one.dimension}: {cliff[0]:.2f}× at {cliff[1]}")
    return "\n".join([*lines, "", *_SUBNORMAL])


_SUBNORMAL = (
    "By values, not by sizes, time has one step more: float32 numbers below 1.2e-38 are subnormal, and a",
    "processor may take ten times as long for each operation on one. Softmaxes of logits that lie 80 or",
    "more apart hold them: cross-entropy of logits of spread 20 took 21 ms where 2.8 ms are usual (PyTorch",
    "37 and 8). objc does not flush them to zero: they are results.",
)


def _cost(curve: Curve, size: int) -> str:
    for one in curve.points:
        if curve.along(one) == size:
            return f"{one.median / one.entries * 1e9:.3g}"
    return "–"


def _by_dimension(curves: Sequence[Curve]) -> Iterable[tuple[str, list[Curve]]]:
    for dimension in dict.fromkeys(one.dimension for one in curves):
        yield dimension, [one for one in curves if one.dimension == dimension]


def plot(report: Report, path: str | Path) -> None:
    """Draw the time of a call, and below it that of an entry, over the size; both axes in logarithms.

    Raises:
        ImportError: matplotlib is not installed (`pip install 'objc[plot]'`).
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    groups = list(_by_dimension(report.curves))
    figure, axes = pyplot.subplots(
        2, len(groups), figsize=(6 * len(groups), 8), layout="constrained", squeeze=False
    )
    for column, (dimension, curves) in enumerate(groups):
        for one in curves:
            entries = [point.entries for point in one.points]
            across = [one.along(point) for point in one.points]
            for row, scale in ((0, [1] * len(entries)), (1, entries)):
                parts = list(zip(one.points, scale, strict=True))
                middle = [point.median / by * 1e9 for point, by in parts]
                low = [point.lower / by * 1e9 for point, by in parts]
                high = [point.upper / by * 1e9 for point, by in parts]
                axes[row][column].plot(across, middle, "o-", markersize=3, label=one.case)
                axes[row][column].fill_between(across, low, high, alpha=0.2)
        what = _ALONG.get(dimension, f"{dimension}, the same entries in all")
        for row, name in enumerate(("nanoseconds a call", "nanoseconds an entry")):
            axes[row][column].set(xscale="log", yscale="log", xlabel=what, ylabel=name)
            axes[row][column].grid(alpha=0.3, which="both")
        axes[0][column].legend(fontsize=8)
    machine = report.machine
    figure.suptitle(
        f"{machine['processor']}, {machine['threads']} threads, {report.dtype}", fontsize=9
    )
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
