"""Drawing a history with matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from objc.errors import ObjcError
from objc.files import replace_file
from objc.training.errors import MissingPackage, UnknownQuantity

if TYPE_CHECKING:
    from objc.training.history import History

_NOT_DRAWN = frozenset({"epoch", "seconds", "learning_rate"})


def plot_history(history: History, where: Any, quantities: tuple[str, ...] | None) -> Any:
    """See `History.plot`."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ObjcError(MissingPackage(None, "matplotlib", "a plot", "plot")) from None
    names = _chosen(history, quantities)
    if where is not None and hasattr(where, "plot"):
        draw(history, where, names)
        return where.figure
    panels = _panels(names)
    figure = Figure(figsize=(4.6 * max(len(panels), 1), 3.4), layout="constrained")
    for place, (title, members) in enumerate(panels.items()):
        axes = figure.add_subplot(1, len(panels), place + 1)
        draw(history, axes, members)
        axes.set_title(title)
    if where is not None:
        kind = Path(where).suffix[1:] or "png"
        replace_file(where, lambda file: figure.savefig(file, format=kind, dpi=150))
    return figure


def draw(history: History, axes: Any, names: tuple[str, ...]) -> None:
    """Draw columns of the epochs: one color a quantity, training dashed where validation is there."""
    colors: dict[str, str] = {}
    for name in names:
        part, _, quantity = name.partition(".")
        color = colors.setdefault(quantity or part, f"C{len(colors)}")
        paired = part == "train" and f"validation.{quantity}" in names
        style = "--" if paired else "-"
        label = name.replace(".", " ", 1).replace(" value", " objective")
        axes.plot(history["epoch"], history[name], style, color=color, label=label, linewidth=1.6)
    axes.set_xlabel("epoch")
    values = np.concatenate([history[name] for name in names]) if names else np.ones(1)
    values = values[np.isfinite(values)]
    if values.size and values.min() > 0 and values.max() / values.min() > 50:
        axes.set_yscale("log")
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if names:
        axes.legend(frameon=False, fontsize="small")


def _chosen(history: History, quantities: tuple[str, ...] | None) -> tuple[str, ...]:
    if quantities is None:
        return tuple(name for name in history.epochs.names if name not in _NOT_DRAWN)
    for name in quantities:
        if name not in history:
            raise ObjcError(UnknownQuantity(None, name, history.epochs.names))
    return quantities


def _panels(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The objective, its terms with the metrics, and the learned numbers: each on scales of its own."""
    objective = tuple(name for name in names if name.partition(".")[2] == "value")
    learned = tuple(name for name in names if name.startswith("parameter."))
    rest = tuple(name for name in names if name not in objective + learned)
    panels = {"objective": objective, "terms and metrics": rest, "learned numbers": learned}
    return {title: members for title, members in panels.items() if members}
