"""Files and what they declare: `use`, the library, the prelude."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

from objc.errors import Collector, ObjcError
from objc.passes.lower import errors
from objc.source import Source, Span
from objc.syntax import tree

Loader: TypeAlias = Callable[[str, Span], tree.File]
"""Finds the file that `use PATH` means. Raises ObjcError where there is none."""

Place: TypeAlias = tuple[str, str]
"""Which file it is: its name and its text, since a user's may be called as one of the library."""

_LIBRARY = "objc.library"


class Namespace:
    """The declarations that one file's text can name: its own, those it uses, the prelude.

    `known` are the namespaces of files that have been read: each is, once."""

    def __init__(
        self,
        file: tree.File | None,
        loader: Loader,
        collector: Collector,
        chain: tuple[Place, ...],
        known: dict[Place, Namespace] | None = None,
    ) -> None:
        self.known = {} if known is None else known
        self.own: dict[str, tree.Declaration] = {}
        self.used: dict[str, tuple[tree.Declaration, Namespace]] = {}
        self._surrogates: list[tuple[str, str]] = []
        if file is not None:
            self._declare(file, collector)
            for item in file.items:
                if isinstance(item, tree.Use):
                    self._use(item, loader, collector, chain)
            self._check_surrogates(file, collector)

    # --------------------------------------------------------------- building

    def _declare(self, file: tree.File, collector: Collector) -> None:
        for declaration in file.declarations:
            first = self.own.setdefault(declaration.name, declaration)
            if first is not declaration:
                what = "it is declared in this file already"
                collector.add(
                    errors.DuplicateName(
                        declaration.name_span, declaration.name, what, first.name_span
                    )
                )

    def _use(
        self, use: tree.Use, loader: Loader, collector: Collector, chain: tuple[Place, ...]
    ) -> None:
        key = use.path.replace(".", "/")
        try:
            file = loader(use.path, use.span)
        except ObjcError as found:
            for one in found.diagnostics:
                collector.add(one)
            return
        place = _place_of(file)
        if place in chain:
            shown = tuple(Path(one).stem for one, _ in (*chain[chain.index(place) :], place))
            if not any(isinstance(one, errors.UseCycle) for one in collector.found):
                collector.add(errors.UseCycle(use.span, shown))
            return
        if place not in self.known:
            self.known[place] = Namespace(file, loader, collector, (*chain, place), self.known)
        other = self.known[place]
        self._surrogates += [one for one in other._surrogates if one not in self._surrogates]
        for wanted in use.names:
            if wanted.name in other.own:
                self._import(wanted.name, wanted.span, other, collector, whole=False)
            else:
                names = tuple(other.own)
                hidden = _hidden(key, wanted.name, file)
                collector.add(errors.UnknownImport(wanted.span, wanted.name, key, names, hidden))
        if not use.names:
            for declared in other.own:
                self._import(declared, use.span, other, collector, whole=True)

    def _import(
        self, name: str, span: Span, other: Namespace, collector: Collector, whole: bool
    ) -> None:
        if name in self.own:
            if not whole:
                what = "this file declares it"
                collector.add(errors.DuplicateName(span, name, what, self.own[name].name_span))
            return
        before = self.used.get(name)
        if before is not None and before[0] is not other.own[name] and not whole:
            what = "another file has brought it"
            collector.add(errors.DuplicateName(span, name, what, before[0].name_span))
            return
        self.used.setdefault(name, (other.own[name], other))

    def _check_surrogates(self, file: tree.File, collector: Collector) -> None:
        for item in file.items:
            if not isinstance(item, tree.Surrogate):
                continue
            sound = True
            for one, kind in ((item.loss, "loss"), (item.metric, "metric")):
                if not self._is(one.name, kind):
                    names = tuple(n for n in self._names() if self._is(n, kind))
                    collector.add(errors.BadSurrogate(one.span, one.name, kind, names))
                    sound = False
            if sound:
                self._surrogates.append((item.loss.name, item.metric.name))

    # ---------------------------------------------------------------- looking

    def _names(self) -> Iterator[str]:
        yield from self.own
        yield from self.used

    def _is(self, name: str, kind: str) -> bool:
        found = self.find(name)
        return found is not None and getattr(found[0], "kind", None) == kind

    def find(self, name: str) -> tuple[tree.Declaration, Namespace] | None:
        """The declaration of that name, with the namespace that its body stands in."""
        if name in self.own:
            return self.own[name], self
        if name in self.used:
            return self.used[name]
        functions = prelude()
        return (functions.own[name], functions) if name in functions.own else None

    def is_callable(self, name: str) -> bool:
        from objc.passes.lower.functions import ELEMENTARY

        return name in ELEMENTARY or self.find(name) is not None

    def callables(self) -> tuple[str, ...]:
        return (*self._names(), *prelude().own)

    def metrics(self) -> tuple[str, ...]:
        return tuple(name for name in self._names() if self._is(name, "metric"))

    def surrogates_of(self, declaration: tree.Declaration) -> tuple[str, ...]:
        """The losses that are declared as surrogates of a metric."""
        if getattr(declaration, "kind", None) != "metric":
            return ()
        losses = [loss for loss, metric in self._surrogates if metric == declaration.name]
        if declaration.span.source.text in library_files().values():
            losses += library_surrogates().get(declaration.name, ())
        return tuple(dict.fromkeys(losses))


def namespace_of(file: tree.File, loader: Loader | None, collector: Collector) -> Namespace:
    """What a file's text can name. `use` is followed; problems are collected."""
    name = file.span.source.name
    return Namespace(file, loader or default_loader(name), collector, (_place_of(file),))


def _place_of(file: tree.File) -> Place:
    return file.span.source.name, file.span.source.text


@cache
def prelude() -> Namespace:
    """The vector functions that are always there, written in the language itself."""
    text = (importlib.resources.files(_LIBRARY) / "prelude.objc").read_text(encoding="utf-8")
    file = _parsed(Source("prelude.objc", text))
    namespace = Namespace(None, _no_files, Collector(), ())
    collector = Collector()
    namespace._declare(file, collector)
    collector.stop()
    return namespace


def _no_files(path: str, span: Span) -> tree.File:
    raise ObjcError(errors.UnknownFile(span, path, ()))


# ------------------------------------------------------------------- the files


def default_loader(name: str) -> Loader:
    """Files beside the one that says `use`, then the library's, which are also `library.FILE` where one
    beside has the same name. `name` stands in for the place of a text that has none of its own."""

    def load(path: str, span: Span) -> tree.File:
        parts = path.replace(".", "/").split("/")
        if not all(part.isidentifier() for part in parts):
            raise ObjcError(errors.UnknownFile(span, path, tuple(library_files())))
        here = Path(span.source.name if span.source.name.endswith(".objc") else name)
        beside = here.parent.joinpath(*parts).with_suffix(".objc")
        if (
            _has_place(span.source, here)
            and beside.is_file()
            and beside.resolve() != here.resolve()
        ):
            return _parsed(_read(beside))
        stem = "/".join(parts)
        if parts[0] == "library" and stem not in library_files():
            stem = "/".join(parts[1:])
        if stem not in library_files():
            if beside.is_file() and _has_place(span.source, here):
                raise ObjcError(errors.UseCycle(span, (here.stem, here.stem)))
            raise ObjcError(errors.UnknownFile(span, path, tuple(library_files())))
        return _library_file(stem)

    return load


def _has_place(source: Source, here: Path) -> bool:
    """Whether a text stands in a folder: the library's own texts use the library only."""
    return here.suffix == ".objc" and library_files().get(here.stem) != source.text


@cache
def library_files() -> Mapping[str, str]:
    """The library's files: their names without `.objc`, and their texts."""
    root = importlib.resources.files(_LIBRARY)
    found: dict[str, str] = {}
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        for entry in sorted(folder.iterdir(), key=lambda one: one.name):
            if entry.is_dir() and not entry.name.startswith("_"):
                waiting.append((entry, f"{prefix}{entry.name}/"))
            elif entry.name.endswith(".objc") and entry.name != "prelude.objc":
                stem = prefix + entry.name.removesuffix(".objc")
                found[stem] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def _hidden(stem: str, name: str, file: tree.File) -> str | None:
    """How a name is used that the library's file has, where a file beside of its name was found."""
    if stem not in files_with(name) or library_files()[stem] == file.span.source.text:
        return None
    return f"use library.{stem.replace('/', '.')} ({name})"


def files_with(name: str) -> tuple[str, ...]:
    """The files of the library that declare something of that name."""
    declared = re.compile(
        rf"^(loss|metric|function|model|objective|game) {re.escape(name)}\b", re.M
    )
    return tuple(stem for stem, text in library_files().items() if declared.search(text))


@cache
def _library_file(stem: str) -> tree.File:
    return _parsed(Source(f"{stem}.objc", library_files()[stem]))


@cache
def _library_places() -> Mapping[str, str]:
    """The file that each of the library's losses and objectives stands in, found without parsing."""
    found: dict[str, str] = {}
    for stem, text in library_files().items():
        for name in re.findall(r"^(?:loss|objective) (\w+)", text, re.M):
            found.setdefault(name, stem)
    return found


@cache
def library_surrogates() -> Mapping[str, tuple[str, ...]]:
    """The surrogates of the library's metrics, in whichever of its files they are declared."""
    found: dict[str, tuple[str, ...]] = {}
    for text in library_files().values():
        for loss, metric in re.findall(r"^surrogate (\w+) for (\w+)", text, re.M):
            found[metric] = (*found.get(metric, ()), loss)
    return found


def library_names() -> tuple[str, ...]:
    """The losses and objectives of the library."""
    return tuple(_library_places())


def library_declaration(name: str) -> tree.Declaration | None:
    """A loss or objective of the library, for where it may stand without a `use`."""
    stem = _library_places().get(name)
    if stem is None:
        return None
    return next((one for one in _library_file(stem).declarations if one.name == name), None)


def _read(path: Path) -> Source:
    from objc.syntax import read_source

    return read_source(path)


def _parsed(source: Source) -> tree.File:
    from objc.syntax import parse

    return parse(source)
