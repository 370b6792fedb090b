"""Vector mathematics of the CPU target: how each function of the language is spelled.

The functions themselves are in the files beside this one, with their suffix (`exp_32`); what Numba has
well enough is taken from `math`: in a loop, one lane after the other.
"""

from __future__ import annotations

from collections.abc import Mapping

SPELLINGS: Mapping[str, str] = {
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "abs": "abs",
    "sign": "sign",
    "sin": "sin",
    "cos": "cos",
    "tan": "math.tan",
    "asin": "math.asin",
    "acos": "math.acos",
    "atan": "math.atan",
    "sinh": "math.sinh",
    "cosh": "math.cosh",
    "tanh": "tanh",
    "asinh": "math.asinh",
    "erf": "erf",
    "erfc": "erfc",
    "log_ndtr": "log_ndtr",
    "hazard": "hazard",
    "hazard_excess": "hazard_excess",
    "lgamma": "lgamma",
    "digamma": "digamma",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "logit": "logit",
    "log_cosh": "log_cosh",
    "log1mexp": "log1mexp",
    "sqrt1pm1": "sqrt1pm1",
    "hypot": "hypot",
    "hypot1m1": "hypot1m1",
    "quotient": "quotient",
    "xlogy": "xlogy",
    "xlog1py": "xlog1py",
    "maximum": "maximum",
    "minimum": "minimum",
    "pow": "pow",
    "stop_gradient": "",
    "extended": "",
}
"""Names with a dot are Python's; `abs`, `maximum` and `minimum` take any type; the rest get a suffix.
`stop_gradient` and `extended` are their argument."""

BELOW_ZERO: Mapping[str, str] = {"exp": "exp_below_zero", "expm1": "expm1_below_zero"}
"""Those that need not look at what is beyond the range above where no argument is positive."""
