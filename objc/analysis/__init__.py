"""Analyses: facts about a program, each with a verdict. They return facts, never a program."""

from __future__ import annotations

from objc.analysis.analyse import analyse, errors
from objc.analysis.facts import Fact, Facts

__all__ = ["Fact", "Facts", "analyse", "errors"]
