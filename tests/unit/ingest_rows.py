"""Small files through a mapping, without or with a ledger on disk."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from deskmeter.connectors.files.read import read_known, sniff
from deskmeter.ingest.apply import Applier
from deskmeter.ingest.mapping_text import MappingFile, check_columns, parse_mapping
from deskmeter.ingest.trouble import Oddity
from deskmeter.ledger.protocol import SetAside

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"
EXAMPLES = Path(__file__).parents[2] / "examples"
VALUES = Path(__file__).parents[1] / "data" / "values"


@dataclass(frozen=True)
class Outcome:
    """All that came out of one file."""

    tables: dict[str, pa.Table]
    set_aside: list[SetAside]
    understood: int
    oddities: list[Oddity]

    def rows(self, table: str) -> list[dict[str, object]]:
        """The rows of a table in the order of their ids, without provenance; null columns stay away."""
        if table not in self.tables:
            return []
        hidden = ("raw_line", "revision")
        rows = [
            {k: v for k, v in row.items() if v is not None and k not in hidden}
            for row in self.tables[table].to_pylist()
        ]
        return sorted(rows, key=lambda row: str(row["id"]))

    def reasons(self) -> dict[int | None, str]:
        """Why each line was set aside."""
        return {row.line: row.reason for row in self.set_aside}

    def odd(self) -> dict[str, int]:
        """How many lines each kind of oddity has."""
        counts: dict[str, int] = {}
        for oddity in self.oddities:
            counts[oddity.code] = counts.get(oddity.code, 0) + oddity.n
        return counts


def read_file(path: Path, mapping: str | MappingFile, now: datetime = NOW, size: int | None = None) -> Outcome:
    """A file as a mapping reads it; `size`: in batches of so many rows."""
    file = parse_mapping(mapping) if isinstance(mapping, str) else mapping
    facts = sniff(path)
    if facts.format not in ("json", "jsonl"):
        check_columns(file, facts.columns)
    applier = Applier(file.mapping, "object", now)
    parts = []
    for batch in read_known(facts):
        parts += [applier.apply(piece) for piece in _pieces(batch, size)]
    parts.append(applier.finish())
    names = {name for part in parts for name in part.tables}
    tables = {
        name: pa.concat_tables([p.tables[name] for p in parts if name in p.tables], promote_options="default")
        for name in names
    }
    aside = [row for part in parts for row in part.set_aside]
    return Outcome(tables, aside, sum(part.row_keys.num_rows for part in parts), list(applier.oddities))


def read_text(folder: Path, text: str, mapping: str, name: str = "file.csv", **how: object) -> Outcome:
    """A file of this text as a mapping reads it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_file(path, mapping, **how)  # type: ignore[arg-type]


def _pieces(batch, size):  # type: ignore[no-untyped-def]
    if size is None:
        return [batch]
    kind = type(batch)
    return [
        kind(
            batch.columns,
            batch.table.slice(i, size),
            batch.lines.slice(i, size),
            batch.problems if i == 0 else (),
            batch.raw,
        )
        for i in range(0, max(1, batch.table.num_rows), size)
    ]
