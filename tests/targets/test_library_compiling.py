"""Object files: compiled here or by processes beside this one, the same, and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import llvmlite.binding as llvm
import pytest
from objc.targets.cpu.loading import apart
from objc.targets.library import compiling
from objc.targets.library.compiling import NATIVE, Job, objects_of

JOBS = [
    Job((f'define i64 @"f{n}"(i64 %x) {{ %y = mul i64 %x, {n} ret i64 %y }}',), NATIVE)
    for n in range(5)
]

Answers = list[list[bytes] | None]


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What other processes answer, where two take part in the smallest job and the cache is empty."""
    monkeypatch.setenv("OBJC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compiling, "WORTH", 1)
    monkeypatch.setattr(compiling, "get_threads", lambda: 2)
    found: Answers = []
    ask = compiling._by_another

    def recorded(jobs: list[Job]) -> list[bytes] | None:
        found.append(ask(jobs))
        return found[-1]

    monkeypatch.setattr(compiling, "_by_another", recorded)
    return found


def test_two_processes_make_what_one_makes(answers: Answers) -> None:
    objects = objects_of(JOBS)
    assert objects == [compiling.compiled(job) for job in JOBS]
    (answer,) = answers
    assert answer is not None and set(answer) < set(objects)


def test_what_another_process_fails_at_is_done_here(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for failing in ("/nonexistent/python", "/bin/false"):
        monkeypatch.setattr(sys, "executable", failing)
        jobs = [Job((one.texts[0].replace("mul", "add"),), NATIVE) for one in JOBS]
        assert objects_of(jobs) == [compiling.compiled(job) for job in jobs]
    assert answers[0] is None


def test_an_object_is_kept_by_its_content_and_processor(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "WORTH", 1 << 60)  # nobody else
    made: list[Job] = []
    make: Callable[[Job], bytes] = compiling.compiled

    def recorded(job: Job) -> bytes:
        made.append(job)
        return make(job)

    monkeypatch.setattr(compiling, "compiled", recorded)
    first = objects_of([*JOBS, JOBS[0]])
    assert made == JOBS and first[-1] == first[0]
    assert objects_of(JOBS) == first[:-1] and made == JOBS
    other = Job(JOBS[0].texts, "x86-64-v2")
    objects_of([other, Job(JOBS[0].texts, NATIVE, is_shared=True)])
    assert len(made) == len(JOBS) + 2
    assert not answers


def test_a_process_reads_jobs_and_writes_objects() -> None:
    written: list[bytes] = []
    asked = json.dumps([asdict(job) for job in JOBS[:2]]).encode()
    compiling.serve(lambda: asked, written.append)
    assert apart(written[0]) == [compiling.compiled(job) for job in JOBS[:2]]


def test_shares_are_of_about_one_size() -> None:
    jobs = [Job(("x" * size,), NATIVE) for size in (9, 1, 8, 2, 7, 3)]
    shares = compiling._shares(jobs, 2)
    assert {one for share in shares for one in share} == set(jobs)
    assert [sum(one.size for one in share) for share in shares] == [15, 15]


def test_what_is_hidden() -> None:
    text = 'define void @"a.own"() { ret void } declare void @"a.other"()'
    for is_shared, own in ((False, "internal"), (True, "hidden")):
        module = llvm.parse_assembly(text)
        for function in module.functions:
            compiling._hide(function, is_shared)
        assert f"define {own} void @a.own" in str(module)
        assert "declare hidden void @a.other" in str(module)
