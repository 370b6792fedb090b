"""Naive forms whose inputs lean on each other: successes among trials, thresholds in order, numbers known to
lie between two others, the corners of boxes. Without what their domains say the texts are refused.

They belong to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not
have them.
"""

from __future__ import annotations

from .form import Form, Row, two

TRIALS: tuple[Row, ...] = tuple(
    (a, b, hits, trials)
    for a, b in ((0.5, 0.5), (3.0, 1.5), (40.0, 2.0))
    for hits, trials in ((0, 0), (0, 7), (3, 7), (7, 7), (400, 1000))
)  # type: ignore[misc]
BETA_BINOMIAL = (
    "-(lgamma(trials + 1) - lgamma(hits + 1) - lgamma(trials - hits + 1) + lgamma(hits + a)"
    " + lgamma(trials - hits + b) - lgamma(trials + a + b) - lgamma(a) - lgamma(b) + lgamma(a + b))"
)
PROBABILITIES: tuple[Row, ...] = tuple(
    (p, hits, trials) for p in (1e-12, 0.3, 1 - 2**-40) for _, _, hits, trials in TRIALS[1:5]
)  # type: ignore[misc]
LOGITS: tuple[Row, ...] = tuple(
    (z, hits, trials) for z in (-800.0, -40.0, 0.3, 30.0) for _, _, hits, trials in TRIALS[1:5]
)  # type: ignore[misc]

SCORES = (-800.0, -30.0, 0.4, 12.0, 900.0)
THRESHOLDS = ((-1.0, 0.5, 2.0), (-1.0, -1.0 + 2**-20, 40.0))
ORDINAL = [(s, theta, y) for s in SCORES for theta in THRESHOLDS for y in range(4)]
KNOTS = (((-1.0, 0.5, 2.0),), ((1e4, 1e4 + 2**-20, 2e4),), ((-3e-8, 0.0, 1e-9),))

BOUNDS: tuple[Row, ...] = tuple(
    (m, s, low, high)
    for m in (-15.0, 0.3, 25.0)
    for s in (0.5, 3.0)
    for low, high in ((-1.0, 1.0), (0.0, 0.25), (2.0, 60.0))
)
NARROW: tuple[Row, ...] = tuple(
    (m, s, low, low + width)
    for m in (-12.0, 0.3)
    for s, width in ((0.5, 2**-4), (0.5, 2**-20), (40.0, 1.0), (1e6, 1.0), (3.0, 0.375))
    for low in (-1.0, 2.5)
)
BETWEEN: tuple[Row, ...] = tuple(
    (m, s, low + (high - low) / 4, low, high) for m, s, low, high in BOUNDS
)
CENSORED = "(erf((high - m) / (s * sqrt(2))) - erf((low - m) / (s * sqrt(2)))) / 2"
LOGISTIC = "sigmoid((high - m) / s) - sigmoid((low - m) / s)"

BOXES: tuple[Row, ...] = (
    (0.0, 2.0, 0.0, 1.0, 1.0, 3.0, 0.25, 2.0),
    (0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 4.0),
    (10.0, 10.25, 4.0, 9.0, 9.5, 12.0, 5.0, 6.0),
)

DOMAIN_FORMS = (
    two(BETA_BINOMIAL, TRIALS, "a: positive, b: positive | hits: count(trials), trials: count",
        tolerance=3e-13),
    two("-(hits * log(p) + (trials - hits) * log(1 - p))", PROBABILITIES,
        "p: probability | hits: count(trials), trials: count"),
    two("-(hits * log(sigmoid(z)) + (trials - hits) * log(1 - sigmoid(z)))", LOGITS,
        "z: real | hits: count(trials), trials: count"),
    Form("cumulative logit",
         "if y == 0 then -log(sigmoid(theta[0] - s)) else if y == K then -log(1 - sigmoid(theta[K-1] - s))"
         " else -log(sigmoid(theta[y] - s) - sigmoid(theta[y-1] - s))",
         ORDINAL, "s: real, theta: ordered[K] | y: count(K)",
         "-log(sigmoid(theta[0] - s)) + 0 * (theta[1] + theta[2]) if y == 0"
         " else -log(1 - sigmoid(theta[2] - s)) + 0 * (theta[0] + theta[1]) if y == 3"
         " else -log(sigmoid(theta[int(y)] - s) - sigmoid(theta[int(y) - 1] - s)) + 0 * total(theta)"),
    Form("spacings", "-mean[k | k > 0](log(q[k] - q[k-1]))", KNOTS, "q: ordered[K]",
         "-(log(q[1] - q[0]) + log(q[2] - q[1])) / 2"),
    two(f"-log({CENSORED})", (*BOUNDS, *NARROW),
        "m: real, s: positive | low: real, high: interval(low, inf)"),
    two(f"-log({LOGISTIC})", BOUNDS, "m: real, s: positive | low: real, high: interval(low, inf)"),
    two(f"(x - m)^2 / (2 * s^2) + log(s) + log({CENSORED})", BETWEEN,
        "m: real, s: positive | x: interval(low, high), low: real, high: real",
        tolerance=1e-10),  # between ends that nearly agree a term's slope is what the other leaves of it
    Form("generalized intersection over union", "1 - inner / outer + (hull - outer) / hull", BOXES,
         "a: real, b: interval(a, inf), c: real, d: interval(c, inf)"
         " | e: real, f: interval(e, inf), g: real, h: interval(g, inf)",
         "(lambda inner, hull: 1 - inner / ((b - a) * (d - c) + (f - e) * (h - g) - inner)"
         " + (hull - ((b - a) * (d - c) + (f - e) * (h - g) - inner)) / hull)("
         "(min(b, f) - max(a, e) if min(b, f) > max(a, e) else 0)"
         " * (min(d, h) - max(c, g) if min(d, h) > max(c, g) else 0),"
         " (max(b, f) - min(a, e)) * (max(d, h) - min(c, g)))",
         "inner = max(0, min(b, f) - max(a, e)) * max(0, min(d, h) - max(c, g))\n"
         "          outer = (b - a) * (d - c) + (f - e) * (h - g) - inner\n"
         "          hull = (max(b, f) - min(a, e)) * (max(d, h) - min(c, g))"),
)  # fmt: skip
