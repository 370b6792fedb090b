"""What stands in an expression, each part of it once."""

import sympy

from objc.ir.parts import found_in, inner_first, repeated_in

X, Y = sympy.symbols("x y", positive=True)


def nested(depth: int) -> sympy.Basic:
    """What holds twice that of a depth less: 2^depth times the symbol at its bottom."""
    whole: sympy.Basic = X
    for _ in range(depth):
        whole = sympy.Basic(whole, whole)
    return whole


def test_finds_what_sympy_finds() -> None:
    one = sympy.exp(X + Y) * sympy.log(X) + sympy.exp(X + Y) ** 2
    for kinds in ((sympy.Symbol,), (sympy.exp,), (sympy.Add, sympy.Pow), (sympy.Eq,)):
        assert found_in(one, *kinds) == one.atoms(*kinds)
    condition = sympy.And(X > Y, sympy.Eq(Y, 2))
    assert found_in(condition, sympy.Eq) == {sympy.Eq(Y, 2)}


def test_what_is_held_many_times_is_visited_once() -> None:
    one = nested(60)
    assert found_in(one, sympy.Symbol) == {X}
    assert len(list(inner_first(one))) == 61
    assert len(repeated_in([one])) == 60


def test_the_inner_come_first() -> None:
    one = sympy.exp(sympy.log(X) * Y) + sympy.log(X)
    order = list(inner_first(one))
    assert order == list(dict.fromkeys(sympy.postorder_traversal(one)))
    assert order[-1] == one


def test_repeated_parts_are_counted_over_all_expressions() -> None:
    assert repeated_in([sympy.exp(X), sympy.log(sympy.exp(X) + 1)]) == {sympy.exp(X), X}
    assert repeated_in([sympy.exp(X)]) == set()
