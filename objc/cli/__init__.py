"""The command line. One module a command, imported when the command is used."""

from __future__ import annotations


def main() -> None:
    """The entry point `objc`: runs a command and exits with its status."""
    import warnings

    from objc.cli.application import objc, shown_plainly

    warnings.showwarning = shown_plainly(warnings.showwarning)
    objc.main(prog_name="objc")
