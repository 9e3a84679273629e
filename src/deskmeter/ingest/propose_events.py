"""Proposals for files with one row an event: histories of fields, comments, chats, tags, schedules, SLA policies."""

from deskmeter.ingest.draft import Draft, Plain, listed
from deskmeter.ingest.profile import Profile
from deskmeter.ingest.vocabulary import EVENT_WORDS, meaning

_COPIED = ("fivetran synced", "airbyte extracted at", "synced at", "loaded at", "company synced")


def propose_history(draft: Draft) -> bool:
    """One row a change of a field: name of the field, new value."""
    ticket, name, value = draft.find("ticket"), draft.find("field", "text"), draft.find("value")
    at = draft.find("updated_at", "time") or draft.find("at", "time")
    if ticket is None or name is None or value is None or at is None:
        return False
    kinds = {word: _field_kind(word) for word in name.most_common[:60]}
    known: dict[str, Plain] = {word: kind for word, kind in kinds.items() if kind}
    draft.put("event", "ticket", ticket)
    draft.put("event", "at", at)
    draft.put("event", "kind", name, values=known, otherwise="field")
    draft.part("event").columns["field"] = {"column": name.name}
    draft.put("event", "to_value", value)
    draft.take("event", "from_value", "old_value")
    draft.take("event", "actor", "actor")
    if "status" in known.values():
        changes = {w for n, w in _pairs(name, value) if kinds.get(n) == "status"}
        draft.statuses(sorted(changes))
    others = [word for word in kinds if word not in known]
    if others:
        draft.doubt(f"{listed(others)} are kept as custom fields; map them to a kind of event if they are one")
    return True


def _field_kind(word: str) -> str | None:
    kind = meaning(word, {k: v for k, v in EVENT_WORDS.items() if k in ("status", "assign", "team", "priority")})
    return kind


def _pairs(name: Profile, value: Profile) -> set[tuple[str, str]]:
    pairs = zip(name.values.to_pylist(), value.values.to_pylist(), strict=True)
    return {(a, b) for a, b in pairs if a is not None and b is not None}


def propose_comments(draft: Draft) -> bool:
    """One row a message or note."""
    ticket, body = draft.find("ticket"), draft.find("body", "text")
    at = draft.find("created_at", "time") or draft.find("at", "time")
    speaks = draft.has("public") or draft.has("actor")
    if (
        ticket is None
        or body is None
        or at is None
        or not speaks
        or draft.has("status", "text")
        or draft.has("subject")
    ):
        return False
    draft.used.add(body.name)
    own = [column for column in draft.profiles.columns if column.words in ("id", "comment id", "message id")]
    if own and own[0].filled == draft.profiles.rows:
        draft.put("event", "id", own[0], prefix="message ")
    draft.put("event", "ticket", ticket)
    draft.put("event", "at", at)
    _message_kind(draft)
    _actor(draft)
    if ticket.words == "chat id":
        draft.state("event", "channel", "chat")
        draft.doubt(
            f"`{ticket.name}` is taken as the ticket; if another file says which ticket a chat became, map that"
        )
    return True


def _message_kind(draft: Draft) -> None:
    """A message or a note: by a column that says public or private, by a type, else a message."""
    public = draft.find("public", "flag", "text")
    kinds = draft.find("event", "text") or draft.find("type", "text")
    if public:
        values = _public_values(public)
        draft.put("event", "kind", public, values=values)
    elif kinds:
        meant = {word: meaning(word, EVENT_WORDS) for word in kinds.most_common[:40]}
        values = {word: kind for word, kind in meant.items() if kind}
        draft.put("event", "kind", kinds, values=values, otherwise="note")
        unknown = [word for word, kind in meant.items() if kind is None]
        if unknown:
            draft.doubt(f"`{kinds.name}`: what are {listed(unknown)}? They are kept as notes")
    else:
        draft.state("event", "kind", "message")


def _public_values(public: Profile) -> dict[str, Plain]:
    is_private = "private" in public.words
    shown, hidden = ("note", "message") if is_private else ("message", "note")
    yes = ("true", "t", "yes", "y", "1", "public")
    return {word: shown if word.lower() in yes else hidden for word in public.most_common}


def _actor(draft: Draft) -> None:
    actor = draft.find("actor")
    if actor is None:
        return
    kinds = {word.partition(":")[0] for word in actor.most_common if ":" in word}
    if not kinds:
        draft.put("event", "actor", actor)
        draft.doubt(f"who of `{actor.name}` is staff, customer or bot? Import the people, or list them under `roles`")
        return
    draft.put("event", "actor", actor, pattern="^(?:[a-z_ ]+:)?(.+)$")
    values: dict[str, Plain] = {"agent": "staff", "visitor": "customer", "end_user": "customer", "system": "system"}
    told: dict[str, Plain] = {"column": actor.name, "pattern": "^(?:([a-z_ ]+):)?", "values": values}
    draft.part("event").columns["actor_kind"] = told | {"others": "null"}


def propose_links(draft: Draft) -> bool:
    """What was put on a ticket, and when: a tag, a schedule, an SLA policy."""
    ticket = draft.find("ticket")
    others = [c for c in draft.profiles.columns if c.kind != "empty" and not c.name.startswith("_")]
    if ticket is None or len(others) > 4:
        return False
    for role, kind, what in (
        ("policy", "sla_applied", "policy"),
        ("schedule", "schedule", "schedule"),
        ("tag", "tag_added", "tag"),
    ):
        column = draft.find(role)
        at = draft.find("at", "time")
        copied = [c for c in draft.profiles.columns if c.kind == "time" and c.words in _COPIED]
        if column is None or (at is None and not copied):
            continue
        draft.put("event", "ticket", ticket)
        draft.put("event", "at", at or copied[0])
        draft.state("event", "kind", kind)
        draft.put("event", "to_value", column)
        if at is None:
            said = f"no column tells when the {what} was put on; `{copied[0].name}`, the time of copying, is taken"
            draft.doubt(said)
        return True
    return False


def propose_events(draft: Draft) -> bool:
    """One row an event, with a column that says what happened."""
    ticket, what = draft.find("ticket"), draft.find("event", "text")
    at = draft.find("at", "time") or draft.find("updated_at", "time")
    if ticket is None or what is None or at is None or what.distinct_n > 60:
        return False
    meant = {word: meaning(word, EVENT_WORDS) for word in what.most_common}
    if not any(meant.values()):
        return False
    own = [column for column in draft.profiles.columns if column.words in ("id", "event id") and column.is_unique]
    draft.put("event", "id", own[0] if own else None)
    draft.put("event", "ticket", ticket)
    draft.put("event", "at", at)
    values: dict[str, Plain] = {word: kind for word, kind in meant.items() if kind and kind != word}
    draft.put("event", "kind", what, **({"values": values} if values else {}))
    unknown = [word for word, kind in meant.items() if kind is None]
    if unknown:
        draft.doubt(f"`{what.name}`: what are {listed(unknown)}? Rows with them are set aside until `values` says so")
    draft.take("event", "to_value", "value")
    draft.take("event", "from_value", "old_value")
    draft.take("event", "actor", "actor")
    draft.channel("event")
    if "to_value" in draft.part("event").columns and "status" in meant.values():
        to_value = draft.profiles.by_name[str(draft.part("event").columns["to_value"]["column"])]
        statuses = {value for word, value in _pairs(what, to_value) if meant.get(word) == "status"}
        draft.statuses(sorted(statuses))
    return True
