"""Files written whole or not at all, readable by their owner only."""

import contextlib
import csv
import gzip
import lzma
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from frontdesk.exchange.columns import guard
from frontdesk.exchange.sources import FileProblem

Writer = Callable[[Iterable[str]], None]
"""Writes one row of cells, each made harmless to a spreadsheet."""


@contextmanager
def csv_target(
    path: Path, *, replace: bool, encoding: str = "utf-8", delimiter: str = ","
) -> Iterator[Writer]:
    """Write a CSV file, compressed if its name ends in .gz or .xz; yields what writes a row.

    The file appears under its name when everything is in it and on the disk; when the block
    raises, nothing is left. Bytes that were read in spite of their encoding are written back
    as they were. Raises FileProblem when it exists, unless `replace`, or cannot be written.
    """
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise FileProblem(f"{path} is not a file")
    if path.exists() and not replace:
        raise FileProblem(f"{path} exists already: --force replaces it")
    with _complaints_about(path):
        handle, unfinished = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        # Closing writes what is left, and complains once more of a disk that is full.
        with _complaints_about(path), open(handle, "wb") as raw:  # noqa: PTH123  a descriptor
            with _compressed(raw, path.suffix) as packed:
                text = TextIOWrapper(packed, encoding=encoding, errors="surrogateescape", newline="")
                rows = csv.writer(text, delimiter=delimiter)
                yield lambda cells: rows.writerow([guard(cell) for cell in cells])
                text.flush()
                text.detach()
            raw.flush()
            os.fsync(raw.fileno())
        with _complaints_about(path):
            Path(unfinished).replace(path)
            _make_lasting(path.parent)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


@contextmanager
def _compressed(raw: BinaryIO, suffix: str) -> Iterator[BinaryIO]:
    if suffix == ".gz":
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
            yield packed  # type: ignore[misc]  # typeshed does not call it a BinaryIO
    elif suffix == ".xz":
        with lzma.LZMAFile(raw, "wb", preset=3) as packed:
            yield packed  # type: ignore[misc]  # typeshed does not call it a BinaryIO
    else:
        yield raw


@contextmanager
def _complaints_about(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "no reason was given").lower()
        raise FileProblem(f"{path} cannot be written: {reason}") from None


def _make_lasting(folder: Path) -> None:
    """Put the new name on the disk too, where a folder can be opened for that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
