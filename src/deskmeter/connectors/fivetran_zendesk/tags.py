"""Tags: the additions and removals in the field history, else the tags that a ticket has now."""

import json
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from deskmeter.connectors.fivetran_zendesk.cells import Cells, ids, instants, joined, numbers, repeated
from deskmeter.connectors.fivetran_zendesk.known import NOBODY, Known
from deskmeter.connectors.warehouse import Lines, TableRows, Understood


def tags_in(value: str | None) -> frozenset[str]:
    """The tags in a value of the history: a JSON list, or words with blanks or commas between.

    >>> sorted(tags_in('["vip", "late"]')), sorted(tags_in("vip late")), sorted(tags_in(None))
    (['late', 'vip'], ['late', 'vip'], [])
    """
    text = (value or "").strip()
    if text.startswith("["):
        try:
            return frozenset(str(tag) for tag in json.loads(text))
        except ValueError:
            text = text.strip("[]").replace('"', "")
    return frozenset(text.replace(",", " ").split())


@dataclass
class TagHistory:
    """The tag rows of the field history, held until all are there: only the difference to the one before is news."""

    held: list[tuple[int, int, str, int, str | None]] = field(default_factory=list)

    def add(self, tickets: Lines, at_us: Lines, values: pa.StringArray, lines: Lines, actors: pa.StringArray) -> None:
        """More rows: ticket, instant, all tags then, line and author."""
        columns = (
            tickets.tolist(),
            at_us.tolist(),
            values.fill_null("").to_pylist(),
            lines.tolist(),
            actors.to_pylist(),
        )
        self.held += zip(*columns, strict=True)

    def rows(self) -> dict[str, pa.Table]:
        """A tag_added or tag_removed for each difference."""
        made: list[dict[str, str | int | None]] = []
        ticket, before = None, frozenset[str]()
        for row in sorted(self.held, key=lambda held: held[:4]):
            before = before if row[0] == ticket else frozenset()
            ticket, after = row[0], tags_in(row[2])
            for kind, tags in (("tag_added", after - before), ("tag_removed", before - after)):
                made += [_change(row, kind, tag) for tag in sorted(tags)]
            before = after
        if not made:
            return {}
        table = pa.Table.from_pylist(made)
        return {"event": table.set_column(2, "at", instants(table["at"].combine_chunks()))}


def _change(row: tuple[int, int, str, int, str | None], kind: str, tag: str) -> dict[str, str | int | None]:
    ticket, at_us, _, line, actor = row
    return {
        "id": f"1:{ticket}:{kind}:{tag}:{at_us}",
        "ticket": str(ticket),
        "at": at_us,
        "kind": kind,
        "to_value": tag,
        "actor": actor,
        "raw_line": line,
    }


def read_ticket_tags(rows: TableRows, known: Known) -> Understood:
    """A tag_added as of the ticket's last update, which is when the source says that the ticket has the tag."""
    cells = Cells(rows)
    tickets, tags = cells.whole("ticket_id", required=True), cells.text("tag", required=True)
    places = known.places(numbers(tickets, NOBODY))
    cells.refuse_values(places < 0, tickets, "ticket_id", "is in no row of `ticket`")
    cells.refuse_deleted()
    at_us, told = np.zeros(cells.count, dtype=np.int64), np.zeros(cells.count, dtype=bool)
    if len(known.tickets.ids):
        at_us = known.tickets.columns["updated_us"][np.maximum(places, 0)]
        told = known.marks.has_tags[np.maximum(places, 0)]
    made = {
        "id": joined("1:", ids(tickets), ":tag_added:", tags, ":", ids(at_us)),
        "ticket": ids(tickets),
        "at": instants(at_us),
        "kind": repeated("tag_added", cells.count),
        "to_value": tags,
    }
    return cells.understood({"event": cells.made(cells.good & ~told, made)})
