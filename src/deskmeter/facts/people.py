"""Names of people, teams and accounts, and who was staff, customer or bot at an instant."""

from collections.abc import Mapping

import ibis

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
        "team": _labelled(t.canonical("team")).select("key", "label"),
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
    names_table = names_table.select(_key="key", _label="label")
    joined = table.left_join(names_table, key(table[source], table[id]) == names_table._key)
    return joined.mutate(**{name: known_or(joined._label, joined[id])}).drop("_key", "_label")


def role_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`role`: one row per person and stretch with one role; open ends are far past and far future."""
    spans = t.canonical("role_span")
    return {
        "role": spans.select(
            person=key(spans.source, spans.person),
            role="role",
            from_us=known_or(spans.from_at, ibis.literal(FAR_PAST)),
            to_us=known_or(spans.to_at, ibis.literal(FAR_FUTURE)),
        )
    }


def with_role(table: ibis.Table, t: Tables, person: str, at_us: str, row: tuple[str, ...], name: str) -> ibis.Table:
    """`table` with column `name`: the role that `person` (a key) had at `at_us`.

    Of several spans the one begun last holds; a person without any span has the person's own role.
    `row` is the unique key of `table`.
    """
    spans = t["role"]
    asked = table.filter(table[person].notnull()).select(*row, _person=table[person], _at=table[at_us])
    hit = asked.join(spans, [asked._person == spans.person, asked._at >= spans.from_us, asked._at < spans.to_us])
    best = hit.group_by(list(row)).aggregate(_span_role=hit.role.argmax(hit.from_us))
    with_spans = spans.group_by("person").aggregate(_spans=spans.count()).rename(_with="person")
    people = t["person"].select(_key="key", _own_role="role")
    joined = table.left_join(best, [table[k] == best[k] for k in row])
    joined = joined.drop(*[f"{k}_right" for k in row])
    joined = joined.left_join(with_spans, joined[person] == with_spans._with)
    joined = joined.left_join(people, joined[person] == people._key)
    own = joined._spans.isnull().ifelse(joined._own_role, ibis.null("string"))
    return joined.mutate(**{name: known_or(joined._span_role, own)}).drop(
        "_span_role", "_with", "_spans", "_key", "_own_role"
    )
