"""Users, groups, organizations: who is staff and who a customer, in which team, of which account."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import Cells, filled, ids, instants, joined, nulls, numbers
from deskmeter.connectors.fivetran_zendesk.known import CUSTOMER, NOBODY, ROLE_WORDS, STAFF, Known
from deskmeter.connectors.warehouse import Lines, TableRows, Understood

_ROLES = {"end-user": CUSTOMER, "agent": STAFF, "admin": STAFF, "owner": STAFF}
_FOREVER = "9999"
"""How Fivetran writes the end of a version that still holds."""


def look_at_users(rows: TableRows, known: Known) -> None:
    """Remember each user's role, and of a history of users when each one's first version began."""
    cells = Cells(rows)
    users, roles = numbers(cells.whole("id", required=True), NOBODY), _role_numbers(cells)
    now = np.ones(cells.count, dtype=bool)
    if _is_history(cells):
        now = filled(cells.flag("_fivetran_active"), True)
        starts = numbers(cells.instant("_fivetran_start", is_past=False))
        # the last one given for an id counts: the earliest start must come last
        order = np.argsort(-starts, kind="stable")
        known.user_versions.add(users[order], starts[order])
        known.has_user_history = True
        known.user_roles.add(users, starts, roles)
    good = cells.good & now
    known.users.add(users[good], roles[good])


def read_users(rows: TableRows, known: Known) -> Understood:
    """Persons; of a history of users also a role_span for each version.

    A deleted user is set aside by that name, but remains a person without name and address who had a role: what a
    colleague who has left did stays the work of staff.
    """
    cells = Cells(rows)
    users, roles = cells.whole("id", required=True), _role_numbers(cells)
    cells.note("unknown role", "a user has a role that is neither end-user nor agent nor admin", roles == 0)
    account, updated = cells.whole("organization_id"), cells.instant("updated_at", is_past=False)
    is_now = filled(cells.flag("_fivetran_active"), True) if _is_history(cells) else np.ones(cells.count, dtype=bool)
    spans = _role_spans(cells, users, roles, known)
    readable = cells.good & is_now
    is_gone = cells.refuse_deleted()
    shown = pa.array(~is_gone)
    hidden = pa.scalar(None, pa.string())
    people = {
        "id": ids(users),
        "name": pc.if_else(shown, cells.text("name"), hidden),
        "email": pc.if_else(shown, cells.text("email"), hidden),
        "role": role_words(roles),
        "account": pc.if_else(shown, ids(account), hidden),
        "language": pc.if_else(shown, cells.text("locale"), hidden),
        "revision": updated,
    }
    return cells.understood({"person": cells.made(readable, people), **spans})


def role_words(roles: Lines) -> pa.StringArray:
    """Roles as canonical words; null where it is unknown."""
    return pa.array([word or None for word in ROLE_WORDS], pa.string()).take(pa.array(roles))


def _role_numbers(cells: Cells) -> Lines:
    coded = pc.utf8_lower(cells.text("role")).dictionary_encode()
    known = np.array([_ROLES.get(word, 0) for word in coded.dictionary.to_pylist()] + [0], dtype=np.int64)
    found: Lines = known[coded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
    return found


def _is_history(cells: Cells) -> bool:
    return cells.has("_fivetran_start") and cells.has("_fivetran_active")


def _role_spans(cells: Cells, users: pa.Int64Array, roles: Lines, known: Known) -> dict[str, pa.Table]:
    """The role of each version of each user; the earliest version always was."""
    if not _is_history(cells):
        return {}
    starts = cells.instant("_fivetran_start", required=True, is_past=False)
    written = cells.text("_fivetran_end")
    is_open = filled(pc.starts_with(written, _FOREVER)) | nulls(written) | filled(cells.flag("_fivetran_active"))
    ends = cells.instant("_fivetran_end", is_past=False)
    places = known.user_versions.places(numbers(users, NOBODY))
    first = known.user_versions.columns["start_us"]
    is_first = (places >= 0) & (first[np.maximum(places, 0)] == numbers(starts)) if len(first) else places >= 0
    none = pa.scalar(None, pa.int64())
    spans = {
        "id": joined(ids(users), ":", ids(starts)),
        "person": ids(users),
        "role": role_words(roles),
        "from_at": instants(pc.if_else(pa.array(is_first), none, starts)),
        "to_at": instants(pc.if_else(pa.array(is_open), none, ends)),
        "revision": pc.if_else(pa.array(is_open), none, ends),
    }
    return {"role_span": cells.made(cells.good & (roles > 0), spans)}


def read_groups(rows: TableRows) -> Understood:
    """Teams."""
    cells = Cells(rows)
    teams = {
        "id": ids(cells.whole("id", required=True)),
        "name": cells.text("name"),
        "revision": cells.instant("updated_at", is_past=False),
    }
    cells.refuse_deleted()
    return cells.understood({"team": cells.made(cells.good, teams)})


def look_at_organization_tags(rows: TableRows, known: Known) -> None:
    """Remember the tags of each organization."""
    cells = Cells(rows)
    organizations, tags = cells.whole("organization_id", required=True), cells.text("tag", required=True)
    good = pa.array(cells.good)
    for organization, tag in zip(organizations.filter(good).to_pylist(), tags.filter(good).to_pylist(), strict=True):
        known.organization_tags.setdefault(organization, set()).add(tag)


def read_tags_of_others(rows: TableRows, owner: str) -> Understood:
    """Tags of users and organizations make no rows of their own; what cannot be read is set aside."""
    cells = Cells(rows)
    cells.whole(owner, required=True)
    cells.text("tag", required=True)
    cells.refuse_deleted()
    if owner == "user_id":
        cells.note("not counted", "tags of users are kept with the raw rows; no number uses them", cells.good)
    return cells.understood()


def read_organizations(rows: TableRows, known: Known) -> Understood:
    """Accounts; an organization with exactly one tag has it as its segment."""
    cells = Cells(rows)
    organizations = cells.whole("id", required=True)
    updated = cells.instant("updated_at", is_past=False)
    tags = [known.organization_tags.get(organization, set()) for organization in organizations.to_pylist()]
    several = np.array([len(found) > 1 for found in tags], dtype=bool)
    cells.note(
        "no segment", "an organization with several tags has no segment: which of them is one is not said", several
    )
    cells.refuse_deleted()
    accounts = {
        "id": ids(organizations),
        "name": cells.text("name"),
        "segment": pa.array([next(iter(found)) if len(found) == 1 else None for found in tags], pa.string()),
        "revision": updated,
    }
    return cells.understood({"account": cells.made(cells.good, accounts)})


def look_at_brands(rows: TableRows, known: Known) -> None:
    """Remember what brands are called."""
    cells = Cells(rows)
    brands, names = cells.whole("id", required=True), cells.text("name")
    for brand, name in zip(brands.to_pylist(), names.to_pylist(), strict=True):
        if brand is not None:
            known.brands[brand] = name or str(brand)


def read_brands(rows: TableRows) -> Understood:
    """Brands name a field of tickets; they make no rows of their own."""
    cells = Cells(rows)
    cells.whole("id", required=True)
    cells.refuse_deleted()
    return cells.understood()
