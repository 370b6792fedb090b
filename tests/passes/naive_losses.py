"""Naive forms that losses of papers are written in, by magnitudes that occur in training: distances between
normal distributions that have come near each other, directions on a sphere, choices among noise, changes of
volume, correlations by raw sums.

They belong to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not
have them.
"""

from __future__ import annotations

from .form import Form, Row, scalars, two

DEVIATIONS: tuple[Row, ...] = tuple(
    (m, s, n, t)
    for m, n in ((0.3, 0.3), (0.3, 0.3 + 1e-9), (-2.0, 1.5))
    for s, t in ((0.7, 0.7), (0.7, 0.7 + 1e-10), (1e-3, 1e-3 * (1 + 1e-6)), (20.0, 0.5))
)
MOVED = "m: real, s: positive | n: real, t: positive"
NORMAL = (
    two("(m - n)^2 + s + t - 2 * sqrt(s * t)", DEVIATIONS, MOVED),
    two("(m - n)^2 + s^2 + t^2 - 2 * sqrt(s^2 * t^2)", DEVIATIONS, MOVED,
        oracle="(m - n)^2 + (s - t)^2"),
    two("(m - n)^2 + s^2 + t^2 - 2 * s * t", DEVIATIONS, MOVED),
    two("(m - n)^2 / (4 * (s^2 + t^2)) + log((s^2 + t^2) / (2 * s * t)) / 2", DEVIATIONS, MOVED,
        tolerance=1e-12),
    two("(m - n)^2 / (4 * (s + t)) + log((s + t) / (2 * sqrt(s * t))) / 2", DEVIATIONS, MOVED,
        tolerance=1e-12),
    two("1 - sqrt(2 * s * t / (s^2 + t^2)) * exp(-(m - n)^2 / (4 * (s^2 + t^2)))", DEVIATIONS, MOVED,
        tolerance=1e-11),
)  # fmt: skip

CONCENTRATIONS = (1e-3, 0.5, 3.0, 89.0, 400.0, 720.0, 1e5)
SCORES: tuple[Row, ...] = tuple(
    (s, q, k) for s in (-800.0, -3.0, 0.5, 30.0, 90.0, 800.0) for q in (1e-9, 0.3) for k in (1.0, 64.0)
)  # fmt: skip
ROWS = (((20.0, 0.0, -1.0),), ((90.0, 88.0, 100.0),), ((800.0, 1.0, -800.0),), ((0.5, 0.25, 0.7),))
CHOICES = (
    two("-log(k / (2 * pi * (exp(k) - exp(-k)))) - k * c",
        tuple((k, c) for k in CONCENTRATIONS for c in (-0.9, 0.3, 0.5)), "k: positive, c: interval(-1, 1)",
        tolerance=1e-12),
    two("-log(exp(s) / (exp(s) + k * q))", SCORES, "s: real | q: positive, k: positive"),
    two("-log(k * q / (exp(s) + k * q))", SCORES, "s: real | q: positive, k: positive"),
    two("log(exp(s) + q)", [(s, q) for s, q, _ in SCORES[::2]], "s: real, q: positive"),
    Form("one choice over all others", "-log(exp(s[0]) / (sum[j](exp(s[j])) - exp(s[0])))", ROWS,
         "s: real[N]", "log(total(exp(one) for one in s[1:])) - s[0]"),
)  # fmt: skip

VOLUMES: tuple[Row, ...] = tuple(
    (u, w) for u in (1e-12, -1e-5, 0.3, -40.0) for w in (1e-9, 0.7, 1e3)
)
CHANGES = (
    two("-log(abs(1 + u * w))", VOLUMES, "u: real, w: real"),
    two("-log(abs(1 + (1 - tanh(z)^2) * w * u))", [(u, w, z) for u, w in VOLUMES for z in (-3.0, 0.4, 20.0)],
        "u: real, w: real | z: real", tolerance=1e-12,
        oracle="-log(absolute(1 + u * w / cosh(z)^2))"),
)  # fmt: skip

COLUMNS = (((1.0, 2.0, 4.0), (3.0, -1.0, 0.5)), ((1e4, 1e4 + 1, 1e4 + 2), (5.0, 7.0, 8.0)))
SUMS = (
    Form("spread by raw sums", "(N * sum[i](x[i]^2) - sum[i](x[i])^2) / (N * (N - 1))",
         [(x,) for x, _ in COLUMNS], "x: real[N]", "total((one - total(x) / 3)^2 for one in x) / 2"),
    Form("correlation by raw sums",
         "1 - (N * sum[i](x[i] * y[i]) - sum[i](x[i]) * sum[i](y[i]))"
         " / sqrt((N * sum[i](x[i]^2) - sum[i](x[i])^2) * (N * sum[i](y[i]^2) - sum[i](y[i])^2))",
         COLUMNS, "x: real[N] | y: real[N]",
         "1 - total((a - total(x) / 3) * (b - total(y) / 3) for a, b in zip(x, y))"
         " / (length([a - total(x) / 3 for a in x]) * length([b - total(y) / 3 for b in y]))",
         tolerance=1e-10),  # of an entry that is nearly as far from the line as from the mean
)  # fmt: skip

BINS = (
    Form("bins of a mixture of logistic distributions",
         "-log(sum[k](w[k] * (sigmoid((x - m[k] + 1/255) * r) - sigmoid((x - m[k] - 1/255) * r))))",
         [((-0.5, 0.25), 7.0, (0.5, 0.3), -0.3), ((-0.5, 0.5), 1800.0, (0.5, 0.25), 0.0)],
         "m: real[K] | r: positive, w: positive[K], x: real",
         "-log(total(p * sigmoid((x - a + HyperDual(1) / 255) * r)"
         " * sigmoid((a + HyperDual(1) / 255 - x) * r) for p, a in zip(w, m))"
         " * (1 - exp(HyperDual(-2) / 255 * r)))",
         tolerance=1e-10),  # the exponents are of hundreds
    Form("bins of a mixture of normal distributions",
         "-log(sum[k](softmax(w)[k] / 2 * (erf((x - m[k] + 1/255) / (s[k] * sqrt(2)))"
         " - erf((x - m[k] - 1/255) / (s[k] * sqrt(2))))))",
         [((0.0, 1.0), (-0.5, 0.25), (0.3, 0.4), -0.3), ((0.5, 1.0), (-0.5, 0.5), (0.02, 0.03), 0.0)],
         "w: real[K], m: real[K], s: positive[K] | x: real",
         "-log(total(p * (erfc((absolute(x - a) - HyperDual(1) / 255) / (b * sqrt(2)))"
         " - erfc((absolute(x - a) + HyperDual(1) / 255) / (b * sqrt(2)))) / 2"
         " for p, a, b in zip(softmax(w), m, s)))",
         tolerance=1e-9),  # the exponents are of hundreds, and so are the slopes of the narrow bins
)  # fmt: skip

SCALED_BINS = (
    Form("bins by the logarithm of a scale",
         "-log(sum[k](softmax(w)[k] * (F((y + 1/2 - m[k]) / exp(r[k])) - F((y - 1/2 - m[k]) / exp(r[k])))))",
         [((0.0, 0.5, 0.25), (300.0, 10.0, -90.0), (0.0, 0.25, 0.0), 3.0),
          ((0.0, 0.0, 0.0), (10.0, -300.0, 90.0), (0.0, 0.0, 0.0), 3.0),
          ((0.5, 0.0, -1.0), (7.0, 2.0, 4.0), (1.0, 0.5, -0.5), 3.0)],
         "w: real[K], m: real[K], r: real[K] | y: real",
         "-log(total(exp(p) * (sigmoid((y + HyperDual(1) / 2 - a) / exp(o))"
         " - sigmoid((y - HyperDual(1) / 2 - a) / exp(o))) for p, a, o in zip(w, m, r))"
         " / total(exp(p) for p in w))",
         "F(x) = 1 / (1 + exp(-x))", tolerance=1e-10),
)  # fmt: skip

THRESHOLDS: tuple[Row, ...] = tuple(
    (z, a, a + gap) for z in (-90.0, -30.0, -3.0, 0.5, 30.0, 90.0) for a in (-1.0, 0.25)
    for gap in (2.0**-20, 0.5, 40.0)
)  # fmt: skip
RATINGS = (
    two("-log(sigmoid(b - z) - sigmoid(a - z))", THRESHOLDS, "z: real, a: real, b: real",
        oracle="log(1 + exp(z - b)) + log(1 + exp(a - z)) - log(1 - exp(a - b))"),
    two("-log(sigmoid((b - z) / s) - sigmoid((a - z) / s))",
        [(z, s, a, b) for z, a, b in THRESHOLDS for s in (0.5, 2.0)],
        "z: real, s: positive | a: real, b: real",
        oracle="log(1 + exp((z - b) / s)) + log(1 + exp((a - z) / s)) - log(1 - exp((a - b) / s))"),
)  # fmt: skip

GAPS: tuple[Row, ...] = tuple(
    (a, w, x) for a in (0.3, -1.0) for w in (0.5, 20.0) for x in (-40.0, -9.0, 0.2, 60.0)
)
BETWEEN = (
    two(
        "-log((erf((a + w - x) / sqrt(2)) - erf((a - x) / sqrt(2))) / 2)",
        GAPS,
        "a: real, w: positive | x: real",
        oracle="-log(erfc((a - x) / sqrt(HyperDual(2))) / 2 - erfc((a + w - x) / sqrt(HyperDual(2))) / 2)",
        tolerance=1e-10,
    ),  # the exponents are of hundreds
    two(
        "-log(erf((b - x) / sqrt(2)) / 2 - erf((a - x) / sqrt(2)) / 2)",
        [(a, a + w, x) for a, w, x in GAPS],
        "a: real, b: real | x: real",
        oracle="-log(erfc((a - x) / sqrt(HyperDual(2))) / 2 - erfc((b - x) / sqrt(HyperDual(2))) / 2)",
        tolerance=1e-10,
    ),
)

ENTRIES = ((1.0, 2.0, 4.0), (0.01, 0.02, 0.03))
NEARLY: tuple[Row, ...] = tuple(
    (one, tuple(x * (1 + by * n) for n, x in enumerate(one)))
    for one in ENTRIES
    for by in (1e-9, 1e-4, 0.7)
)  # type: ignore[misc]
ANGLES = (
    Form(
        "divergence of Cauchy and Schwarz",
        "-log(sum[k](a[k] * b[k]) / sqrt(sum[k](a[k]^2) * sum[k](b[k]^2)))",
        NEARLY,
        "a: positive[K] | b: positive[K]",
        "-log(total(x * y for x, y in zip(a, b)) / (length(a) * length(b)))",
        tolerance=1e-6,
    ),
)

TURNS = tuple(
    (
        (0.5, 0.25, -0.75, 1.0),
        tuple(
            sign * (x + by * y)
            for x, y in zip((0.5, 0.25, -0.75, 1.0), (0.9, 0.3, -2.0, 0.7), strict=True)
        ),
    )
    for by in (2.0**-17, 2.0**-10, 3.0)
    for sign in (1, -1)
)
ROTATIONS = tuple(
    Form(
        f"angle of two rotations, {text}",
        text,
        TURNS,
        "p: real[D] | q: real[D]",
        "2 * acos(absolute(total(a * b for a, b in zip(p, q))) / (length(p) * length(q)))",
        tolerance=1e-9,  # of directions that are rounded, and differ by as little
    )
    for text in (
        "2 * acos(abs(sum[d](p[d] * q[d])) / (norm(p) * norm(q)))",
        "2 * acos(min(1, abs(cosine(p, q))))",
        "pi - 2 * asin(abs(cosine(p, q)))",
    )
)

LIFETIMES: tuple[Row, ...] = tuple(
    (k, s, t) for k in (0.5, 1.5, 30.0) for s in (1.0, 50.0) for t in (2.0**-10, 1.001, 60.0)
    if (t / s) ** k < 200
)  # fmt: skip
CENSORED = (
    two(
        "-log(1 - exp(-(t / s)^k))",
        LIFETIMES,
        "k: positive, s: positive | t: positive",
        tolerance=1e-11,
    ),
)

MOST: tuple[Row, ...] = tuple(
    (a, y) for a in ((1.0, 1.5, 1.25), (300.0, 2.0, 5.0), (2.0**40, 1.0, 2.0)) for y in (0, 1)
)  # type: ignore[misc]
EVIDENCE = tuple(
    Form(f"share of the evidence, {text}", text, points, "a: positive[K] | y: index(K)", oracle,
         tolerance=1e-11)
    for text, oracle, points in (
        ("log(sum[k](a[k])) - log(a[y])", "log(total(a) / a[y])", MOST),
        ("-log(a[y] / sum[k](a[k]))", "log(total(a) / a[y])", MOST),
        ("1 - a[y] / sum[k](a[k])", "total(one for k, one in enumerate(a) if k != y) / total(a)", MOST),
        ("lgamma(sum[k](a[k])) - lgamma(a[y])", "lgamma(total(a)) - lgamma(a[y])", MOST[:4]),
    )
)  # fmt: skip

STUDENT = (
    two("lgamma(v / 2) - lgamma((v + 1) / 2) + log(pi * v * s^2) / 2"
        " + (v + 1) / 2 * log(1 + (y - m)^2 / (v * s^2))",
        ((0.3, 0.5, 30.0, 0.3), (-2.0, 3.0, 0.7, 1.5), (-2.0, 3.0, 1e3, 1.5), (-2.0, 0.5, 1e7, 1.5)),
        "m: real, s: positive, v: positive | y: real", tolerance=1e-11),
)  # fmt: skip

SHAPES: tuple[Row, ...] = tuple(
    (m, a, y) for a in (0.3, 8.0, 30.0, 1e3, 1e7) for m, y in ((2.0, 0.3), (2.0, 2.001), (5e3, 7e3))
)
GAMMA = (
    two(
        "lgamma(a) - a * log(a / m) - (a - 1) * log(y) + a * y / m",
        SHAPES,
        "m: positive, a: positive | y: positive",
        tolerance=1e-10,
    ),
    two(
        "lgamma(a) - a * log(a) + a * log(m) - (a - 1) * log(y) + a * y / m",
        SHAPES,
        "m: positive, a: positive | y: positive",
        tolerance=1e-10,
    ),
    two(
        "lgamma(a) - a * log(a) + a",
        [(a,) for a in (0.3, 8.0, 30.0, 1e3, 1e7, 1e15)],
        "a: positive",
        tolerance=1e-12,
    ),
)

COSTS: tuple[Row, ...] = tuple(
    (row, t)
    for row in (
        (3e4, 3e4 + 0.5, 3e4 + 1),
        (1e9, 1e9 + 4, 1e9 + 7),
        (7.0, 7.0, 7.0),
        (0.1, 0.9, 5.0),
    )
    for t in (2.0, 30.0)
)
EXPECTED = (
    Form("cost under a choice by costs",
         "sum[k](exp(-d[k] / t) * d[k]) / sum[k](exp(-d[k] / t))", COSTS, "d: real[K] | t: positive",
         "total(exp(-a / t) * a for a in d) / total(exp(-a / t) for a in d)"),
    Form("advantage of a soft choice", "sum[k](softmax(y)[k] * (z[k] - z[0])) where y[k] = g * z[k]",
         [(row, 1 / t) for row, t in COSTS], "z: real[K] | g: positive",
         "total(exp(g * a) * (a - z[0]) for a in z) / total(exp(g * a) for a in z)"),
)  # fmt: skip

LARGE = ((300.0, 299.0, 299.5), (90.0, 89.5, 88.0), (800.0, 799.0, 799.25), (0.5, 0.25, 0.7))
PRIORS: tuple[Row, ...] = tuple(
    (z, w, y) for z in LARGE for w, y in (((0.5, 2.0, 7.0), 1), ((1.5, 0.0, 2.0), 2))
)  # type: ignore[misc]
MASKS: tuple[Row, ...] = tuple(
    (z, m, y) for z in LARGE for m, y in (((0, 0, 0), 0), ((0, 1, 0), 2), ((0, 0, 1), 1))
)  # type: ignore[misc]
UNMASKED = "log(total((1 if k == y else 1 - m[k]) * exp(a) for k, a in enumerate(z))) - z[y]"
WEIGHTED = (
    Form("a softmax with a prior", "-log(w[y] * exp(z[y]) / sum[k](w[k] * exp(z[k])))", PRIORS,
         "z: real[K] | w: nonnegative[K], y: index(K)",
         "log(total(b * exp(a) for a, b in zip(z, w)) / w[y]) - z[y]"),
    Form("a choice among weighted others",
         "-log(exp(z[y]) / (exp(z[y]) + sum[k | k != y]((1 - m[k]) * exp(z[k]))))", MASKS,
         "z: real[K] | m: binary[K], y: index(K)", UNMASKED),
    Form("weights by cases", "-log(exp(z[y]) / sum[k](v[k] * exp(z[k])))", MASKS,
         "z: real[K] | m: binary[K], y: index(K)", UNMASKED,
         "v[k] = if k == y then 1 else 1 - m[k]"),
    Form("samples by their probability",
         "-log(exp(p) / q / (exp(p) / q + sum[k](exp(z[k]) / w[k])))",
         [(p, z, 0.01, (0.2, 0.25, 1.0)) for p in (298.0, 570.0) for z in LARGE[::2]]
         + [(0.7, LARGE[3], 0.01, (0.2, 0.25, 1.0))],
         "p: real, z: real[K] | q: positive, w: positive[K]",
         "log(1 + q * total(exp(a - p) / b for a, b in zip(z, w)))"),
    Form("a mean under a mask", "sum[k](m[k] * exp(z[k]) * v[k]) / sum[k](m[k] * exp(z[k]))",
         [(z, (0.5, -2.0, 3.0), m) for z in LARGE for m in ((1, 1, 1), (0, 1, 1))],
         "z: real[K], v: real[K] | m: binary[K]",
         "total(b * exp(a) * c for a, c, b in zip(z, v, m)) / total(b * exp(a) for a, b in zip(z, m))"),
    Form("the rest of a sum, less a share", "log(sum[j](exp(h[j])) - w * sum[j | j > 0](exp(h[j])))",
         [(h, w) for h in LARGE for w in (0.0, 0.5, 0.75)], "h: real[N] | w: interval(0, 0.9)",
         "log(total(exp(a) for a in h) - w * total(exp(a) for a in h[1:]))"),
)  # fmt: skip

LABELS: tuple[Row, ...] = tuple(
    (z, y) for z in (-800.0, -110.0, -30.0, -0.5, 0.3, 20.0, 90.0, 800.0) for y in (0, 1)
)
BY_CASES = tuple(
    Form(f"by cases of the label, {text}", text, LABELS, "z: real | y: binary", oracle,
         "p = sigmoid(z)\n          q = if y == 1 then p else 1 - p")
    for text, oracle in (
        ("-log(q)", "log(1 + exp((1 - 2 * y) * z))"),
        ("-(1 - q)^2 * log(q)", "sigmoid((1 - 2 * y) * z)^2 * log(1 + exp((1 - 2 * y) * z))"),
        ("-log(2 * q)", "log(1 + exp((1 - 2 * y) * z)) - log(HyperDual(2))"),
        ("log(1 - q)", "-log(1 + exp((2 * y - 1) * z))"),
        ("q * log(q)", "-sigmoid((2 * y - 1) * z) * log(1 + exp((1 - 2 * y) * z))"),
    )
)  # fmt: skip

GATED = (
    two("-log(1 - sigmoid(z)) - lgamma(y + r) + lgamma(r) + y * log(r)",
        tuple((z, r, y) for z in (-800.0, 0.3, 120.0, 800.0) for r in (0.5, 30.0) for y in (0, 3, 1000)),
        "z: real, r: positive | y: count",
        oracle="log(1 + exp(z)) - lgamma(y + r) + lgamma(r) + y * log(r)"),
)  # fmt: skip

TOKENS = tuple(
    (z, m)
    for z in (
        (20.0, 1.0, -0.2, -0.8),
        (-50.0, 0.0, 0.5, 300.0),
        (0.3, 0.2, 0.1, 0.0),
        (1.5, 1.0, 0.7, 1.4),
    )
    for m in ((1, 0, 1, 0), (1, 1, 1, 1), (0, 0, 1, 1))
)
REST = "log(total(exp(a) for a in z) / total(exp(a) for k, a in enumerate(z) if k != v))"
UNLIKELY = tuple(
    Form(text, text, TOKENS, "z: real[V] | m: binary[V]", f"total({oracle} for v in range(len(z)))")
    for text, oracle in (
        ("-sum[v | m[v] == 1](log(1 - softmax(z)[v]))", f"m[v] * {REST}"),
        ("-sum[v](m[v] * log(1 - exp(z[v]) / sum[k](exp(z[k]))))", f"m[v] * {REST}"),
        ("-sum[v](m[v] * log(softmax(z)[v]) + (1 - m[v]) * log(1 - softmax(z)[v]))",
         f"(m[v] * (log(total(exp(a) for a in z)) - z[v]) + (1 - m[v]) * {REST})"),
    )
)  # fmt: skip

PREFERRED = (
    two("p * log(p / (1 - e)) + (1 - p) * log((1 - p) / e)",
        tuple((h, e) for h in (-800.0, -110.0, -0.5, 0.3, 20.0, 800.0) for e in (0.001, 0.3)),
        "h: real | e: interval(0.0001, 0.4)", where="p = sigmoid(h)",
        oracle="sigmoid(h) * (-log(1 + exp(-h)) - log(1 - e)) + sigmoid(-h) * (-log(1 + exp(h)) - log(e))"),
    two("log(sigmoid(h)^2 / (1 - 2 * e))", tuple((h, e) for h in (-800.0, 0.3, 90.0) for e in (0.001, 0.3)),
        "h: real | e: interval(0.0001, 0.4)", oracle="-2 * log(1 + exp(-h)) - log(1 - 2 * e)"),
)  # fmt: skip

# What stands in for a quotient at its root is not known to be finite; a product of it is compared as others.
QUOTIENTS = tuple((x, n) for x in (-3.0, 0.7, 40.0) for n in (0.5, 30.0))
STAND_INS = (
    two("log(exp(n * (x + (if x == 0 then 1 else sin(x) / x))) + exp(x))", QUOTIENTS, "x: real, n: positive",
        oracle="log(exp(n * (x + sin(x) / x)) + exp(x))"),
    two("max(1, n * (x + (if x == 0 then 1 else 1 / x)))", QUOTIENTS, "x: real, n: positive",
        oracle="max(1, n * (x + 1 / x))"),
    two("-log(exp(f) / (exp(f) + exp(n)))", QUOTIENTS, "x: real, n: positive",
        oracle="log(1 + exp(n - n * cos(4 * x) * (1 if x > 1 else -1) + 2 * n * (0 if x > 1 else 1)))",
        where="k = if x > 1 then 0 else 1\n          f = n * ((-1)^k * cos(4 * x) - 2 * k)"),
)  # fmt: skip

LOSS_FORMS: tuple[Form, ...] = (
    *NORMAL, *CHOICES, *CHANGES, *SUMS, *BINS, *SCALED_BINS, *RATINGS, *BETWEEN, *ANGLES, *ROTATIONS,
    *EVIDENCE, *STUDENT, *GAMMA, *EXPECTED, *CENSORED, *WEIGHTED, *BY_CASES, *GATED, *UNLIKELY,
    *PREFERRED, *STAND_INS,
    scalars("log((exp(k) - exp(-k)) / (2 * k))", CONCENTRATIONS, "k: positive", tolerance=1e-12,
            oracle="log(sinh(k) / k)"),
    Form("logarithm of a mean of some", "log(mean[i | i > 0](exp(z[i])))",
         (((3.0, 1000.0, 998.0),), ((1e5, -800.0, -801.5),), ((1.0, 2.0, 4.0),)), "z: real[K]",
         "log(total(exp(a) for a in z[1:]) / 2) + 0 * z[0]"),
)  # fmt: skip
