"""`python -m objc`."""

from __future__ import annotations

from objc.cli import main

main()
