"""Losses of recent papers as these write them: odds of sequences, counts of steps.

They belong to the list of `tests.passes.naive_definitions`, as those of `naive_papers` do.
"""

from __future__ import annotations

from .form import Form, Row

# Odds-ratio preference optimization (Hong, Lee and Thorne 2024): logarithms of probabilities.
SEQUENCES: tuple[Row, ...] = tuple(
    (-w, -l)
    for w, l in (
        (100.0, 1.0),
        (500.0, 700.0),
        (1e-10, 1.0),
        (0.5, 1e-10),
        (1.0, 300.0),
        (3e-5, 40.0),
    )
)
OPPOSITE: tuple[Row, ...] = tuple((-w, -l) for w, l in SEQUENCES)  # type: ignore[operator]
_BELOW = "w: interval(-inf, 0), l: interval(-inf, 0)"
_RATIO = "-log(sigmoid(log((exp(w) / (1 - exp(w))) / (exp(l) / (1 - exp(l))))))"
_ORACLE = "log(1 + (exp(-w) - 1) / (exp(-l) - 1))"
ODDS = (
    Form("odds of two sequences", _RATIO, SEQUENCES, _BELOW, _ORACLE),
    Form("odds of two sequences under a guard", f"if w < 0 and l < 0 then {_RATIO} else 0", SEQUENCES,
         "w: real, l: real", _ORACLE),
    Form("odds of two sequences by name", "-log(sigmoid(log(a / b)))", SEQUENCES, _BELOW, _ORACLE,
         where="a = exp(w) / (1 - exp(w))\n          b = exp(l) / (1 - exp(l))"),
    Form("odds of two sequences by logarithms", "-log(sigmoid(log(a) - log(b)))", SEQUENCES, _BELOW,
         _ORACLE, where="a = exp(w) / (1 - exp(w))\n          b = exp(l) / (1 - exp(l))"),
    Form("odds of two lengths", "log(1 + (exp(w) - 1) / (exp(l) - 1))", OPPOSITE,
         "w: positive, l: positive"),
    Form("odds of two lengths the other way", "log(1 + b / a)", OPPOSITE, "w: positive, l: positive",
         "log(1 + (exp(w) - 1) / (exp(l) - 1))",
         where="a = exp(-w) / (1 - exp(-w))\n          b = exp(-l) / (1 - exp(-l))"),
)  # fmt: skip

RECENT: tuple[Form, ...] = (*ODDS,)
