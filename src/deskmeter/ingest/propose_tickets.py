"""Proposals for files of tickets: one row a ticket, an audit log, conversations."""

import pyarrow.compute as pc

from deskmeter.ingest.column_names import NAMES
from deskmeter.ingest.draft import Draft, Plain, few_values, listed
from deskmeter.ingest.profile import Profile
from deskmeter.ingest.propose_surveys import rating_kind
from deskmeter.ingest.vocabulary import STAGE_WORDS, meaning

_SIGNS = ("status", "requester", "subject", "priority", "assignee", "created_at", "team", "channel", "type")
_LATER = ("resolved_at", "closed_at", "first_reply_at")
_RATED = ("closed_at", "resolved_at", "updated_at", "first_reply_at", "created_at")
_CHANGES_EVERY_ROW = 0.5


def propose_conversation(draft: Draft) -> bool:
    """Records with a list of messages inside."""
    nested = [column for column in draft.profiles.columns if column.kind == "objects"]
    named = draft.find("messages", "objects")
    messages = named or (nested[0] if nested else None)
    ticket = _ticket_id(draft)
    if messages is None or ticket is None:
        return False
    draft.put("conversation", "ticket", ticket)
    draft.used.add(messages.name)
    _ticket_columns(draft, "conversation")
    draft.part("conversation").settings["messages"] = {"column": messages.name, "columns": _message_columns(messages)}
    draft.doubt(f"messages in `{messages.name}`: are author, time and direction read from the right names?")
    return True


def _message_columns(messages: Profile) -> dict[str, Plain]:
    """Where a message keeps its id, time and author, by the names in the messages themselves."""
    text = " ".join(messages.most_common[:50])
    columns: dict[str, Plain] = {}
    for slot, names in {
        "id": ("id",),
        "at": ("created_at", "createdAt", "created", "timestamp", "sent_at", "date", "time", "at"),
        "actor": ("author.id", "author_id", "user_id", "from_id", "sender_id", "from", "author", "sender"),
        "actor_kind": ("author.type", "author_type", "sender_type", "role"),
        "is_public": ("public", "is_public"),
        "kind": ("part_type", "message_type"),
    }.items():
        for name in names:
            if all(f'"{step}"' in text for step in name.split(".")):
                columns[slot] = name
                break
    if "actor_kind" in columns:
        kinds = {"customer": ("user", "lead", "contact", "customer", "end-user"), "staff": ("admin", "agent", "staff")}
        values: dict[str, Plain] = {word: kind for kind, words in kinds.items() for word in words}
        values["bot"] = "bot"
        columns["actor_kind"] = {"column": columns["actor_kind"], "values": values, "otherwise": "unknown"}
    if "kind" in columns:
        meant: dict[str, Plain] = {"comment": "message", "message": "message", "reply": "message", "open": "message"}
        columns["kind"] = {"column": columns["kind"], "values": meant, "otherwise": "note", "if_empty": "message"}
    if isinstance(columns.get("at"), str) and f'"{columns["at"]}": 1' in text.replace('":', '": ').replace(":  ", ": "):
        columns["at"] = {"column": columns["at"], "times": ["epoch_s", "epoch_ms", "iso"]}
    return columns


def propose_snapshot(draft: Draft) -> bool:
    """Several rows a ticket, each with the ticket's state after a change."""
    ticket, at = _ticket_id(draft), draft.find("updated_at", "time") or draft.find("at", "time")
    if ticket is None or at is None or not draft.has("status") or ticket.distinct_n > 0.9 * ticket.filled:
        return False
    created = draft.find("created_at", "time")
    if created is not None and created.name == at.name:
        return False
    draft.put("snapshot", "ticket", ticket)
    draft.put("snapshot", "at", at)
    _created(draft, "snapshot", ticket, created)
    _ticket_state(draft, "snapshot")
    draft.take("snapshot", "actor", "actor")
    for role in _LATER:
        column = draft.find(role, "time")
        if column:
            draft.used.add(column.name)
            draft.doubt(f"`{column.name}` is not read: in an audit log it can stand there before it happened")
    for column in draft.profiles.columns:
        known_person = column.words in NAMES["opened_by"] + NAMES["actor"]
        steady = few_values(column, draft.profiles.rows) and _is_steady(column, ticket)
        if column.name not in draft.used and steady and not known_person:
            draft.part("snapshot").fields.append(column.name)
    for column in draft.profiles.columns:
        if column.words.startswith(("closed ", "resolved ", "close ", "resolution ")):
            _drop_field(draft, column.name)
    draft.doubt(
        "order of the changes: the line in the file is taken; write `order: reversed` if the newest comes first"
    )
    return True


def _ask_people(draft: Draft) -> None:
    """Columns of bare numbers may each count their own people."""
    columns = draft.part("snapshot").columns
    names = [
        str(columns[slot]["column"]) for slot in ("requester", "opened_by", "assignee", "actor") if slot in columns
    ]
    bare = [name for name in names if draft.profiles.by_name[name].kind == "whole"]
    if len(bare) > 1:
        draft.doubt(f"{listed(bare)}: do they number the same people? If not, give each a `prefix`")


def _created(draft: Draft, shape: str, ticket: Profile, created: Profile | None) -> None:
    """The creation must be one instant a ticket."""
    if created is None:
        draft.doubt("no column tells when a ticket was created; its first row is taken")
        return
    draft.put(shape, "created_at", created)
    pairs = pc.count_distinct(pc.binary_join_element_wise(ticket.values, created.values, "\x1f")).as_py()
    if pairs > ticket.distinct_n:
        draft.doubt(
            f"`{created.name}` differs between the rows of {pairs - ticket.distinct_n} tickets; the first counts"
        )


def _is_steady(column: Profile, ticket: Profile) -> bool:
    """Whether a column is steady enough to be a field: it does not change with nearly every row."""
    codes = pc.fill_null(column.values.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    same_ticket = ticket.values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    inner = same_ticket[1:] == same_ticket[:-1]
    changed = (codes[1:] != codes[:-1]) & inner
    return int(changed.sum()) < _CHANGES_EVERY_ROW * max(1, int(inner.sum()))


def _drop_field(draft: Draft, name: str) -> None:
    fields = draft.part("snapshot").fields
    if name in fields:
        fields.remove(name)
        draft.doubt(f"`{name}` is not read: in an audit log it can stand there before it happened")


def propose_ticket(draft: Draft) -> bool:
    """One row a ticket."""
    signs = [role for role in _SIGNS if draft.has(role)]
    ticket = _ticket_id(draft)
    if ticket is None or len(signs) < 3 or "status" not in signs or ticket.distinct_n <= 0.9 * ticket.filled:
        return False
    draft.put("ticket", "ticket", ticket)
    _ticket_columns(draft, "ticket")
    _rating(draft, ticket)
    _requester(draft)
    part = draft.part("ticket")
    for column in draft.profiles.columns:
        hidden = column.name.startswith("_") or column.kind == "time"
        if column.name not in draft.used and not hidden and few_values(column, draft.profiles.rows):
            part.fields.append(column.name)
    return True


def _ticket_columns(draft: Draft, shape: str) -> None:
    created = draft.take(shape, "created_at", "created_at", "time")
    for slot in _LATER:
        column = draft.take(shape, slot, slot, "time")
        if column and ("time to" in column.words or column.words.endswith(" time")):
            draft.doubt(f"`{column.name}` holds instants, in spite of its name; it is read as `{slot}`")
    draft.take(shape, "updated_at", "updated_at", "time")
    _ticket_state(draft, shape)
    body = draft.find("body", "text")
    if body and created:
        draft.put(shape, "opening_message", body)
    if created is None:
        draft.doubt("no column tells when a ticket was created: nothing can be measured from there")
    part = draft.part(shape).columns
    ends = [s for s in draft.stages.values() if s in ("solved", "closed")]
    if ends and "resolved_at" not in part and "closed_at" not in part:
        draft.doubt("no column tells when a ticket was resolved: `updated_at` is the only hint, and too late for many")


def _ticket_state(draft: Draft, shape: str) -> None:
    status = draft.take(shape, "status", "status")
    if status:
        draft.statuses(status.most_common[:60])
    draft.take(shape, "team", "team")
    if draft.take(shape, "assignee", "assignee"):
        draft.staff_columns = ["assignee"]
    draft.take(shape, "priority", "priority")
    _person_column(draft, shape, "requester", draft.find("requester"))
    _person_column(draft, shape, "opened_by", draft.find("opened_by"))
    draft.take(shape, "account", "account")
    draft.channel(shape)
    draft.take(shape, "type", "type", "text", "whole")
    _reason(draft, shape)
    draft.take(shape, "product", "product")
    if shape != "snapshot":
        draft.take(shape, "tags", "tags")


def _reason(draft: Draft, shape: str) -> None:
    reason, deeper = draft.find("reason"), draft.find("reason_2")
    subject = draft.find("subject")
    if reason and deeper:
        draft.used |= {reason.name, deeper.name}
        draft.part(shape).columns["reason"] = {"join": [reason.name, deeper.name]}
    elif reason:
        draft.put(shape, "reason", reason)
    elif subject and few_values(subject, draft.profiles.rows) and subject.distinct_n <= 60 < draft.profiles.rows:
        draft.put(shape, "reason", subject)
        draft.doubt(f"`{subject.name}` has {subject.distinct_n} values that repeat; it is taken as the reason")
        return
    draft.put(shape, "subject", subject)


def _person_column(draft: Draft, shape: str, slot: str, column: Profile | None) -> None:
    """Who it was; a mail address is kept as a short hash, for it is personal data."""
    if column:
        draft.put(shape, slot, column, **({"hashed": True} if column.kind == "email" else {}))


def _requester(draft: Draft) -> None:
    """Where the requester is known by mail address, the person's own table holds address and name."""
    spec = draft.part("ticket").columns.get("requester", {})
    if not spec.get("hashed"):
        return
    email = draft.profiles.by_name[str(spec["column"])]
    draft.put("person", "id", email, hashed=True)
    draft.put("person", "email", email)
    draft.take("person", "name", "name")
    draft.state("person", "role", "customer")


def _rating(draft: Draft, ticket: Profile) -> None:
    """A rating that stands in the ticket's own row."""
    column = draft.find("score", "whole", "number")
    scale = column.scale() if column else None
    if column is None or scale is None:
        return
    stamps = draft.part("ticket").columns
    at = [stamps[slot]["column"] for slot in _RATED if slot in stamps]
    if not at:
        draft.doubt(f"`{column.name}` is a rating, but no column tells when anything was; it is not read")
        return
    draft.put("survey_answer", "id", ticket, prefix="rating ")
    draft.state("survey_answer", "kind", rating_kind(column, scale))
    draft.state("survey_answer", "occasion", "transactional")
    draft.put("survey_answer", "ticket", ticket)
    if "requester" in stamps:
        draft.part("survey_answer").columns["person"] = dict(stamps["requester"])
    draft.part("survey_answer").columns["at"] = {"first_of": at}
    draft.put("survey_answer", "score", column)
    draft.part("survey_answer").settings["scale"] = {"low": scale[0], "high": scale[1]}
    draft.doubt(
        f"`{column.name}`: is the scale {scale[0]} to {scale[1]}? When it was given is not told; `{at[0]}` is taken"
    )


def _ticket_id(draft: Draft) -> Profile | None:
    """The ticket's id; a plain `id` only in a file that looks like tickets."""
    named = draft.find("ticket")
    if named and named.kind not in ("time", "flag"):
        return named
    signs = [role for role in _SIGNS if draft.has(role)]
    statuses = draft.find("status")
    is_status = statuses is not None and any(meaning(word, STAGE_WORDS) for word in statuses.most_common[:60])
    plain = [column for column in draft.profiles.columns if column.words == "id"]
    return plain[0] if plain and len(signs) >= 4 and is_status else None
