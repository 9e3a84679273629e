"""Ids that differ only in case or blanks: they are kept apart, and the reader is told."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.parts import PartRead
from deskmeter.ingest.trouble import Index, Oddities

_SLOTS = ("ticket", "requester", "assignee", "actor", "person", "agent", "account")
_SHOWN = 50


class Likeness:
    """Remembers the ids of a whole import, each with the line in which it first stood."""

    def __init__(self) -> None:
        self._seen: dict[str, list[tuple[pa.Array, Index]]] = {}

    def see(self, read: PartRead) -> None:
        """Take in the ids of some rows."""
        lines = read.rows.lines()
        for slot in _SLOTS:
            values = read.columns.get(slot)
            if values is None or not pa.types.is_string(values.type):
                continue
            coded = values.dictionary_encode()
            codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
            known, first = np.unique(codes, return_index=True)
            keep = known >= 0
            self._seen.setdefault(slot, []).append((coded.dictionary.take(pa.array(known[keep])), lines[first[keep]]))

    def tell(self, oddities: Oddities) -> None:
        """Note each group of ids that are alike."""
        for slot, parts in self._seen.items():
            ids = pa.concat_arrays([values for values, _ in parts])
            lines = np.concatenate([found for _, found in parts])
            plain = pc.utf8_lower(pc.replace_substring_regex(ids, r"\s+", ""))
            if pc.count_distinct(plain).as_py() == pc.count_distinct(ids).as_py():
                continue
            groups: dict[str, dict[str, int]] = {}
            for key, name, line in zip(plain.to_pylist(), ids.to_pylist(), lines.tolist(), strict=True):
                groups.setdefault(key, {}).setdefault(name, line)
            alike = [names for names in groups.values() if len(names) > 1]
            for names in alike[:_SHOWN]:
                shown = " and ".join(f"`{name}`" for name in sorted(names))
                said = f"{shown} in `{slot}` differ only in case or blanks; they are kept apart"
                oddities.add("ids alike", said, np.array(sorted(names.values())[:1]))
            if len(alike) > _SHOWN:
                rest = np.array([min(names.values()) for names in alike[_SHOWN:]])
                oddities.add("ids alike", f"more ids in `{slot}` that differ only in case or blanks", rest)
