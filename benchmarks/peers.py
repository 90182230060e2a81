"""The programs beside frontdesk: how they are started on the same rows, and what is pressed."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import product
from benchmarks.datasets import DATA, MAILS, Dataset, environment, mails
from benchmarks.keys import (
    APPLICATION_DOWN,
    APPLICATION_END,
    APPLICATION_HOME,
    CLEAR,
    DOWN,
    END,
    HOME,
    PAGE_DOWN,
    PAGE_UP,
    TAB,
)
from benchmarks.measuring import Drive, Run
from benchmarks.watching import Result, Text, Watch

ANCHORS = Path(__file__).parent / "anchors"
_TABLE_ROWS = slice(2, 39)


@dataclass(frozen=True)
class Program:
    """Something that is measured: how it starts, when it is of use, what is pressed.

    `repeats` is how often on the near terminal, `slow_repeats` behind the slow line.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str | None]
    usable: str
    drive: Drive | None = None
    drive_slow: Drive | None = None
    repeats: int = 3
    slow_repeats: int = 1
    timeout: float = 30.0

    def watch(self) -> Watch:
        """Return what says that the program is of use."""
        return Text(self.usable)


def frontdesk(dataset: Dataset) -> Program:
    """Return the program itself on a dataset."""
    return Program(
        f"frontdesk {dataset.label}",
        (*product.ARGV, "--config", str(dataset.config)),
        environment(),
        product.USABLE,
        product.all_keys,
        product.slow_line_keys if dataset.label == "1M" else None,
        repeats=1 if dataset.label == "100k" else 3,
        slow_repeats=2,
    )


def smallest() -> Program:
    """Return the smallest Textual app, which is only started."""
    return Program(
        "smallest Textual app", (sys.executable, str(ANCHORS / "smallest.py")), environment(), "^ready"
    )


def data_table(dataset: Dataset) -> Program:
    """Return Textual's DataTable over all rows of a dataset."""
    argv = (sys.executable, str(ANCHORS / "data_table.py"), str(dataset.rows))
    return Program(
        f"DataTable {dataset.label}",
        argv,
        environment(),
        r"found for \[\]",
        _data_table_keys,
        _data_table_slow,
    )


def less(dataset: Dataset) -> Program:
    """Return `less -S` over the rows of a dataset."""
    argv = (_found("less"), "-S", str(dataset.rows))
    env = {**environment(), "LESS": None, "LESSOPEN": None, "LESSHISTFILE": "-"}
    return Program(f"less {dataset.label}", argv, env, r"^Status\s+When", _pager_keys, _pager_slow)


def visidata(dataset: Dataset) -> Program:
    """Return visidata over the rows of a dataset, all read before anything is measured."""
    config = DATA / "visidatarc"
    config.write_text("options.motd_url = ''\noptions.disp_splash = False\n", encoding="utf-8")
    argv = (_found("vd"), "--config", str(config), str(dataset.rows))
    everything = rf"\b{dataset.bookings} rows|\b{dataset.bookings:,} rows"
    return Program(
        f"visidata {dataset.label}", argv, environment(), everything, _curses_keys, _curses_slow, 2
    )


def neomutt(dataset: Dataset) -> Program:
    """Return neomutt's index over the first rows of a dataset as mails."""
    config = DATA / "neomuttrc"
    config.write_text(f"set folder='{DATA}' sort=mailbox-order\n", encoding="utf-8")
    argv = (_found("neomutt"), "-n", "-F", str(config), "-R", "-f", str(mails(dataset)))
    return Program(
        f"neomutt {MAILS // 1000}k", argv, environment(), r"Msgs:\s?\d+", _mail_keys, _mail_slow, repeats=2
    )


def is_installed(command: str) -> bool:
    """Whether a peer is on this machine, on PATH or in FRONTDESK_BENCH_PATH."""
    return bool(_found(command))


def _found(command: str) -> str:
    more = os.environ.get("FRONTDESK_BENCH_PATH", "")
    return shutil.which(command, path=os.pathsep.join((more, os.environ.get("PATH", os.defpath)))) or ""


def _data_table_keys(run: Run) -> None:
    run.repeat("Down", DOWN, 30)
    run.repeat("Down at the edge", DOWN, 60)
    run.repeat("PageDown", PAGE_DOWN, 10)
    run.repeat("PageUp", PAGE_UP, 10)
    _ends(run, 5)
    run.do(TAB)
    for text in product.TEXTS:
        _table_search(run, text)
    run.do(TAB)
    run.hold(DOWN)


def _data_table_slow(run: Run) -> None:
    run.repeat("Down", DOWN, 30)
    run.repeat("Down at the edge", DOWN, 10)
    run.repeat("PageDown", PAGE_DOWN, 5)
    run.do(TAB)
    _table_search(run, product.TEXTS[0])
    run.do(TAB)
    run.hold(DOWN)


def _ends(run: Run, times: int) -> None:
    for _ in range(times):
        run.press("End", END)
        run.press("Home", HOME)


def _table_search(run: Run, text: str) -> None:
    for end in range(1, len(text) + 1):
        watch = Result(rf"found for \[{text[:end]}\]", _TABLE_ROWS, run.terminal.lines())
        run.press("letter", text[end - 1 : end].encode(), watch, timeout=10.0)
    watch = Result(r"found for \[\]", _TABLE_ROWS, run.terminal.lines())
    run.press("clear the search", CLEAR, watch, timeout=10.0)


def _pager_keys(run: Run) -> None:
    run.repeat("Down at the edge", DOWN, 60)
    run.repeat("PageDown", PAGE_DOWN, 15)
    run.repeat("PageUp", PAGE_UP, 10)
    for _ in range(5):
        run.press("End", b"G")
        run.press("Home", b"g")
    run.hold(DOWN)


def _pager_slow(run: Run) -> None:
    run.repeat("Down at the edge", DOWN, 10)
    run.repeat("PageDown", PAGE_DOWN, 5)
    run.hold(DOWN)


def _curses_keys(run: Run) -> None:
    run.repeat("Down", APPLICATION_DOWN, 30)
    run.repeat("Down at the edge", APPLICATION_DOWN, 60)
    run.repeat("PageDown", PAGE_DOWN, 15)
    run.repeat("PageUp", PAGE_UP, 10)
    for _ in range(8):
        run.press("End", b"G")
        run.press("Home", b"gg")
    run.hold(APPLICATION_DOWN)


def _curses_slow(run: Run) -> None:
    run.repeat("Down", APPLICATION_DOWN, 30)
    run.repeat("Down at the edge", APPLICATION_DOWN, 10)
    run.repeat("PageDown", PAGE_DOWN, 5)
    run.hold(APPLICATION_DOWN)


def _mail_keys(run: Run) -> None:
    run.do(APPLICATION_HOME)
    run.repeat("Down", APPLICATION_DOWN, 30)
    run.repeat("PageDown", PAGE_DOWN, 15)
    run.repeat("PageUp", PAGE_UP, 10)
    for _ in range(8):
        run.press("End", APPLICATION_END)
        run.press("Home", APPLICATION_HOME)
    run.hold(APPLICATION_DOWN)


def _mail_slow(run: Run) -> None:
    run.do(APPLICATION_HOME)
    run.repeat("Down", APPLICATION_DOWN, 30)
    run.repeat("PageDown", PAGE_DOWN, 5)
    run.hold(APPLICATION_DOWN)
