"""The table of a measurement on a device, with what was aimed at and what was reached."""

from __future__ import annotations

from collections.abc import Iterator

from objc.bench.columns import aligned
from objc.bench.cuda.cases import Aim
from objc.bench.cuda.job import DeviceEntry, DeviceRow
from objc.bench.cuda.run import DeviceReport

_HEAD = (
    "case", "contender", "form", "ms", "±", "GB/s", "% of copy", "ratio", "returns µs", "memory",
    "value error", "gradient error",
)  # fmt: skip
OURS = ("objc out", "objc")
VALUE, GRADIENT, GRADIENT_SHORT = 1e-4, 1e-4, 2.0**-7
"""Errors beyond which a result is wrong."""


def table(report: DeviceReport) -> str:
    """The report as text: who took no part, what was not measured, and the aims, then the table, a line for
    each contender of each case.

    `ratio` says how many times longer a peer takes than objc does; `returns` is the time until a call is
    back at the caller, whatever the device still does; `memory` is beyond the inputs.
    """
    lines = [*_introduction(report), "", *_absences(report), *_rest(report), *_aims(report)]
    return "\n".join([*lines, "", *aligned([_HEAD, *_lines(report)])])


def _introduction(report: DeviceReport) -> list[str]:
    device, host = report.device, report.host
    told = [str(device.get("name", "no device"))]
    if "memory_bytes" in device:
        told.append(f"{device['memory_bytes'] / 2**30:.0f} GiB")
        told.append(f"compute capability {device['capability']}")
        told.append(f"driver for CUDA {device['driver_cuda']}")
    versions = ", ".join(f"{name} {found}" for name, found in host["libraries"].items())
    return [
        ", ".join(told),
        f"{host['processor']}, Python {host['python']}, {versions}",
        f"a copy moves {report.copy / 1e9:.0f} GB/s; medians of up to {report.repetitions} samples,"
        f" in {report.seconds:.0f} s",
    ]


def _lines(report: DeviceReport) -> Iterator[tuple[str, ...]]:
    for row in report.rows:
        ours = best(row)
        first = True
        for entry in row.entries:
            timing = entry.timing
            if timing is None:
                continue
            sizes = "×".join(map(str, row.case.case.sizes.values()))
            speed = row.bytes / timing.median
            is_peer = entry.peer not in OURS and ours is not None
            yield (
                f"{row.case.name} {sizes}" if first else "",
                entry.peer,
                entry.form or "",
                f"{timing.median * 1e3:.3f}",
                f"{(timing.upper - timing.lower) / 2 * 1e3:.3f}",
                f"{speed / 1e9:.0f}",
                f"{speed / report.copy:.0%}" if report.copy else "–",
                f"{timing.median / ours:.2f}" if is_peer and ours else "–",
                f"{timing.returned * 1e6:.1f}{'' if timing.clock == 'events' else ' (host clock)'}",
                _memory(entry),
                _error(entry.value_error),
                _error(entry.gradient_error),
            )
            first = False


def best(row: DeviceRow) -> float | None:
    """The seconds of objc's quicker form."""
    found = [seconds for name in OURS if (seconds := row.seconds(name)) is not None]
    return min(found, default=None)


def _memory(entry: DeviceEntry) -> str:
    return "–" if entry.memory is None else f"{entry.memory / 2**20:.0f} MiB"


def _error(value: float | None) -> str:
    return "–" if value is None else f"{value:.0e}"


# -------------------------------------------------------------- what was aimed at


def _aims(report: DeviceReport) -> Iterator[str]:
    for row in report.rows:
        said = verdict(row.case.aim, row, report.copy)
        if said is not None:
            yield f"{row.case.name}: {said}"


def verdict(aim: Aim, row: DeviceRow, copy: float) -> str | None:
    """Whether a case reached what was aimed at, in words; None where nothing was."""
    ours = best(row)
    if ours is None:
        return "not measured" if aim != Aim() else None
    off = _off(row)
    if off is not None:
        return off
    parts = [*_speed(aim, row, copy, ours), *_spared(aim, row)]
    if not parts:
        return None
    texts = "; ".join(text for _, text in parts)
    known = [held for held, _ in parts if held is not None]
    held = any(known) if aim.either else all(known)
    if not known or (len(known) < len(parts) and not (aim.either and held)):
        return f"{'missed' if known and not held and not aim.either else 'open'}: {texts}"
    return f"{'held' if held else 'missed'}: {texts}"


def _off(row: DeviceRow) -> str | None:
    """That objc's numbers are wrong, where they are farther from the interpreter's than rounding goes."""
    short = row.case.storage in ("bfloat16", "float16")
    for name in OURS:
        entry = row.entry(name)
        if entry is None or entry.value_error is None or entry.gradient_error is None:
            continue
        if not entry.value_error <= VALUE:
            return f"wrong: the value is off by {entry.value_error:.0e} of it"
        if not entry.gradient_error <= (GRADIENT_SHORT if short else GRADIENT):
            return f"wrong: the gradient is off by {entry.gradient_error:.0e} of its largest entry"
    return None


def _speed(aim: Aim, row: DeviceRow, copy: float, ours: float) -> Iterator[tuple[bool | None, str]]:
    if aim.copy is not None:
        part = row.bytes / ours / copy if copy else 0.0
        yield part >= aim.copy, f"{part:.0%} of a copy, {aim.copy:.0%} aimed at"
    for peer, multiple in aim.faster.items():
        theirs = row.seconds(peer)
        if theirs is None:
            yield None, f"without {peer}"
        else:
            ratio = theirs / ours
            yield ratio >= multiple, f"{ratio:.1f} times {peer}, {multiple:g} aimed at"


def _spared(aim: Aim, row: DeviceRow) -> Iterator[tuple[bool | None, str]]:
    entries = [one for name in OURS if (one := row.entry(name)) is not None and one.timing]
    if aim.host is not None:
        least = min(one.timing.returned for one in entries if one.timing is not None)
        yield least <= aim.host, f"{least * 1e6:.1f} µs of the host, {aim.host * 1e6:.0f} aimed at"
    if aim.extra is not None:
        found = [one.memory - row.results for one in entries if one.peer == "objc" and one.memory]
        if not found:
            yield None, "nobody told the memory"
        else:
            text = (
                f"{found[0] / 2**20:.0f} MiB beside the results, {aim.extra / 2**20:.0f} aimed at"
            )
            yield found[0] <= aim.extra, text


# -------------------------------------------------------------- what is not there


def _absences(report: DeviceReport) -> Iterator[str]:
    """Who took no part, with the reason, each once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        for entry in row.entries:
            if entry.absent is not None:
                reasons.setdefault((entry.peer, entry.absent), []).append(row.case.name)
    for (peer, why), cases in reasons.items():
        where = "every case" if len(cases) == len(report.rows) else ", ".join(cases)
        yield f"without {peer}: {where}: {why}"


def _rest(report: DeviceReport) -> Iterator[str]:
    yield from (f"failed: {one}" for one in report.failures)
    if report.missing:
        yield f"no time was left for {', '.join(report.missing)}"
