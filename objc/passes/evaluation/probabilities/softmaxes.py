"""Differences of the entries of two softmaxes, and logarithms of their ratio to a mixture.

Where two softmaxes are near each other what matters of their entries p and q is in u = log p − log q, of
which nothing is lost: p − q = max(p, q)·(1 − exp(−|u|)) with its sign, and the logarithm of 2p/(p + q) is
log 2 − softplus(−u), which vanishes with u. Forms of the numbers: no derivatives are taken of them.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, maximum, minimum
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression
from objc.passes.evaluation.divergences.log_ratios import LogRatios
from objc.passes.evaluation.divergences.relative_entropies import EXCESS_NEAR, series_of_excess
from objc.passes.evaluation.nodes import without_names
from objc.passes.rewrites.forms import HALF, parts_with, without_factor
from objc.passes.stable.probabilities import is_zero, ratio_to_mixture


def compare_softmaxes(program: Program) -> Program:
    """The program with such differences and logarithms."""
    ratios = LogRatios(program)
    if len(ratios.normalizers) < 2:
        return program
    comparing = _Comparing(ratios)
    for let in program.lets:
        body = comparing.changed(let.body, let)
        ratios.lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(ratios.lets)


def _in_one(product: Any) -> Any:
    """A product in which the greater of two probabilities stands beside one of them, with one exponential:
    far out the one vanishes and its inverse is infinite, and the ratio is neither."""
    powers = [one for one in sympy.Mul.make_args(product) if isinstance(one, sympy.exp)]
    if len(powers) < 2 or not any(one.has(maximum) for one in powers):
        return product
    rest = [one for one in sympy.Mul.make_args(product) if one not in powers]
    return sympy.Mul(*rest, sympy.exp(sympy.Add(*(one.args[0] for one in powers))))


class _Comparing:
    """Changes expressions; the names of the ratios are made on the way."""

    def __init__(self, ratios: LogRatios) -> None:
        self.ratios = ratios

    def changed(self, node: Any, reader: Let) -> Any:
        """An expression with all such sums in it changed."""
        if not getattr(node, "args", ()) or getattr(node, "is_Relational", False):
            return node
        if isinstance(node, sympy.Add):
            node = self._divergences(node, reader)
            node = self._differences(node, reader)
            node = self._logarithm(node, reader)
        arguments = [self.changed(one, reader) for one in node.args]
        return node if arguments == list(node.args) else _in_one(node.func(*arguments))

    def _differences(self, node: Any, reader: Let) -> Any:
        """c·exp(a) − c·exp(b)."""
        node = self._opened(node, reader)
        for first, coefficient, power in list(parts_with(node, sympy.exp)):
            for second, other, second_power in list(parts_with(node, sympy.exp)):
                if first not in node.args or second not in node.args:
                    continue
                if not self._cancel(coefficient, other):
                    continue
                if coefficient.could_extract_minus_sign():
                    continue
                a, b = power.args[0], second_power.args[0]
                u = self.ratios.between(a, b, reader)
                if u is None:
                    continue
                less = expm1(-sympy.Abs(u))
                apart = sympy.exp(maximum(a, b)) * Branch(sympy.Gt(u, 0), -less, less)
                # Equal, and not the same: a sum that is made again may have made its addends again.
                rest = [one for one in node.args if one not in (first, second)]
                node = sympy.Add(*rest, coefficient * apart)
                if not isinstance(node, sympy.Add):
                    return node
        return node

    def _cancel(self, coefficient: Any, other: Any) -> bool:
        """Whether nothing is left of two factors, which may have names of their own."""
        if coefficient + other == 0:
            return True
        lets = self.ratios.program.let
        return bool(without_names(coefficient, lets) + without_names(other, lets) == 0)

    def _opened(self, node: Any, reader: Let) -> Any:
        """c·exp(a) + (d − c)·exp(b) with the two of which there is a difference side by side."""
        for first, coefficient, power in list(parts_with(node, sympy.exp)):
            for second, other, second_power in list(parts_with(node, sympy.exp)):
                for sums in (one for one in sympy.Mul.make_args(other) if one.is_Add):
                    weight = other / sums
                    own = next((one for one in sums.args if one * weight == -coefficient), None)
                    if own is None or first == second:
                        continue
                    a, b = power.args[0], second_power.args[0]
                    if self.ratios.between(a, b, reader) is not None:
                        rest = weight * (sums - own) * second_power
                        return node - second + rest - coefficient * second_power
        return node

    def _divergences(self, node: Any, reader: Let) -> Any:
        """c·p·log(p/m) + d·q·log(q/m) with m = (c·p + d·q)/(c + d), of second order in p − q."""
        if not isinstance(node, sympy.Add):
            return node
        found = [
            (one, without_factor(rest, power), power.args[0], ratio)
            for one, rest, factor in parts_with(node, sympy.Add)
            for power in sympy.Mul.make_args(rest)
            if isinstance(power, sympy.exp) and (ratio := ratio_to_mixture(factor)) is not None
        ]
        for (first, c, a, ratio), (second, d, b, other) in itertools.combinations(found, 2):
            if (
                first not in node.args
                or second not in node.args
                or ratio.log_odds + other.log_odds != 0
            ):
                continue
            if c * ratio.sign * other.share != d * other.sign * ratio.share:
                continue
            u = self.ratios.between(a, b, reader)
            if u is None or not is_zero(
                self.ratios.opened(a - b + ratio.log_odds) - ratio.log_of_shares
            ):
                continue
            rest = [one for one in node.args if one not in (first, second)]
            whole = c * ratio.sign / ratio.share * self._divergence(a, b, u, ratio.share, reader)
            node = sympy.Add(*rest, whole)
            if not isinstance(node, sympy.Add):
                return node
        return node

    def _divergence(self, a: Any, b: Any, u: Any, alpha: Any, reader: Let) -> Expression:
        """α·p·log(p/m) + (1 − α)·q·log(q/m): for α one half (p + q)/2·(v·tanh v − log cosh v) at v = u/2;
        else m − p, which cancels as a whole, is added to the one term and m − q to the other."""
        if alpha == HALF:
            return (sympy.exp(a) + sympy.exp(b)) / 2 * _even_divergence(u)
        logarithms = [
            self.ratios.name(log_of_share(v, share), "log_share", reader)
            for v, share in ((-u, alpha), (u, 1 - alpha))
        ]
        return sympy.Add(
            alpha * _own_part(logarithms[0], alpha, a, b, u),
            (1 - alpha) * _own_part(logarithms[1], 1 - alpha, b, a, -u),
        )

    def _logarithm(self, node: Any, reader: Let) -> Any:
        """log(p/m) = −log(α + (1 − α)·exp(v)) with v = log q − log p."""
        ratio = ratio_to_mixture(node)
        if ratio is None:
            return node
        v = self.ratios.opened(ratio.log_odds) - ratio.log_of_shares
        v = self.ratios.named(sympy.expand(v), reader)
        return node if v is None else ratio.sign * log_of_share(v, ratio.share)


def log_of_share(v: Any, alpha: Any) -> Expression:
    """−log(α + (1 − α)·exp(v)), which is near −(1 − α)·v for small v and never leaves the range."""
    share = Branch(sympy.Gt(v, 0), alpha, 1 - alpha)
    return minimum(0, -v) - log1p(share * expm1(-sympy.Abs(v)))


def _own_part(logarithm: Any, share: Any, a: Any, b: Any, u: Any) -> Expression:
    """p·l + m − p with l = log(p/m) and m = α·p + (1 − α)·q, for p = exp(a) and q = exp(b)."""
    near = logarithm**2 * series_of_excess(logarithm)
    less = (1 - share) * expm1(-sympy.Abs(u))
    above, small = sympy.Gt(u, 0), sympy.Lt(sympy.Abs(logarithm), EXCESS_NEAR)
    own = Branch(small, near, logarithm + Branch(above, less, 0))
    return sympy.exp(a) * own - sympy.exp(b) * Branch(sympy.Or(small, above), 0, less)


def _even_divergence(u: Any) -> Expression:
    """v·tanh v − log cosh v at v = u/2. It is by its series where that cancels: what expands at zero comes
    afterwards."""
    less = expm1(-sympy.Abs(u))
    return -log1p(less / 2) - sympy.Abs(u) * (1 + less) / (2 + less)
