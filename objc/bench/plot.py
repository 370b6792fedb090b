"""The roofline of a benchmark: what each case achieves, under what the machine can do."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from objc.bench.floors import Floors
from objc.bench.job import Row
from objc.bench.run import Report
from objc.bench.work import Work

_MARKS = {"objc": "o", "objc out": "s", "torch": "v", "torch.compile": "^", "jax": "D"}


def _arithmetic(row: Row, floors: Floors) -> float:
    work = Work(row.bytes, row.operations, row.products, row.functions)
    return work.arithmetic(floors)


def roofline(report: Report, path: str | Path) -> None:
    """Draw operations a second over operations a byte, for every contender of every case.

    Under the slanted roofs a case is bound by memory (copying, and reading alone), under the level one
    by arithmetic: that of a product of matrices, of which an elementary function counts as many operations
    as an exponential takes the time of.

    Raises:
        ImportError: matplotlib is not installed (`pip install 'objc[plot]'`).
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    mode = list(report.rows)[-1]
    floors = report.floors[mode]
    figure, axes = pyplot.subplots(figsize=(9, 6), layout="constrained")
    intensity = np.logspace(-2, 5, 200)
    ground = Floors(**floors)
    for name, style in (("copy", "-"), ("read", "--")):
        roof = np.minimum(intensity * floors[name], ground.product)
        label = f"{name} {floors[name] / 1e9:.0f} GB/s, product {ground.product / 1e9:.0f} G/s"
        axes.plot(intensity, roof / 1e9, style, color="0.4", label=label)
    for peer in dict.fromkeys(one.peer for row in report.rows[mode] for one in row.entries):
        points = [
            (done / row.bytes, done / entry.median / 1e9, row.case)
            for row in report.rows[mode]
            if (done := _arithmetic(row, ground)) and (entry := row.entry(peer)) and entry.median
        ]
        if points:
            x, y, names = zip(*points, strict=True)
            axes.plot(x, y, _MARKS.get(peer, "x"), label=peer, alpha=0.8)
            if peer == "objc":
                for place_x, place_y, name in zip(x, y, names, strict=True):
                    axes.annotate(name, (place_x, place_y), fontsize=7, xytext=(4, 4),
                                  textcoords="offset points")  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="operations per byte",
             ylabel="10⁹ operations per second")  # fmt: skip
    axes.set_title(f"{report.machine['processor']}, {report.machine['threads']} threads, "
                   f"{report.dtype}, allocator {mode}", fontsize=9)  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
