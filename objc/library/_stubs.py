"""The stub of `objc.library`, for editors: `python -m objc.library._stubs` writes it anew.

The library's names exist only when they are first used, so that no editor finds them in the module. The
stub has a function for each declaration, with its docstring and its typed parameters; a decorator makes
it the kernel that it is.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from objc.library import files
from objc.syntax import parse, read_source
from objc.syntax.tree import (
    Declaration,
    Function,
    Game,
    Number,
    Objective,
    Parameter,
    Scalar,
    Signature,
    Unary,
)
from objc.target import identifier

PLACE = Path(__file__).with_name("__init__.pyi")

_OPTIONS = {
    "weight": "ArrayLike",
    "mask": "ArrayLike",
    "reduction": 'Literal["mean", "sum", "none"]',
    "on_empty": 'Literal["error", "zero", "nan"]',
    "out": "Any",
    "wrt": "str | Sequence[str]",
    "vector": "Any",
    "check": "bool",
    "check_finite": "bool",
}

_HEAD = '''"""The standard library: losses, metrics, functions and games, compiled when first used."""

# Written by `make stubs` from the library's texts: change those.

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, TypedDict, Unpack

from numpy.typing import ArrayLike, NDArray

from objc.kernel import Game, Kernel

_P = ParamSpec("_P")

def files() -> list[Path]:
    """The library's texts."""

def declarations() -> Mapping[str, Path]:
    """Every declared name and the file it stands in, found without parsing."""

class _Loss(Kernel, Generic[_P]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def value_and_grad(self, *args: _P.args, **kwargs: _P.kwargs) -> tuple[Any, Any]: ...
    def gradient(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def hessian_diagonal(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def hessian_vector_product(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def per_example(self, *args: _P.args, **kwargs: _P.kwargs) -> NDArray[Any]: ...
    def terms(self, *args: _P.args, **kwargs: _P.kwargs) -> dict[str, float]: ...
    def term_gradients(self, *args: _P.args, **kwargs: _P.kwargs) -> dict[str, Any]: ...

class _Function(Kernel, Generic[_P]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> NDArray[Any]: ...

def _loss(kernel: Callable[_P, float]) -> _Loss[_P]: ...
def _function(kernel: Callable[_P, NDArray[Any]]) -> _Function[_P]: ...
'''


def stub() -> str:
    """The text of the stub, as ruff formats it."""
    bodies: list[str] = []
    options: dict[str, str] = {}
    for path in files():
        if path.stem == "prelude":
            continue
        for one in parse(read_source(path)).declarations:
            bodies += _declaration(one, options)
    text = "\n".join([_HEAD, *options.values(), *bodies])
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(PLACE), "-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode()


def _declaration(one: Declaration, options: dict[str, str]) -> Iterator[str]:
    match one:
        case Game():
            yield from _game(one, options)
        case Scalar() | Objective() | Function():
            kind = "function" if isinstance(one, Function) else "loss"
            yield _function(identifier(one.name), one.signature, one.docstring, kind, options)


def _function(
    name: str, signature: Signature, docstring: str | None, kind: str, options: dict[str, str]
) -> str:
    """A declaration as a decorated function."""
    result = "NDArray[Any]" if kind == "function" else "float"
    inputs = [*signature.inputs, *signature.data]
    learned = [one for one in signature.hyperparameters if one.learn]
    rest = [one for one in signature.hyperparameters if not one.learn]
    lines = [_parameter(one) for one in inputs]
    if any(one.default is None for one in learned):
        rest = [*learned, *rest]
    else:
        lines += [_parameter(one) for one in learned]
    lines += ["*", *(_parameter(one, not one.learn) for one in rest)] if rest else []
    names = [identifier(one.name) for one in (*inputs, *signature.hyperparameters)]
    lines.append(f"**options: Unpack[{_options(names, options)}]")
    text = textwrap.indent("".join(f"{line},\n" for line in lines), "    ")
    return f"@_{kind}\ndef {name}(\n{text}) -> {result}:\n{_documentation(docstring, name)}\n"


def _game(game: Game, options: dict[str, str]) -> Iterator[str]:
    """A class for the game, with its players."""
    players = []
    for player in game.players:
        name = f"_{game.name}_{identifier(player.name)}"
        text = _function(name, game.signature, game.docstring, "loss", options)
        yield text.replace(": ArrayLike,", ": ArrayLike = ...,")  # it takes those that it reads
        players.append(f"    {identifier(player.name)} = {name}\n")
    body = _documentation(game.docstring, game.name)
    yield f"class _{game.name}(Game):\n{body}\n{''.join(players)}"
    yield f"{identifier(game.name)}: _{game.name}\n"


def _options(names: list[str], options: dict[str, str]) -> str:
    """The type of the options of a call, beside inputs of the same names."""
    taken = [one for one in _OPTIONS if one in names]
    name = "_Options" + "".join(f"_{one}" for one in taken)
    if name not in options:
        fields = {f"{one}_" if one in taken else one: kind for one, kind in _OPTIONS.items()}
        rows = "".join(f"    {one}: {kind}\n" for one, kind in fields.items())
        options[name] = f"class {name}(TypedDict, total=False):\n{rows}"
    return name


def _parameter(one: Parameter, hyperparameter: bool = False) -> str:
    text = f"{identifier(one.name)}: {_type(one, hyperparameter)}"
    if one.default is None:
        return text
    value = one.default
    sign = ""
    if isinstance(value, Unary):
        sign, value = value.operator.replace("+", ""), value.operand
    if isinstance(value, Number) and value.text[0].isdigit():
        return f"{text} = {sign}{value.text}"
    return f"{text} = ..."


def _type(one: Parameter, hyperparameter: bool) -> str:
    """A number for a scalar hyperparameter; anything that NumPy makes an array of for an input."""
    if not hyperparameter or (one.type is not None and one.type.shape):
        return "ArrayLike"
    return "int" if one.type is not None and one.type.domain in ("count", "index") else "float"


def _documentation(docstring: str | None, name: str) -> str:
    text = " ".join((docstring or f"{name}.").split()).replace("\\", "\\\\")
    lines = textwrap.wrap(text, 94)
    if len(lines) == 1:
        return f'    """{lines[0]}"""'
    return "\n".join(['    """' + lines[0], *(f"    {line}" for line in lines[1:]), '    """'])


if __name__ == "__main__":
    PLACE.write_text(stub(), "utf-8")
