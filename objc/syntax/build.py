"""Reductions of the grammar to nodes of the tree: one method a rule of `grammar/objc.lark`.

lark calls these while it parses, so nothing recurses. Children are tokens, nodes, or `Part`s of
rules that have no node of their own.
"""

from __future__ import annotations

import inspect
import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, cast

from lark import Token

from objc.errors import ObjcError
from objc.source import Source, Span
from objc.syntax import errors, tree
from objc.syntax.claims import split_claims

MAX_NESTING = 64
"""The most levels of an expression: calls, brackets that hold nodes, signs, powers, `if`s."""

MAX_CHAIN = 200
"""The greatest depth of an expression's tree. Beyond its levels, a chain `a + b + c` counts here,
as it nests to the left. Both keep every recursive reader of the tree safe."""

MAX_DIGITS = 1000
"""The most digits of a number written out, its exponent applied."""


@dataclass(frozen=True)
class Part:
    """The children of a rule without a node: `arguments`, `where`, …"""

    rule: str
    children: tuple[Child, ...]
    span: Span

    def part(self, rule: str) -> Part | None:
        return _part(self.children, rule)


@dataclass(frozen=True)
class Docstring:
    text: str
    span: Span


Child: TypeAlias = Token | tree.Node | Part | Docstring
_Node = TypeVar("_Node", bound=tree.Node)


def _part(children: Sequence[Child], rule: str) -> Part | None:
    found = (one for one in children if isinstance(one, Part) and one.rule == rule)
    return next(found, None)


def _nodes(children: Sequence[Child], kind: type[_Node]) -> tuple[_Node, ...]:
    return tuple(one for one in children if isinstance(one, kind))


def _expressions(children: Sequence[Child]) -> tuple[tree.Expression, ...]:
    return cast(
        "tuple[tree.Expression, ...]", tuple(one for one in children if isinstance(one, tree.Node))
    )


def _has(children: Sequence[Child], kind: str) -> bool:
    return any(isinstance(one, Token) and one.type == kind for one in children)


def normalized(name: str) -> str:
    """A name as Python would read it: NFKC, so that a keyword argument finds it."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


class Builder:
    """Makes the nodes of one source."""

    def __init__(self) -> None:
        self.source = Source("", "")
        # Depths by identity; the nodes are kept, so that no identity is used twice.
        self._depths: dict[int, tuple[int, int, tree.Node]] = {}

    def begin(self, source: Source) -> None:
        """Read from another source."""
        self.source = source
        self._depths = {}

    # ------------------------------------------------------------------ spans

    def _start(self, child: Child) -> int:
        return cast(int, child.start_pos) if isinstance(child, Token) else child.span.start

    def _stop(self, child: Child) -> int:
        return cast(int, child.end_pos) if isinstance(child, Token) else child.span.stop

    def span(self, first: Child, last: Child | None = None) -> Span:
        return Span(self.source, self._start(first), self._stop(first if last is None else last))

    def _over(self, children: Sequence[Child]) -> Span:
        return self.span(children[0], children[-1])

    def _deep(
        self, node: _Node, *children: tree.Node | None, chain: tree.Node | None = None
    ) -> _Node:
        """Hold the limits on the depth of expressions. `chain` is the left of an operator."""
        levels = [self._depth(one) for one in children if one is not None]
        nesting = 1 + max((one for one, _ in levels), default=0)
        depth = 1 + max((one for _, one in levels), default=0)
        if chain is not None:
            left, before = self._depth(chain)
            nesting, depth = max(nesting, left), max(depth, 1 + before)
        if nesting > MAX_NESTING or depth > MAX_CHAIN:
            is_chain = nesting <= MAX_NESTING
            limit = MAX_CHAIN if is_chain else MAX_NESTING
            raise ObjcError(errors.TooDeep(node.span, limit, is_chain))
        self._depths[id(node)] = nesting, depth, node
        return node

    def _depth(self, node: tree.Node) -> tuple[int, int]:
        return self._depths.get(id(node), (1, 1, node))[:2]

    def _name(self, token: Child) -> tuple[str, Span]:
        assert isinstance(token, Token)
        return normalized(token.value), self.span(token)

    def _names(self, part: Part | None) -> tuple[tree.Name, ...]:
        if part is None:
            return ()
        return tuple(
            tree.Name(self.span(one), normalized(one.value))
            for one in part.children
            if isinstance(one, Token) and one.type == "NAME"
        )

    def _binders(self, part: Part | None) -> tuple[tree.Binder, ...]:
        return tuple(tree.Binder(one.span, one.name) for one in self._names(part))

    # ------------------------------------------------------------ expressions

    def number(self, children: list[Child]) -> tree.Number:
        token = cast(Token, children[0])
        mantissa, _, exponent = token.value.lower().partition("e")
        if len(mantissa) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > MAX_DIGITS:
            raise ObjcError(errors.NumberTooLarge(self.span(token), MAX_DIGITS))
        return tree.Number(self.span(token), token.value)

    def name(self, children: list[Child]) -> tree.Name:
        name, span = self._name(children[0])
        return tree.Name(span, name)

    def parenthesized(self, children: list[Child]) -> tree.Expression:
        inner = cast("tree.Expression", children[1])
        node = replace(inner, span=self._over(children))
        self._depths[id(node)] = *self._depth(inner), node
        return node

    def iverson(self, children: list[Child]) -> tree.Iverson:
        (condition,) = _expressions(children)
        return self._deep(tree.Iverson(self._over(children), condition), condition)

    def subscript(self, children: list[Child]) -> tree.Subscript:
        base, indices = cast("tree.Expression", children[0]), cast(Part, children[2])
        found = _expressions(indices.children)
        return self._deep(tree.Subscript(self._over(children), base, found), base, *found)

    def reduced_name(self, children: list[Child]) -> tree.Subscript:
        """`mean[d]` where `mean` is a tensor."""
        name, _ = self._name(children[0])
        base = tree.Name(self.span(children[0]), name)
        found = _expressions(cast(Part, children[2]).children)
        return self._deep(tree.Subscript(self._over(children), base, found), *found)

    def _pair(self, kind: type[_Node], children: list[Child]) -> _Node:
        left, operator, right = children
        assert isinstance(left, tree.Node) and isinstance(right, tree.Node)
        node = kind(self._over(children), cast(Token, operator).value, left, right)  # type: ignore[call-arg]
        if cast(Token, operator).type in _CHAINED:
            return self._deep(node, right, chain=left)
        return self._deep(node, left, right)

    def binary(self, children: list[Child]) -> tree.Binary:
        return self._pair(tree.Binary, children)

    def compare(self, children: list[Child]) -> tree.Comparison:
        return self._pair(tree.Comparison, children)

    def logical(self, children: list[Child]) -> tree.Logical:
        return self._pair(tree.Logical, children)

    def signed(self, children: list[Child]) -> tree.Unary:
        operator, operand = cast(Token, children[0]).value, cast("tree.Expression", children[1])
        return self._deep(tree.Unary(self._over(children), operator, operand), operand)

    def negate(self, children: list[Child]) -> tree.Not:
        operand = cast("tree.Expression", children[1])
        return self._deep(tree.Not(self._over(children), operand), operand)

    def conditional(self, children: list[Child]) -> tree.Conditional:
        parts = _expressions(children)
        return self._deep(tree.Conditional(self._over(children), *parts), *parts)

    def keyword(self, children: list[Child]) -> tree.Keyword:
        name, _ = self._name(children[0])
        value = cast("tree.Expression", children[2])
        return self._deep(tree.Keyword(self._over(children), name, value), value)

    def call(self, children: list[Child]) -> tree.Call:
        name, name_span = self._name(children[0])
        arguments, data, keywords = self._arguments(cast(Part, children[1]))
        node = tree.Call(self._over(children), name, name_span, arguments, data, keywords)
        return self._deep(node, *arguments, *(data or ()), *keywords)

    def _arguments(
        self, part: Part
    ) -> tuple[
        tuple[tree.Expression, ...], tuple[tree.Expression, ...] | None, tuple[tree.Keyword, ...]
    ]:
        groups: dict[str, tuple[tree.Expression, ...]] = {"": (), ";": ()}
        keywords: list[tree.Keyword] = []
        where = ""
        for child in part.children:
            if isinstance(child, Token):
                where = {"BAR": "|", "SEMICOLON": ";"}.get(child.type, where)
                groups.setdefault(where, ())
                continue
            for node in cast("Sequence[tree.Node]", cast(Part, child).children):
                if isinstance(node, Token):
                    continue
                if isinstance(node, tree.Keyword):
                    keywords.append(node)
                elif keywords or where == ";":
                    raise ObjcError(errors.PositionalAfterKeyword(node.span))
                else:
                    groups[where] += (cast("tree.Expression", node),)
        return groups[""], groups.get("|"), tuple(keywords)

    def reduction(self, children: list[Child]) -> tree.Reduction | tree.Call:
        operator, span = self._name(children[0])
        call = cast(Part, children[-1])
        arguments, data, keywords = self._arguments(call)
        over = _part(children, "expressions")
        guards = _expressions(children)
        several = operator in ("max", "min") and len(arguments) > 1 and over is None
        if data is not None or keywords or not (several or len(arguments) == 1):
            raise ObjcError(errors.ReductionArguments(call.span, operator, span, len(arguments)))
        if several:
            node = tree.Call(self._over(children), operator, span, arguments, None, ())
            return self._deep(node, *arguments)
        binders = []
        for one in over.children if over else ():
            if isinstance(one, tree.Name):
                binders.append(tree.Binder(one.span, one.name))
            elif isinstance(one, tree.Node):
                raise ObjcError(errors.BinderNotName(one.span, operator))
        guard = guards[0] if guards else None
        body = arguments[0]
        result = tree.Reduction(self._over(children), operator, tuple(binders), guard, body)
        return self._deep(result, guard, body)

    # ------------------------------------------------------------- signatures

    def type(self, children: list[Child]) -> tree.Type:
        domain = cast(Token, children[0]).value
        arguments: tuple[tree.Expression, ...] = ()
        shape: tuple[tree.Expression, ...] = ()
        for opening, inside in itertools.pairwise(children):
            if isinstance(inside, Part) and inside.rule == "expressions":
                if cast(Token, opening).type == "OPEN":
                    arguments = _expressions(inside.children)
                else:
                    shape = _expressions(inside.children)
        unit = _part(children, "unit")
        return tree.Type(
            self._over(children), domain, arguments, self._unit(unit) if unit else (), shape
        )

    def _unit(self, part: Part) -> tuple[tree.UnitFactor, ...]:
        factors: list[tree.UnitFactor] = []
        sign = 1
        for child in part.children:
            if isinstance(child, Token):
                sign = {"STAR": 1, "SLASH": -1}.get(child.type, sign)
            elif isinstance(child, tree.UnitFactor) and child.name:
                factors.append(replace(child, exponent=sign * child.exponent))
        return tuple(factors)

    def unit_factor(self, children: list[Child]) -> tree.UnitFactor:
        span = self._over(children)
        last = cast(Token, children[-1])
        if last.type == "NAME":
            return tree.UnitFactor(span, normalized(last.value), 1)
        if not last.value.isdigit() or len(last.value) > 2:
            raise ObjcError(errors.BadUnit(self.span(last)))
        if len(children) == 1:
            if last.value != "1":
                raise ObjcError(errors.BadUnit(self.span(last)))
            return tree.UnitFactor(span, "", 0)
        sign = -1 if _has(children, "MINUS") else 1
        return tree.UnitFactor(span, self._name(children[0])[0], sign * int(last.value))

    def parameter(self, children: list[Child]) -> tree.Parameter:
        learn = _has(children, "LEARN")
        name, name_span = self._name(children[1 if learn else 0])
        types = _nodes(children, tree.Type)
        default: tree.Expression | None = None
        if _has(children, "EQUAL"):
            default = cast("tree.Expression", children[-1])
        return tree.Parameter(
            self._over(children), name, name_span, types[0] if types else None, default, learn
        )

    def signature(self, children: list[Child]) -> tree.Signature:
        groups: dict[str, tuple[tree.Parameter, ...]] = {"OPEN": (), "BAR": (), "SEMICOLON": ()}
        where = "OPEN"
        for child in children:
            if isinstance(child, Part):
                groups[where] = _nodes(child.children, tree.Parameter)
            elif isinstance(child, Token) and child.type in groups:
                where = child.type
        inputs, data, hyperparameters = groups.values()
        return tree.Signature(
            self._over(children), inputs, data, hyperparameters, _has(children, "BAR")
        )

    # ------------------------------------------------------------ definitions

    def definition(self, children: list[Child]) -> tree.Definition:
        head, value = cast(Part, children[0]), cast("tree.Expression", children[-1])
        name, name_span = self._name(head.children[0])
        over, names = head.part("expressions"), head.part("names")
        return tree.Definition(
            self._over(children), name, name_span,
            _expressions(over.children) if over else None,
            self._binders(names) if names else None,
            self._free(head.children),
            value,
        )  # fmt: skip

    def _free(self, children: Sequence[Child]) -> tuple[tree.Binder, ...]:
        """The free indices of a function's result."""
        free = _part(children, "free")
        return self._binders(free.part("names")) if free else ()

    # ----------------------------------------------------------- declarations

    def _declared(self, children: list[Child]) -> dict[str, Any]:
        name, name_span = self._name(children[1])
        where = _part(children, "where")
        (signature,) = _nodes(children, tree.Signature)
        return {
            "span": self._over(children),
            "name": name,
            "name_span": name_span,
            "docstring": None,
            "signature": signature,
            "definitions": _nodes(where.children, tree.Definition) if where else (),
        }

    def _claims(self, children: list[Child]) -> tuple[tree.Claim, ...]:
        part = _part(children, "claims")
        if part is None:
            return ()
        (signature,) = _nodes(children, tree.Signature)
        parts = [one for one in part.children if isinstance(one, Part)]
        return split_claims(parts, signature)

    def scalar(self, children: list[Child]) -> tree.Scalar:
        return tree.Scalar(
            **self._declared(children),
            kind=cast(Token, children[0]).value,
            value=cast("tree.Expression", children[4]),
            claims=self._claims(children),
        )

    def function(self, children: list[Child]) -> tree.Function:
        equal = next(
            number
            for number, one in enumerate(children)
            if isinstance(one, Token) and one.type == "EQUAL"
        )
        return tree.Function(
            **self._declared(children),
            kind=cast(Token, children[0]).value,
            free=self._free(children),
            value=cast("tree.Expression", children[equal + 1]),
        )

    def term(self, children: list[Child]) -> tree.Term:
        name, _ = self._name(children[0])
        value = cast("tree.Expression", children[2])
        return tree.Term(self._over(children), name, value, _part(children, "over") is not None)

    def value_term(self, children: list[Child]) -> tree.Term:
        value = cast("tree.Expression", children[0])
        return tree.Term(self._over(children), "value", value, len(children) > 1)

    def weight(self, children: list[Child]) -> tree.Keyword:
        return self.keyword(children)

    def objective(self, children: list[Child]) -> tree.Objective:
        terms, combine = _part(children, "terms"), _part(children, "combine")
        assert terms is not None
        return tree.Objective(
            **self._declared(children),
            direction=cast(Token, terms.children[0]).value,
            terms=_nodes(terms.children, tree.Term),
            combine=cast(Token, combine.children[1]).value if combine else "sum",
            weights=_nodes(combine.children, tree.Keyword) if combine else (),
            combine_span=combine.span if combine else None,
            claims=self._claims(children),
        )

    def player(self, children: list[Child]) -> tree.Player:
        name, _ = self._name(children[0])
        direction = cast(Token, children[1]).value
        value, moved = cast("tree.Expression", children[2]), _part(children, "moved")
        names = self._names(_part(moved.children, "names")) if moved else ()
        return tree.Player(self._over(children), name, direction, value, names)

    def game(self, children: list[Child]) -> tree.Game:
        return tree.Game(**self._declared(children), players=_nodes(children, tree.Player))

    def stage(self, children: list[Child]) -> tree.Stage:
        name, _ = self._name(children[0])
        start, scored = _part(children, "start"), _part(children, "scored")
        return tree.Stage(
            self._over(children), name, cast(Token, children[2]).value,
            cast("tree.Expression", children[3]),
            self._names(start)[0] if start else None,
            self._names(scored)[0] if scored else None,
        )  # fmt: skip

    def stages(self, children: list[Child]) -> tree.Stages:
        name, name_span = self._name(children[1])
        found = _nodes(children, tree.Stage)
        return tree.Stages(self._over(children), name, name_span, None, found)

    def use(self, children: list[Child]) -> tree.Use:
        path = cast(Part, children[1])
        text = "".join(cast(Token, one).value for one in path.children)
        return tree.Use(self._over(children), text, self._names(_part(children, "names")))

    def surrogate(self, children: list[Child]) -> tree.Surrogate:
        loss, metric = self._names(Part("names", tuple(children), self._over(children)))
        return tree.Surrogate(self._over(children), loss, metric)

    def docstring(self, token: Token) -> Docstring:
        text = token.value[3:-3].replace("\r\n", "\n").replace("\r", "\n")
        return Docstring(inspect.cleandoc(text), self.span(token))

    def __getattr__(self, rule: str) -> Any:
        """Rules without a node of their own keep their children together."""
        if rule not in _PARTS:
            raise AttributeError(rule)
        return lambda children: Part(rule, tuple(children), self._over(children))

    def file(self, children: list[Child]) -> list[Child]:
        return children


_CHAINED = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "AND", "OR"})

_PARTS = frozenset({
    "expressions", "names", "path", "terms", "over", "moved", "combine", "start", "scored", "inputs",
    "unit", "definition_head", "free", "where", "claims", "claim", "arguments", "group",
})  # fmt: skip
