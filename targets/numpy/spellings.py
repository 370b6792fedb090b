"""How NumPy spells the atoms."""

from __future__ import annotations

from collections.abc import Mapping

SPELLINGS: Mapping[str, str] = {
    "exp": "np.exp({})",
    "expm1": "np.expm1({})",
    "log": "np.log({})",
    "log1p": "np.log1p({})",
    "abs": "np.abs({})",
    "sign": "np.sign({})",
    "sin": "np.sin({})",
    "cos": "np.cos({})",
    "tan": "np.tan({})",
    "asin": "np.arcsin({})",
    "acos": "np.arccos({})",
    "atan": "np.arctan({})",
    "sinh": "np.sinh({})",
    "cosh": "np.cosh({})",
    "tanh": "np.tanh({})",
    "asinh": "np.arcsinh({})",
    "erf": "erf({})",
    "erfc": "erfc({})",
    "log_ndtr": "log_ndtr({})",
    "hazard": "hazard({})",
    "hazard_excess": "hazard_excess({})",
    "lgamma": "lgamma({})",
    "digamma": "polygamma(0, {})",
    "sigmoid": "sigmoid({})",
    "softplus": "softplus({})",
    "logit": "logit({})",
    "log_cosh": "log_cosh({})",
    "log1mexp": "log1mexp({})",
    "sqrt1pm1": "sqrt1pm1({})",
    "hypot": "np.hypot({}, {})",
    "hypot1m1": "hypot1m1({})",
    "quotient": "np.divide({}, {})",
    "xlogy": "xlogy({}, {})",
    "xlog1py": "xlog1py({}, {})",
    "maximum": "np.maximum({}, {})",
    "minimum": "np.minimum({}, {})",
    "stop_gradient": "{}",
    "extended": "{}",
}
"""From the name of an atom to text with a place for each argument. Names without `np.` are functions
of `_support`, copied into the emitted text."""

DECLINED: Mapping[str, str] = {}
"""Atoms that this target can't compute, each with the reason."""
