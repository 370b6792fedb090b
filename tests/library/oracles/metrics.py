"""Metrics, by scikit-learn, or counted one by one from the definition."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn import metrics
from sklearn.exceptions import UndefinedMetricWarning
from torch.nn import functional as F

from .record import Difference, Stated

BATCH = "score: real[N] | label: binary[N]"
LIST = "score: real[N] | relevance: binary[N]"


def top_k_accuracy(logits, label, k):
    order = sorted(range(len(logits)), key=lambda j: (-logits[j], j))
    return float(label in order[: int(k)])


def by_scikit_learn(name):
    def compare(score, label, threshold):
        return getattr(metrics, name)(label, score > threshold, zero_division=0.0)

    return compare


def roc_auc(score, label):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return metrics.roc_auc_score(label, score)


def ndcg(score, relevance, k):
    if len(score) == 1:  # scikit-learn refuses a list of one
        return float(relevance[0] > 0)
    rank = np.argsort(np.argsort(-score, kind="stable"))  # equals as they stand
    gains = 2.0**relevance - 1
    return metrics.ndcg_score([gains], [-rank.astype(float)], k=int(k), ignore_ties=True)


def average_precision(score, relevance):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metrics.average_precision_score(relevance, score)


def in_order(score, relevance):
    return relevance[np.argsort(-score, kind="stable")]


def reciprocal_rank(score, relevance):
    found = np.flatnonzero(in_order(score, relevance))
    return 1 / (1 + found[0]) if len(found) else 0.0


def recall_at_k(score, relevance, k):
    relevant = relevance.sum()
    return in_order(score, relevance)[: int(k)].sum() / relevant if relevant else 0.0


def perplexity(logits, token, mask):
    kept = torch.tensor(mask == 1)
    logits, token = torch.tensor(logits)[kept], torch.tensor(token)[kept]
    return float(F.cross_entropy(logits, token).exp())


def r2(prediction, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metrics.r2_score(target, prediction, force_finite=False)


def constant(point):
    return len(set(point["target"])) == 1


def expected_calibration_error(logits, label, bins):
    """Guo et al. (2017), equation 3, a bin at a time."""
    p = torch.tensor(logits).softmax(1).numpy()
    confidence, right = p.max(1), logits.argmax(1) == label
    bin_of = np.ceil(confidence * bins)
    gaps = [
        abs(right[bin_of == b].mean() - confidence[bin_of == b].mean()) * (bin_of == b).sum()
        for b in np.unique(bin_of)
    ]
    return sum(gaps) / len(label)


ROWS = (
    Stated(
        "zero_one",
        "score: real | label: sign",
        lambda score, label: metrics.zero_one_loss([label], [np.sign(score)]),
    ),
    Stated(
        "accuracy",
        "logits: real[K] | label: index(K)",
        lambda logits, label: metrics.accuracy_score([label], [np.argmax(logits)]),
    ),
    Stated(
        "top_k_accuracy",
        "logits: real[K] | label: index(K); k: count = 5",
        top_k_accuracy,
        [{"k": 1}, {"k": 2}],
    ),
    *(
        Stated(
            name,
            f"{BATCH}; threshold: real = 0",
            by_scikit_learn(f"{name}_score"),
            [{"threshold": 0.5}],
        )
        for name in ("precision", "recall", "f1")
    ),
    Stated("roc_auc", BATCH, roc_auc),
    Stated(
        "ndcg",
        "score: real[N] | relevance: count[N]; k: count",
        ndcg,
        [{"k": 1}, {"k": 3}, {"k": 100}],
    ),
    Stated("average_precision", LIST, average_precision),
    Stated("reciprocal_rank", LIST, reciprocal_rank),
    Stated("recall_at_k", f"{LIST}; k: count", recall_at_k, [{"k": 1}, {"k": 3}, {"k": 100}]),
    Stated(
        "perplexity",
        "logits: real[T, V] | token: index(V)[T], mask: binary[T]",
        perplexity,
    ),
    Stated(
        "r2",
        "prediction: real[N] | target: real[N]",
        r2,
        differs=[Difference("Of one example or a constant target", constant)],
    ),
    Stated(
        "expected_calibration_error",
        "logits: real[N, K] | label: index(K)[N]; bins: count = 15",
        expected_calibration_error,
        [{"bins": 1}, {"bins": 4}],
    ),
)
