"""In which order definitions are made: each after those it uses; what goes in a circle; what is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from objc.syntax import tree


def names_in(node: object) -> Iterator[str]:
    """Every name that an expression says, without recursion."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        match here:
            case tree.Name():
                yield here.name
            case tree.Call():
                yield here.function
                waiting += [*here.arguments, *(here.data or ())]
                waiting += [keyword.value for keyword in here.keywords]
            case tree.Subscript():
                waiting += [here.base, *here.indices]
            case tree.Unary() | tree.Not():
                waiting.append(here.operand)
            case tree.Binary() | tree.Comparison() | tree.Logical():
                waiting += [here.left, here.right]
            case tree.Conditional():
                waiting += [here.condition, here.then, here.otherwise]
            case tree.Iverson():
                waiting.append(here.condition)
            case tree.Reduction():
                waiting += [here.guard, here.body]


@dataclass(frozen=True)
class Group:
    """The equations of one name."""

    name: str
    equations: tuple[tree.Definition, ...]

    @property
    def uses(self) -> set[str]:
        found: set[str] = set()
        for equation in self.equations:
            own = {one.name for one in equation.parameters or ()}
            found.update(set(names_in(equation.value)) - own)
            for place in equation.indices or ():
                found.update(names_in(place))
        return found


def groups_of(definitions: Iterable[tree.Definition]) -> dict[str, Group]:
    gathered: dict[str, list[tree.Definition]] = {}
    for one in definitions:
        gathered.setdefault(one.name, []).append(one)
    return {name: Group(name, tuple(found)) for name, found in gathered.items()}


def ordered(groups: dict[str, Group]) -> tuple[list[str], list[list[str]]]:
    """The names so that each stands after those it uses, and the circles (Tarjan 1972)."""
    uses = {name: sorted(group.uses & groups.keys()) for name, group in groups.items()}
    order: list[str] = []
    circles: list[list[str]] = []
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    for root in groups:
        if root in number:
            continue
        work = [(root, iter(uses[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is not None:
                if following not in number:
                    number[following] = low[following] = len(number)
                    stack.append(following)
                    work.append((following, iter(uses[following])))
                elif following in stack:
                    low[name] = min(low[name], number[following])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[name])
            if low[name] == number[name]:
                component = [stack.pop()]
                while component[-1] != name:
                    component.append(stack.pop())
                if len(component) > 1 or name in uses[name]:
                    circles.append(sorted(component, key=list(groups).index))
                order += reversed(component)
    return order, circles


def live_names(groups: dict[str, Group], order: list[str], results: Iterable[object]) -> list[str]:
    """The names that the result needs, in order."""
    waiting = [name for result in results for name in names_in(result) if name in groups]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += groups[name].uses & groups.keys()
    return [name for name in order if name in found]


def parts_of(node: object) -> Iterator[tree.Node]:
    """A node of the tree and everything below it, without recursion."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, tree.Node):
            yield here
            for value in vars(here).values():
                waiting += value if isinstance(value, tuple) else [value]
