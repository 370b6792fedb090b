"""A naive form: a loss as people write it, with points at which the text as it stands goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[float]

LINE = (-1e300, -1e5, -746, -710, -40, -30, -5, -0.7, -1e-3, -1e-9, -1e-20, -1e-300,
        0.0, 1e-300, 1e-20, 1e-9, 1e-3, 0.7, 5, 30, 40, 710, 746, 1e5, 1e300)  # fmt: skip
UP = tuple(x for x in LINE if x > 0)
DOWN = tuple(x for x in LINE if x < 0)
NOT_ZERO = tuple(x for x in LINE if x != 0)
WIDE = (-1e300, -1e200, -1e8, -3, -1e-3, -1e-8, -1e-200, -1e-300, 0.0,
        1e-300, 1e-200, 1e-8, 1e-3, 3, 1e8, 1e200, 1e300)  # fmt: skip
WIDE_UP = tuple(x for x in WIDE if x > 0)
UNIT = (1e-300, 1e-20, 1e-9, 1e-3, 0.3, 0.5, 0.7, 1 - 2**-10, 1 - 2**-30, 1 - 2**-53)
BALL = (*(-x for x in UNIT), 0.0, *UNIT)
PAIRS = (0.0, 1e-300, -1e-12, 2.0, -3.0, 40.0, -50.0, 800.0, -900.0, 1e5, -1e300)
LOGITS = ((0, 0, 0), (20, 0, -1), (-20, 0, 1), (50, 0, 0), (0, 800, -800), (1e4, 1e4, 1e4 - 1),
          (1e-9, 0, 0), (1e300, 0, 0), (-300, 300, 299))  # fmt: skip
VECTORS = ((3.0, 4.0, 12.0), (1e200, 1e200, 1e200), (3e-200, 0.0, 4e-200), (1e-300, 1e300, 1.0),
           (0.0, 1.0, 0.0), (1e-170, 1e-171, 2e-170))  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One loss: `text` is its body, `inputs` its signature, `points` the values of its inputs in
    order: numbers for a scalar, sequences for a vector. `where` holds definitions. `tolerance` is the
    relative error allowed, with its reason beside it if it isn't the common one."""

    name: str
    text: str
    points: Sequence[object]
    inputs: str = "x: real"
    oracle: str | None = None
    where: str = ""
    tolerance: float = 1e-13

    @property
    def source(self) -> str:
        where = f"\n    where {self.where}" if self.where else ""
        return f"loss form({self.inputs}) =\n    {self.text}{where}\n"

    @property
    def meaning(self) -> str:
        return (self.oracle or self.text).replace("^", "**").replace("abs(", "absolute(")


def scalars(text: str, points: Sequence[float], inputs: str = "x: real", **more: object) -> Form:
    return Form(text, text, [(one,) for one in points], inputs, **more)  # type: ignore[arg-type]


def two(text: str, points: Sequence[Row], inputs: str = "a: real, b: real", **more: object) -> Form:
    return Form(text, text, points, inputs, **more)  # type: ignore[arg-type]


AB = tuple((a, b) for a in PAIRS for b in (0.0, 1.0, -700.0, 800.0))
PLANE = ((3.0, 4.0), (0.0, 0.0), (1e200, 1e200), (3e-200, 4e-200), (1e-300, 1.0), (-1e300, 1e-300),
         (5.0, -12.0), (1e160, 1e-160))  # fmt: skip
