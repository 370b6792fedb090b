"""Texts of LLVM to object files: here, and where there are many in processes beside this one.

Each job is compiled by itself, so that the objects are the same whoever makes them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import llvmlite.binding as llvm
from objc.targets.cpu.driver import get_threads
from objc.targets.cpu.loading import (
    LEVEL,
    SHARED_LEVEL,
    apart,
    lock,
    native_target,
    optimise,
    together,
)

from objc import cache

NATIVE = "native"

WORTH = 250_000
"""Letters of text for which a process is started: they take longer to compile than it takes to begin."""


@dataclass(frozen=True)
class Job:
    """What becomes one object file: modules that are optimised one by one and linked. Its own functions
    with a point in their names are nobody else's; where it `is_shared`, they are the other objects'."""

    texts: tuple[str, ...]
    processor: str
    is_shared: bool = False

    @property
    def key(self) -> str:
        """What the cache knows the object by."""
        native = processor_key() if self.processor == NATIVE else ""
        return cache.digest("job", self.processor, native, str(self.is_shared), *self.texts)

    @property
    def size(self) -> int:
        return sum(map(len, self.texts))


def processor_key() -> str:
    """This machine's processor, for keys of the cache."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


def machine_of(processor: str) -> Any:
    """LLVM's back end for a processor, for code that is linked anywhere."""
    native = processor == NATIVE
    return native_target().create_target_machine(
        cpu=llvm.get_host_cpu_name() if native else processor,
        features=llvm.get_host_cpu_features().flatten() if native else "",
        opt=3,
        reloc="pic",
        codemodel="default",
    )


def objects_of(jobs: Sequence[Job]) -> list[bytes]:
    """The object files of jobs, in their order: from the cache, or compiled now."""
    found = {job: code for job in jobs if (code := cache.read("objects", job.key)) is not None}
    missing = [job for job in dict.fromkeys(jobs) if job not in found]
    for job, code in zip(missing, _compiled(missing), strict=True):
        cache.write("objects", job.key, code)
        found[job] = code
    return [found[job] for job in jobs]


def compiled(job: Job) -> bytes:
    """The object file of a job."""
    with lock:
        machine = machine_of(job.processor)
        whole = llvm.parse_assembly("")
        for text in job.texts:
            # each by itself: what LLVM is told of a function by name holds in one module
            part = llvm.parse_assembly(text)
            optimise(part, machine, SHARED_LEVEL if job.is_shared else LEVEL)
            whole.link_in(part)
        for function in whole.functions:
            if "." in function.name and function.linkage == llvm.Linkage.external:
                _hide(function, job.is_shared)
        whole.verify()
        return bytes(machine.emit_object(whole))


def _hide(function: Any, is_shared: bool) -> None:
    """Let nobody see a function but its object, or where it `is_shared` the objects beside it."""
    if function.name.startswith("llvm."):
        return
    if is_shared or function.is_declaration:
        function.visibility = "hidden"
    else:
        function.linkage = "internal"


# ------------------------------------------------------------------ several processes


def _compiled(jobs: Sequence[Job]) -> list[bytes]:
    """The objects of jobs, of which processes take their shares where there is enough for them."""
    count = min(get_threads(), sum(job.size for job in jobs) // WORTH, len(jobs))
    if count < 2:
        return [compiled(job) for job in jobs]
    shares = _shares(jobs, count)
    made: dict[Job, bytes] = {}

    def ask(share: Sequence[Job]) -> None:
        made.update(zip(share, _by_another(share) or (), strict=False))

    asking = [threading.Thread(target=ask, args=(share,)) for share in shares[1:]]
    for one in asking:
        one.start()
    made.update((job, compiled(job)) for job in shares[0])
    for one in asking:
        one.join()
    return [made[job] if job in made else compiled(job) for job in jobs]


def _shares(jobs: Sequence[Job], count: int) -> list[list[Job]]:
    """The jobs in so many shares of about the same size."""
    shares: list[list[Job]] = [[] for _ in range(count)]
    for job in sorted(jobs, key=lambda job: -job.size):
        min(shares, key=lambda share: sum(one.size for one in share)).append(job)
    return shares


def _by_another(jobs: Sequence[Job]) -> list[bytes] | None:
    """The objects of jobs from a process of its own; None where it can't be had, or fails."""
    # -P: what lies in the folder that the user works in is not what is imported
    command = [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"]
    asked = json.dumps([asdict(job) for job in jobs]).encode()
    try:
        done = subprocess.run(command, input=asked, capture_output=True)
    except OSError:
        return None
    return apart(done.stdout) if done.returncode == 0 else None


def serve(
    read: Callable[[], bytes] = sys.stdin.buffer.read,
    write: Callable[[bytes], object] = sys.stdout.buffer.write,
) -> None:
    """Compile the jobs that the standard input holds, and write their objects to the standard output."""
    jobs = [Job(tuple(one.pop("texts")), **one) for one in json.loads(read())]
    write(together([compiled(job) for job in jobs]))
