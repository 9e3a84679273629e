"""Small tables of a question written into its text: an engine then knows how few their rows are, and starts sooner."""

from collections.abc import Mapping

import pyarrow as pa

_SHORT = 400


def is_short(table: pa.Table) -> bool:
    """Whether a table may as well be written out: whole numbers in few rows. What is registered costs more to begin."""
    return 0 < table.num_rows <= _SHORT and all(pa.types.is_int64(kind) for kind in table.schema.types)


def lines(table: pa.Table) -> list[list[str]]:
    """The values of each row as SQL.

    >>> lines(pa.table({"a": [1, None], "b": [2, 3]}))
    [['1', '2'], ['NULL', '3']]
    """
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return [["NULL" if value is None else str(value) for value in row] for row in rows]


def before(text: str, selections: Mapping[str, str]) -> str:
    """`text` with named selections before it; the names are quoted and may list their columns.

    >>> before('WITH "t" AS (SELECT 1) SELECT * FROM "t"', {'"n" ("a")': "VALUES (1)"})
    'WITH "n" ("a") AS (VALUES (1)), "t" AS (SELECT 1) SELECT * FROM "t"'
    """
    if not selections:
        return text
    tables = ", ".join(f"{name} AS ({selection})" for name, selection in selections.items())
    return f"WITH {tables}{',' + text.removeprefix('WITH') if text.startswith('WITH ') else ' ' + text}"
