"""Losses of generative models, in torch."""

from __future__ import annotations

import math

import torch
from torch import distributions
from torch.nn import functional as F

from .divergence import gaussian_kl
from .record import Stated


def elbo(reconstruction, mean, log_variance, target, beta):
    decoder = distributions.Normal(reconstruction, torch.ones_like(reconstruction))
    constant = len(target) * math.log(2 * math.pi) / 2
    return -decoder.log_prob(target).sum() - constant + beta * gaussian_kl(mean, log_variance)


def ddpm_v(predicted, clean, noise, signal_rate, noise_rate):
    return F.mse_loss(predicted, signal_rate * noise - noise_rate * clean, reduction="sum")


def min_snr(predicted, noise, snr, gamma):
    """Hang et al. (2023), with the weight min(SNR, gamma) of a loss on the clean example, whose error
    is that of the noise over the root of the SNR."""
    clean_error = (noise - predicted) / snr.sqrt()
    return torch.minimum(snr, gamma) * (clean_error**2).sum()


def denoising_score_matching(score, noise, sigma):
    """Half the squared distance from the score of the normal density, by torch."""
    at = (sigma * noise).requires_grad_()
    density = distributions.Normal(torch.zeros_like(at), sigma.expand_as(at)).log_prob(at).sum()
    return ((score - torch.autograd.grad(density, at)[0]) ** 2).sum() / 2


ROWS = (
    Stated(
        "elbo",
        "reconstruction: real[D], mean: real[Z], log_variance: real[Z] | target: real[D];"
        " beta: nonnegative = 1",
        elbo,
        [{"beta": 4.0}],
    ),
    Stated(
        "ddpm_epsilon",
        "predicted: real[D] | noise: real[D]",
        lambda e, n: F.mse_loss(e, n, reduction="sum"),
    ),
    Stated(
        "ddpm_v",
        "predicted: real[D] | clean: real[D], noise: real[D],"
        " signal_rate: probability, noise_rate: probability",
        ddpm_v,
    ),
    Stated(
        "min_snr",
        "predicted: real[D] | noise: real[D], snr: positive; gamma: positive = 5",
        min_snr,
    ),
    Stated(
        "denoising_score_matching",
        "score: real[D] | noise: real[D], sigma: positive",
        denoising_score_matching,
    ),
    Stated(
        "flow_matching",
        "velocity: real[D] | x0: real[D], x1: real[D]",
        lambda v, x0, x1: F.mse_loss(v, x1 - x0, reduction="sum"),
    ),
    Stated("gradient_penalty", "gradient: real[D]", lambda g: (g.norm() - 1) ** 2),
)
