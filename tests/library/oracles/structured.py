"""Losses on structures, in torch."""

from __future__ import annotations

import torch

from .record import Stated


def cox(log_hazard, time, event):
    """Breslow's partial likelihood, an event at a time."""
    total = 0 * log_hazard.sum()
    for i in range(len(time)):
        if event[i] == 1:
            total = total + torch.logsumexp(log_hazard[time >= time[i]], 0) - log_hazard[i]
    return total


ROWS = (Stated("cox", "log_hazard: real[N] | time: real[N], event: binary[N]", cox),)
