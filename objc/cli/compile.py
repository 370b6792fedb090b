"""`objc compile FILE -o DIR`."""

from __future__ import annotations

import ast
import keyword
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from objc import __version__
from objc.cli.errors import ForeignFile
from objc.cli.options import target_option
from objc.cli.output import Markup, progress, write_data, write_diagnostics
from objc.cli.targets import STANDARD_INPUT, TargetName, lower_target, require_name
from objc.cli.write import make_folder, write_whole
from objc.errors import Diagnostic, ObjcError
from objc.target import identifier, packager

if TYPE_CHECKING:
    from objc.analysis import Facts
    from objc.ir.program import Program
    from objc.target import DType

HEADER = "# Written by objc"
"""How the first line of a generated module starts: a file without it is never written over."""


@click.command(
    epilog=Markup.examples(
        "objc compile losses.objc -o build",
        "objc compile losses.objc:huber -o build --dtype float32 --name huber32",
        "objc compile focal -o build",
        "objc compile losses.objc -o build --target numpy",
        "objc compile losses.objc -o build --target library --cpu x86-64-v3",
        "objc compile losses.objc -o build --target cuda --arch sm_90 --dtype float32",
    )
)
@click.argument("targets", nargs=-1, required=True, metavar="FILE[:NAME]...")
@click.option(
    "--output", "-o", "directory", required=True, type=click.Path(file_okay=False), metavar="DIR",
    help="The directory to write to; it is made if need be.",
)  # fmt: skip
@target_option("What to compile for")
@click.option("--name", help="The module's name. [default: the file's]")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float64", "bfloat16", "float16"]),
    default="float64",
    show_default=True,
    help="The floating type of the kernels; of 16 bits, that of the arrays of the target cuda.",
)
@click.option(
    "--cpu",
    "processor",
    metavar="NAME",
    help="Of the target library: native, x86-64-v3, x86-64-v4, … [default: native]",
)
@click.option(
    "--arch",
    "architecture",
    metavar="NAME",
    help="Of the target cuda: sm_80, sm_90, … [default: the device's here, else sm_80]",
)
@click.option("--force", is_flag=True, help="Replace files that objc didn't write.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of text.")
def command(
    targets: Sequence[str],
    directory: str,
    target: str,
    name: str | None,
    dtype: str,
    processor: str | None,
    architecture: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write kernels as a readable Python module, as a library for C, or as PTX.

    Each FILE becomes one module, named after it (after NAME, where that is all of it), which carries
    formulas, gradients and facts in its docstrings and needs only numpy (and numba, for the target
    cpu). The target library writes a shared object, its C header and a Python module that loads it,
    which needs numpy only. The target cuda writes the module and its PTX, which runs on devices of the
    architecture and later ones; no device is needed to write it. A declaration of the standard library
    may be given by its name alone.
    """
    places = _by_file(targets)
    if name is not None and len(places) > 1:
        raise click.UsageError("`--name` needs a single FILE.")
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise click.BadParameter(f"`{name}` can't be a module's name.", param_hint="--name")
    if name is not None and name in _TAKEN:
        raise click.BadParameter(
            f"`{name}` would hide the module of that name.", param_hint="--name"
        )
    for option, given in (("--cpu", processor), ("--arch", architecture)):
        if given is not None:
            _require_option(target, option)
    _require_dtype(target, dtype)
    written = []
    for one in progress(places, "compiling"):
        stem = name or _module_name(one)
        wanted = next((one for one in (processor, architecture) if one is not None), "native")
        files, names, warnings = _files(one, target, dtype, stem, wanted)
        paths = {file: Path(directory) / file for file in files}
        for path in paths.values():
            _require_own(path, force)
        make_folder(Path(directory))
        for file, content in files.items():
            write_whole(paths[file], content)
        listed = ", ".join(map(str, paths.values()))
        module = str(paths[f"{stem}.py"])
        entry: dict[str, object] = {"module": module, "declarations": names}
        if len(paths) > 1:
            entry["files"] = [str(path) for path in paths.values()]
        written.append(entry)
        if not as_json:
            write_diagnostics(warnings, sys.stderr)
            click.echo(f"wrote {listed}: {', '.join(names)}")
    if as_json:
        write_data({"target": target, "dtype": dtype, "modules": written})


_TAKEN = frozenset({*sys.stdlib_module_names, "llvmlite", "numba", "numpy", "objc"})
"""Modules that a written one, or others beside it, import."""


def _require_dtype(target: str, dtype: str) -> None:
    """Raises UsageError where a target has no arrays of a type of 16 bits."""
    from objc.cli.variants import find_target

    if dtype in ("float32", "float64") or dtype in getattr(find_target(target), "STORED", ()):
        return
    raise click.UsageError(f"`--target {target}` takes no `--dtype {dtype}`.")


@dataclass(frozen=True)
class _Place:
    """What goes into one module: all of a file, or some of its declarations."""

    path: str
    names: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """What the first line of the module says that it is from."""
        file = Path(self.path).name + (f":{', '.join(self.names)}" if self.names else "")
        return f"{__version__} from {file}. Changes here are lost: change the source."


def _by_file(targets: Sequence[str]) -> list[_Place]:
    """The targets of one file together, in the order given: `a.objc:f a.objc:g` is one module."""
    found: dict[str, list[TargetName]] = {}
    for text in targets:
        target = TargetName.find(text)
        found.setdefault(target.path, []).append(target)
    places = []
    for path, members in found.items():
        names = tuple(dict.fromkeys(one.name for one in members if one.name is not None))
        is_whole = any(one.name is None for one in members)
        places.append(_Place(path, () if is_whole else names))
    return places


def _require_option(target: str, option: str) -> None:
    """Raises UsageError where a target is not told by this option what it compiles for."""
    from objc.cli.variants import find_target

    writer = packager(find_target(target))
    if writer is None or option != writer.PROCESSOR:
        where = " compiles where it runs, and" if writer is None else ""
        raise click.UsageError(f"`--target {target}`{where} takes no `{option}`.")


def _module_name(place: _Place) -> str:
    """The file's name, or that of the one declaration, as Python can import it."""
    if place.path == STANDARD_INPUT:
        raise click.UsageError("The standard input has no name for a module: give `--name`.")
    stem = place.names[0] if len(place.names) == 1 else Path(place.path).stem
    name = "".join(one if one.isalnum() or one == "_" else "_" for one in stem)
    name = name if name.isidentifier() else f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def _require_own(path: Path, force: bool) -> None:
    if force or not path.exists():
        return
    try:
        with path.open("rb") as stream:
            mark = HEADER.removeprefix("# ").encode()
            is_own = mark in (stream.read() if _is_binary(path) else stream.readline())
    except OSError:
        is_own = False
    if not is_own:
        raise ObjcError(ForeignFile(None, str(path)))


def _is_binary(path: Path) -> bool:
    return path.suffix not in (".py", ".h", ".ptx")


def _files(
    place: _Place, target: str, dtype: str, name: str, processor: str
) -> tuple[dict[str, str | bytes], list[str], tuple[Diagnostic, ...]]:
    """The files that a target makes, the declarations in them, and the warnings on the way."""
    from objc.analysis import analyse
    from objc.cli.variants import find_target, module_variants

    found = find_target(target)
    writer = packager(found)
    diagnostics, programs = _lowered(place)
    analysed = [(one, analyse(one)) for one in programs]
    for _, facts in analysed:
        diagnostics += facts.diagnostics
    errors = [one for one in diagnostics if one.severity == "error"]
    if errors:
        raise ObjcError(errors)
    pairs = [
        (_with_facts(one, facts), module_variants(one, found, target, both=writer is not None))
        for one, facts in analysed
    ]
    kind = cast("DType", dtype)
    if writer is None:
        text = f"{HEADER} {place.origin}\n{found.module(pairs, kind)}"
        files: dict[str, str | bytes] = {f"{name}.py": text}
    else:
        origin = f"{HEADER.removeprefix('# ')} {place.origin}"
        files = dict(writer.package(pairs, kind, name, processor, origin))
    names = _callables(str(files[f"{name}.py"]), [one.name for one in programs])
    return files, names, tuple(diagnostics)


def _lowered(place: _Place) -> tuple[list[Diagnostic], list[Program]]:
    """The warnings of a file, and the programs of it that go into the module."""
    wanted = [TargetName(place.path, one) for one in place.names] or [TargetName(place.path)]
    if len(wanted) > 1 and place.path == STANDARD_INPUT:
        module, programs = lower_target(TargetName(place.path))
        for one in wanted:
            require_name(one, tuple(module.programs))
        return list(module.warnings), [one for one in programs if one.name in place.names]
    diagnostics: list[Diagnostic] = []
    found: dict[str, Program] = {}
    for one in wanted:
        module, programs = lower_target(one)
        diagnostics += [warning for warning in module.warnings if warning not in diagnostics]
        found.update({program.name: program for program in programs})
    return diagnostics, list(found.values())


def _callables(text: str, declarations: Sequence[str]) -> list[str]:
    """The names in Python of declarations: a module may have had to add an underscore to one."""
    exported: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "__all__":
            exported = list(ast.literal_eval(node.value))
    names = []
    for one in declarations:
        plain = identifier(one).replace(".", "_")
        spellings = [each for each in exported if each.rstrip("_") == plain.rstrip("_")]
        names.append(min(spellings, key=lambda each: (each != plain, len(each)), default=plain))
    return names


def _with_facts(program: Program, facts: Facts) -> Program:
    """The program with its facts, the verdicts of its claims among them, in its docstring."""
    lines = "".join(f"\n  {line}" for line in facts.lines())
    parts = [program.docstring or f"{program.name}.", f"Facts:{lines}" if lines else ""]
    docstring = "\n\n".join(one for one in parts if one)
    return replace(program, docstring=docstring, claims=())
