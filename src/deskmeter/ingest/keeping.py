"""Rows that wait for the end of the file: only the last of a ticket counts, or a log is read backwards."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.mapping import Keep
from deskmeter.ingest.parts import united
from deskmeter.ingest.trouble import Index, Mask


@dataclass(frozen=True)
class Portion:
    """Some raw rows with their lines and keys (16 bytes of content hash)."""

    table: pa.Table
    lines: Index
    keys: pa.Array
    raw: Callable[[int], str]

    def at(self, mask: Mask) -> "Portion":
        """The rows where `mask` is true."""
        if mask.all():
            return self
        places = np.flatnonzero(mask)
        keep = pa.array(places)
        return Portion(
            self.table.take(keep), self.lines[mask], self.keys.take(keep), lambda i: self.raw(int(places[i]))
        )


class Keeper:
    """Holds rows back: all of them (`keep` None), or the first or last row of each key."""

    def __init__(self, keep: Keep | None, raw_text: Callable[[pa.Table, int], str]) -> None:
        self._keep = keep
        self._raw_text = raw_text
        self._held: Portion | None = None

    def hold(self, portion: Portion) -> Portion:
        """Take rows in; the rows that are now known not to count come back."""
        self._held = portion if self._held is None else self._joined(self._held, portion)
        if self._keep is None or self._keep.of not in self._held.table.column_names:
            return self._held.at(np.zeros(len(self._held.lines), dtype=bool))
        counts = self._counting(self._held, self._keep)
        passed, self._held = self._held.at(~counts), self._held.at(counts)
        return passed

    def release(self) -> Portion | None:
        """All rows that count, at the end of the file."""
        held, self._held = self._held, None
        return held

    def _joined(self, old: Portion, new: Portion) -> Portion:
        table = united([old.table, new.table])
        keys = pa.concat_arrays([old.keys, new.keys])
        return Portion(table, np.concatenate([old.lines, new.lines]), keys, lambda i: self._raw_text(table, i))

    @staticmethod
    def _counting(held: Portion, keep: Keep) -> Mask:
        """The first or last row of each key; rows without a key all count (they are set aside later)."""
        key = pc.utf8_trim_whitespace(held.table[keep.of].combine_chunks())
        codes = pc.fill_null(key.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
        where = codes if keep.row == "first" else codes[::-1]
        _, places = np.unique(where, return_index=True)
        counts = np.zeros(len(codes), dtype=bool)
        counts[places if keep.row == "first" else len(codes) - 1 - places] = True
        result: Mask = counts | (codes == -1)
        return result
