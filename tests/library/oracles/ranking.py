"""Orders, in torch, and LambdaRank's weights by swapping the items."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .record import Stated

PAIR = "positive: real, negative: real"


def ranknet(score, relevance, sigma):
    above = relevance[:, None] > relevance[None, :]
    return -F.logsigmoid(sigma * (score[:, None] - score[None, :]))[above].sum()


def dcg(relevance, rank):
    gains = 2 ** relevance.double() - 1
    return sum(g / torch.log2(1 + r.double()) for g, r in zip(gains, rank, strict=True))


def lambdarank(score, relevance, sigma):
    """Every pair's ranks exchanged; equal scores share the better rank."""
    rank = [1 + (score > s).sum() for s in score]
    ideal = dcg(relevance.sort(descending=True).values, torch.arange(1, len(score) + 1))
    total = 0 * score.sum()
    for i in range(len(score)):
        for j in range(len(score)):
            if relevance[i] > relevance[j]:
                swapped = list(rank)
                swapped[i], swapped[j] = rank[j], rank[i]
                change = abs(dcg(relevance, swapped) - dcg(relevance, rank)) / ideal
                total = total + change * -F.logsigmoid(sigma * (score[i] - score[j]))
    return total


def listmle(score, relevance):
    order = torch.argsort(-relevance, stable=True)
    return sum(torch.logsumexp(score[order[i:]], 0) - score[order[i]] for i in range(len(order)))


def approx_ndcg(score, relevance, temperature):
    ideal = dcg(relevance.sort(descending=True).values, torch.arange(1, len(score) + 1))
    if ideal == 0:
        return 0 * score.sum()
    soft = torch.sigmoid((score[None, :] - score[:, None]) / temperature)
    rank = 1 + (soft * (1 - torch.eye(len(score)))).sum(1)
    return 1 - dcg(relevance, rank) / ideal


ROWS = (
    Stated(
        "pairwise_hinge",
        f"{PAIR}; margin: positive = 1",
        lambda a, b, margin: F.relu(margin - (a - b)),
    ),
    Stated(
        "ranknet",
        "score: real[N] | relevance: real[N]; sigma: positive = 1",
        ranknet,
        [{"sigma": 0.5}],
    ),
    Stated(
        "lambdarank",
        "score: real[N] | relevance: count[N]; sigma: positive = 1",
        lambdarank,
        [{"sigma": 0.5}],
    ),
    Stated(
        "listnet",
        "score: real[N] | relevance: real[N]",
        lambda s, y: F.cross_entropy(s, y.softmax(0)),
    ),
    Stated("listmle", "score: real[N] | relevance: real[N]", listmle),
    Stated(
        "approx_ndcg",
        "score: real[N] | relevance: count[N]; temperature: positive = 1",
        approx_ndcg,
        [{"temperature": 0.1}],
    ),
    Stated("bpr", PAIR, lambda a, b: -F.logsigmoid(a - b)),
)
