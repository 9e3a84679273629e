"""Roles as they changed: the audit log tells when somebody became staff, or stopped to be."""

import re
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import Cells, filled, instants
from deskmeter.connectors.fivetran_zendesk.known import CUSTOMER, ROLE_WORDS, STAFF, Known
from deskmeter.connectors.warehouse import TableRows, Understood

_ROLE_CHANGE = re.compile(r"(?:Support role|^Role) changed from (.+?) to ([^\\\n]+)")
_NOT_STAFF = ("not set", "end-user", "end user", "enduser")
_FIRST_US = np.iinfo(np.int64).min


@dataclass
class RoleChanges:
    """The changes of role in the audit log: (user, instant, role before, role after, line)."""

    held: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def look(self, rows: TableRows) -> None:
        """Remember the changes."""
        cells = Cells(rows)
        users, at = cells.whole("source_id"), cells.instant("created_at", required=True)
        is_user = filled(pc.equal(pc.utf8_lower(cells.text("source_type")), "user"))
        said = cells.text("change_description")
        for row in np.flatnonzero(cells.good & is_user & filled(pc.is_valid(users))):
            found = _ROLE_CHANGE.search(said[row].as_py() or "")
            if found:
                before, after = (_role(word) for word in found.groups())
                self.held.append((users[row].as_py(), at[row].as_py(), before, after, int(cells.lines[row])))

    def settle(self, known: Known) -> None:
        """After the last look: each user's role from the beginning and from each change on."""
        spells = [(user, at_us, after) for user, at_us, _, after, _ in self.held]
        spells += [(user, _FIRST_US, before) for user, (_, before) in self._firsts().items()]
        if spells:
            users, since, roles = (np.array(column, dtype=np.int64) for column in zip(*spells, strict=True))
            known.user_roles.add(users, since, roles)

    def _firsts(self) -> dict[int, tuple[int, int]]:
        """Of each user the first change: when, and the role before it."""
        firsts: dict[int, tuple[int, int]] = {}
        for user, at_us, before, _, _ in sorted(self.held):
            firsts.setdefault(user, (at_us, before))
        return firsts

    def rows(self) -> dict[str, pa.Table]:
        """A role_span from each change to the next, and one before the first."""
        made: list[dict[str, str | int | None]] = []
        by_user: dict[int, list[tuple[int, int, int, int, int]]] = {}
        for change in sorted(self.held):
            by_user.setdefault(change[0], []).append(change)
        for user, changes in by_user.items():
            made.append(_span(user, None, changes[0][1], changes[0][2], changes[0][4]))
            ends = [*(change[1] for change in changes[1:]), None]
            made += [_span(user, one[1], end, one[3], one[4]) for one, end in zip(changes, ends, strict=True)]
        if not made:
            return {}
        table = pa.Table.from_pylist(made, _SPAN)
        for name in ("from_at", "to_at"):
            table = table.set_column(table.column_names.index(name), name, instants(table[name].combine_chunks()))
        return {"role_span": table}


_SPAN = pa.schema(
    [
        ("id", pa.string()),
        ("person", pa.string()),
        ("role", pa.string()),
        ("from_at", pa.int64()),
        ("to_at", pa.int64()),
        ("revision", pa.int64()),
        ("raw_line", pa.int64()),
    ]
)


def _span(user: int, from_us: int | None, to_us: int | None, role: int, line: int) -> dict[str, str | int | None]:
    return {
        "id": f"{user}:{from_us or 0}",
        "person": str(user),
        "role": ROLE_WORDS[role],
        "from_at": from_us,
        "to_at": to_us,
        "revision": to_us,
        "raw_line": line,
    }


def _role(word: str) -> int:
    return CUSTOMER if word.strip().lower() in _NOT_STAFF else STAFF


def read_audit_log(rows: TableRows) -> Understood:
    """Of the audit log only changes of role are used; everything else is kept with the raw rows."""
    cells = Cells(rows)
    cells.instant("created_at", required=True)
    is_user = filled(pc.equal(pc.utf8_lower(cells.text("source_type")), "user"))
    said = cells.text("change_description").to_pylist()
    is_role = is_user & np.array([bool(_ROLE_CHANGE.search(text or "")) for text in said], dtype=bool)
    cells.refuse_deleted()
    cells.note("not used", "of the audit log only changes of the role of a user are used", cells.good & ~is_role)
    return cells.understood()
