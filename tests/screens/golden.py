"""Text goldens: what a screen looks like, character by character, in a file beside the tests."""

import os
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent / "goldens"


def same_as_golden(name: str, lines: Sequence[str]) -> None:
    """Compare with `goldens/NAME.golden`; FRONTDESK_WRITE_GOLDENS=1 writes it anew instead."""
    path = FOLDER / f"{name}.golden"
    shown = "\n".join(lines) + "\n"
    if os.environ.get("FRONTDESK_WRITE_GOLDENS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown.splitlines() == path.read_text(encoding="utf-8").splitlines()
