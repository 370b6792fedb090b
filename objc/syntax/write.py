"""Nodes of the tree to documents: expressions, types, signatures, claims, with the fewest brackets."""

from __future__ import annotations

from collections.abc import Sequence

from objc.syntax import tree
from objc.syntax.layout import LINE, SOFT, Document, Group, Nest, flat, joined

# How tightly an expression binds: the levels of the grammar.
_CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _UNARY, _POWER, _POSTFIX = range(10)


def _level(node: tree.Expression) -> int:
    match node:
        case tree.Conditional():
            return _CONDITIONAL
        case tree.Logical(operator=operator):
            return _OR if operator == "or" else _AND
        case tree.Not():
            return _NOT
        case tree.Comparison():
            return _COMPARISON
        case tree.Binary(operator="+" | "-"):
            return _SUM
        case tree.Binary(operator="*" | "/"):
            return _PRODUCT
        case tree.Unary():
            return _UNARY
        case tree.Binary():
            return _POWER
    return _POSTFIX


def expression(node: tree.Expression, least: int = _CONDITIONAL) -> Document:
    """The document of an expression, in brackets if it binds less tightly than `least`."""
    written = _written(node)
    return _bracketed("(", written, ")") if _level(node) < least else written


def continued(node: tree.Expression) -> Document:
    """An expression behind something on its line: further lines of a chain begin further right."""
    written = expression(node)
    return Nest(written) if _level(node) < _UNARY else written


def _bracketed(opening: str, inside: Document, closing: str) -> Document:
    return Group((opening, Nest((SOFT, inside)), SOFT, closing))


def _written(node: tree.Expression) -> Document:
    match node:
        case tree.Number(text=text):
            return text
        case tree.Name(name=name):
            return name
        case tree.Subscript():
            least = _POSTFIX + isinstance(node.base, tree.Number)
            return Group((expression(node.base, least), "[", indices(node.indices), "]"))
        case tree.Call():
            return _call(node)
        case tree.Reduction():
            return _reduction(node)
        case tree.Iverson():
            return _bracketed("[", expression(node.condition), "]")
        case tree.Unary():
            return (node.operator, expression(node.operand, _UNARY))
        case tree.Not():
            return ("not ", expression(node.operand, _NOT))
        case tree.Comparison():
            left, right = expression(node.left, _SUM), expression(node.right, _SUM)
            return Group((left, LINE, node.operator, " ", right))
        case tree.Binary(operator="^"):
            return (expression(node.left, _POSTFIX), "^", expression(node.right, _UNARY))
        case tree.Binary() | tree.Logical():
            return _chain(node)
        case tree.Conditional():
            return Group((
                ("if ", Nest(expression(node.condition, _OR)), LINE),
                ("then ", Nest(expression(node.then, _OR)), LINE),
                ("else ", expression(node.otherwise)),
            ))  # fmt: skip


def _chain(node: tree.Binary | tree.Logical) -> Document:
    """A chain of operators of one level, broken before each of them."""
    level = _level(node)
    # An `and` within an `or` is bracketed, though it need not be.
    inner = level + 2 if isinstance(node, tree.Logical) and node.operator == "or" else level + 1
    parts: list[Document] = []
    first: tree.Expression = node
    while isinstance(first, tree.Binary | tree.Logical) and _level(first) == level:
        parts.append((LINE, first.operator, " ", expression(first.right, inner)))
        first = first.left
    parts.append(expression(first, inner))
    return Group(tuple(reversed(parts)))


def indices(nodes: tuple[tree.Expression, ...]) -> Document:
    """Indices, with shifts close together: `t-1, k`. A long line is broken elsewhere than in them."""
    return joined([_index(one) for one in nodes], ", ")


def _index(node: tree.Expression) -> Document:
    match node:
        case tree.Binary(
            operator="+" | "-" as sign,
            left=tree.Name() | tree.Number() as left,
            right=tree.Name() | tree.Number() as right,
        ):
            return (expression(left), sign, expression(right))
    return expression(node)


def _call(node: tree.Call) -> Document:
    """A call, broken before the marks of its groups, and within a group only where it is too long."""
    groups: list[Document] = []
    arguments = [expression(one) for one in node.arguments]  # once: calls are nested deeply
    if arguments:
        groups.append(_arguments(arguments))
    if node.data is not None:
        data = (" ", Nest(_arguments([expression(one) for one in node.data]), 2))
        groups.append(((LINE,) if groups else (), "|", data if node.data else ""))
    if node.keywords:
        named = [(f"{one.name}=", expression(one.value)) for one in node.keywords]
        groups.append(((SOFT,) if groups else (), "; ", Nest(_arguments(list(named)), 2)))
    if len(groups) == 1 and node.arguments:  # one group: a line for each argument
        groups = [joined(arguments, (",", LINE))]
    return (node.function, _bracketed("(", tuple(groups), ")"))


def _arguments(parts: list[Document]) -> Document:
    return Group(joined(parts, (",", LINE)))


def _reduction(node: tree.Reduction) -> Document:
    binders = ", ".join(one.name for one in node.binders)
    body = _bracketed("(", expression(node.body), ")")
    if node.guard is not None:
        return (node.operator, "[", binders, " | ", expression(node.guard), "]", body)
    return (node.operator, f"[{binders}]" if binders else "", body)


# ----------------------------------------------------------------- types and signatures


def parameter(node: tree.Parameter) -> str:
    """`learn w: real[D] = 0`, on one line."""
    text = ("learn " if node.learn else "") + node.name
    if node.type is not None:
        text += f": {_type(node.type)}"
    if node.default is not None:
        text += f" = {flat(expression(node.default))}"
    return text


def _type(node: tree.Type) -> str:
    text = node.domain
    if node.arguments:
        text += f"({', '.join(flat(expression(one)) for one in node.arguments)})"
    if node.unit:
        text += f"<{_unit(node.unit)}>"
    if node.shape:
        text += f"[{flat(indices(node.shape))}]"
    return text


def _unit(factors: tuple[tree.UnitFactor, ...]) -> str:
    text = ""
    for factor in factors:
        exponent = abs(factor.exponent)
        power = factor.name if exponent == 1 else f"{factor.name}^{exponent}"
        if factor.exponent < 0:
            text = f"{text or '1'}/{power}"
        elif text:
            text = f"{text}*{power}"
        else:
            text = power
    return text


def groups(node: tree.Signature) -> list[tuple[str, tuple[tree.Parameter, ...]]]:
    """The groups of a signature that are written, with what stands before each."""
    found = [("", node.inputs)] if node.inputs else []
    if node.bar:
        found.append(("|", node.data))
    if node.hyperparameters:
        found.append((";", node.hyperparameters))
    return found


def signature(node: tree.Signature) -> str:
    """A signature on one line."""
    text = ""
    for mark, parameters in groups(node):
        inside = ", ".join(parameter(one) for one in parameters)
        if mark == "|":
            text += (" | " if text else "| ") + inside if inside else (" |" if text else "|")
        else:
            text += f"{mark} {inside}" if mark else inside
    return f"({text})"


# ------------------------------------------------------------------ parts of declarations


def definition(node: tree.Definition) -> Document:
    """`s[i, j] = …`."""
    head: Document = node.name
    if node.indices is not None:
        head = (node.name, "[", flat(indices(node.indices)), "]")
    elif node.parameters is not None:
        head = (
            node.name,
            "(",
            ", ".join(one.name for one in node.parameters),
            ")",
            free(node.free),
        )
    return (head, " = ", continued(node.value))


def free(names: Sequence[tree.Binder]) -> str:
    """The free indices of a function's result, `[i, j]`, or nothing."""
    return f"[{', '.join(one.name for one in names)}]" if names else ""


def claim(node: tree.Claim) -> str:
    """`not convex in prediction`."""
    words = (["not"] if node.negated else []) + list(node.words)
    # Behind a word or a number a sum is in brackets: else its sign would be read with what is before.
    levels = [_SUM if len(node.words) == 1 else _PRODUCT] + [_PRODUCT] * len(node.arguments)
    written = zip(node.arguments, levels, strict=False)
    words.extend(flat(expression(one, level)) for one, level in written)
    is_bound = node.words[0] == "bounds" and not node.arguments
    if node.subject is not None:
        words.extend([node.subject] if is_bound else ["for", node.subject])
    if node.inputs:
        words.append("in " + ", ".join(one.name for one in node.inputs))
    return " ".join(words)


def combination(node: tree.Objective) -> str:
    """`combine sum(depth = 2)`."""
    if not node.weights:
        return f"combine {node.combine}"
    weights = (f"{one.name} = {flat(expression(one.value))}" for one in node.weights)
    return f"combine {node.combine}({', '.join(weights)})"


def use(node: tree.Use) -> str:
    names = ", ".join(one.name for one in node.names)
    return f"use {node.path} ({names})" if names else f"use {node.path}"
