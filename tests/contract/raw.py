"""A look into a store's tables past the store, and changes no store would make."""

from typing import Any

from sqlalchemy import Executable, Row, create_engine, text


def execute(url: str, statement: str | Executable, **values: Any) -> list[Row[Any]]:
    """Run one statement in its own transaction and return its rows, if any."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement) if isinstance(statement, str) else statement, values)
            return list(result.all()) if result.returns_rows else []
    finally:
        engine.dispose()


def count(url: str, table: str) -> int:
    """Return how many rows a table has."""
    number: int = execute(url, f"SELECT count(*) FROM {table}")[0][0]
    return number
