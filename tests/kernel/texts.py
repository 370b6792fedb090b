"""The declarations that the tests of kernels call."""

from __future__ import annotations

LOSSES = '''"""Huber (1964): quadratic near zero, linear beyond delta."""
loss huber(prediction: real | target: real; delta: positive = 1) =
    if abs(r) <= delta then r^2 / 2 else delta * (abs(r) - delta / 2)
    where r = prediction - target
    claims convex in prediction

loss cross_entropy(logits: real[K] | label: index(K)) =
    logsumexp[k](logits[k]) - logits[label]

loss weighted_classes(logits: real[K] | label: index(K), importance: positive[K]) =
    importance[label] * (logsumexp[k](logits[k]) - logits[label])

loss bernoulli(p: probability | y: binary) = -y * log(p) - (1 - y) * log(1 - p)

loss poisson(log_rate: real | count: count) = exp(log_rate) - count * log_rate

loss divergence(q: simplex[K] | p: simplex[K]) = sum[k](p[k] * log(p[k] / q[k]))

loss clipped(x: real | y: real; low: real = -1, high: interval(low, 10) = 1) =
    (clip(x, low, high) - y)^2

loss scaled(x: real[D] | scale: positive[2]; factor: positive[D]) =
    sum[d](factor[d] * x[d]^2) * scale[0] * scale[1]

loss average(x: real[D] | y: real) = (mean[d](x[d]) - y)^2

loss masked(x: real[T] | mask: binary[T]) = sum[t](mask[t] * x[t]^2)

loss calibrated(score: real | y: real; learn slope: positive = 1, learn shift: real = 0) =
    (slope * score + shift - y)^2

loss contrast(a: real[D], b: real[D] | same: binary) =
    same * d + (1 - same) * max(0, 1 - d)
    where d = sum[k]((a[k] - b[k])^2)

loss same_class(x: real[K] | label: index(K)) = sum[k]([k == label] * x[k])

loss lambda(x: real | y: real) = (x - y)^2

metric zero_one(score: real | label: sign) = [label * score <= 0]
surrogate hinge for zero_one
loss hinge(score: real | label: sign) = max(0, 1 - label * score)

function softmax_of(x: real[K])[k] = exp(x[k]) / sum[j](exp(x[j]))

model linear(x: real[D]; learn weight: real[K, D], learn bias: real[K])[k] =
    sum[d](weight[k, d] * x[d]) + bias[k]

objective ridge(w: real[D], b: real | x: real[D], y: real; l2: nonnegative = 0.5) =
    minimize
        fit:   (dot(w, x) + b - y)^2
        ridge: l2 * sum[d](w[d]^2)  over parameters

loss binomial(p: probability | hits: count(trials), trials: count) =
    -(hits * log(p) + (trials - hits) * log(1 - p))

loss outside(x: real[D] | low: real[D], high: interval(low, inf)[D]) =
    sum[d](max(0, low[d] - x[d]) + max(0, x[d] - high[d]))

loss ordinal(score: real, theta: ordered[K] | label: count(K)) =
    if label == 0 then -log(sigmoid(theta[0] - score))
    else if label == K then -log(1 - sigmoid(theta[K-1] - score))
    else -log(sigmoid(theta[label] - score) - sigmoid(theta[label-1] - score))

loss kept(x: real[T] | keep: binary[T]) =
    if x[0] > 100 then mean[t | t > T](x[t]) else mean[t | keep[t] == 1](x[t])^2
'''
