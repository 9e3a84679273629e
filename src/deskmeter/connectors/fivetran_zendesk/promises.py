"""Service levels: what the field history says was promised on a ticket, and the policies with their targets."""

import json
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import Cells, ids, instants, joined, nulls, numbers, repeated
from deskmeter.connectors.fivetran_zendesk.known import NOBODY, Known
from deskmeter.connectors.warehouse import Lines, TableRows, Understood

POLICY_FIELD = "sla_policy"
SLA_KINDS_OF = {
    "first_reply_time": "first_reply",
    "next_reply_time": "next_reply",
    "requester_wait_time": "requester_wait",
    "agent_work_time": "agent_work",
    "total_resolution_time": "resolution",
}
_UNNAMED = "(unnamed)"
_LONGEST_MIN = 10 * 366 * 1440


@dataclass(frozen=True)
class Target:
    """What a row promises: minutes, by the business clock or the calendar."""

    minutes: int
    clock: str


def read_target(text: str | None) -> Target | None:
    """The target in the value of a field: JSON with the minutes, or the minutes alone (then calendar time).

    >>> read_target('{"minutes": 60, "in_business_hours": true}'), read_target("60"), read_target("soon")
    (Target(minutes=60, clock='business'), Target(minutes=60, clock='calendar'), None)
    """
    try:
        said = json.loads(text or "")
        minutes = said["minutes"] if isinstance(said, dict) else said
        business = said.get("in_business_hours") if isinstance(said, dict) else False
        whole = int(minutes)
    except (ValueError, TypeError, KeyError):
        return None
    is_whole = not isinstance(minutes, bool) and whole == float(minutes) and 0 < whole <= _LONGEST_MIN
    return Target(whole, "business" if str(business).lower() == "true" else "calendar") if is_whole else None


def applied_rows(
    cells: Cells, known: Known, here: Lines, kind: str, columns: dict[str, pa.Array], places: Lines, at_us: Lines
) -> pa.Table:
    """`sla_applied` events for the rows `here`, which promise one kind; a value that promises nothing sets aside.

    The policy of an event names the target as well: what was promised is frozen, whatever the policy says later.
    """
    values = columns["value"].take(pa.array(here))
    coded = values.dictionary_encode()
    targets = [read_target(text) for text in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(NOBODY).to_numpy(zero_copy_only=False)
    is_read = np.array([target is not None for target in targets] + [False], dtype=bool)[codes]
    wrong = np.zeros(cells.count, dtype=bool)
    wrong[here[(codes >= 0) & ~is_read]] = True
    cells.refuse_values(wrong, columns["value"], "value", "is no target in minutes")
    gone = np.zeros(cells.count, dtype=bool)
    gone[here[codes < 0]] = True
    cells.note("promise taken away", "a promise was taken away; the one before it still counts", gone & cells.good)
    keep = is_read & cells.good[here]
    here, codes = here[keep], codes[keep]
    names = pc.fill_null(known.policy_names.texts(known.policies.at(places[here], at_us[here])), _UNNAMED)
    minutes = np.array([target.minutes if target else 0 for target in targets] + [0], dtype=np.int64)[codes]
    clocks = pa.array([target.clock if target else "" for target in targets] + [""]).take(pa.array(codes))
    policies = joined(names, f"/{kind}/", ids(minutes), "/", clocks)
    for name in pc.unique(policies).to_pylist():
        known.sla_promises.setdefault(name)
    take = pa.array(here)
    return pa.table(
        {
            "id": joined("3:", columns["ticket"].take(take), f":{kind}:", columns["stamp"].take(take)),
            "ticket": columns["ticket"].take(take),
            "at": columns["at"].take(take),
            "kind": repeated("sla_applied", len(here)),
            "field": repeated(kind, len(here)),
            "to_value": policies,
            "seconds": pa.array(minutes * 60, pa.int64()),
            "raw_line": pa.array(cells.lines[here], pa.int64()),
        }
    )


def promise_rows(known: Known) -> dict[str, pa.Table]:
    """One `sla_policy` row for each promise that was seen."""
    rows = []
    for policy in known.sla_promises:
        name, kind, minutes, clock = policy.rsplit("/", 3)
        rows.append(
            {"id": policy, "policy": policy, "name": name, "kind": kind, "target_s": int(minutes) * 60, "clock": clock}
        )
    return {"sla_policy": pa.Table.from_pylist(rows)} if rows else {}


@dataclass
class PolicyVersions:
    """When each version of a policy began and which kinds of promise it makes, from sla_policy_metric_history."""

    kinds: dict[tuple[int, int], set[str]] = field(default_factory=dict)

    def look(self, rows: TableRows) -> None:
        """Remember versions and kinds."""
        cells = Cells(rows)
        policies, updated, kinds = _policy_columns(cells)
        for row in np.flatnonzero(cells.good & ~nulls(kinds)):
            self.kinds.setdefault((policies[row].as_py(), int(updated[row])), set()).add(kinds[row].as_py())

    def version_at(self, policy: int, at_us: int) -> tuple[int, int] | None:
        """The version of a policy that held at an instant, else its first one."""
        versions = sorted(version for version in self.kinds if version[0] == policy)
        by_then = [version for version in versions if version[1] <= at_us]
        return by_then[-1] if by_then else versions[0] if versions else None

    def read(self, rows: TableRows) -> Understood:
        """One `sla_policy` row for each version, kind and priority; targets are minutes."""
        cells = Cells(rows)
        policies, updated, kinds = _policy_columns(cells)
        minutes = cells.whole("target", required=True)
        outside = (numbers(minutes) <= 0) | (numbers(minutes) > _LONGEST_MIN)
        cells.refuse_values(outside, minutes, "target", "is no target in minutes")
        business = cells.flag("business_hours")
        cells.note("unknown promise", "a kind of promise that no metric measures", nulls(kinds) & cells.good)
        cells.refuse_deleted()
        named = joined(ids(policies), "@", ids(updated))
        priority = cells.text("priority")
        made = {
            "id": joined(named, "/", pc.fill_null(kinds, ""), "/", pc.fill_null(priority, "")),
            "policy": named,
            "name": ids(policies),
            "kind": kinds,
            "priority": priority,
            "target_s": pc.multiply(minutes, 60),
            "clock": pc.if_else(pc.fill_null(business, False), "business", "calendar"),
        }
        return cells.understood({"sla_policy": cells.made(cells.good & ~nulls(kinds), made)})

    def applied(self, rows: TableRows, known: Known) -> Understood:
        """`sla_applied` events of tickets whose history tells of no promise itself.

        A policy promises each next reply anew with each message of the customer; the application alone does not
        tell when, so those promises are left to the field history.
        """
        cells = Cells(rows)
        tickets, policies = cells.whole("ticket_id", required=True), cells.whole("sla_policy_id", required=True)
        at = cells.instant("policy_applied_at", required=True)
        places = known.places(numbers(tickets, NOBODY))
        cells.refuse_values(places < 0, tickets, "ticket_id", "is in no row of `ticket`")
        cells.refuse_deleted()
        has_sla = known.marks.has_sla
        told = has_sla[np.maximum(places, 0)] if len(has_sla) else np.zeros(cells.count, dtype=bool)
        made: list[dict[str, str | int]] = []
        unknown = np.zeros(cells.count, dtype=bool)
        for row in np.flatnonzero(cells.good & ~told):
            version = self.version_at(policies[row].as_py(), at[row].as_py())
            unknown[row] = version is None
            for kind in sorted(self.kinds.get(version, set()) - {"next_reply"}) if version else ():
                made.append(_application(tickets[row].as_py(), kind, version, at[row].as_py(), int(cells.lines[row])))
        cells.note("unknown policy", "a policy was applied of which no target is known", unknown)
        if not made:
            return cells.understood()
        table = pa.Table.from_pylist(made)
        return cells.understood({"event": table.set_column(2, "at", instants(table["at"].combine_chunks()))})


def _application(
    ticket: int, kind: str, version: tuple[int, int] | None, at_us: int, line: int
) -> dict[str, str | int]:
    assert version is not None
    return {
        "id": f"3:{ticket}:{kind}:{at_us}",
        "ticket": str(ticket),
        "at": at_us,
        "kind": "sla_applied",
        "field": kind,
        "to_value": f"{version[0]}@{version[1]}",
        "raw_line": line,
    }


def _policy_columns(cells: Cells) -> tuple[pa.Int64Array, Lines, pa.StringArray]:
    """Policy, instant of its version, and kind of promise (null: one that no metric measures)."""
    policies = cells.whole("sla_policy_id", required=True)
    updated = numbers(cells.instant("sla_policy_updated_at", is_past=False))
    coded = cells.text("metric", required=True).dictionary_encode()
    kinds = pa.array([SLA_KINDS_OF.get(word) for word in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
    return policies, updated, kinds
