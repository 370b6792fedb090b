"""Analyses: facts about a program, each with a verdict. They return facts, never a program."""

from __future__ import annotations

from objc.analysis.analyse import all_facts, analyse, errors
from objc.analysis.facts import Fact, Facts

__all__ = ["Fact", "Facts", "all_facts", "analyse", "errors"]
