"""The data of all programs: seeded databases, and the same rows as text and as mails.

They are kept in `benchmarks/data/` and made again when they no longer fit.
"""

import csv
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
SIZES = {"1k": 1_000, "100k": 100_000, "1M": 1_000_000}
MAILS = 100_000
"""As many mails as the mail reader opens in about two seconds."""
SEED = 1
_STAYS_FRESH = timedelta(days=7)
"""The made-up diary is full around the day it was made."""

_TITLES = ("Status", "When", "At", "Patient", "Born", "Practitioner", "Type", "Mobile", "Reference")
_ROWS = """
    SELECT CASE WHEN cancelled THEN 'Cancelled' ELSE 'Booked' END, substr(starts_at, 1, 16), booking.practice_id,
           substr(patient_name, 1, 21),
           patient_birth_date, practitioner.name, appointment_type, patient_mobile, ref
      FROM booking JOIN practitioner ON practitioner.id = practitioner_id ORDER BY starts_at, booking.id
"""


@dataclass(frozen=True)
class Dataset:
    """A seeded store: `label` names its size, `config` is what the program is started with."""

    label: str
    bookings: int
    config: Path

    @property
    def database(self) -> Path:
        return self.config.with_suffix(".db")

    @property
    def rows(self) -> Path:
        """The same bookings, tab-separated, titles first."""
        return self.config.with_suffix(".tsv")


def prepare(labels: Iterable[str], say: Callable[[str], None]) -> dict[str, Dataset]:
    """Return the datasets of these sizes, each made if it is not there or no longer fits."""
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        newest = _config(Path(folder), "newest")
        _seed(newest, 1)
        schema = _schema(newest.with_suffix(".db"))
    datasets = {label: Dataset(label, SIZES[label], _config(DATA, label)) for label in labels}
    for dataset in datasets.values():
        if not _fits(dataset, schema):
            say(f"making {dataset.bookings:,} bookings")
            _make(dataset, schema)
    return datasets


def mails(source: Dataset) -> Path:
    """Return the first bookings of a dataset as mails in one mbox, a mail each."""
    path = source.config.with_suffix(".mbox")
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("w", encoding="utf-8") as out:
            for number, row in enumerate(_rows(source)):
                if number == MAILS:
                    break
                at = datetime.fromisoformat(str(row[1])).replace(tzinfo=UTC)
                out.write(
                    f"From desk@example.com {at:%a %b %d %H:%M:%S %Y}\nFrom: {row[3]} <desk@example.com>\n"
                    f"Date: {format_datetime(at)}\nMessage-ID: <{number}@example.com>\n"
                    f"Subject: {row[5]} {row[6]} {row[7]} {row[8]}\n\n\n"
                )
        unfinished.rename(path)
    return path


def environment() -> dict[str, str | None]:
    """Return what a measured program's environment has of its own: a home nobody lives in."""
    home = str(DATA / "home")
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
    return {**dict.fromkeys(places, home), "FRONTDESK_CONFIG": None}


def _fits(dataset: Dataset, schema: str) -> bool:
    """Whether the kept database is what would be made now, near enough in time."""
    try:
        kept = json.loads(_stamp_file(dataset).read_text(encoding="utf-8"))
        age = datetime.now(UTC) - datetime.fromisoformat(kept.pop("made_at"))
    except (OSError, ValueError, KeyError):
        return False
    return dataset.database.exists() and kept == _stamp(dataset, schema) and age < _STAYS_FRESH


def _stamp(dataset: Dataset, schema: str) -> dict[str, object]:
    return {"bookings": dataset.bookings, "seed": SEED, "schema": schema}


def _stamp_file(dataset: Dataset) -> Path:
    return dataset.config.with_suffix(".json")


def _make(dataset: Dataset, schema: str) -> None:
    """Make the database and the rows; the stamp comes last and says that they are whole."""
    for old in DATA.glob(f"{dataset.label}.*"):
        if old != dataset.config:
            old.unlink()
    _seed(dataset.config, dataset.bookings)
    with dataset.rows.open("w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out, delimiter="\t", lineterminator="\n")
        lines.writerow(_TITLES)
        lines.writerows(_rows(dataset))
    made_at = datetime.now(UTC).isoformat()
    stamp = {**_stamp(dataset, schema), "made_at": made_at}
    _stamp_file(dataset).write_text(json.dumps(stamp), encoding="utf-8")


def _seed(config: Path, bookings: int) -> None:
    program = [sys.executable, "-m", "frontdesk", "--config", str(config)]
    seed = [*program, "seed", "--quiet", "--bookings", str(bookings), "--seed", str(SEED)]
    env = {name: value for name, value in {**os.environ, **environment()}.items() if value is not None}
    for command in ([*program, "store", "create"], seed):
        subprocess.run(command, check=True, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)


def _rows(dataset: Dataset) -> Iterator[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{dataset.database}?mode=ro", uri=True)) as connection:
        yield from connection.execute(_ROWS)


def _schema(database: Path) -> str:
    """Return a digest of everything a database's tables, indexes and triggers are made of."""
    query = "SELECT sql FROM sqlite_master WHERE sql > '' AND name NOT LIKE 'sqlite%' ORDER BY name"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        statements = "\n".join(sql for (sql,) in connection.execute(query))
    return hashlib.sha256(statements.encode()).hexdigest()


def _config(folder: Path, label: str) -> Path:
    config = folder / f"{label}.toml"
    config.write_text(
        'home = "adelaide"\noperator = "Kim Nguyen"\n'
        f'[store]\nurl = "sqlite:///{label}.db"\n[log]\nfile = "frontdesk.log"\n',
        encoding="utf-8",
    )
    return config
