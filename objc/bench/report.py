"""The table of a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from objc.bench.aims import bound, held, less_exact
from objc.bench.columns import aligned
from objc.bench.job import Entry, Row
from objc.bench.machine import BUSY
from objc.bench.run import Report

OWN = "objc"
_HEAD = (
    "case", "contender", "form", "default", "±", "tuned", "±", "× floor", "ratio", "tuned ratio",
    "value ulp", "gradient ulp", "memory",
)  # fmt: skip


def table(report: Report) -> str:
    """The report as text: a line for each contender of each case.

    `ratio` says how many times longer a peer takes than objc does in the same mode; `× floor` holds the
    better mode against the least time that the bytes (or the operations) of the case take here.
    """
    lines = [*_introduction(report), "", *aligned([_HEAD, *_lines(report)])]
    return "\n".join([*lines, *_absences(report), *_shortfalls(report)])


def shortfalls(report: Report) -> list[str]:
    """A line for every row that misses its aim in some mode, with what bounds it, and for every one
    that is less exact than the fastest peer."""
    lines = []
    for row, by_mode in _by_mode(report):
        missed = [
            f"{mode} {one.text}"
            for mode, own in by_mode.items()
            for one in held(own, mode)
            if one.ratio < 1
        ]
        if missed:
            lines.append(f"{row.case}: {', '.join(missed)}; {bound(row)}")
        found = [one for own in by_mode.values() if (one := less_exact(own))]
        lines += [f"{row.case}: less exact: {one}" for one in found]
    return lines


def _by_mode(report: Report) -> Iterable[tuple[Row, Mapping[str, Row]]]:
    """Every row of the first mode, and the same by the modes that have come to it."""
    for number, row in enumerate(next(iter(report.rows.values()), [])):
        yield row, {mode: rows[number] for mode, rows in report.rows.items() if number < len(rows)}


def _shortfalls(report: Report) -> list[str]:
    lines = shortfalls(report)
    return ["", "short of what it is to reach (in brackets):", *lines] if lines else []


def _introduction(report: Report) -> list[str]:
    own = report.machine
    versions = ", ".join(f"{name} {found}" for name, found in own["libraries"].items())
    lines = [
        f"{own['processor']}, {own['threads']} of {own['processors']} processors, {own['system']}",
        f"Python {own['python']}, {versions}",
    ]
    for mode, floors in report.floors.items():
        lines.append(
            f"{mode}: copy {floors['copy'] / 1e9:.1f} GB/s, read {floors['read'] / 1e9:.1f} GB/s,"
            f" exp {floors['exp'] / 1e9:.2f} G/s, products of matrices"
            f" {floors['product'] / 1e9:.0f} G/s; a text to its first value"
            f" {report.first_value[mode]['cold'] * 1e3:.0f} ms,"
            f" from the cache {report.first_value[mode]['cached'] * 1e3:.1f} ms"
        )
    if report.busy:
        lines.append(f"others used {report.busy:.0%} of the processors when this began")
    lines += _disturbed(report)
    lines.append(
        f"{report.dtype}, medians of {report.repetitions} samples, ± half the quartiles' distance"
    )
    return lines


def _disturbed(report: Report) -> list[str]:
    """Which cases others disturbed, since their times say less."""
    found = [
        f"{row.case} ({mode}, {row.others:.0%})"
        for mode, rows in report.rows.items()
        for row in rows
        if row.others is not None and row.others > BUSY
    ]
    return [f"others used the processors during {', '.join(found)}"] if found else []


def _lines(report: Report) -> Iterable[tuple[str, ...]]:
    for row, by_mode in _by_mode(report):
        for place, entry in enumerate(row.entries):
            if entry.median is None:
                continue
            entries = {mode: own.entry(entry.peer) for mode, own in by_mode.items()}
            sizes = "×".join(map(str, row.sizes.values()))
            kind = "" if row.dtype == report.dtype else f" {row.dtype}"
            yield (
                f"{row.case} {sizes}{kind}" if place == 0 else "",
                entry.peer,
                entry.form or "",
                *_time(entries.get("default")),
                *_time(entries.get("tuned")),
                _multiple(by_mode, entry.peer),
                _ratio(by_mode.get("default"), entry.peer),
                _ratio(by_mode.get("tuned"), entry.peer),
                _number(entry.value_error),
                _number(entry.gradient_error),
                "–" if entry.memory is None else f"{entry.memory / 2**20:.0f} MiB",
            )


def _time(entry: Entry | None) -> tuple[str, str]:
    if entry is None or entry.median is None or entry.upper is None or entry.lower is None:
        return "–", ""
    spread = (entry.upper - entry.lower) / 2
    if entry.median < 1e-3:
        return f"{entry.median * 1e6:.1f} µs", f"{spread * 1e6:.1f}"
    return f"{entry.median * 1e3:.2f} ms", f"{spread * 1e3:.2f}"


def _multiple(by_mode: Mapping[str, Row], peer: str) -> str:
    found = []
    for row in by_mode.values():
        entry = row.entry(peer)
        if entry is not None and entry.median is not None and row.floor > 0:
            found.append((entry.median / row.floor, row.bound))
    if not found:
        return "–"
    multiple, what = min(found)
    return f"{multiple:.1f} {_SHORT.get(what, what)}"


_SHORT = {"operations": "ops"}


def _ratio(row: Row | None, peer: str) -> str:
    own = row.entry(OWN) if row is not None else None
    other = row.entry(peer) if row is not None else None
    if own is None or other is None or own.median is None or other.median is None or peer == OWN:
        return "–"
    return f"{other.median / own.median:.2f}"


def _number(value: float | str | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.1f}"


def _absences(report: Report) -> Sequence[str]:
    """Who took no part, with the reason, each once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in next(iter(report.rows.values())):
        for entry in row.entries:
            if entry.absent is not None:
                reasons.setdefault((entry.peer, entry.absent), []).append(row.case)
    lines = [f"without {peer}: {', '.join(cases)}: {why}" for (peer, why), cases in reasons.items()]
    return ["", *lines] if lines else []
