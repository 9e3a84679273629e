"""Short ways to ask the store something and get typed answers."""

from collections.abc import Collection, Sequence
from typing import Any

import apsw

from deskmeter.ledger.tables import Value


def rows(db: apsw.Connection, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
    """All rows of the answer."""
    return list(db.execute(statement, values))


def whole(db: apsw.Connection, statement: str, values: Sequence[Value] = ()) -> int:
    """The one whole number that the answer consists of."""
    number = rows(db, statement, values)[0][0]
    assert isinstance(number, int)
    return number


def there_is(db: apsw.Connection, statement: str, values: Sequence[Value] = ()) -> bool:
    """Whether the answer has any row."""
    return bool(rows(db, statement, values))


def among(column: str, numbers: Collection[int]) -> str:
    """The condition that a column holds one of these whole numbers.

    >>> among("import_no", [3, 4])
    'import_no IN (3,4)'
    """
    return f"{column} IN ({','.join(str(int(number)) for number in numbers)})"
