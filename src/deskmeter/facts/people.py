"""Names of people, teams and accounts, and who was staff, customer or bot at an instant."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.tables import FAR_FUTURE, FAR_PAST, Tables, key, known_or


def names(t: Tables) -> Mapping[str, ibis.Table]:
    """`person`, `team`, `account`: key -> label. One name for two ids of a source shows the id beside it."""
    person = t.canonical("person")
    account = t.canonical("account")
    return {
        "person": _labelled(person).select(
            "key", "label", "source", "id", "role", "language", "country",
            account=key(person.source, person.account),
        ),
        "team": _labelled(t.canonical("team")).select("key", "label", "source", "id"),
        "account": _labelled(account).select(
            "key", "label", "source", "id", "segment", "country", "acquisition_channel", "language"
        ),
    }  # fmt: skip


def _labelled(table: ibis.Table) -> ibis.Table:
    namesakes = ibis.window(group_by=["source", "name"])
    shown = known_or(table.name, table.id)
    return table.mutate(
        key=key(table.source, table.id),
        label=(table.name.notnull() & (table.count().over(namesakes) > 1)).ifelse(
            shown.concat(" (", table.id, ")"), shown
        ),
    )


def with_label(table: ibis.Table, names_table: ibis.Table, source: str, id: str, name: str) -> ibis.Table:
    """`table` with column `name`: the label of the person or team that `id` names; the id where it is unknown."""
    known = names_table.select(_source="source", _id="id", _label="label")
    joined = table.left_join(known, [(source, "_source"), (id, "_id")])
    return joined.mutate(**{name: known_or(joined._label, joined[id])}).drop("_source", "_id", "_label")


def roles(t: Tables) -> Mapping[str, ibis.Table]:
    """`role`: who had which role, when, open ends made far; `actor`: everybody with the role that never changed.

    `actor.is_dynamic` is true where the role depends on the instant; static_role is then the one outside all spans.
    """
    spans = t.canonical("role_span")
    spans = spans.select(
        "source", "person", "role", "id",
        from_us=known_or(spans.from_at, ibis.literal(FAR_PAST)),
        to_us=known_or(spans.to_at, ibis.literal(FAR_FUTURE)),
    )  # fmt: skip
    known = spans.group_by(_source=spans.source, _person=spans.person).aggregate(
        n=spans.count(), only=spans.role.max(), from_us=spans.from_us.min(), to_us=spans.to_us.max()
    )
    is_static = (known.n == 1) & (known.from_us == FAR_PAST) & (known.to_us == FAR_FUTURE)
    known = known.select("_source", "_person", "only", is_static=is_static)
    people = t["person"].select("source", "id", "label", own_role="role")
    unnamed = known.anti_join(people, [("_source", "source"), ("_person", "id")])
    unnamed = unnamed.select(source="_source", id="_person", label="_person", own_role=ibis.null("string"))
    everybody = people.union(unnamed.select(*people.columns))
    joined = everybody.left_join(known, [("source", "_source"), ("id", "_person")])
    is_dynamic = joined.is_static.notnull() & ~known_or(joined.is_static, ibis.literal(True))
    return {
        "role": spans,
        "actor": joined.select(
            "source", "id", "label",
            static_role=is_dynamic.ifelse(joined.own_role, known_or(joined.only, joined.own_role)),
            is_dynamic=is_dynamic,
        ),
    }  # fmt: skip


def with_role(
    table: ibis.Table, t: Tables, source: str, person: str, at_us: str, row: str, role: str, label: str
) -> ibis.Table:
    """`table` with column `role`, the one that `person` had at `at_us`, and `label`, the name to show.

    Of several spans the one begun last holds; where none does, the person's own role. Null: unknown.
    `row` is the unique key of `table`.
    """
    actor = t["actor"].rename(_source="source", _id="id", _label="label")
    joined = table.left_join(actor, [(source, "_source"), (person, "_id")]).drop("_source", "_id")
    asked = joined.filter(joined.is_dynamic).select(_row=row, _at=at_us, _by=source, _who=person)
    spans = t["role"]
    hit = asked.join(
        spans,
        [asked._by == spans.source, asked._who == spans.person, asked._at >= spans.from_us, asked._at < spans.to_us],
    )
    latest = ibis.window(group_by="_row", order_by=[ibis.desc("from_us"), ibis.desc("id")])
    hit = hit.select("_row", "from_us", "id", "role").mutate(_nth=ibis.row_number().over(latest))
    best = hit.filter(hit._nth == 0).select(_hit_row="_row", _role_then="role")
    joined = joined.left_join(best, [(row, "_hit_row")]).drop("_hit_row")
    return joined.mutate(
        **{
            role: known_or(joined._role_then, joined.static_role),
            label: known_or(joined._label, joined[person]),
        }
    ).drop("_role_then", "is_dynamic", "static_role", "_label")
