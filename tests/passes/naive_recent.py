"""Losses of recent papers as these write them: odds of sequences, counts of steps.

They belong to the list of `tests.passes.naive_definitions`, as those of `naive_papers` do.
"""

from __future__ import annotations

from .form import UP, Form, Row, scalars

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

# Noise-contrastive estimation (Gutmann and Hyvärinen 2010) with k samples of noise for one of data.
SCORES: tuple[Row, ...] = tuple(
    (s, q) for s in (100.0, -60.0, 1.0, 800.0, -700.0, 0.0) for q in (0.1, 1e-3, 1.0)
)
_BOTH = "-log(exp(s) / (exp(s) + 5 * q))", "-log(1 - exp(s) / (exp(s) + 5 * q))"
NOISE = (
    Form("data beside noise, a probability", _BOTH[0], (*SCORES, (30.0, 0.0)), "s: real | q: probability",
         "log(1 + 5 * q * exp(-s))"),
    Form("noise beside data, a probability", _BOTH[1], SCORES, "s: real | q: probability",
         "log(1 + exp(s) / (5 * q))"),
    Form("data beside noise that is learned", _BOTH[0], (*SCORES, (30.0, 0.0)), "s: real, q: probability",
         "log(1 + 5 * q * exp(-s))"),
    Form("data beside counted noise", "-y * log(p) - (1 - y) * log(1 - p)",
         tuple((s, y, q, k) for s, q in SCORES for y, k in ((1, 3), (0, 20))),
         "s: real | y: binary, q: positive, k: count",
         "y * log(1 + k * q * exp(-s)) + (1 - y) * log(1 + exp(s) / (k * q))",
         where="p = exp(s) / (exp(s) + k * q)"),
    Form("noise by its share", "-log(k * q / (exp(s) + k * q))",
         tuple((s, q, k) for s, q in SCORES for k in (3, 20)), "s: real | q: positive, k: count",
         "log(1 + exp(s) / (k * q))"),
)  # fmt: skip

# Quality focal loss (Li et al. 2020) and varifocal loss (Zhang et al. 2021), of soft labels.
LABELED: tuple[Row, ...] = tuple(
    (z, y) for z in (15.0, 40.0, -15.0, -40.0, 0.7, 300.0) for y in (0.0, 1.0, 0.5)
)
_SOFT = "((1 - y) * log(1 + exp(z)) + y * log(1 + exp(-z)))"
_TEXT = "((1 - y) * log(1 - s) + y * log(s))"
_SHARE = "s = 1 / (1 + exp(-z))"
QUALITY = (
    *(Form(f"quality focal by {name}", f"-{factor} * {_TEXT}", LABELED, "z: real | y: probability",
           f"(y - 1 / (1 + exp(-z)))**2 * {_SOFT}", where=_SHARE)
      for name, factor in (("a size", "abs(y - s)^2"), ("a square", "(y - s)^2"))),
    Form("quality focal by a sigmoid", f"-abs(y - s)^b * {_TEXT}",
         [(*row, 2.0) for row in LABELED],
         "z: real | y: probability; b: positive",
         f"(y - 1 / (1 + exp(-z)))**2 * {_SOFT}", where="s = sigmoid(z)"),
    Form("varifocal", f"if y > 0 then -y * {_TEXT} else -0.75 * s^2 * log(1 - s)", LABELED,
         "z: real | y: probability",
         f"y * {_SOFT} if y > 0 else 0.75 * (1 + exp(-z))**-2 * log(1 + exp(z))", where=_SHARE),
)  # fmt: skip

# Langevin 1905: what is left of the hyperbolic cotangent.
WAVES = (
    scalars("cosh(x) / sinh(x)", UP, "x: positive", oracle="1 / tanh(x)"),
    scalars("cosh(x) / sinh(x) - 1 / x", UP[1:], "x: positive"),
)

RECENT: tuple[Form, ...] = (*ODDS, *NOISE, *QUALITY, *WAVES)
