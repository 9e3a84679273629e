"""Takes the columns that nobody reads out of compiled text: a plan over ten columns is made sooner than one over sixty."""

from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot.errors import OptimizeError
from sqlglot.expressions import Join
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify

# sqlglot overlooks that the conditions of these joins read their right side
_HALF = ("SEMI", "ANTI")


def pruned(text: str, dialect: str, tables: Mapping[str, Sequence[str]]) -> str:
    """`text` with every inner selection cut to the columns that the outer ones read; its result is the same.

    tables: the columns of each table that `text` names. Text that sqlglot cannot resolve is given back as it is.

    >>> pruned('SELECT "x"."a" FROM (SELECT * FROM "t") AS "x"', "duckdb", {"t": ["a", "b"]})
    'SELECT "x"."a" AS "a" FROM (SELECT "t"."a" AS "a" FROM "t" AS "t") AS "x"'
    """
    # the optimiser wants types that pruning itself never looks at
    schema: dict[str, object] = {name: dict.fromkeys(columns, "TEXT") for name, columns in tables.items()}
    tree = sqlglot.parse_one(text, dialect=dialect)
    if any(join.kind in _HALF for join in tree.find_all(Join)):
        return text
    try:
        tree = qualify(tree, dialect=dialect, schema=schema, infer_schema=False)
        return pushdown_projections(tree, schema=schema, dialect=dialect).sql(dialect=dialect)
    except OptimizeError:
        return text
