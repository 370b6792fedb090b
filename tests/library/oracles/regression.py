"""Losses for regression, from their papers, in mpmath."""

from __future__ import annotations

from jet import Jet, absolute, exp, lift, log, positive_part, sqrt
from mpmath import mp, mpf

from .record import EXPONENT, ROOT, Exact, by_condition

PAIR = "prediction: real | target: real"


def squared_error(prediction, target):
    return (prediction - target) ** 2


def half_squared_error(prediction, target):
    return (prediction - target) ** 2 / 2


def absolute_error(prediction, target):
    return absolute(prediction - target)


def huber(prediction, target, delta):
    r = lift(prediction - target)
    return r**2 / 2 if abs(r.value) <= delta else delta * (absolute(r) - delta / 2)


def smooth_l1(prediction, target, beta):
    r = lift(prediction - target)
    return r**2 / (2 * beta) if abs(r.value) <= beta else absolute(r) - beta / 2


def pseudo_huber(prediction, target, delta):
    return delta * sqrt((prediction - target) ** 2 + delta**2) - delta**2


def pinball(prediction, target, tau):
    # Equal: the derivative from below, -tau, is the documented one.
    u = lift(target - prediction)
    return tau * u if u.value >= 0 else (tau - 1) * u


def expectile(prediction, target, tau):
    u = lift(target - prediction)
    return (tau if u.value >= 0 else 1 - tau) * u**2


def log_cosh(prediction, target):
    r = lift(prediction - target)
    r = r if r.value >= 0 else -r
    return r + log((1 + exp(-2 * r)) / 2)


def epsilon_insensitive(prediction, target, epsilon):
    return positive_part(absolute(prediction - target) - epsilon)


def cauchy(prediction, target, scale):
    return log(1 + ((prediction - target) / scale) ** 2 / 2)


def geman_mcclure(prediction, target, scale):
    x = ((prediction - target) / scale) ** 2
    return 2 * x / (x + 4)


def welsch(prediction, target, scale):
    return 1 - exp(((prediction - target) / scale) ** 2 / -2)


def tukey(prediction, target, scale):
    x = (prediction - target) / scale
    inside = abs(lift(x).value) <= 1
    return (1 - (1 - x**2) ** 3) / 6 if inside else Jet(mpf(1) / 6)


def charbonnier(prediction, target, epsilon):
    return sqrt((prediction - target) ** 2 + epsilon**2)


def gaussian_nll(mean, log_variance, target):
    return (log_variance + (target - mean) ** 2 * exp(-log_variance) + mp.log(2 * mp.pi)) / 2


def laplace_nll(location, log_scale, target):
    return absolute(target - location) * exp(-log_scale) + log_scale + mp.log(2)


def poisson(log_rate, count):
    return exp(log_rate) - count * log_rate


def gamma(log_mean, target):
    return log_mean + target * exp(-log_mean)


def tweedie(log_mean, target, power):
    return exp((2 - power) * log_mean) / (2 - power) + target * exp((1 - power) * log_mean) / (
        power - 1
    )


def mean_absolute_percentage(prediction, target):
    return absolute((prediction - target) / target)


def squared_log_error(prediction, target):
    return log((1 + prediction) / (1 + target)) ** 2


ROWS = (
    Exact("squared_error", PAIR, squared_error),
    Exact("half_squared_error", PAIR, half_squared_error),
    Exact("absolute_error", PAIR, absolute_error),
    Exact("huber", f"{PAIR}; delta: positive = 1", huber, [{"delta": 0.3}]),
    Exact("smooth_l1", f"{PAIR}; beta: positive = 1", smooth_l1,
           [{"beta": 0.3}]),
    Exact("pseudo_huber", f"{PAIR}; delta: positive = 1", pseudo_huber,
           [{"delta": 0.3}]),
    Exact("pinball", f"{PAIR}; tau: probability = 0.5", pinball,
           [{"tau": 0.1}]),
    Exact("expectile", f"{PAIR}; tau: probability = 0.5", expectile,
           [{"tau": 0.1}]),
    Exact("log_cosh", PAIR, log_cosh,
           excuses=by_condition(EXPONENT, "hessian_diagonal")),
    Exact("epsilon_insensitive", f"{PAIR}; epsilon: nonnegative = 0.1",
           epsilon_insensitive, [{"epsilon": 0.0}]),
    Exact("cauchy", f"{PAIR}; scale: positive", cauchy,
           [{"scale": 1.0}, {"scale": 2.385}],
           excuses=by_condition(ROOT, "hessian_diagonal")),
    Exact("geman_mcclure", f"{PAIR}; scale: positive", geman_mcclure,
           [{"scale": 1.0}, {"scale": 0.3}],
           excuses=by_condition(ROOT, "hessian_diagonal")),
    Exact("welsch", f"{PAIR}; scale: positive", welsch,
           [{"scale": 1.0}, {"scale": 2.985}],
           excuses=by_condition(EXPONENT, "gradient", "hessian_diagonal")),
    Exact("tukey", f"{PAIR}; scale: positive", tukey,
           [{"scale": 1.0}, {"scale": 4.685}],
           excuses=by_condition(ROOT, "gradient", "hessian_diagonal")),
    Exact("charbonnier", f"{PAIR}; epsilon: positive = 1e-3", charbonnier,
           [{"epsilon": 1.0}]),
    Exact("gaussian_nll", "mean: real, log_variance: real | target: real",
           gaussian_nll,
           excuses=by_condition(ROOT, "gradient")),
    Exact("laplace_nll", "location: real, log_scale: real | target: real",
           laplace_nll,
           excuses=by_condition(ROOT, "gradient")),
    Exact("poisson", "log_rate: real | count: count", poisson,
           excuses=by_condition(ROOT, "per_example", "gradient")),
    Exact("gamma", "log_mean: real | target: positive", gamma,
           excuses=by_condition(ROOT, "per_example", "gradient")),
    Exact("tweedie", "log_mean: real | target: nonnegative; power: interval(1, 2) = 1.5", tweedie,
           [{"power": 1.25}, {"power": 1.9}],
           excuses=by_condition(f"{EXPONENT}; {ROOT}", "per_example", "gradient", "hessian_diagonal")),
    Exact("mean_absolute_percentage", "prediction: real | target: positive",
           mean_absolute_percentage),
    Exact("squared_log_error", "prediction: nonnegative | target: nonnegative", squared_log_error,
           excuses=by_condition(ROOT, "per_example", "gradient", "hessian_diagonal")),
)  # fmt: skip
