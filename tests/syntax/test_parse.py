"""What the grammar reads, where the examples of the language don't show it."""

from __future__ import annotations

import logging
import unicodedata
from fractions import Fraction
from importlib import resources

import lark
import pytest

from objc.errors import ObjcError
from objc.source import Source
from objc.syntax import format_source, parse, tree


def one(text: str) -> tree.Item:
    (item,) = parse(Source("t", text)).items
    return item


def loss(text: str) -> tree.Scalar:
    item = one(text)
    assert isinstance(item, tree.Scalar)
    return item


def formula(text: str) -> str:
    """The formula with every operation in brackets."""

    def show(node: tree.Node) -> str:
        match node:
            case tree.Name(name=name):
                return name
            case tree.Number(text=text):
                return text
            case tree.Binary() | tree.Comparison() | tree.Logical():
                return f"({show(node.left)} {node.operator} {show(node.right)})"
            case tree.Unary():
                return f"({node.operator}{show(node.operand)})"
            case tree.Not():
                return f"(not {show(node.operand)})"
            case tree.Conditional():
                parts = (node.condition, node.then, node.otherwise)
                return "(if {} then {} else {})".format(*map(show, parts))
            case tree.Subscript():
                return f"{show(node.base)}[{', '.join(map(show, node.indices))}]"
            case tree.Iverson():
                return f"[{show(node.condition)}]"
            case tree.Call():
                return f"{node.function}({', '.join(map(show, node.arguments))})"
            case tree.Reduction():
                binders = ",".join(binder.name for binder in node.binders)
                guard = f"|{show(node.guard)}" if node.guard else ""
                return f"{node.operator}<{binders}{guard}>({show(node.body)})"
        raise AssertionError(node)

    return show(loss(f"loss f(x: real) = {text}").value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b - c", "((a - b) - c)"),
        ("a - (b - c)", "(a - (b - c))"),
        ("a / b * c", "((a / b) * c)"),
        ("a^b^c", "(a ^ (b ^ c))"),
        ("-a^2", "(-(a ^ 2))"),
        ("a^-b * c", "((a ^ (-b)) * c)"),
        ("-a * b", "((-a) * b)"),
        ("2 - -x", "(2 - (-x))"),
        ("a or b and not c == d", "(a or (b and (not (c == d))))"),
        (
            "if a then b else if c then d else e + 1",
            "(if a then b else (if c then d else (e + 1)))",
        ),
        ("softmax(z)[k]^2", "(softmax(z)[k] ^ 2)"),
        ("[a == b] * [c]", "([(a == b)] * [c])"),
        ("(a + b)[i][j]", "(a + b)[i][j]"),
        ("max(0, x)", "max(0, x)"),
        ("max(x)", "max<>(x)"),
        ("max[k | k != y](s[k])", "max<k|(k != y)>(s[k])"),
        ("mean((a - b)^2)", "mean<>(((a - b) ^ 2))"),
        ("mean[d] * mean + count", "((mean[d] * mean) + count)"),
        ("mean[d](mean[d])", "mean<d>(mean[d])"),
        ("from * in - loss / over", "((from * in) - (loss / over))"),
        ("lambda + class + value + λ̂ᵤ", "(((lambda + class) + value) + λ̂ᵤ)"),
    ],
)
def test_precedence(text: str, expected: str) -> None:
    assert formula(text) == unicodedata.normalize("NFKC", expected)


def test_numbers_are_exact() -> None:
    value = loss("loss f(x: real) = 0.1e-2").value
    assert isinstance(value, tree.Number) and value.value == Fraction(1, 1000)


def test_names_are_those_of_python() -> None:
    micro, mu = loss("loss f(\u00b5: real) = \u00b5"), loss("loss f(\u03bc: real) = \u03bc")
    assert micro == mu


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("m", "m1"),
        ("m/s^2", "m1 s-2"),
        ("kg*m^2/s/s", "kg1 m2 s-1 s-1"),
        ("1/s", "s-1"),
        ("m^-1", "m-1"),
        ("1", ""),
    ],
)
def test_units(unit: str, expected: str) -> None:
    for text in (f"real<{unit}>[N] = 1", f"real<{unit}>= 1"):
        parameter = loss(f"loss f(x: {text}) = x").signature.inputs[0]
        assert parameter.type is not None and parameter.default is not None
        assert " ".join(f"{u.name}{u.exponent}" for u in parameter.type.unit) == expected


def test_groups_of_a_signature() -> None:
    signature = loss("loss f(a: real[D], b, c | ; d = 1, learn e: positive) = a").signature
    assert [one.name for one in signature.inputs] == ["a", "b", "c"]
    assert [one.type is None for one in signature.inputs] == [False, True, True]
    assert signature.bar and signature.data == ()
    assert [one.learn for one in signature.hyperparameters] == [False, True]
    assert not loss("loss f(a: real) = a").signature.bar
    assert loss("loss f(| a: real) = a").signature.data[0].name == "a"


def test_arguments_of_a_call() -> None:
    call = loss("loss f(x: real) = g(a, b | c; d=1, e=2)").value
    assert isinstance(call, tree.Call) and call.data is not None
    assert len(call.arguments) == 2 and len(call.data) == 1
    assert [one.name for one in call.keywords] == ["d", "e"]
    comma = loss("loss f(x: real) = g(a, d=1)").value
    assert isinstance(comma, tree.Call) and comma.data is None and len(comma.keywords) == 1


def claims(text: str) -> list[tuple[object, ...]]:
    found = loss(f"loss f(x: real, y: real, z: real) = x claims {text}").claims
    return [
        (one.negated, one.words, len(one.arguments), one.subject, tuple(n.name for n in one.inputs))
        for one in found
    ]


def test_claims() -> None:
    assert claims("convex in x, y, proper") == [
        (False, ("convex",), 0, None, ("x", "y")),
        (False, ("proper",), 0, None, ()),
    ]
    assert claims("symmetric in x, unknown") == [(False, ("symmetric",), 0, None, ("x", "unknown"))]
    assert claims("not estimates quantile 1 / 2, bounded -1 2 * x") == [
        (True, ("estimates", "quantile"), 1, None, ()),
        (False, ("bounded",), 2, None, ()),
    ]
    assert claims("estimates quantile (1 - x), bounded x (y + 1), lipschitz sqrt(2) in x") == [
        (False, ("estimates", "quantile"), 1, None, ()),
        (False, ("bounded",), 2, None, ()),
        (False, ("lipschitz",), 1, None, ("x",)),
    ]
    for text in ("0 (x + 1)", "(-x) (x + 1)", "0 x + 1", "-1 x - 1", "log(2) (x)", "[x > 0] 2 - x"):
        assert claims(f"bounded {text}") == [(False, ("bounded",), 2, None, ())]
    assert claims("estimates quantile 1 - x")[0][1:3] == (("estimates", "quantile"), 1)
    assert claims("bounds other, calibrated for other") == [
        (False, ("bounds",), 0, "other", ()),
        (False, ("calibrated",), 0, "other", ()),
    ]
    assert claims("lipschitz (1 + x) * 2 in y, invariant shift in z") == [
        (False, ("lipschitz",), 1, None, ("y",)),
        (False, ("invariant", "shift"), 0, None, ("z",)),
    ]


def test_docstrings() -> None:
    text = (
        '"""File."""\n\n"""First.\n\n   Indented.\n"""\nloss f(x: real) = x\nloss g(x: real) = x\n'
    )
    file = parse(Source("t", text))
    assert file.docstring == "File."
    assert [one.docstring for one in file.declarations] == ["First.\n\nIndented.", None]
    assert parse(Source("t", '"""Of f."""\nloss f(x: real) = x')).docstring is None
    assert parse(Source("t", '"""Of the file."""\nuse regression')).docstring == "Of the file."


def test_use() -> None:
    assert one("use regression (huber, pinball)") == one("use regression(huber,pinball)")
    for path in ("regression", "./losses", "../a/b.objc", "a.b.c"):
        item = one(f"use {path}")
        assert isinstance(item, tree.Use) and item.path == path and item.names == ()


def test_objective() -> None:
    item = one(
        "objective o(a: real | b: real; learn s: real = 0) =\n"
        "maximize depth: a over parameters mean: b combine sum(depth = 2, mean = s)\n"
        "where c = a claims convex in a"
    )
    assert isinstance(item, tree.Objective)
    assert [(one.name, one.over_parameters) for one in item.terms] == [
        ("depth", True),
        ("mean", False),
    ]
    assert item.direction == "maximize" and item.combine == "sum" and len(item.weights) == 2
    single = one("objective o(a: real) = minimize mean[q](a[q])")
    assert isinstance(single, tree.Objective)
    assert [one.name for one in single.terms] == ["value"] and single.combine == "sum"


def test_words_that_are_names_where_they_can_be() -> None:
    text = (
        "loss f(from: real, in: real, over: real, mean: real[D], learn: real | use: real) =\n"
        "    value + loss\n"
        "    where value = from * in + over\n"
        "          loss = sum[d](mean[d]) + use + learn\n"
        "          combine = for + by\n"
        "          count[i] = 1\n"
    )
    item = loss(text)
    assert [one.name for one in item.definitions] == ["value", "loss", "combine", "count"]
    assert format_source(Source("t", text)) == text


def test_the_grammar_has_no_conflict(caplog: pytest.LogCaptureFixture) -> None:
    """lark resolves a shift against a reduction in silence, but logs it."""

    def conflicts(grammar: str) -> list[str]:
        caplog.clear()
        lark.Lark(grammar, parser="lalr", start="file", debug=True)
        return [one.message for one in caplog.records if "conflict" in one.message.lower()]

    caplog.set_level(logging.DEBUG, logger=lark.logger.name)
    assert conflicts('file: "if" file | "if" file "else" file | "x"')  # the dangling else
    text = resources.files("objc.grammar").joinpath("objc.lark").read_text("utf-8")
    assert conflicts(text) == []


_SEVERAL = '''
"""Of the text."""
use metrics (accuracy, f1)
use regression
"""Of the first."""
loss first(x: real) = second(x)^2
function second(x: real) = x + 1
loss other(x: real[N]) = accuracy(x) +
metric error(x: real | y: real) = (x - y)^2
surrogate first for error
surrogate other for accuracy
game play(x: real) =
    a minimizes first(x)
    b minimizes third(x)
loss third(x: real) = x claims calibrated for f1
'''


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("second", "use regression; second"),
        ("first", "use regression; first; second"),
        ("third", "use metrics; use regression; third"),
        ("error", "use regression; first; second; error; surrogate first"),
        ("play", "use metrics; use regression; first; second; play; third"),
    ],
)
def test_a_declaration_by_name(name: str, kept: str) -> None:
    """With what it names, and nothing else: `other` is broken, and is not read."""
    source = Source("t", _SEVERAL)
    items = parse(source, name).items
    assert "; ".join(map(_title, items)) == kept
    whole = parse(Source("t", _SEVERAL.replace("accuracy(x) +\n", "accuracy(x)\n")))
    named = {_title(one): one for one in whole.items}
    for each in items:
        assert getattr(each, "docstring", None) == getattr(named[_title(each)], "docstring", None)


def test_a_name_that_is_not_declared() -> None:
    """The whole text is read, errors and all."""
    with pytest.raises(ObjcError):
        parse(Source("t", _SEVERAL), "missing")


def _title(item: tree.Item) -> str:
    match item:
        case tree.Use():
            return f"use {item.path}"
        case tree.Surrogate():
            return f"surrogate {item.loss.name}"
    return item.name
