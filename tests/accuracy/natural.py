"""Losses as papers write them, drawn at random: softmaxes, labels, vectors, lists and scores spelled in the
ways that people spell them, with what they need declared and defined.

One number tells one loss, on every machine. Nothing here knows what the compiler mends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


def loss(seed: int) -> str:
    """The text of a loss."""
    page = _Page(Random(seed))
    family = page.pick(_classes, _classes, _classes, _maps, _vectors, _lists, _scalars)
    return page.text(family(page))


class _Page:
    """A loss that is being written: what was drawn so far, and what it needs."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.learned: dict[str, str] = {}
        self.data: dict[str, str] = {}
        self.hyperparameters: dict[str, str] = {}
        self.definitions: dict[str, str] = {}

    def pick(self, *choices: Choice) -> Choice:
        return self.random.choice(choices)

    def learn(self, name: str, domain: str) -> str:
        self.learned[name] = domain
        return name

    def know(self, name: str, domain: str) -> str:
        self.data[name] = domain
        return name

    def set(self, name: str, domain: str, default: str) -> str:
        self.hyperparameters[name] = f"{domain} = {default}"
        return name

    def define(self, left: str, right: str) -> str:
        """A where-clause; the left side is what stands for it."""
        self.definitions.setdefault(left, right)
        return left

    def text(self, body: str) -> str:
        """The loss of this body, with the definitions and inputs that it asks for."""
        defined = self._asked(self.definitions, body)
        everything = " ".join((body, *defined.values()))
        groups = (
            ", ".join(f"{name}: {domain}" for name, domain in one.items() if _has(everything, name))
            for one in (self.learned, self.data, self.hyperparameters)
        )
        signature = "".join(
            f"{mark}{group}" for mark, group in zip(("", " | ", "; "), groups, strict=True) if group
        )
        clauses = "\n          ".join(f"{left} = {right}" for left, right in defined.items())
        where = f"\n    where {clauses}" if clauses else ""
        return f"loss natural({signature}) =\n    {body}{where}\n"

    def _asked(self, definitions: Mapping[str, str], body: str) -> dict[str, str]:
        asked: dict[str, str] = {}
        for left, right in reversed(
            definitions.items()
        ):  # what is defined first may stand in the others
            if _has(" ".join((body, *asked.values())), left.partition("[")[0]):
                asked[left] = right
        return dict(reversed(asked.items()))


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){name}(?!\w)", text) is not None


# Classes: probabilities from logits, against a label, a target or another softmax.


def _classes(page: _Page) -> str:
    _probabilities(page, "p", "z")
    drawn = _scalar(page)
    return page.pick(
        drawn,
        drawn,
        f"{drawn} + {page.set('b', 'positive', '0.1')} * ({_scalar(page)})",
        f"{_weight(page)} * ({drawn})",
        f"({drawn}) * ({_scalar(page)})",
        f"if y == {page.pick('0', '1')} then {drawn} else {_scalar(_with_label(page))}",
    )


def _with_label(page: _Page) -> _Page:
    page.know("y", "index(K)")
    return page


def _label(page: _Page) -> str:
    return page.know("y", "index(K)")


def _weight(page: _Page) -> str:
    return f"{page.know('w', 'positive[K]')}[{_label(page)}]"


def _logits(page: _Page, name: str) -> str:
    """The name of a vector of logits, as it comes or made of others."""
    drawn = page.random.random()
    if drawn < 0.45:
        return page.learn(name, "real[K]")
    if drawn < 0.60:
        temperature = page.set("a", "positive", "2")
        right = f"{page.learn(name, 'real[K]')}[k] / {temperature}"
    elif drawn < 0.72:
        counts = page.know("n", "positive[K]")
        right = f"{page.learn(name, 'real[K]')}[k] + " + page.pick(
            f"log({counts}[k])", f"log({counts}[k] / sum[j]({counts}[j]))"
        )
    elif drawn < 0.82:
        margin = page.set("m", "positive", "0.3")
        right = f"{page.learn(name, 'real[K]')}[k] - {margin} * [k == {_label(page)}]"
    elif drawn < 0.92:
        rows, at = page.learn("W", "real[K, D]"), page.know("x", "real[D]")
        right = f"sum[d]({rows}[k, d] * {at}[d])"
        if page.random.random() < 0.5:
            right += f" + {page.learn('c', 'real[K]')}[k]"
    else:
        right = f"{page.learn(name, 'real[K]')}[k] - mean[j]({name}[j])"
    made = f"{name}s"
    page.define(f"{made}[k]", right)
    return made


def _probabilities(page: _Page, name: str, logits: str) -> None:
    """Definitions of a vector of probabilities, by a softmax mostly."""
    z = _logits(page, logits)
    drawn = page.random.random()
    if drawn < 0.5:
        right = f"softmax({z})[k]"
    elif drawn < 0.7:
        right = f"exp({z}[k]) / sum[j](exp({z}[j]))"
    elif drawn < 0.76:
        greatest = page.define(f"top{name}", f"max[j]({z}[j])")
        right = f"exp({z}[k] - {greatest}) / sum[j](exp({z}[j] - {greatest}))"
    elif drawn < 0.82:
        right = f"exp({z}[k] - logsumexp[j]({z}[j]))"
    elif drawn < 0.88:
        right = f"sigmoid({z}[k])"
    elif drawn < 0.94:
        right = f"1 / (1 + exp(-{z}[k]))"
    else:
        right = f"sigmoid({z}[k]) / sum[j](sigmoid({z}[j]))"
    page.define(f"{name}[k]", right)


def _target(page: _Page) -> str:
    """A vector that is compared with p: labels, targets, another softmax."""
    drawn = page.random.random()
    if drawn < 0.2:
        return page.know("t", "simplex[K]")
    if drawn < 0.35:
        page.define("o[k]", page.pick("[k == y]", "if k == y then 1 else 0"))
        _label(page)
        return "o"
    if drawn < 0.5:
        smoothing = page.set("e", "probability", "0.1")
        page.define(
            "s[k]",
            page.pick(
                f"(1 - {smoothing}) * [k == y] + {smoothing} / 3",
                f"if k == y then 1 - {smoothing} else {smoothing} / 2",
            ),
        )
        _label(page)
        return "s"
    if "q[k]" not in page.definitions:
        if page.random.random() < 0.3:
            page.know("u", "real[K]")
            page.define("q[k]", page.pick("softmax(u)[k]", "exp(u[k]) / sum[j](exp(u[j]))"))
        else:
            _probabilities(page, "q", "u")
    return "q"


def _entry(page: _Page) -> str:
    """A quantity of one class, which is never negative."""
    simple = ["p[k]", "p[k]", "p[k]", "1 - p[k]", "p[k]^2"]
    drawn = page.random.random()
    if drawn < 0.45:
        return page.pick(*simple)
    q = _target(page)
    if drawn < 0.75:
        return f"{q}[k]"
    if drawn < 0.83:
        return (
            page.define("h[k]", f"(p[k] + {q}[k]) / 2")
            if "h[k]" not in page.definitions
            else "h[k]"
        )
    if drawn < 0.9:
        return page.pick(f"p[k] * {q}[k]", f"sqrt(p[k] * {q}[k])")
    if drawn < 0.95:
        return f"p[k]^{page.set('g', 'positive', '2')}"
    return f"p[k] * p[{_label(page)}]"


def _term(page: _Page) -> str:
    """What is summed over the classes."""
    drawn = page.random.random()
    q = _target(page)
    first, second = _entry(page), _entry(page)
    exponent = page.set("g", "positive", "2") if drawn > 0.9 else ""
    return _at(
        drawn,
        (0.14, lambda: f"-{q}[k] * log(p[k])"),
        (
            0.22,
            lambda: f"p[k] * log(p[k] / {q}[k])" if q == "q" else f"{q}[k] * log({q}[k] / p[k])",
        ),
        (0.28, lambda: "-p[k] * log(p[k])"),
        (0.36, lambda: f"(p[k] - {q}[k])^2"),
        (0.42, lambda: f"abs(p[k] - {q}[k])"),
        (0.47, lambda: f"(sqrt(p[k]) - sqrt({q}[k]))^2"),
        (0.52, lambda: f"(p[k] - {q}[k])^2 / (p[k] + {q}[k])"),
        (0.60, lambda: f"-{q}[k] * log(p[k]) - (1 - {q}[k]) * log(1 - p[k])"),
        (0.66, lambda: f"p[k] * {q}[k]"),
        (0.74, lambda: f"({first}) * log({second})"),
        (0.82, lambda: f"(({first}) - ({second}))^2"),
        (0.90, lambda: f"({first}) * ({second})"),
        (0.94, lambda: f"-(1 - p[k])^{exponent} * {q}[k] * log(p[k])"),
        (1.00, lambda: f"abs({q}[k] - p[k])^{exponent} * log(p[k])"),
    )


def _at(drawn: float, *choices: tuple[float, Callable[[], str]]) -> str:
    return next(make for end, make in choices if drawn <= end)()


def _sum(page: _Page) -> str:
    guard = page.pick("", "", "", "", " | k != y", " | mask[k] == 1")
    if "y" in guard:
        _label(page)
    if "mask" in guard:
        page.know("mask", "binary[K]")
    kind = "mean" if not guard and page.random.random() < 0.25 else "sum"
    return f"{kind}[k{guard}]({_term(page)})"


def _scalar(page: _Page) -> str:
    """A loss of the probabilities p."""
    drawn = page.random.random()
    if drawn < 0.34:
        return _sum(page)
    if drawn < 0.66:
        return _of_label(page)
    q = _target(page)
    overlap = f"sum[k](p[k] * {q}[k])"
    return page.pick(
        f"-log({overlap})",
        f"1 - {overlap}",
        f"1 - 2 * {overlap} / (sum[k](p[k]) + sum[k]({q}[k]))",
        f"1 - {overlap} / (sum[k](p[k]) + sum[k]({q}[k]) - {overlap})",
        f"1 - {overlap} / sqrt(sum[k](p[k]^2) * sum[k]({q}[k]^2))",
        f"-log(sum[k](sqrt(p[k] * {q}[k])))",
        f"sqrt(1 - sum[k](sqrt(p[k] * {q}[k])))",
        f"sqrt(sum[k]((p[k] - {q}[k])^2))",
        f"max[k](abs(p[k] - {q}[k]))",
        f"log(sum[k]({_entry(page)}))",
        f"log(1 + {_sum(page)})",
        f"1 - sum[k](p[k]^{page.set('g', 'positive', '2')})",
        f"{_sum(page)} / (1 + sum[k]({_entry(page)}))",
        f"({_sum(page)})^2",
    )


def _of_label(page: _Page) -> str:
    """A loss of the label's own probability."""
    y = _label(page)
    power = page.set("g", "positive", "2") if page.random.random() < 0.5 else "2"
    return page.pick(
        f"-log(p[{y}])",
        f"-log(p[{y}])",
        f"-(1 - p[{y}])^{power} * log(p[{y}])",
        f"(1 - p[{y}]^{power}) / {power}",
        f"1 - p[{y}]",
        f"-log(p[{y}]) / (1 + p[{y}])",
        f"log((1 - p[{y}]) / p[{y}])",
        f"-log(p[{y}] + 0.01)",
        f"-log(1 - (1 - p[{y}])^{power})",
        f"max(0, 0.2 + max[k | k != {y}](p[k]) - p[{y}])",
        f"log(1 + sum[k | k != {y}](p[k] / p[{y}]))",
        f"-log(p[{y}]) - sum[k | k != {y}](log(1 - p[k]))",
        f"sum[k | k != {y}](p[k])",
        f"sum[k | k != {y}](p[k]^2) + (1 - p[{y}])^2",
        f"-sum[k | k != {y}](p[k] / (1 - p[{y}]) * log(p[k] / (1 - p[{y}])))",
        f"(1 - p[{y}]) * sum[k](p[k] * log(p[k]))",
        f"sum[k | k <= {y}](p[k])",
        f"-log(p[{y}]^2 / sum[k](p[k]^2))",
        f"exp(-p[{y}])",
    )


# Maps: a probability for every pixel.


def _maps(page: _Page) -> str:
    page.learn("z", "real[N]")
    t = page.know("t", page.pick("binary[N]", "probability[N]"))
    page.define(
        "p[i]", page.pick("sigmoid(z[i])", "1 / (1 + exp(-z[i]))", "exp(z[i]) / (1 + exp(z[i]))")
    )
    smooth = page.set("s", "positive", "1")
    power = page.set("g", "positive", "2")
    both = f"sum[i](p[i] * {t}[i])"
    return page.pick(
        f"1 - (2 * {both} + {smooth}) / (sum[i](p[i]) + sum[i]({t}[i]) + {smooth})",
        f"1 - (2 * {both} + {smooth}) / (sum[i](p[i]^2) + sum[i]({t}[i]^2) + {smooth})",
        f"1 - ({both} + {smooth}) / (sum[i](p[i] + {t}[i] - p[i] * {t}[i]) + {smooth})",
        f"(1 - ({both} + {smooth}) / ({both} + 0.3 * sum[i]((1 - p[i]) * {t}[i])"
        f" + 0.7 * sum[i](p[i] * (1 - {t}[i])) + {smooth}))^{power}",
        f"mean[i](-{t}[i] * log(p[i]) - (1 - {t}[i]) * log(1 - p[i]))",
        f"-mean[i]({t}[i] * (1 - p[i])^{power} * log(p[i]) + (1 - {t}[i]) * p[i]^{power} * log(1 - p[i]))",
        f"mean[i](abs(p[i] - {t}[i])^{power} * (-{t}[i] * log(p[i]) - (1 - {t}[i]) * log(1 - p[i])))",
        f"log(cosh(1 - (2 * {both} + {smooth}) / (sum[i](p[i] + {t}[i]) + {smooth})))",
        f"(-log((2 * {both} + {smooth}) / (sum[i](p[i] + {t}[i]) + {smooth})))^{power}",
        f"sum[i]((p[i] - {t}[i])^2) / sum[i](p[i]^2 + {t}[i]^2 + {smooth})",
        f"1 - {both} / (sqrt(sum[i](p[i]^2)) * sqrt(sum[i]({t}[i]^2) + {smooth}))",
        f"-log(prod[i]({t}[i] * p[i] + (1 - {t}[i]) * (1 - p[i])))",
        "-log(1 - prod[i](1 - p[i]))" + f" + 0.1 * mean[i]({t}[i] * p[i])",
        f"mean[i](-p[i] * log(p[i]) - (1 - p[i]) * log(1 - p[i])) + mean[i](({t}[i] - p[i])^2)",
    )  # fmt: skip


# Vectors: likeness, distances, margins.


def _vectors(page: _Page) -> str:
    for name in ("a", "b"):
        page.learn(name, "real[D]")
    alike, unlike = _likeness(page, "a", "b"), _likeness(page, "a", "c")
    temperature, margin = page.set("t", "positive", "0.5"), page.set("m", "positive", "0.3")
    drawn = page.random.random()
    if drawn < 0.35:
        same = page.know("same", "binary")
        return page.pick(
            f"1 - {alike('cosine')}",
            f"(1 - {alike('cosine')})^2",
            f"acos({alike('cosine')})",
            f"if {same} == 1 then {alike('distance')}^2 else max(0, {margin} - {alike('distance')})^2",
            f"{same} * {alike('distance')} + (1 - {same}) * exp(-{alike('distance')})",
            f"-log(sigmoid((2 * {same} - 1) * ({alike('cosine')} - {margin})))",
            f"{alike('distance')}^2 / (1 + {alike('distance')}^2)",
            "sum[d]((a[d] / norm(a) - b[d] / norm(b))^2)",
            "norm(a)^2 + norm(b)^2 - 2 * norm(a) * norm(b)" + f" + {margin} * {alike('dot')}",
        )
    page.learn("c", "real[D]")
    kind = page.pick("cosine", "distance", "dot")
    near, far = (f"{'-' * (kind == 'distance')}{one(kind)}" for one in (alike, unlike))
    return page.pick(
        f"max(0, {margin} - {near} + {far})",
        f"log(1 + exp(({far} - ({near})) / {temperature}))",
        f"-log(exp({near} / {temperature}) / (exp({near} / {temperature}) + exp({far} / {temperature})))",
        f"-log(sigmoid({near} - {margin})) - log(1 - sigmoid({far}))",
        f"exp(({far}) / {temperature}) / (exp({near} / {temperature}) + exp({far} / {temperature}))",
        f"(max(0, 1 - ({near})))^2 + (max(0, {margin} + {far}))^2",
    )


def _likeness(page: _Page, a: str, b: str) -> Callable[[str], str]:
    """How alike two vectors are, by what measure."""
    ways = {
        "cosine": page.pick(
            f"cosine({a}, {b})",
            f"(sum[d]({a}[d] * {b}[d]) / (norm({a}) * norm({b})))",
            f"(sum[d]({a}[d] * {b}[d]) / sqrt(sum[d]({a}[d]^2) * sum[d]({b}[d]^2)))",
            f"(sum[d]({a}[d] * {b}[d]) / (sqrt(sum[d]({a}[d]^2)) * sqrt(sum[d]({b}[d]^2))))",
            f"dot(normalize({a}), normalize({b}))",
        ),
        "distance": page.pick(
            f"norm({a} - {b})",
            f"sqrt(sum[d](({a}[d] - {b}[d])^2))",
            f"sum[d](abs({a}[d] - {b}[d]))",
            f"sqrt(sum[d]({a}[d]^2) + sum[d]({b}[d]^2) - 2 * sum[d]({a}[d] * {b}[d]))",
        ),
        "dot": f"sum[d]({a}[d] * {b}[d])",
    }
    return ways.__getitem__


# Lists: scores of items, and pairs of them.


def _lists(page: _Page) -> str:
    if page.random.random() < 0.5:
        return _rankings(page)
    page.learn("x", "real[N, D]")
    temperature = page.set("t", "positive", "0.5")
    if page.random.random() < 0.5:
        likeness = page.pick(
            "dot(x[i], v[j])",
            "cosine(x[i], v[j])",
            "-norm(x[i] - v[j])^2",
            "sum[d](x[i, d] * v[j, d])",
        )
        page.define("s[i, j]", f"{likeness} / {temperature}")
        page.learn("v", "real[N, D]")
        return page.pick(
            "-mean[i](log(exp(s[i, i]) / sum[j](exp(s[i, j]))))",
            "mean[i](log(sum[j](exp(s[i, j]))) - s[i, i])",
            "-mean[i](log(exp(s[i, i]) / sum[j](exp(s[i, j])))"
            " + log(exp(s[i, i]) / sum[j](exp(s[j, i])))) / 2",
            "-mean[i](log(exp(s[i, i]) / sum[j | j != i](exp(s[i, j]))))",
            "mean[i](log(1 + sum[j | j != i](exp(s[i, j] - s[i, i]))))",
            "-mean[i, j](log(sigmoid(if i == j then s[i, j] else -s[i, j])))",
            "mean[i](max[j | j != i](max(0, 0.2 + s[i, j] - s[i, i])))",
        )
    label = page.know("y", "index(C)[N]")
    page.define("r[i, j]", page.pick("dot(x[i], x[j])", "cosine(x[i], x[j])") + f" / {temperature}")
    page.define("d[i, j]", "norm(x[i] - x[j])")
    return page.pick(
        f"-sum[i, j | i != j and {label}[i] == {label}[j]]"
        "(log(exp(r[i, j]) / sum[l | l != i](exp(r[i, l]))))",
        f"mean[i, j](if {label}[i] == {label}[j] then d[i, j]^2 else max(0, 1 - d[i, j])^2)",
        f"log(mean[i, j | i != j](exp(-{temperature} * d[i, j]^2)))",
        f"sum[i](log(1 + sum[j | {label}[j] != {label}[i]](exp(r[i, j]))))",
        f"mean[i, j](exp(-d[i, j]^2 / (2 * {temperature}^2)) * [{label}[i] != {label}[j]])",
        f"sum[i, j | {label}[i] != {label}[j]](1 / (1 + d[i, j]^2))",
    )


def _rankings(page: _Page) -> str:
    page.learn("s", "real[N]")
    page.know("r", "count[N]")
    width = page.set("t", "positive", "2")
    page.define("p[i]", page.pick("softmax(s)[i]", "exp(s[i]) / sum[j](exp(s[j]))"))
    page.define("q[i]", "exp(r[i]) / sum[j](exp(r[j]))")
    page.define("rank[i]", f"1 + sum[j | j != i](sigmoid((s[j] - s[i]) / {width}))")
    return page.pick(
        "-sum[i](q[i] * log(p[i]))",
        "sum[i](q[i] * log(q[i] / p[i]))",
        "sum[i, j | r[i] > r[j]](log(1 + exp(-(s[i] - s[j]))))",
        f"sum[i, j | r[i] > r[j]](-log(sigmoid((s[i] - s[j]) / {width})))",
        "mean[i, j](max(0, 1 - (r[i] - r[j]) * (s[i] - s[j])))",
        "-sum[i](log(exp(s[i]) / sum[j | r[j] <= r[i]](exp(s[j]))))",
        "1 - sum[i]((2^r[i] - 1) / log2(1 + rank[i])) / (1 + sum[i](2^r[i] - 1))",
        "sum[i](r[i] / rank[i]) / (1 + sum[i](r[i]))",
        "mean[i]((s[i] - mean[j](s[j]))^2) - mean[i](r[i] * p[i])",
        "log(sum[i](p[i] * exp(-r[i])))",
        "sum[i](p[i] * r[i]) + 0.1 * sum[i](p[i] * log(p[i]))",
    )


# Scalars: regression, counts, densities.


def _scalars(page: _Page) -> str:
    page.learn("x", "real[N]")
    y, scale = page.know("y", "real[N]"), page.pick("s", "exp(l)", "1")
    if scale == "s":
        page.learn("s", "positive")
    if scale == "exp(l)":
        page.learn("l", "real")
    shape = page.set("g", "positive", "3")
    page.define("r[i]", f"(x[i] - {y}[i]) / {scale}")
    count = "n"
    body = page.pick(
        "mean[i](log(cosh(r[i])))",
        f"mean[i](r[i]^2 / 2 + log({scale}))",
        f"mean[i]((1 + {shape}) / 2 * log(1 + r[i]^2 / {shape}) + log({scale}))",
        "mean[i](sqrt(1 + r[i]^2) - 1)",
        "mean[i](r[i]^2 / (1 + r[i]^2))",
        "mean[i](1 - exp(-r[i]^2 / 2))",
        "mean[i](if abs(r[i]) <= 1 then r[i]^2 / 2 else abs(r[i]) - 1 / 2)",
        f"mean[i](abs(r[i])^{shape})",
        "mean[i](exp(r[i]) - r[i] - 1)",
        "mean[i](max(0.3 * r[i], -0.7 * r[i]))",
        "-mean[i](log(0.7 * exp(-r[i]^2 / 2) + 0.3 * exp(-r[i]^2 / 50) / 5))",
        "log(mean[i](exp(r[i])))",
        "mean[i](exp(x[i]) - n[i] * x[i])",
        "mean[i](exp(x[i]) - n[i] * log(exp(x[i])) + lgamma(n[i] + 1))",
        f"mean[i]((n[i] + {shape}) * log({shape} + exp(x[i])) - n[i] * x[i])",
        "-mean[i](log(erfc(-r[i]) / 2))",
        "sqrt(mean[i](r[i]^2)) / (1 + mean[i](abs(r[i])))",
        f"1 - sum[i]((x[i] - mean[j](x[j])) * ({y}[i] - mean[j]({y}[j])))"
        f" / sqrt(sum[i]((x[i] - mean[j](x[j]))^2) * sum[i](({y}[i] - mean[j]({y}[j]))^2))",
        f"1 - 2 * mean[i]((x[i] - mean[j](x[j])) * ({y}[i] - mean[j]({y}[j])))"
        f" / (mean[i]((x[i] - mean[j](x[j]))^2) + mean[i](({y}[i] - mean[j]({y}[j]))^2)"
        f" + (mean[i](x[i]) - mean[i]({y}[i]))^2)",
    )
    if "n[i]" in body:
        page.know(count, "count[N]")
    return body
