"""Losses of reinforcement learning, in torch, as their papers' algorithms state them."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .record import Stated

GROUP = (
    "log_probability: real[G, T] | old_log_probability: real[G, T],"
    " reference_log_probability: real[G, T], reward: real[G], mask: binary[G, T];"
    " epsilon: probability = 0.2, beta: nonnegative = "
)


NOTHING = torch.zeros((), dtype=torch.float64, requires_grad=True)


def clipped_surrogate(ratio, advantage, epsilon):
    """One ratio at a time, so that what the clip holds is a constant."""
    held = ratio.detach().clamp(1 - epsilon, 1 + epsilon)
    return (
        ratio * advantage if ratio * advantage <= held * advantage else held * advantage + NOTHING
    )


def ppo_clip(log_probability, old, advantage, epsilon):
    return clipped_surrogate((log_probability - old).exp(), advantage, epsilon)


def tokens(log_probability, old, reference, advantage, mask, epsilon, beta):
    """The gains of the kept tokens of every answer."""

    def gain(g, t):
        r = reference[g, t] - log_probability[g, t]
        clipped = ppo_clip(log_probability[g, t], old[g, t], advantage[g], epsilon)
        return clipped - beta * (r.exp() - r - 1)

    return [[gain(g, t) for t in kept.nonzero()[:, 0]] for g, kept in enumerate(mask)]


def standardized(reward):
    center, spread = reward.mean(), reward.std(correction=0)
    return (reward - center) / spread if spread > 0 else torch.zeros_like(reward)


def grpo(log_probability, old, reference, reward, mask, epsilon, beta):
    gains = tokens(log_probability, old, reference, standardized(reward), mask, epsilon, beta)
    return sum((sum(one) / max(1, len(one)) for one in gains), NOTHING) / len(reward)


def grpo_token_mean(log_probability, old, reference, reward, mask, epsilon, beta):
    gains = tokens(log_probability, old, reference, standardized(reward), mask, epsilon, beta)
    return sum((sum(one) for one in gains), NOTHING) / mask.sum()


def grpo_unnormalized(log_probability, old, reference, reward, mask, epsilon, beta):
    gains = tokens(log_probability, old, reference, reward - reward.mean(), mask, epsilon, beta)
    return sum((sum(one) for one in gains), NOTHING) / mask.numel()


def sac_critic(q, reward, next_q, next_log_probability, done, temperature, discount):
    soft_value = next_q - temperature * next_log_probability
    return 0.5 * F.mse_loss(q, reward + discount * (1 - done) * soft_value)


def gae(reward, value, last_value, discount, trace):
    """Schulman et al. (2016), equation 16: temporal differences, discounted from every step on."""
    values = torch.cat([value, last_value[None]])
    delta = reward + discount * values[1:] - values[:-1]
    later = torch.arange(len(reward))[None, :] - torch.arange(len(reward))[:, None]
    return torch.where(later >= 0, (discount * trace) ** later.clamp(min=0), 0.0) @ delta


ROWS = (
    Stated(
        "discounted_return",
        "reward: real[T]; discount: probability = 0.99",
        lambda reward, discount: gae(reward, 0 * reward, 0 * reward[0], discount, 1),
        [{"discount": 0.0}, {"discount": 1.0}],
    ),
    Stated(
        "gae",
        "reward: real[T], value: real[T], last_value: real;"
        " discount: probability = 0.99, trace: probability = 0.95",
        gae,
        [{"trace": 0.0}, {"discount": 1.0, "trace": 1.0}],
    ),
    Stated("reinforce", "log_probability: real | return: real", lambda x, r: -(x * r)),
    Stated(
        "advantage_actor_critic",
        "log_probability: real, value: real, entropy: real | advantage: real, return: real;"
        " value_weight: nonnegative = 0.5, entropy_weight: nonnegative = 0.01",
        lambda x, v, h, a, r, value_weight, entropy_weight: (
            -(x * a) + value_weight * F.mse_loss(v, r) - entropy_weight * h
        ),
    ),
    Stated(
        "clipped_surrogate",
        "ratio: real | advantage: real; epsilon: probability = 0.2",
        clipped_surrogate,
    ),
    Stated(
        "ppo_clip",
        "log_probability: real | old_log_probability: real, advantage: real;"
        " epsilon: probability = 0.2",
        ppo_clip,
        [{"epsilon": 0.0}],
    ),
    Stated("grpo", GROUP + "0.04", grpo),
    Stated("grpo_token_mean", GROUP + "0.04", grpo_token_mean),
    Stated("grpo_unnormalized", GROUP + "0", grpo_unnormalized, [{"epsilon": 0.1, "beta": 0.04}]),
    Stated(
        "sac_actor",
        "log_probability: real, q: real; temperature: nonnegative = 0.2",
        lambda x, q, temperature: temperature * x - q,
    ),
    Stated(
        "sac_critic",
        "q: real | reward: real, next_q: real, next_log_probability: real, done: binary;"
        " temperature: nonnegative = 0.2, discount: probability = 0.99",
        sac_critic,
    ),
    Stated(
        "dqn",
        "q: real[A] | action: index(A), target: real",
        lambda q, action, target: F.mse_loss(q[action], target),
    ),
)
