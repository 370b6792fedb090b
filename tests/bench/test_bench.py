"""`objc bench` at tiny sizes: its structure, never its times."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest

from objc.bench import limit as bounding
from objc.bench import machine, timing
from objc.bench import run as bench_run
from objc.bench.accuracy import units
from objc.bench.aims import AIMS, held, less_exact
from objc.bench.cases import CASES, LARGE
from objc.bench.errors import WorkerFailed
from objc.bench.floors import Floors
from objc.bench.job import Entry, Job, Limit, Row, as_data
from objc.bench.peers import contender
from objc.bench.problem import Absent, Problem
from objc.bench.programs import program_of
from objc.bench.report import table
from objc.bench.run import Report, resized
from objc.bench.timing import interleaved
from objc.bench.work import Work, work_of
from objc.cli.application import objc
from objc.compiler import Variant, derive, lower, parse
from objc.errors import ObjcError
from objc.source import Source

MINE = Path(__file__).with_name("own.objc")
Run = Callable[..., click.testing.Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("--case", …)` of one sample in one mode, with two threads."""
    monkeypatch.delenv("OBJC_DEBUG", raising=False)
    monkeypatch.setattr(machine, "busy", lambda: 0.0)

    def invoke(*arguments: str) -> click.testing.Result:
        few = ("--repetitions", "1", "--threads", "2", "--allocator", "default")
        return click.testing.CliRunner().invoke(objc, ["bench", *arguments, *few])

    return invoke


def test_cases_as_data(run: Run) -> None:
    result = run("--case", "binary_cross_entropy", "--case", "crf", "--size", "batch=3",
                 "--peer", "numpy", "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["machine"]["threads"] == 2 and data["machine"]["processor"]
    assert set(data["floors"]["default"]) == {"copy", "read", "exp", "product"}
    assert set(data["first_value"]["default"]) == {"cold", "cached"}
    entropy, crf = data["cases"]["default"]
    assert entropy["sizes"] == {"batch": 3} and entropy["bytes"] == 3 * 3 * 4
    assert crf["sizes"] == {"batch": 3, "T": 128, "K": 32} and crf["operations"] > 3 * 128 * 32 * 32
    for row in (entropy, crf):
        own, out, numpy_entry = row["entries"]
        assert [own["peer"], out["peer"]] == ["objc", "objc out"]
        for entry in (own, out):
            assert entry["lower"] <= entry["median"] <= entry["upper"]
            assert entry["value_error"] < 10
        if row is crf:
            assert numpy_entry["absent"] == "no form by hand for this case"
        else:
            assert numpy_entry["median"] > 0 and numpy_entry["form"] == "by hand"


def test_a_file_of_ones_own_against_a_generated_form(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    plot = tmp_path / "roofline.png"
    result = run(f"{MINE}:spread_of_surprise", "--peer", "torch", "--size", "batch=6,K=4",
                 "--plot", str(plot))  # fmt: skip
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if line.strip().startswith("torch ")]
    assert "generated" in line
    assert "spread_of_surprise 6×4" in result.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_list(run: Run) -> None:
    result = run("--list")
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        one.name for one in (*CASES, *LARGE)
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--case", "cross_entropy_100"), "error[E0341]: there is no case `cross_entropy_100`"),
        (
            ("--case", "small_256", "--size", "K=10"),
            "error[E0344]: `small_256` has no dimension `K`",
        ),
        (("--size", "many"), "`many` is no size"),
        (("--size", "batch=0"), "`batch=0` is no size"),
        (("--size", "²"), "`²` is no size"),
        (("--size", "4,batch=5"), "`4,batch=5` has `batch` twice."),
        (("--size", f"batch={10**20}"), "is beyond any memory"),
        (("--plot", "roofline.docx"), "`roofline.docx` ends in none of .png, .pdf, .svg."),
        (("--peer", "tensorflow"), "Invalid value for '--peer'"),
        (("accuracy.objc:accuracy",), "error[E0340]: `accuracy` is no loss"),
    ],
)
def test_what_is_refused(
    run: Run, arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("accuracy.objc").write_text(
        "metric accuracy(logits: real[K] | label: index(K)) = [argmax[k](logits[k]) == label]\n"
    )
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_busy_machine_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "busy", lambda: 0.37)
    result = run("--case", "small_256")
    assert result.exit_code == 2
    assert "error[E0342]: the machine is busy: others use 37 % of its processors" in result.stderr
    wrong = run("--case", "small_256", "--sweep", "Q")
    assert "error[E0344]: `small_256` has no dimension `Q`" in wrong.stderr


CONSTANT = """
loss nothing(x: real, z: real | y: real) = 3
loss part(x: real, z: real | y: real) = x * y
"""


@pytest.mark.parametrize("name", ["part", pytest.param("nothing", marks=pytest.mark.slow)])
def test_what_a_loss_does_not_read_has_a_slope_of_zero(run: Run, name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = tmp_path / "constant.objc"
    text.write_text(CONSTANT)
    result = run(f"{text}:{name}", "--peer", "torch", "--size", "batch=9", "--json")
    (row,) = json.loads(result.stdout)["cases"]["default"]
    (found,) = (one for one in row["entries"] if one["peer"] == "torch")
    assert found["absent"] is None and found["gradient_error"] <= 1, result.stdout


def test_repetitions_are_interleaved() -> None:
    order: list[str] = []
    runs = {name: lambda number, name=name: order.append(name) for name in "ab"}
    timings = interleaved(runs, 3, least=0.0)
    assert {name: (one.samples, one.calls) for name, one in timings.items()} == {
        "a": (3, 1), "b": (3, 1),
    }  # fmt: skip
    assert "".join(order).endswith("aabbaabbaabb")  # a warm-up before each sample
    assert all(one.lower <= one.median <= one.upper for one in timings.values())


def test_long_calls_have_fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST", 0.0)
    runs = {name: lambda number: None for name in "ab"}
    assert [one.samples for one in interleaved(runs, 9, least=0.0).values()] == [5, 5]
    assert [one.samples for one in interleaved(runs, 2, least=0.0).values()] == [2, 2]


def test_what_bounds_a_kernel_follows_from_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the smallest call, and of the work on data that caches hold."""
    case = next(one for one in CASES if one.name == "ppo_clip")
    problem = Problem(case, program_of(case), {"batch": 4096}, "float32", rotate=False)
    times = {1: 1e-5, 1024: 1e-5 + 1e-4}
    monkeypatch.setattr(bounding, "CACHED", 1024 * 16)
    monkeypatch.setattr(bounding, "_time", lambda problem, batch, make: times[batch])
    words = []
    for whole in (1.5e-5, 2.2e-4, 4e-4):
        found = bounding.limit(problem, 4096 * 16, whole, 2, lambda smaller: None)
        assert found is not None and found.smallest == 1e-5
        assert found.cached == pytest.approx(1e-5 + 4 * 1e-4 / 2)
        words.append(found.word)
    assert words == ["latency", "operations", "bytes"]


def test_aims_are_held_against_the_strongest_peer() -> None:
    assert set(AIMS) <= {one.name for one in CASES}
    own = Entry("objc", None, "generated", 2e-3, 2e-3, 2e-3, 15, 1)
    peers = [
        Entry(name, None, "by hand", time, time, time, 15, 1)
        for name, time in (("torch", 9e-3), ("jax", 5e-3))
    ]
    row = Row(
        "binary_cross_entropy", {"batch": 10}, (own, *peers), 120, 400, 0, 9, 1e-3, "bytes",
        "float32", None, None,
    )  # fmt: skip
    assert {one.text: one.ratio for one in held(row, "tuned")} == {
        "2.5× faster than jax (2.8×)": pytest.approx(2.5 / 2.8),
        "2.0× its floor (2.2×)": pytest.approx(1.1),
    }
    assert next(held(row, "default")).text == "2.5× faster than jax (6×)"


def test_errors_are_held_against_the_fastest_peer() -> None:
    def row(ours: float, theirs: float | str) -> Row:
        own, peer = (
            Entry(name, None, "", 1.0, 1.0, 1.0, 5, 1, 0.1, error)  # type: ignore[arg-type]
            for name, error in (("objc", ours), ("jax", theirs))
        )
        return Row("any", {}, (own, peer), 1, 1, 0, 0, 1.0, "bytes", "float32", None, None)

    assert less_exact(row(5.0, 3.0)) == "gradient 5.0 ulp, jax 3.0"
    assert less_exact(row(0.9, 0.1)) is None
    assert less_exact(row(5.0, "infinite")) is None


def test_short_calls_are_repeated_within_a_sample() -> None:
    assert interleaved({"a": lambda number: None}, 1, least=1e-3)["a"].calls > 100


def test_errors_in_units_of_the_last_place() -> None:
    truth = np.array([1.0, -2.0, 0.0])
    assert units(truth, truth, "float32") == 0
    one = np.spacing(np.float32(1))
    assert units(truth + np.array([3 * one, 0, 0]), truth, "float32") == 3
    assert units(truth + np.array([0, 0, 4 * one]), truth, "float32") == 2  # of the largest entry
    assert units(np.array([np.nan, -2.0, 0.0]), truth, "float32") == math.inf
    assert units(np.array([np.inf]), np.array([np.inf]), "float64") == 0


def test_a_floor_is_the_worse_of_two() -> None:
    floors = Floors(copy=1e9, read=2e9, exp=1e8, product=4e9)
    assert Work(10**9, 10**8).floor(floors) == (1.0, "bytes")
    assert Work(10**9).floor(floors) == (1.0, "bytes")
    assert Work(10**6, 8 * 10**9, functions=10**9).floor(floors) == (12.0, "operations")
    assert Work(10**6, 11 * 10**9, 8 * 10**9, 10**8).floor(floors) == (3.75, "products")
    assert Work(10**6, 8 * 10**9, 8 * 10**9).floor(floors) == (2.0, "products")


def test_the_work_of_a_call_is_what_no_schedule_can_leave_out() -> None:
    """An exponential an entry, a logarithm a row; of a branch the side that has none."""
    names = {one.name: one for one in CASES}
    rows = names["cross_entropy_1000"]
    problem = Problem(rows, program_of(rows), {"batch": 7, "K": 50}, "float32")
    work = work_of(problem.derived, problem.sizes, "float32")
    assert work.functions == 7 * (50 + 1)
    assert 7 * 50 * 4 < (work.operations or 0) < 7 * 50 * 12 and work.products == 0
    source = Source("bent", "loss bent(x: real) = if x > 0 then log(1 + x)^2 else x^2\n")
    bent = lower(parse(source)).programs["bent"]
    derived = derive(bent, Variant(("value", "gradient"), ("x",), frozenset({"x"})))
    assert work_of(derived, {"batch": 5}, "float64").functions == 0


def test_the_memory_of_a_call_is_seen() -> None:
    if machine.peak(lambda: None) is None:
        pytest.skip("the system doesn't tell")
    found = machine.peak(lambda: np.ones(1 << 22))
    assert found is not None and 30 << 20 < found < 60 << 20


def test_what_a_call_takes_beside_its_arrays(run: Run, tmp_path: Path) -> None:
    """The scores of a large case are never whole; the data of a run say what was taken."""
    kept = tmp_path / "memory.json"
    size = ("--size", "batch=4000,D=8,K=1000", "--save", str(kept))
    result = run("--memory", "--case", "linear_cross_entropy", *size)
    assert result.exit_code == 0, result.output
    (peak,) = json.loads(kept.read_text("utf-8"))["peaks"]
    assert peak["bytes"] == 2 * 4 * (4000 + 1000) * 8 + 8 * 4000 + 8
    assert result.stdout.startswith("linear_cross_entropy 4000×8×1000: 0 MiB of inputs and results")
    if peak["memory"] is not None:
        assert peak["memory"] < 4000 * 1000 * 4


def test_small_data_rotates() -> None:
    case = next(one for one in CASES if one.name == "small_256")
    problem = Problem(case, program_of(case), case.sizes, "float32")
    assert len(problem.data) > 1
    assert not np.array_equal(problem.data[0]["logit"], problem.data[1]["logit"])


def test_a_framework_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "objc.bench.peers.jax", None)
    case = next(one for one in CASES if one.name == "small_256")
    with pytest.raises(Absent, match="is not installed"):
        contender("jax", Problem(case, program_of(case), case.sizes, "float32"))


def test_jobs_and_sizes() -> None:
    case = next(one for one in CASES if one.name == "crf")
    job = Job((case,), ("objc",), "float32", 2, 5, True)
    assert Job.from_data(json.loads(json.dumps(job.data()))) == job
    boosting = next(one for one in CASES if one.results != case.results)
    again = Job((boosting,), ("objc",), "float32", 2, 5, True)
    assert Job.from_data(json.loads(json.dumps(again.data()))) == again
    assert resized(case, {"batch": 2}).sizes == {"batch": 2, "T": 128, "K": 32}
    with pytest.raises(ObjcError, match="E0344"):
        resized(case, {"N": 2})


def test_the_table(golden: Callable[[Path, str], None]) -> None:
    machine_data = {
        "processor": "A processor", "processors": 4, "threads": 2, "system": "A system",
        "python": "3.12.1", "libraries": {"numpy": "2.0.0"},
    }  # fmt: skip
    report = Report(machine_data, "float32", 15, 0.02)
    report.add("default", {"floors": {"copy": 84e9, "read": 93e9, "exp": 5e9, "product": 2e11}})
    report.add("default", {"first_value": {"cold": 0.3, "cached": 0.02}})
    own = Entry("objc", None, "generated", 3e-3, 2.9e-3, 3.2e-3, 15, 1, 0.1, 2.5, 41943040)
    peer = Entry("torch", None, "by hand", 16e-3, 15e-3, 18e-3, 15, 1, 0.5, math.inf, None)
    absent = Entry("jax", absent="jax is not installed")
    entries, limit = (own, peer, absent), Limit("bytes", 8e-6, 1e-3)
    row = Row(
        "binary_focal",
        {"batch": 10},
        entries,
        120,
        400,
        0,
        9,
        1e-3,
        "bytes",
        "float64",
        limit,
        0.25,
    )
    report.add("default", {"row": as_data([row])[0]})
    golden(Path(__file__).with_name("table.txt"), table(report))


def _ending(culprit: str) -> tuple[Any, list[Job]]:
    """Processes that end when a peer makes itself ready, or after all have, and the jobs they got."""
    jobs: list[Job] = []

    def events(job: Job, mode: str) -> Iterator[Mapping[str, Any]]:
        jobs.append(job)
        if job.ground is None:
            yield {"floors": {"copy": 1.0, "read": 1.0, "exp": 1.0, "product": 1.0}}
            return
        for name in job.peers:
            if name == culprit and name not in job.ended:
                raise ObjcError(WorkerFailed(None, -9, ""))
            yield {"ready": name, "case": job.cases[0].name}
        if culprit == "all" and "torch" not in job.ended:
            raise ObjcError(WorkerFailed(None, -9, ""))

    return events, jobs


@pytest.mark.parametrize(
    ("culprit", "ended"), [("torch", {"torch"}), ("jax", {"jax"}), ("all", {"torch", "jax"})]
)
def test_a_peer_that_ends_its_process_costs_its_own_place_only(
    culprit: str, ended: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events, jobs = _ending(culprit)
    monkeypatch.setattr(bench_run, "_events", events)
    cases = tuple(one for one in CASES if one.name in ("binary_cross_entropy", "crf"))
    job = Job(cases, ("objc", "objc out", "torch", "jax"), "float32", 1, 1, True)
    bench_run.run(job, ["default"], None)
    asked = [[case.name for case in one.cases] for one in jobs]
    first, second = ([one.name] for one in cases)
    assert asked == [[], first, first, second, second]
    assert set(jobs[2].ended) == ended and "status -9" in next(iter(jobs[2].ended.values()))
    assert not jobs[3].ended


def test_what_was_measured_is_kept_when_it_ends_early(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def events(job: Job, mode: str) -> Iterator[Mapping[str, Any]]:
        if job.ground is None:
            yield {"floors": {"copy": 1.0, "read": 1.0, "exp": 1.0, "product": 1.0}}
            return
        if job.cases[0].name == "crf":
            raise KeyboardInterrupt
        own = Entry("objc", None, "generated", 1.0, 1.0, 1.0, 1, 1)
        row = Row("ppo_clip", {}, (own,), 1, 1, 0, 0, 1.0, "bytes", "float32", None, None)
        yield {"row": as_data([row])[0]}

    monkeypatch.setattr(bench_run, "_events", events)
    goal = tmp_path / "table.json"
    goal.write_text("an earlier run's")
    result = run("--case", "ppo_clip", "--case", "crf", "--save", str(goal))
    assert result.exit_code == 130 and f"{goal}.part" in result.stderr
    assert goal.read_text() == "an earlier run's"
    kept = json.loads(Path(f"{goal}.part").read_text())
    assert [one["case"] for one in kept["cases"]["default"]] == ["ppo_clip"]


def test_what_others_use_is_no_use_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([(100, 1000), (130, 1200)])  # 170 of 200 in use
    own = iter([5.0, 5.0 + 120 / os.sysconf("SC_CLK_TCK")])  # 120 of them by this process
    monkeypatch.setattr(machine, "_ticks", lambda: next(ticks))
    monkeypatch.setattr(machine, "_own_seconds", lambda: next(own))
    assert machine.Others().share() == pytest.approx(0.25)


def test_a_kernel_of_objc_that_ends_its_process_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench_run, "_events", _ending("objc")[0])
    job = Job(CASES[:1], ("objc", "objc out", "torch"), "float32", 1, 1, True)
    with pytest.raises(ObjcError, match="E0343"):
        bench_run.run(job, ["default"], None)


@pytest.mark.parametrize("option", ["--save", "--plot"])
def test_what_can_not_be_kept_is_not_measured(
    run: Run, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("objc.bench.run.run", lambda *_: pytest.fail("it was measured"))
    result = run("--case", "small_256", option, str(tmp_path / "none" / "file.png"))
    assert result.exit_code == 2
    assert "error[E0307]: can't write" in result.stderr
    assert "there is no such directory" in result.stderr
