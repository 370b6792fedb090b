"""The shape of gradients that `objc explain --plot` draws, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from objc.analysis.story.profile import Profile


def draw(shapes: Mapping[str, Profile], path: str | Path) -> None:
    """Draw the slope of each declaration over its prediction, side by side.

    Raises:
        ImportError: matplotlib is not installed (`pip install 'objc[plot]'`).
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.4 * len(shapes), 3.4), layout="constrained")
    for place, (name, shape) in enumerate(shapes.items()):
        axes = figure.add_subplot(1, len(shapes), place + 1)
        axes.axhline(0, color="0.7", linewidth=0.8)
        axes.plot(shape.points, shape.slopes)
        axes.set(xlabel=shape.across, ylabel=f"slope in {shape.name}")
        axes.set_title(name + shape.fixed, fontsize="medium")
        axes.grid(alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)
