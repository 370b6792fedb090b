"""Kernels: what people call. A kernel wraps a declaration and compiles what a call asks for."""

from __future__ import annotations

from objc.kernel.game import Game
from objc.kernel.kernel import Kernel
from objc.kernel.module import Module, compile
from objc.kernel.stages import Stages

__all__ = ["Game", "Kernel", "Module", "Stages", "compile"]
