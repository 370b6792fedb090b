"""What the words of a form mean in a framework: text that stands before the form."""

from __future__ import annotations

import itertools
import sys
import types
from typing import Any

_BOTH = """
import math
inf = math.inf
def is_number(x): return isinstance(x, (int, float))
def log_cosh(x): return absolute(x) + softplus(-2.0 * absolute(x)) - math.log(2.0)
def log1mexp(x): return log(-expm1(x))
def sqrt1pm1(x): return x / (1.0 + sqrt(1.0 + x))
def hazard(x): return exp(-0.5 * x * x - 0.9189385332046727 - log_ndtr(-x))
def hazard_excess(x): return hazard(x) - x
def quotient(a, b): return a / b
def extended(x): return x
def hypot(x, y): return sqrt(x * x + y * y)
def hypot1m1(x): return x * x / (1.0 + sqrt(1.0 + x * x))
def number(x, axes): return real(total(real(x), axes))
def norm(x, axes): return sqrt(total(x * x, axes))
def some(x, axes): return real(number(x != 0, axes) > 0)
def every(x, axes): return real(number(x == 0, axes) == 0)
"""

TORCH = (
    """
import torch
from torch.nn import functional as F
from torch import (
    argmax as _argmax, argmin as _argmin, asinh, acos, asin, atan, cos, cosh, einsum, erf, erfc, exp,
    expm1, log, log1p, sigmoid, sign, sin, sinh, sqrt, tan, tanh, xlogy,
)
from torch import lgamma, logit, polygamma
from torch.special import log_ndtr, xlog1py
def absolute(x): return torch.abs(x)
def softplus(x): return -F.logsigmoid(-x)
def digamma(x): return torch.digamma(x)
def stop_gradient(x): return x.detach()
def real(x):
    return x.to(REAL) if isinstance(x, torch.Tensor) else torch.tensor(float(x), dtype=REAL)
def truth(x): return x if isinstance(x, torch.Tensor) else torch.tensor(x)
def constant(x): return torch.full((), x, dtype=REAL) if is_number(x) else x
def choose(c, a, b): return torch.where(c, constant(a), constant(b))
def maximum(a, b):
    if is_number(a): return torch.clamp(b, min=a)
    return torch.clamp(a, min=b) if is_number(b) else torch.maximum(a, b)
def minimum(a, b):
    if is_number(a): return torch.clamp(b, max=a)
    return torch.clamp(a, max=b) if is_number(b) else torch.minimum(a, b)
def power(a, b): return torch.pow(a, b)
def positions(n): return torch.arange(n)
def kept(x, n): return torch.clamp(x, 0, n - 1)
def spread(x, shape): return torch.broadcast_to(constant(x), shape)
def transposed(x, order): return x.permute(order)
def total(x, axes): return x.sum(axes)
def average(x, axes): return x.mean(axes)
def largest(x, axes): return x.amax(axes)
def smallest(x, axes): return x.amin(axes)
def product(x, axes):
    for axis in reversed(axes): x = x.prod(axis)
    return x
def logsumexp(x, axes): return torch.logsumexp(x, axes)
def argmax(x, axes): return _argmax(x, axes[0])
def argmin(x, axes): return _argmin(x, axes[0])
def argsort(x): return torch.argsort(x, dim=-1, stable=True)
def stacked(steps, axis): return torch.stack(steps, axis)
"""
    + _BOTH
)

JAX = (
    """
import jax
from jax import numpy as jnp
from jax.nn import sigmoid, softplus
from jax.numpy import (
    arcsinh as asinh, arccos as acos, arcsin as asin, arctan as atan, cos, cosh, einsum, exp, expm1,
    log, log1p, sign, sin, sinh, sqrt, tan, tanh,
)
from jax.scipy.special import (
    digamma, erf, erfc, gammaln as lgamma, log_ndtr, logit, polygamma, xlog1py, xlogy,
)
def absolute(x): return jnp.abs(x)
def stop_gradient(x): return jax.lax.stop_gradient(x)
def real(x): return jnp.asarray(x, REAL)
def truth(x): return jnp.asarray(x)
def choose(c, a, b): return jnp.where(c, a, b)
def maximum(a, b): return jnp.maximum(a, b)
def minimum(a, b): return jnp.minimum(a, b)
def power(a, b): return jnp.power(a, b)
def positions(n): return jnp.arange(n)
def kept(x, n): return jnp.clip(x, 0, n - 1)
def spread(x, shape): return jnp.broadcast_to(x, shape)
def transposed(x, order): return jnp.transpose(x, order)
def total(x, axes): return jnp.sum(x, axes)
def average(x, axes): return jnp.mean(x, axes)
def largest(x, axes): return jnp.max(x, axes)
def smallest(x, axes): return jnp.min(x, axes)
def product(x, axes): return jnp.prod(x, axes)
def logsumexp(x, axes): return jax.scipy.special.logsumexp(x, axes)
def argmax(x, axes): return jnp.argmax(x, axes[0])
def argmin(x, axes): return jnp.argmin(x, axes[0])
def argsort(x): return jnp.argsort(x, axis=-1, stable=True)
def stacked(steps, axis): return jnp.stack(steps, axis)
"""
    + _BOTH
)


_numbers = itertools.count(1)


def function_of(text: str, words: str, real: Any) -> Any:
    """The function `form` of a text, in a framework whose floating type is `real`.

    It stands in a module of its own: torch.compile looks up a function's globals by its module's name.
    """
    module = types.ModuleType(f"objc_bench_form_{next(_numbers)}")
    sys.modules[module.__name__] = module
    namespace = vars(module)
    namespace["REAL"] = real
    exec(compile(words, "<words>", "exec"), namespace)
    exec(compile(text, "<form>", "exec"), namespace)
    return namespace["form"]
