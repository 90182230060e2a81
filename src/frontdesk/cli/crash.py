"""What is kept of an unexpected error: where it happened, never what it was about.

An exception's message, its arguments and the frames' locals may hold patient data, so the
log has only types, modules and lines. Log records of libraries are treated the same way.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from frontdesk.text import made_up_code

_LOGGER = logging.getLogger("frontdesk.crash")
_FRAMES = 40
LOG_BYTES = 256_000
"""The log's size at which it begins anew; the one before it is kept."""


class WhereFormatter(logging.Formatter):
    """Formats a record as where and what kind, without its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's time, level, logger and line, then its exception's frames."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        reference = getattr(record, "reference", "")
        place = reference or f"{record.module}:{record.lineno}"
        lines = [f"{at} {record.levelname} {record.name} {place}"]
        if record.exc_info and record.exc_info[1] is not None:
            lines += [f"  {line}" for line in where(record.exc_info[1])]
        return "\n".join(lines)


class LogFile(RotatingFileHandler):
    """A log file that makes its folder when first needed and never complains on the screen."""

    failed = False

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        self.failed = True


def where(error: BaseException) -> Iterator[str]:
    """Yield an error's types and frames, its causes first, one line each."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from where(earlier)
    yield type(error).__qualname__
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from where(inner)
    yield from list(_frames(error.__traceback__))[-_FRAMES:]


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        frame = traceback.tb_frame
        yield f"{frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno} {frame.f_code.co_name}"
        traceback = traceback.tb_next


def keep_log(file: Path) -> None:
    """Write what goes wrong from now on to `file`, made when first needed, kept small."""
    root = logging.getLogger()
    for handler in _files():
        root.removeHandler(handler)
        handler.close()
    fresh = LogFile(file, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
    fresh.setFormatter(WhereFormatter())
    fresh.setLevel(logging.WARNING)
    root.addHandler(fresh)


def catch_strays() -> None:
    """Send errors of threads and finalizers to the log too, and warnings; Python would print their messages."""
    logging.captureWarnings(True)
    # Until there is a log, a library's record would go to stderr as it is.
    logging.getLogger().addHandler(logging.NullHandler())
    threading.excepthook = lambda args: _log(args.exc_value)
    sys.unraisablehook = lambda args: _log(args.exc_value)


def report(error: BaseException) -> str:
    """Write an unexpected error to the log; return the reference id it has there."""
    reference = made_up_code()
    _log(error, reference)
    return reference


def apology(reference: str) -> str:
    """Return what an operator is told of an error that was reported."""
    file = _files()[0]
    details = (
        "its details could not be written down" if file.failed else f"details are in {file.baseFilename}"
    )
    return f"Something went wrong in frontdesk, reference {reference}; {details}"


def _log(error: BaseException | None, reference: str = "") -> None:
    if error is None:
        return
    if not _files():
        from frontdesk.config import default_log_file

        keep_log(default_log_file())
    record = _LOGGER.makeRecord(
        _LOGGER.name, logging.ERROR, __file__, 0, "", (), (type(error), error, error.__traceback__)
    )
    record.__dict__["reference"] = reference or type(error).__name__
    _LOGGER.handle(record)


def _files() -> list[LogFile]:
    return [handler for handler in logging.getLogger().handlers if isinstance(handler, LogFile)]
