"""Own statuses meet the stages of the trade: which is mapped to which, which take the ticket out, which are unknown."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.canon.vocab import STAGES
from deskmeter.ingest.mapping import Mapping
from deskmeter.ingest.parts import PartRead, canonical, joined, united
from deskmeter.ingest.trouble import quoted

GONE = ("deleted", "spam")


def stage_of(mapping: Mapping, status: str) -> str | None:
    """The stage (or `deleted`, `spam`) of an own status; a stage's own name needs no line in the mapping.

    >>> stage_of(Mapping(source="s", tables={"ticket": {}}, stages={"Active": "open"}), "Active")
    'open'
    >>> stage_of(Mapping(source="s", tables={"ticket": {}}), "Solved")
    'solved'
    """
    if status in mapping.stages:
        return mapping.stages[status]
    low = status.lower()
    return low if low in STAGES or low in GONE else None


def stages_of(mapping: Mapping, statuses: pa.Array) -> pa.Array:
    """The stage of each status, null where there is none."""
    coded = statuses.dictionary_encode()
    stages = [None if status is None else stage_of(mapping, status) for status in coded.dictionary.to_pylist()]
    return pa.array(stages, pa.string()).take(coded.indices)


def settle_statuses(events: pa.Table, mapping: Mapping) -> pa.Table:
    """Status events into `deleted` and `spam` become events of that kind, and `restored` on the way back."""
    if not events.num_rows or "to_value" not in events.column_names:
        return events
    is_status = pc.equal(events["kind"], "status").combine_chunks()
    stages = stages_of(mapping, pc.if_else(is_status, events["to_value"].combine_chunks(), None))
    gone = pc.fill_null(pc.is_in(stages, pa.array(GONE)), False)
    place = events.column_names.index("kind")
    settled = events.set_column(place, "kind", pc.if_else(gone, stages, events["kind"].combine_chunks()))
    if "from_value" not in events.column_names:
        return settled
    before = stages_of(mapping, pc.if_else(is_status, events["from_value"].combine_chunks(), None))
    back = pc.and_(pc.fill_null(pc.is_in(before, pa.array(GONE)), False), pc.invert(gone))
    restored = settled.filter(pc.and_(back, is_status))
    if not restored.num_rows:
        return settled
    restored = restored.set_column(place, "kind", pa.array(["restored"] * restored.num_rows))
    ids = joined(restored["id"].combine_chunks(), ":restored")
    return united([settled, restored.set_column(restored.column_names.index("id"), "id", ids)])


def note_unknown(read: PartRead, mapping: Mapping) -> None:
    """Note the rows whose own status has no stage; they stay and leave the stage as it was."""
    statuses = read.columns.get("status")
    if read.name == "event":
        is_status = pc.equal(read.columns["kind"], "status")
        statuses = pc.if_else(is_status, read.column("to_value"), None)
    if statuses is None or read.name not in ("event", "ticket", "snapshot", "conversation"):
        return
    unknown = pc.and_(pc.is_valid(statuses), pc.is_null(stages_of(mapping, statuses)))
    at = np.flatnonzero(unknown.to_numpy(zero_copy_only=False))
    if len(at):
        texts = joined("status ", quoted(statuses.take(pa.array(at))), " has no stage; it leaves the stage unchanged")
        read.rows.trouble.note_each("status without stage", texts, read.rows.index[at])


def status_rows(mapping: Mapping, seen: set[str]) -> pa.Table:
    """Rows of `status_stage`: all statuses of the mapping and all seen ones that have a stage."""
    pairs = {status: stage_of(mapping, status) for status in (*mapping.stages, *sorted(seen))}
    rows = sorted((status, stage) for status, stage in pairs.items() if stage in STAGES)
    return canonical(
        "status_stage",
        {
            "id": pa.array([status for status, _ in rows], pa.string()),
            "status": pa.array([status for status, _ in rows], pa.string()),
            "stage": pa.array([stage for _, stage in rows], pa.string()),
        },
    )


def seen_statuses(events: pa.Table) -> set[str]:
    """Every own status that these events speak of."""
    found: set[str] = set()
    if "to_value" in events.column_names:
        named = events["to_value"].filter(pc.is_in(events["kind"], pa.array(["status", *GONE])))
        found |= set(pc.unique(named).to_pylist())
    if "first_status" in events.column_names:
        found |= set(pc.unique(events["first_status"]).to_pylist())
    return {status for status in found if status is not None}
