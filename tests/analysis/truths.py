"""Functions of one variable, and what they are: convex, concave, affine or neither on their domain.

What is true was decided by hand or from the literature named beside a group, before any prover saw it.
"""

from __future__ import annotations

CONVEX = """
positive    | log((exp(x) - 1) / x)
positive    | log((1 - exp(-x)) / x)
positive    | log(sinh(x) / x)
positive    | x / (1 - exp(-x))
positive    | x / tanh(x)
real        | -log(1 - exp(-exp(x)))
probability | -(1 - x)^2 * log(x) - 2 * (1 - x)
real        | if x > 3 then 2 * x - 5 else x^2 / 9
real        | min(abs(x), x^2 + 1)
real        | x^2
real        | (x - 3)^2 + x
real        | x^4
real        | x^4 + x^2 - 7 * x
real        | x^4 + 2 * x^3 + 2 * x^2
real        | x^4 - 4 * x^3 + 6 * x^2
real        | x^6 - 5 * x^4 + 20 * x^2
real        | abs(x)
real        | abs(x)^3
real        | abs(2 * x - 1) + x
real        | max(0, x)
real        | max(0, 1 - x)^2
real        | max(x, x^2)
real        | max(abs(x), x^2)
real        | max(x - 1, max(-x, 0))
real        | exp(x)
real        | exp(x) + exp(-x)
real        | exp(x) - x
real        | exp(x^2)
real        | exp(exp(x))
real        | exp(abs(x))
real        | exp(2 * x) + exp(x)
real        | exp(2 * x) - exp(x) + x^2
real        | log(1 + exp(x))
real        | log(1 + exp(-x))
real        | -log(1 / (1 + exp(-x)))
real        | log(exp(x) + exp(-x))
real        | log(exp(x) + exp(2 * x) + 1)
real        | log(1 + exp(x) + exp(3 * x))
real        | log(exp(x) + 2) + log(exp(-x) + 2)
real        | log(cosh(x))
real        | cosh(x)
real        | cosh(x)^2
real        | sqrt(x^2 + 1)
real        | sqrt(x^2 + 1) - x
real        | sqrt(1 + x^4)
real        | x * tanh(x) + x^2
real        | log(1 + exp(x)) + x^2 / 2
real        | log(1 + exp(x)) - x / 2
real        | log(1 + exp(x))^2
real        | exp(x) * log(1 + exp(-x)) + exp(x)
real        | x^2 / 2 + cos(x)
real        | x^2 + 2 * sin(x)
real        | x^2 + sin(x)
real        | x^2 + cos(x) * 2
real        | x^2 + log(1 + x^2)
real        | x^2 - log(1 + x^2) / 2
real        | 4 * x^2 + log(1 + x^2)
real        | x * atan(x)
real        | x * atan(x) - log(1 + x^2) / 2
real        | x * erf(x) + exp(-x^2) / sqrt(pi)
real        | x * asinh(x) - sqrt(1 + x^2)
real        | (1 + exp(x)) * log(1 + exp(x)) - x * exp(x)
real        | if x > 0 then x^2 else 0
real        | if abs(x) <= 1 then x^2 / 2 else abs(x) - 1/2
real        | if x > 1 then 2 * x - 1 else x^2
real        | if x > 0 then exp(x) - 1 else x
real        | if x < 0 then x^2 else if x < 1 then 0 else (x - 1)^2
real        | if x >= 0 then 2 * x else x
real        | if x >= 0 then x + x^2 else exp(x) - 1
real        | max(exp(x), 1 + x + x^2)
real        | abs(x) + abs(x - 1) + abs(x + 1)
real        | abs(x) * (1 + abs(x))
real        | x^2 * (x^2 + 6)
real        | (x^2 + 1)^2
real        | (x^2 + x + 1)^2
real        | x^2 + 1 / (1 + x^2)
real        | exp(x) * (x^2 - 4 * x + 6)
real        | exp(x) * (x^2 - 2 * x + 3)
real        | log(exp(x)) + x^2
real        | min(x^2 + 1, x^2 + 2)
real        | log(2 + exp(x) + exp(-x))
real        | (exp(x) - x - 1) * (exp(-x) + 1)
positive    | x * log(x)
positive    | x * log(x) - x
positive    | -log(x)
positive    | 1 / x
positive    | 1 / x^2
positive    | x - log(x) - 1
positive    | x + 1 / x
positive    | x^2 - log(x)
positive    | x^(3/2)
positive    | -sqrt(x)
positive    | 1 / sqrt(x)
positive    | x^x
positive    | log(1 + 1 / x)
positive    | (1 + x) * log(1 + x)
positive    | x * log(x) - (1 + x) * log((1 + x) / 2)
positive    | exp(-x) * (1 + x)^2 + x^2
positive    | exp(1 / x)
positive    | x * exp(1 / x)
positive    | -log(1 - exp(-x))
positive    | -log(exp(x) - 1) + x
positive    | log(exp(x) - 1) - 2 * log(x) + x^2
positive    | 1 / (exp(x) - 1)
positive    | x^3
positive    | x^3 + 1 / x
positive    | lgamma(x)
positive    | (x - 1)^2 / x
positive    | (sqrt(x) - 1)^2
positive    | -x / (1 + x)
positive    | -log(x) + x * log(2)
positive    | -atan(x)
positive    | -x^(1/3)
positive    | sqrt(x) * x
positive    | x^2 * log(1 + x)
nonnegative | x^3
nonnegative | x^2.5
nonnegative | (1 + x)^3
nonnegative | exp(x) - x^2 / 2
nonnegative | x - log(1 + x)
nonnegative | x^3 - x^2 + x * abs(x)
probability | -log(1 - x / 2)
probability | x * log(x) + (1 - x) * log(1 - x)
probability | -x * (1 - x)
probability | (1 - x)^3
probability | -(1 - x)^2 * log(x)
interval(-1, 1) | -cos(x)
interval(-1, 1) | 1 / (2 - x)
interval(-1, 1) | x^2 - x^4 / 6
interval(-1, 1) | exp(x) + x^3 / 20
interval(0, 1)  | sin(x) * -1
interval(-1/2, 1/2) | -log(1 - x^2)
interval(-3, 3) | x^2 + 2 * cos(x / 2)
interval(2, 5)  | x^3 - 6 * x^2
interval(0, 3)  | -sin(x) + x^2
"""

CONCAVE = """
real        | log(log(1 + exp(x)))
real        | log(erfc(x))
probability | log(x) * log(1 - x)
nonnegative | sqrt(1 + x) * (1 + x) - x^2
real        | if x > 0 then x else 2 * x
real        | -x^2
real        | x - exp(x)
real        | min(x, 1)
real        | -abs(x)
real        | -log(1 + exp(x))
real        | log(1 / (1 + exp(-x)))
real        | min(x, -x^2)
real        | -sqrt(1 + x^2)
real        | x - log(cosh(x))
positive    | log(x)
positive    | sqrt(x)
positive    | -x * log(x)
positive    | log(1 + x)
positive    | x / (1 + x)
positive    | log(log(1 + x) + 1)
positive    | log(x) - x^2
positive    | -1 / x
positive    | atan(x)
positive    | tanh(x)
positive    | log(1 - exp(-x))
positive    | x * log(1 + 1 / x)
positive    | log((exp(x) - 1) / x) - x^2
probability | x * (1 - x)
probability | -x * log(x) - (1 - x) * log(1 - x)
probability | sqrt(x * (1 - x))
interval(0, 3) | sin(x)
interval(-1, 1) | cos(x)
"""

AFFINE = """
real        | max(-exp(-x), x)
real        | 2 * x - 1
real        | log(exp(x))
real        | (x + 1)^2 - x^2
real        | max(x, x - 1)
real        | x * (x + 1) - x^2
real        | if x > 0 then x else x
real        | log(1 + exp(x)) - log(1 + exp(-x))
positive    | abs(x)
positive    | exp(log(x))
"""

NEITHER = """
positive    | x * log(1 + 1 / x) - 2 * log(1 + x)
positive    | x * log(x)^2 + 2 * x * log(x)
real        | exp(-x) + x * exp(-x) + x^2
real        | (x^4 + 1) / (x^2 + 1)
real        | abs(exp(x) - 1)
real        | x^3
real        | x^3 + 3 * x^2
real        | x^4 - x^2
real        | x^4 - x^2 / 1000000
real        | (x^2 - 1)^2
real        | x^2 + 3 * sin(x)
real        | x^2 + 41/20 * sin(x)
real        | sin(x)
real        | exp(-x^2)
real        | log(1 + x^2)
real        | x^2 / (1 + x^2)
real        | 1 / (1 + exp(x))
real        | tanh(x)
real        | atan(x)
real        | max(0, 1 - abs(x))
real        | min(x^2, 1)
real        | abs(x^2 - 1)
real        | sqrt(abs(x))
real        | x * exp(x)
real        | exp(x) - x^2
real        | exp(x) - 3/2 * x^2
real        | log(1 + exp(x)) - x^2 / 100
real        | if x > 0 then x^2 else -x^2
real        | if x > 0 then x^2 else 1
real        | if abs(x) <= 1 then x^2 / 2 else 1/2
real        | if abs(x) <= 1 then x^2 else abs(x)
real        | abs(x) - x^2 / 10
real        | max(-x^2, -1)
real        | x * tanh(x)
real        | x^2 * sin(x)
real        | exp(sin(x))
real        | log(2 + cos(x))
real        | exp(x) * (x^2 - 4 * x + 6) - exp(x) / 2 * 5
real        | x^2 + exp(-100 * (x - 20)^2)
real        | cosh(x) - 6/10 * x^2
real        | x^6 - 3 * x^4 + 3 * x^2
real        | sqrt(x^4 + 1) - x^2
positive    | x^3 - x^2
positive    | log(x)^2
positive    | x - x^2 + x^3
positive    | sin(x) / x
positive    | x * exp(-x)
positive    | log(x) / x
positive    | sqrt(x) + x^2 / 4
positive    | x^2 * log(x)
positive    | 1 / (1 + x^2)
nonnegative | x^3 - 2 * x^2
probability | x^3 - x^2 / 2
interval(-1, 1) | x^2 - x^4 / 5
interval(-1, 1) | exp(x) + x^3 / 10
interval(-2, 2) | -cos(x)
interval(1, 5)  | x^3 - 6 * x^2
"""


def rows(text: str) -> list[tuple[str, str]]:
    """Domain and formula of each line."""
    lines = [one for one in text.strip().splitlines() if one.strip()]
    return [tuple(part.strip() for part in one.split("|", 1)) for one in lines]  # type: ignore[misc]


TRUTHS: list[tuple[str, str, str]] = [
    (domain, formula, kind)
    for kind, text in (
        ("convex", CONVEX), ("concave", CONCAVE), ("affine", AFFINE), ("neither", NEITHER),
    )
    for domain, formula in rows(text)
]  # fmt: skip
