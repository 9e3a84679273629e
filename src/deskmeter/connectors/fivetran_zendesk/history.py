"""The field history: every change of status, owner, team, priority, tags, promises and fields, in its order."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import (
    Cells,
    filled,
    ids,
    instants,
    joined,
    nulls,
    numbers,
    persons,
    repeated,
)
from deskmeter.connectors.fivetran_zendesk.comments import system_kind
from deskmeter.connectors.fivetran_zendesk.history_look import CUSTOM_STATUS
from deskmeter.connectors.fivetran_zendesk.known import FIRST_FIELDS, NOBODY, Known, pair_keys
from deskmeter.connectors.fivetran_zendesk.promises import POLICY_FIELD, SLA_KINDS_OF, applied_rows, promise_rows
from deskmeter.connectors.fivetran_zendesk.statuses import DELETED, STAGES
from deskmeter.connectors.fivetran_zendesk.surveys import SCORE_FIELD, WORDS_FIELD, Surveys
from deskmeter.connectors.fivetran_zendesk.tags import TagHistory
from deskmeter.connectors.fivetran_zendesk.tickets import CUSTOM, EVENT_OF, PLACE_OF
from deskmeter.connectors.warehouse import Lines, Mask, TableRows, Understood

PERSONAL = ("subject", "description", "recipient", "requester_id", "submitter_id", "collaborator_ids",
            "follower_ids", "email_cc_ids", "comment", "raw_subject")  # fmt: skip
"""Fields that hold people or their words: the log of events has no place for them."""


@dataclass
class History:
    """Reads the field history; what needs its whole order (tags, surveys, restored tickets) waits for the end."""

    known: Known
    surveys: Surveys
    tags: TagHistory = field(default_factory=TagHistory)
    lives: list[tuple[Lines, Lines, Mask, Lines]] = field(default_factory=list)

    def read(self, rows: TableRows) -> Understood:
        """Events for all rows of one batch, but those that the creation of their ticket tells already."""
        part = _Part(rows, self.known)
        cells, tables = part.cells, []
        for name, here in part.by_field():
            cells_kind = EVENT_OF.get(name)
            if cells_kind is not None:
                tables.append(self._owned(part, name, here))
            elif name in SLA_KINDS_OF:
                kind = SLA_KINDS_OF[name]
                tables.append(applied_rows(cells, self.known, here, kind, part.columns, part.places, part.at_us))
            elif name == CUSTOM_STATUS and self.known.custom_statuses:
                tables.append(_custom_statuses(part, here))
            elif not self._is_held(part, name, here):
                tables.append(_fields(part, name.removeprefix(CUSTOM), here))
        made = [table for table in tables if table.num_rows]
        return cells.understood({"event": pa.concat_tables(made, promote_options="default")} if made else {})

    def _owned(self, part: "_Part", name: str, here: Lines) -> pa.Table:
        """Status, assignee, team and priority; the value at the creation belongs to the creation itself."""
        known, kind = self.known, EVENT_OF[name]
        values = part.columns["value"].take(pa.array(here))
        places, at_us = part.places[here], part.at_us[here]
        keep = part.cells.good[here]
        if name == "status":
            keep &= self._stand(part, here, values)
        elif name.endswith("_id") and filled(pc.match_substring(values, ".")).any():
            values = pc.replace_substring_regex(values, r"\.0+$", "")
        first_us = known.marks.first_us[name][places]
        raw = part.columns["value"].take(pa.array(here))
        is_first = (at_us == first_us) & (known.marks.first_value[name][places] == known.values.numbers(raw))
        keep &= ~is_first
        kinds = repeated(kind, len(here))
        if name == "status":
            is_deletion = pc.equal(values, DELETED)
            kinds = pc.if_else(is_deletion, DELETED, kinds)
            values = pc.if_else(is_deletion, pa.scalar(None, pa.string()), values)
        return part.events(here, keep, PLACE_OF[kind], name, {"kind": kinds, "to_value": values})

    def _stand(self, part: "_Part", here: Lines, values: pa.StringArray) -> Mask:
        """Which statuses tell something of their own; deletions and what follows them are remembered."""
        cells, known = part.cells, self.known
        is_deletion = filled(pc.equal(values, DELETED))
        wrong = np.zeros(cells.count, dtype=bool)
        wrong[here[nulls(values)]] = True
        cells.refuse(wrong, "value", "a status is empty")
        strange = np.zeros(cells.count, dtype=bool)
        strange[here[~filled(pc.is_in(values, pa.array([*STAGES, DELETED])))]] = True
        cells.note("unknown status", "a status is no status of Zendesk's and has no stage", strange & cells.good)
        places, at_us = part.places[here], part.at_us[here]
        gone = known.marks.is_deleted[places] & cells.good[here]
        if gone.any():
            self.lives.append((places[gone], at_us[gone], is_deletion[gone], cells.lines[here][gone]))
        keep = cells.good[here]
        if known.custom_keys:  # the desk's own status of the same change says more
            told = np.isin(pair_keys(places, at_us), np.concatenate(known.custom_keys))
            keep &= ~told | is_deletion
        return keep

    def _is_held(self, part: "_Part", name: str, here: Lines) -> bool:
        """Whether rows of this field make no event, or one only when all of them are known."""
        places, at_us, lines = part.places[here], part.at_us[here], part.cells.lines[here]
        values = part.columns["value"].take(pa.array(here))
        good = part.cells.good[here]
        if name == "tags":
            tickets, kept = part.tickets[here][good], pa.array(good)
            actors = part.columns["actor"].take(pa.array(here)).filter(kept)
            self.tags.add(tickets, at_us[good], values.filter(kept), lines[good], actors)
        elif name == SCORE_FIELD and not self.known.has_ratings:
            self.surveys.add_scores(places[good], at_us[good], values.filter(pa.array(good)), lines[good])
        elif name == WORDS_FIELD and not self.known.has_ratings:
            self.surveys.add_words(places[good], at_us[good], values.filter(pa.array(good)))
        elif name in PERSONAL:
            rows = np.zeros(part.cells.count, dtype=bool)
            rows[here] = True
            said = f"changes of `{name}` name people or their words and make no event; the raw rows keep them"
            part.cells.note("not an event", said, rows & part.cells.good)
        else:
            return name in (POLICY_FIELD, SCORE_FIELD, WORDS_FIELD)
        return True

    def close(self) -> dict[str, pa.Table]:
        """Restored tickets, changes of tags, and the promises that were seen."""
        events = [self._restored(), *self.tags.rows().values()]
        made = [table for table in events if table.num_rows]
        tables = promise_rows(self.known)
        if not self.known.has_ratings:
            tables = {**tables, **self.surveys.rows(self.known)}
        return {**tables, "event": pa.concat_tables(made, promote_options="default")} if made else tables

    def _restored(self) -> pa.Table:
        """The first status after each deletion: a ticket that has one was brought back."""
        if not self.lives:
            return pa.table({"id": pa.array([], pa.string())})
        places, at_us, is_deletion, lines = (np.concatenate(pieces) for pieces in zip(*self.lives, strict=True))
        order = np.lexsort((lines, ~is_deletion, at_us, places))
        places, at_us, is_deletion, lines = (column[order] for column in (places, at_us, is_deletion, lines))
        is_back = np.zeros(len(places), dtype=bool)
        is_back[1:] = (places[1:] == places[:-1]) & is_deletion[:-1] & ~is_deletion[1:]
        names = ids(self.known.tickets.ids[places[is_back]])
        return pa.table(
            {
                "id": joined("5:", names, ":restored:", ids(at_us[is_back])),
                "ticket": names,
                "at": instants(at_us[is_back]),
                "kind": repeated("restored", int(is_back.sum())),
                "raw_line": pa.array(lines[is_back], pa.int64()),
            }
        )


class _Part:
    """The typed columns of one batch of the history."""

    def __init__(self, rows: TableRows, known: Known) -> None:
        self.cells = cells = Cells(rows)
        tickets, self._fields = cells.whole("ticket_id", required=True), cells.text("field_name", required=True)
        at, users = cells.instant("updated", required=True), cells.whole("user_id")
        self.known, self.tickets, self.at_us = known, numbers(tickets, NOBODY), numbers(at)
        self.places = known.places(self.tickets)
        cells.refuse_values(self.places < 0, tickets, "ticket_id", "is in no row of `ticket`")
        cells.refuse_deleted()
        self.columns: dict[str, pa.Array] = {
            "ticket": ids(tickets),
            "at": instants(at),
            "stamp": ids(at),
            "actor": persons(users),
            "actor_kind": system_kind(users),
            "value": cells.text("value"),
        }

    def by_field(self) -> list[tuple[str, Lines]]:
        """Each field of the batch with the good rows that change it."""
        coded = self._fields.dictionary_encode()
        codes = coded.indices.fill_null(NOBODY).to_numpy(zero_copy_only=False)
        good = self.cells.good
        places = [np.flatnonzero((codes == code) & good) for code in range(len(coded.dictionary))]
        return list(zip(coded.dictionary.to_pylist(), places, strict=True))

    def events(self, here: Lines, keep: Mask, place: str, name: str, more: dict[str, pa.Array]) -> pa.Table:
        """Events of the rows `here` in `keep`; `more` is aligned with `here`."""
        take, kept = pa.array(here), pa.array(keep)
        columns = {column: self.columns[column].take(take) for column in ("ticket", "at", "actor", "actor_kind")}
        table = pa.table(
            {
                "id": joined(f"{place}:", columns["ticket"], f":{name}:", self.columns["stamp"].take(take)),
                **columns,
                **more,
                "raw_line": pa.array(self.cells.lines[here], pa.int64()),
            }
        )
        return table if keep.all() else table.filter(kept)


def _custom_statuses(part: _Part, here: Lines) -> pa.Table:
    """Statuses of the desk's own, by their label."""
    values = part.columns["value"].take(pa.array(here))
    coded = values.dictionary_encode()
    labels = [part.known.custom_statuses.get(word, (None, ""))[0] for word in coded.dictionary.to_pylist()]
    named = pa.array(labels, pa.string()).take(coded.indices)
    unknown = np.zeros(part.cells.count, dtype=bool)
    unknown[here[nulls(named)]] = True
    part.cells.refuse_values(unknown, part.columns["value"], "value", "is no id in `custom_status`")
    more = {"kind": repeated("status", len(here)), "to_value": named}
    return part.events(here, part.cells.good[here] & ~_at_creation(part, here), "5", CUSTOM_STATUS, more)


def _at_creation(part: _Part, here: Lines) -> Mask:
    """Rows of the instant whose status the creation itself carries."""
    first: Mask = part.known.marks.first_us[FIRST_FIELDS[0]][part.places[here]] == part.at_us[here]
    return first


def _fields(part: _Part, name: str, here: Lines) -> pa.Table:
    """Changes of any other field, under its own name."""
    count = len(here)
    values = part.columns["value"].take(pa.array(here))
    more = {"kind": repeated("field", count), "field": repeated(name, count), "to_value": values}
    return part.events(here, part.cells.good[here], "1", name, more)
