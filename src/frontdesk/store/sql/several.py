"""Several values as one parameter, so that a statement is the same however many there are.

With a parameter for each value SQLAlchemy writes the statement anew at every execution, which takes
longer than to carry it out.
"""

from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class _Several(TypeDecorator[list[Any]]):
    """A list of values of one type: an array where the database has them, else JSON."""

    impl = JSON
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSON() if dialect.name == "sqlite" else ARRAY(self.of))


class _Among(FunctionElement[Any]):
    inherit_cache = True
    # Not Boolean: on SQLite it would be compared with 1, and the index not be used.
    type = NullType()


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether a column has one of the values of the parameter `name`, which is a list."""
    return _Among(column, bindparam(name, type_=_Several(column.type)))


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"
