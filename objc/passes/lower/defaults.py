"""Defaults of hyperparameters: exact constants that lie in their domain."""

from __future__ import annotations

import sympy

from objc.ir.domain import Domain
from objc.ir.symbols import Expression, Read
from objc.passes.lower import errors
from objc.passes.lower.dimensions import Dimensions
from objc.passes.lower.names import Scope
from objc.passes.lower.shapes import TypedParameter, restricted


def default_of(parameter: TypedParameter, domain: Domain, scope: Scope) -> Expression | None:
    """The default of a parameter, as an exact number."""
    node = parameter.parameter.default
    assert node is not None
    where = f"the default of `{parameter.name}`"
    empty = Scope(scope.context, scope.namespace, Dimensions({}), None)
    declaration = scope.context.stack[-1][0]
    signature = declaration.signature
    names = {p.name for p in (*signature.inputs, *signature.data, *signature.hyperparameters)}
    before = len(scope.collector.errors)
    value = restricted(node, empty, where, "numbers", names | set(scope.dimensions.axes))
    if len(scope.collector.errors) > before:
        return None
    if not _lies_in(value, domain, scope):
        shown = node.span.text.strip() or str(value)
        scope.collector.add(errors.BadDefault(node.span, parameter.name, shown, str(domain)))
    return value


def _lies_in(value: Expression, domain: Domain, scope: Scope) -> bool:
    if domain.kind == "sign":
        return value in (sympy.Integer(1), sympy.Integer(-1))
    if domain.kind == "binary":
        return value in (sympy.Integer(1), sympy.Integer(0))
    if domain.kind in ("index", "count") and value.is_integer is not True:
        return False
    if domain.kind == "positive" and value.is_positive is not True:
        return False
    defaults = {
        read: one.default
        for one in scope.context.inputs
        if one.default is not None and not one.dimensions
        for read in [one.read()]
    }
    for end, relation in zip(domain.bounds, (sympy.Ge, sympy.Le), strict=True):
        bound = end.xreplace(defaults)
        if not bound.atoms(Read) and relation(value, bound) == sympy.false:
            return False
    return True
