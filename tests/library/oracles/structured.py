"""Losses on structures, in torch."""

from __future__ import annotations

from itertools import pairwise

import torch

from .record import Difference, Stated


def cox(log_hazard, time, event):
    """Breslow's partial likelihood, an event at a time."""
    total = 0 * log_hazard.sum()
    for i in range(len(time)):
        if event[i] == 1:
            total = total + torch.logsumexp(log_hazard[time >= time[i]], 0) - log_hazard[i]
    return total


def chain(emission, transition, join):
    """What `join` makes of the paths into each last tag."""
    best = emission[0]
    for row in emission[1:]:
        best = row + torch.stack([join(best + column) for column in transition.T])
    return join(best)


def score(emission, transition, tag):
    steps = sum(transition[j, k] for j, k in pairwise(tag))
    return sum(emission[t, k] for t, k in enumerate(tag)) + steps


def crf(emission, transition, tag, length):
    emission, tag = emission[:length], tag[:length]
    if not len(tag):
        return 0 * transition.sum()
    everything = chain(emission, transition, lambda each: torch.logsumexp(each, 0))
    return everything - score(emission, transition, tag)


def first_largest(each):
    return each[int(each.detach().numpy().argmax())]


def crf_viterbi(emission, transition, length):
    if not int(length):
        return torch.zeros(())
    return chain(emission[:length], transition, first_largest)


def structured_hinge(emission, transition, tag):
    rival = emission + 1 - torch.nn.functional.one_hot(tag, emission.shape[1])
    return chain(rival, transition, first_largest) - score(emission, transition, tag)


def ctc(logits, target, input_length, target_length, blank):
    """The recursion of the paper over symbols with blanks between, of the states that can be."""
    blank, target = int(blank), target[:target_length].tolist()
    states = [blank] + [one for symbol in target for one in (symbol, blank)]
    y = logits.log_softmax(1)[:input_length]
    alpha = {-1: 0 * logits.sum()}  # before the first frame
    for t, row in enumerate(y):
        following = {}
        for s, symbol in enumerate(states):
            skips = s > 1 and symbol not in (blank, states[s - 2])
            before = [s, s - 1] + [s - 2] * skips if t else [-1] * (s < 2)
            reached = [alpha[one] for one in before if one in alpha]
            if reached:
                following[s] = row[symbol] + torch.logsumexp(torch.stack(reached), 0)
        alpha = following
    ends = [s for s in (len(states) - 1, len(states) - 2) if s in alpha]
    if not len(y) and not target:
        return 0 * logits.sum()
    if not ends:
        return 0 * logits.sum() + torch.inf
    return -torch.logsumexp(torch.stack([alpha[one] for one in ends]), 0)


ROWS = (
    Stated("cox", "log_hazard: real[N] | time: real[N], event: binary[N]", cox),
    Stated(
        "crf",
        "emission: real[T, K], transition: real[K, K] | tag: index(K)[T], length: count",
        crf,
    ),
    Stated(
        "crf_viterbi", "emission: real[T, K], transition: real[K, K] | length: count", crf_viterbi
    ),
    Stated(
        "ctc",
        "logits: real[T, V] | target: index(V)[L], input_length: count, target_length: count"
        "; blank: count = 0",
        ctc,
        differs=[
            Difference(
                "which holds no blank",
                lambda at: 0 in at["target"][: int(at["target_length"])],
            ),
        ],
    ),
    Stated(
        "structured_hinge",
        "emission: real[T, K], transition: real[K, K] | tag: index(K)[T]",
        structured_hinge,
    ),
)
