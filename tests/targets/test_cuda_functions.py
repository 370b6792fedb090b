"""The functions of a kernel's text: each translated where it is needed, and kept once where several kernels
have it."""

from __future__ import annotations

import re

from objc.targets.cuda import ptx
from objc.targets.cuda.emission import forms
from objc.targets.cuda.functions import Shared, alone, split

import objc
from objc.compiler import Variant, derive

from .pretended import TARGET, TEXT


def test_one_function_is_translated_by_itself() -> None:
    emitted = TARGET.emit(objc.compile(TEXT).focal.gradient_program, "float32")
    _, functions = split(emitted.text)
    assert {"step_1_block_four", "step_1_thread", "step_2"} <= set(functions)
    found = ptx.compiled(alone(emitted.text, "step_2"), "sm_90")
    assert re.findall(r"\.entry (\w+)", found) == ["step_2"]
    assert len(found) < 5000


def test_what_several_kernels_have_is_kept_once() -> None:
    """Under the name that it had first, with what differs beside it."""
    shared = Shared()
    kernels = []
    for name in ("one", "other"):
        texts = [
            f"@kernel\ndef {name}_step(x):\n    pass",
            f"@kernel\ndef {name}_last({name}):\n    pass",
        ]
        functions = {"block": (f"{name}_step", ()), "spread": (((f"{name}_last", ()),), (), 4)}
        kernels.append(shared.take(texts, {"steps": ({"functions": functions},), "slots": 1}))
    first, second = (one["steps"][0]["functions"] for one in kernels)
    assert first["block"] == second["block"] == ("one_step", ())
    assert (first["spread"][0], second["spread"][0]) == ((("one_last", ()),), (("other_last", ()),))
    assert re.findall(r"def (\w+)", shared.text()) == ["one_step", "one_last", "other_last"]


def test_value_and_gradient_share_what_they_do_alike() -> None:
    """The greatest entry and the sum of a row that several blocks share, and what finishes a sum."""
    shared, told = Shared(), []
    kernel = objc.compile(TEXT).focal
    for prefix, results in (("v_", ("value",)), ("g_", ("value", "gradient"))):
        wrt = ("logits",) if len(results) > 1 else ()
        batched = frozenset({"logits", "label"})
        program = derive(kernel.program, Variant(results, wrt, batched, False))  # type: ignore[arg-type]
        made, _ = forms(program, "float32", (prefix, ""))
        told.append((len(made.texts), shared.take(made.texts, made.metadata())))
    (count, first), (more, second) = told
    assert len(shared.texts) <= count + more - 5
    assert second["steps"][-1] == first["steps"][-1]
    code = ptx.compiled(shared.text(), "sm_90")
    names = set(re.findall(r"\.entry (\w+)", code))
    assert names == set(shared.texts.values())
    assert set(re.findall(r"'([vg]_step_\w+)'", f"{first}{second}")) == names
