"""A progress bar on stderr, for people who watch; nothing at all for programs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


@contextmanager
def progress_bar(what: str, total: float | None, *, quiet: bool) -> Iterator[Callable[[float, str], None]]:
    """Show how much of `total` is done; yields what takes the amount and a few words about it.

    Without a total the bar only shows that something happens. Nothing is shown when `quiet`
    or when stderr is not a terminal.
    """
    console = Console(stderr=True, highlight=False, emoji=False, markup=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}", markup=False),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        refresh_per_second=4,
        disable=quiet or not console.is_terminal,
    ) as progress:
        task = progress.add_task(what, total=total, words="")
        yield lambda done, words: progress.update(task, completed=done, words=words)
