"""Where hyperparameters are tried: beside their defaults, at the ends of their domains, at one and at the
numbers of the text, and at every magnitude, small ones first.

A power whose exponent is nearly zero, a temperature beyond all scores, a width below a residual's
rounding: what cancels or leaves the range there does nothing of the kind at a default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from objc.ir.domain import Domain
from objc.ir.program import Program
from objc.target import DType

_BESIDE = (0.0625, 0.5, 1.5, 4.0, 32.0)
_SMALL = (3.0, 20.0)
"""Decades below one that are tried more often than others."""
_MOST_CONSTANTS = 8
_LEAST, _GREATEST = 1e-12, 1e12
"""Of the numbers of a text; larger ones stand for infinity."""


def constants_of(program: Program) -> tuple[float, ...]:
    """The numbers of the text, the plainest first."""
    found = {
        float(one)
        for let in program.lets
        for side in (let.body, let.guard)
        for one in side.atoms(sympy.Number)
        if one.is_finite and _LEAST <= abs(one) <= _GREATEST
    }
    return tuple(sorted(found, key=lambda one: (len(repr(one)), one))[:_MOST_CONSTANTS])


def hyperparameter(
    domain: Domain,
    default: float | None,
    constants: Sequence[float],
    shape: tuple[int, ...],
    dtype: DType,
    generator: np.random.Generator,
) -> Any:
    """Numbers of a domain that is the real line or a half of it; `shape` is that of the hyperparameter.

    Those of the real line have the sign of the default mostly, and may be zero, as may nonnegative ones.
    """
    limits = np.finfo(dtype)
    scale = 1.0 if not default else abs(default)
    beside = scale * generator.choice(_BESIDE, size=shape)
    small = 10 ** -generator.uniform(*_SMALL, size=shape)
    low, high = float(np.log10(limits.tiny)), float(np.log10(limits.max))
    extreme = 10 ** generator.uniform(low, high - 1, size=shape)
    ends = () if domain.kind == "positive" else (0.0,)
    marked = generator.choice([*ends, 1.0, *(abs(one) for one in constants)], size=shape)
    kind = generator.integers(4, size=shape)
    size = np.choose(kind, [beside, small, extreme, marked])
    if domain.kind != "real":
        return size
    usual = -1.0 if default is not None and default < 0 else 1.0
    return size * usual * generator.choice([1.0, 1.0, -1.0], size=shape)
