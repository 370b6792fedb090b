"""What other tools say of the truth table, from the same text: `python -m tests.analysis.peers [START STOP]`.

CVXPY (Diamond and Boyd 2016) knows the rules of disciplined convex programming, SymPy's `is_convex` the sign
of a second derivative. Each gets the formula as it was parsed, with nothing rewritten; a tool that raises, or
takes longer than so many seconds, leaves the function open. CVXPY is installed by the extra `compare`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import sympy

from objc.analysis.claims import decide
from objc.analysis.effort import Clock, OutOfTime
from objc.analysis.signs.elementary import plain
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.atoms import Branch, maximum, minimum
from objc.ir.program import Program
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.truths import TRUTHS

SECONDS = 2.0
"""Processor time that SymPy has for each function."""
Answer = bool | None
Judge = Callable[[Program, str], Answer]


def program_of(domain: str, formula: str) -> Program:
    return lower(parse(Source("truth.objc", f"loss f(x: {domain}) = {formula}\n"))).programs["f"]


def by_objc(program: Program, word: str) -> Answer:
    verdict = decide(Subject(program), stated(word, "x")).verdict
    return None if verdict == "unknown" else verdict == "proved"


def by_sympy(program: Program, word: str) -> Answer:
    """`is_convex` of the formula, or of minus the formula."""
    read, formula = program.input["x"].read(), program.lets[-1].body
    if formula.has(Branch):
        return None
    x = sympy.Symbol("x", real=True)
    there = (
        plain(formula.xreplace({read: x})).replace(maximum, sympy.Max).replace(minimum, sympy.Min)
    )
    low, high = program.input["x"].domain.bounds
    is_open = program.input["x"].domain.kind != "interval"
    domain = sympy.Interval(low, high, left_open=is_open, right_open=is_open)
    try:
        with Clock(SECONDS).running():
            found = sympy.is_convex(there if word == "convex" else -there, x, domain=domain)
    except (Exception, OutOfTime):
        return None
    return found if found in (True, False) else None


def by_cvxpy(program: Program, word: str) -> Answer:
    """The curvature that the rules give the expression; they prove, and never refute."""
    import cvxpy

    low, high = program.input["x"].domain.bounds
    x = cvxpy.Variable(nonneg=bool(low == 0), bounds=None if low == 0 else _box(low, high))
    try:
        found = _expression(program.lets[-1].body, {program.input["x"].read(): x})
    except (NotImplementedError, ValueError, TypeError, cvxpy.error.DCPError):
        return None
    is_known = found.is_convex() if word == "convex" else found.is_concave()
    return True if is_known else None


def _box(low: Any, high: Any) -> list[float] | None:
    return [float(low), float(high)] if low.is_finite and high.is_finite else None


def _expression(node: Any, known: Mapping[Any, Any]) -> Any:
    """A formula in CVXPY's atoms, as it stands."""
    import cvxpy

    if node in known:
        return known[node]
    if node.is_number:
        return cvxpy.Constant(float(node))
    functions: Mapping[Any, Any] = {
        sympy.exp: cvxpy.exp, sympy.log: cvxpy.log, sympy.Abs: cvxpy.abs,
        maximum: cvxpy.maximum, minimum: cvxpy.minimum,
    }  # fmt: skip
    if isinstance(node, sympy.Add):
        return sum(
            (_expression(one, known) for one in node.args[1:]), _expression(node.args[0], known)
        )
    if isinstance(node, sympy.Mul):
        first, *others = (_expression(one, known) for one in node.args)
        for one in others:
            first = first * one
        return first
    if isinstance(node, sympy.Pow) and node.exp.is_number and node.base != sympy.E:
        return cvxpy.power(_expression(node.base, known), float(node.exp))
    if node.func not in functions:
        raise NotImplementedError(node.func)
    return functions[node.func](*(_expression(one, known) for one in node.args))


JUDGES: Mapping[str, Judge] = {"objc": by_objc, "cvxpy": by_cvxpy, "sympy": by_sympy}


def main(start: int = 0, stop: int | None = None) -> None:
    """Print the verdicts side by side, then how many of each tool are right, wrong and open."""
    judges = dict(JUDGES)
    if importlib.util.find_spec("cvxpy") is None:
        print("CVXPY is not installed (pip install -e '.[compare]'): it is left out")
        del judges["cvxpy"]
    counts: dict[str, Counter[str]] = {name: Counter() for name in judges}
    print(f"{'domain':12} {'formula':48} {'is':9} " + " ".join(f"{name:>15}" for name in judges))
    for domain, formula, kind in TRUTHS[start:stop]:
        program, cells = program_of(domain, formula), []
        for name, judge in judges.items():
            told = []
            for word in ("convex", "concave"):
                answer, truth = judge(program, word), kind in (word, "affine")
                result = "open" if answer is None else "right" if answer == truth else "wrong"
                counts[name][result] += 1
                told.append(result)
            cells.append("/".join(told))
        print(
            f"{domain:12} {formula:48.48} {kind:9} " + " ".join(f"{one:>15}" for one in cells),
            flush=True,
        )
    for name, found in counts.items():
        print(f"{name}: {found['right']} right, {found['wrong']} wrong, {found['open']} left open")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
