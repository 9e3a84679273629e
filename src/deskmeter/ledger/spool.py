"""Where the batches of a running import wait, as arrow files that are read back without a copy.

Nothing here need survive a crash: an import that was not finished was not acknowledged and is begun again.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from deskmeter.base.errors import BugError
from deskmeter.ledger.keys import key_prefixes
from deskmeter.ledger.laying import in_order, order_key
from deskmeter.ledger.layout import REJECTED, SET_ASIDE
from deskmeter.ledger.protocol import KEY_BYTES, ROW_KEYS_SCHEMA, Batch, SetAside
from deskmeter.ledger.tables import canonical, normalised

SET_ASIDE_SCHEMA = pa.schema(
    [
        ("key", pa.binary(KEY_BYTES)),
        ("state", pa.int64()),
        ("raw_line", pa.int64()),
        ("at_column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)

KEYS, ASIDE = "_row_keys", "_set_aside"


@dataclass(frozen=True)
class Part:
    """A batch whose columns have been checked: ready to be merged."""

    tables: Mapping[str, pa.Table]
    row_keys: pa.Table
    set_aside: pa.Table

    @property
    def received(self) -> int:
        """Raw rows in this part, whatever was made of them."""
        return len(self.row_keys) + len(self.set_aside)


def checked(source: str, object_id: str, batch: Batch) -> Part:
    """The batch in the ledger's own columns; BugError where it breaks the contract of `Batch`."""
    tables = {name: normalised(canonical(name), rows, source, object_id) for name, rows in batch.tables.items()}
    try:
        row_keys = batch.row_keys.select(ROW_KEYS_SCHEMA.names).cast(ROW_KEYS_SCHEMA)
    except (pa.ArrowException, KeyError) as error:
        raise BugError(f"row keys want the columns raw_line (int64) and key ({KEY_BYTES} bytes): {error}") from error
    if row_keys["key"].null_count:
        raise BugError("a raw row has no key")
    aside = [_values(row, SET_ASIDE) for row in batch.set_aside] + [_values(row, REJECTED) for row in batch.rejected]
    return Part(
        {name: rows for name, rows in tables.items() if len(rows)},
        row_keys,
        pa.Table.from_pylist(aside, SET_ASIDE_SCHEMA),
    )


def _values(row: SetAside, state: int) -> dict[str, bytes | int | str | None]:
    if len(row.key) != KEY_BYTES:
        raise BugError(f"the key of a row that was set aside has {len(row.key)} bytes, not {KEY_BYTES}")
    return {
        "key": row.key,
        "state": state,
        "raw_line": row.line,
        "at_column": row.column,
        "value": row.value,
        "reason": row.reason,
        "raw": row.raw,
    }


class Spool:
    """Parts of running imports on disk: `<import>/<part>/<table>.arrow`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[int, int] = {}
        self.clear()

    def clear(self) -> None:
        """Forget every import."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._parts.clear()

    def add(self, import_no: int, part: Part) -> None:
        """Put the next part of an import aside until it is finished."""
        number = self._parts.get(import_no, 0)
        home = self._folder / str(import_no) / str(number)
        home.mkdir(parents=True)
        # sorted now, while they are in memory: a table that is empty is filled in its own order
        tables = {name: in_order(rows, order_key(canonical(name))) for name, rows in part.tables.items()}
        keys = part.row_keys.take(pa.array(np.argsort(key_prefixes(part.row_keys["key"]))))
        for name, rows in {**tables, KEYS: keys, ASIDE: part.set_aside}.items():
            with pa.OSFile(str(home / f"{name}.arrow"), "wb") as out, pa.ipc.new_file(out, rows.schema) as writer:
                writer.write_table(rows)
        self._parts[import_no] = number + 1

    def parts(self, import_no: int) -> Iterator[Part]:
        """The parts of an import in the order in which they were added."""
        for number in range(self._parts.get(import_no, 0)):
            rows = {file.stem: _mapped(file) for file in (self._folder / str(import_no) / str(number)).iterdir()}
            keys, aside = rows.pop(KEYS), rows.pop(ASIDE)
            yield Part(rows, keys, aside)

    def drop(self, import_no: int) -> None:
        """Forget an import."""
        self._parts.pop(import_no, None)
        shutil.rmtree(self._folder / str(import_no), ignore_errors=True)


def _mapped(file: Path) -> pa.Table:
    with pa.memory_map(str(file)) as source, pa.ipc.open_file(source) as reader:
        return reader.read_all()
