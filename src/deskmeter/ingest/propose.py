"""Proposes a mapping for a file that nobody has described: its shape, its columns, and what has to be asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.read import read_known, sniff
from deskmeter.connectors.protocol import FileFacts, RawBatch
from deskmeter.ingest.apply import Applier
from deskmeter.ingest.draft import Draft
from deskmeter.ingest.draft_text import draft_yaml
from deskmeter.ingest.mapping_text import parse_mapping
from deskmeter.ingest.parts import united
from deskmeter.ingest.profile import Profile, plain_words, profile_table
from deskmeter.ingest.propose_business import (
    propose_calendar,
    propose_call,
    propose_customers,
    propose_groups,
    propose_knowledge,
    propose_orders,
    propose_people,
    propose_policies,
)
from deskmeter.ingest.propose_events import propose_comments, propose_events, propose_history, propose_links
from deskmeter.ingest.propose_surveys import propose_survey
from deskmeter.ingest.propose_tickets import propose_conversation, propose_snapshot, propose_ticket

LOOKED_AT_ROWS = 200_000
PREVIEW_ROWS = 5
_HIDDEN = ("raw_line", "revision", "counter", "sequence")


@dataclass(frozen=True)
class Proposal:
    """A mapping to be corrected. `doubts` are questions, one line each; `preview` are rows of the result, as text.

    `shape` is `none` where no table fits; the mapping is then a comment.
    """

    mapping_text: str
    doubts: tuple[str, ...]
    preview: tuple[tuple[str, ...], ...]
    preview_columns: tuple[str, ...]
    shape: str


def propose(path: Path, now: datetime) -> Proposal:
    """What this file seems to hold, and how it would be read.

    Raises:
        DataError: the file cannot be read at all.
    """
    facts = sniff(path)
    batches = _first_batches(facts)
    if not batches:
        raise DataError(f"`{path.name}` has no rows; there is nothing to propose")
    name = path.name.split(".")[0]
    draft = _draft(united(batch.table for batch in batches), plain_words(name), now)
    _ask_times(draft)
    text = draft_yaml(draft, "_".join(plain_words(name).split()) or "source", path.name)
    columns, rows = _preview(text, batches[0], now) if draft.parts else ((), ())
    return Proposal(text, tuple(draft.doubts), rows, columns, draft.shape)


def _first_batches(facts: FileFacts) -> list[RawBatch]:
    batches: list[RawBatch] = []
    for batch in read_known(facts):
        if batch.table.num_rows:
            batches.append(batch)
        if sum(found.table.num_rows for found in batches) >= LOOKED_AT_ROWS:
            break
    return batches


def _draft(table: pa.Table, file_words: str, now: datetime) -> Draft:
    """The first recipe that fits, the most particular ones first."""
    recipes: tuple[Callable[[Draft], bool], ...] = (
        propose_conversation,
        propose_policies,
        propose_history,
        propose_links,
        propose_calendar,
        propose_call,
        propose_comments,
        propose_snapshot,
        lambda draft: propose_customers(draft, now),
        propose_ticket,
        propose_events,
        propose_knowledge,
        propose_survey,
        propose_orders,
        propose_people,
        propose_groups,
    )
    profiles = profile_table(table)
    for recipe in recipes:
        draft = Draft(profiles, file_words)
        if recipe(draft):
            return draft
    empty = Draft(profiles, file_words)
    empty.doubt("no table fits these columns; if it holds something to be counted, map it by hand")
    return empty


def _ask_times(draft: Draft) -> None:
    """The zone and the order of day and month, where the file does not tell them."""
    used = [column for column in draft.profiles.columns if column.time and column.name in _mapped(draft)]
    local = [f"`{column.name}`" for column in used if column.time and not column.time.has_zone]
    if local and draft.shape != "holiday":
        draft.doubt(f"time zone of {', '.join(local)}: not told; UTC is taken (`zone:`)")
    for column in used:
        _ask_format(draft, column)


def _ask_format(draft: Draft, column: Profile) -> None:
    form = column.time
    if form is None:
        return
    if form.other:
        draft.doubt(
            f"day or month first: `{column.name}` reads as `{form.formats[0]}` and as `{form.other[0]}` (`times:`)"
        )
    if len(form.formats) > 1:
        draft.doubt(f"`{column.name}` mixes time formats: {', '.join(f'`{f}`' for f in form.formats)}")
    if form.strangers:
        shown = ", ".join(f"`{value}`" for value in form.strangers)
        draft.doubt(f"`{column.name}` holds values that are no times, such as {shown}; their rows will be set aside")


def _mapped(draft: Draft) -> set[str]:
    specs = [spec for part in draft.parts.values() for spec in part.columns.values()]
    return {str(spec["column"]) for spec in specs if "column" in spec}


def _preview(text: str, batch: RawBatch, now: datetime) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Five rows of what comes out, by the columns that hold anything."""
    applier = Applier(parse_mapping(text).mapping, "preview", now)
    made = [applier.apply(_some(batch)), applier.finish()]
    tables = {name: table for part in reversed(made) for name, table in part.tables.items()}
    if not tables:
        return (), ()
    first = next((name for name in ("event", "survey_answer", "customer_span") if name in tables), next(iter(tables)))
    shown = _telling(tables[first])
    names = [n for n in shown.column_names if n not in _HIDDEN and shown[n].null_count < shown.num_rows]
    rows = tuple(tuple("" if v is None else str(v) for v in row.values()) for row in shown.select(names).to_pylist())
    return tuple(names), rows


def _telling(table: pa.Table) -> pa.Table:
    """Five rows; of events in their order, and those that are no fields before those that are."""
    if "kind" in table.column_names and "ticket" in table.column_names:
        plain = table.filter(pc.not_equal(table["kind"], "field"))
        table = plain if plain.num_rows >= PREVIEW_ROWS else table
        table = table.sort_by([("ticket", "ascending"), ("at", "ascending"), ("id", "ascending")])
    return table.slice(0, PREVIEW_ROWS)


def _some(batch: RawBatch) -> RawBatch:
    return RawBatch(batch.columns, batch.table.slice(0, 200), batch.lines.slice(0, 200), (), batch.raw)
