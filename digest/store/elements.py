"""
Many rows as one value, on the way into the database and out of it.

SQLite lets other threads go first before each row that it takes or gives. Beside ten connections
that compose and send, that costs more than the row itself.
"""

import json
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Each(FunctionElement[Any]):
    """
    The elements of a JSON array, a row each, in a column that both databases call "value".
    """

    inherit_cache = True
    name = "each"


class _All(FunctionElement[Any]):
    """
    All rows as one JSON array, which holds an array for each column.
    """

    inherit_cache = True
    name = "all"


@compiles(_Each, "sqlite")
def _(element: _Each, compiler: SQLCompiler, **more: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **more)})"


@compiles(_Each, "postgresql")
def _(element: _Each, compiler: SQLCompiler, **more: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **more)} AS json))"


@compiles(_All, "sqlite")
def _(element: _All, compiler: SQLCompiler, **more: Any) -> str:
    columns = (f"json_group_array({compiler.process(each, **more)})" for each in element.clauses)
    return f"json_array({', '.join(columns)})"


@compiles(_All, "postgresql")
def _(element: _All, compiler: SQLCompiler, **more: Any) -> str:
    columns = (f"json_agg({compiler.process(each, **more)})" for each in element.clauses)
    return f"json_build_array({', '.join(columns)})"


def each_of(name: str) -> ColumnElement[Any]:
    """
    For a statement: one of the values, or arrays of values, that its parameter of this name holds.
    """
    given = bindparam(name, type_=JSON)
    value: ColumnElement[Any] = _Each(given).table_valued(column("value", JSON), name=name).c.value
    return value


def numbers_in(name: str) -> Select[int]:
    """
    For a statement: the numbers that its parameter of this name holds.
    """
    return select(cast(cast(each_of(name), Text), BigInteger))


def all_of(query: Select[Any]) -> Select[str]:
    """
    The rows of a query as one value, in no order, to be read with `rows_of`.

    Only for columns of which JSON knows the type.
    """
    columns = [each for each in query.selected_columns if isinstance(each, Column)]
    return query.with_only_columns(cast(_All(*columns), Text))


def rows_of(value: str) -> list[tuple[Any, ...]]:
    """
    PostgreSQL gives no column where there are no rows.
    """
    return list(zip(*(column or () for column in json.loads(value)), strict=True))
