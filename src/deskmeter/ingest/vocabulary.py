"""The words that helpdesks use for one and the same thing: statuses, channels, kinds of events, roles."""

import re

STAGE_WORDS: dict[str, tuple[str, ...]] = {
    "new": ("new", "created", "submitted", "unassigned", "to do", "backlog", "received", "triage"),
    "open": ("open", "active", "in progress", "work in progress", "assigned", "reopened", "accepted", "doing",
             "in process", "being processed", "under investigation", "investigating", "escalated"),
    "pending": ("pending", "awaiting user info", "waiting for customer", "pending customer response", "waiting",
                "waiting on customer", "awaiting customer", "awaiting reply", "waiting for user", "snoozed",
                "awaiting caller", "waiting for reporter"),
    "hold": ("hold", "on hold", "awaiting vendor", "awaiting problem", "awaiting evidence", "awaiting change",
             "waiting on third party", "waiting for third party", "blocked", "awaiting third party"),
    "solved": ("solved", "resolved", "done", "fixed", "completed", "complete", "answered"),
    "closed": ("closed", "cancelled", "canceled", "archived", "rejected", "declined", "withdrawn"),
    "deleted": ("deleted", "trashed"),
    "spam": ("spam", "suspended"),
}  # fmt: skip

CHANNEL_WORDS: dict[str, tuple[str, ...]] = {
    "email": ("email", "e mail", "mail", "inbox"),
    "web": ("web", "self service", "portal", "web form", "form", "website", "help center", "web widget", "widget"),
    "chat": ("chat", "live chat", "webchat"),
    "messaging": ("messaging", "whatsapp", "sms", "messenger", "native messaging", "line", "telegram", "text"),
    "social": ("social", "social media", "twitter", "facebook", "instagram", "tweet", "x"),
    "phone": ("phone", "ivr", "call", "voice", "telephone", "phone call"),
    "app": ("app", "mobile", "mobile sdk", "in app", "mobile app", "ios", "android"),
    "api": ("api", "system", "monitoring", "event"),
    "in_person": ("in person", "walk in", "walk up"),
    "other": ("other", "direct opening"),
}  # fmt: skip

EVENT_WORDS: dict[str, tuple[str, ...]] = {
    "created": ("created", "create", "opened", "ticket created", "new"),
    "message": ("message", "reply", "comment", "public reply", "replied", "email", "customer reply", "agent reply",
                "chat message", "chatmessage", "response"),
    "note": ("note", "internal note", "private note", "internal comment"),
    "status": ("status", "status change", "status changed", "state", "resolved", "closed", "solved", "reopened",
               "status id", "incident state"),
    "assign": ("assign", "assigned", "assignment", "assignee", "assignee id", "reassigned", "assigned to", "owner"),
    "team": ("team", "group", "group id", "assignment group", "transfer", "transferred", "team id"),
    "priority": ("priority", "priority changed", "priority change"),
    "tag_added": ("tag added", "tag", "tagged", "add tag"),
    "tag_removed": ("tag removed", "untagged", "remove tag"),
    "escalation": ("escalation", "escalated", "escalate"),
    "handoff": ("handoff", "hand off", "bot handoff"),
    "merged": ("merged", "merge"),
    "deleted": ("deleted", "delete", "trashed"),
    "spam": ("spam", "marked as spam"),
    "time_entry": ("time entry", "time logged", "worklog"),
}  # fmt: skip

ROLE_WORDS: dict[str, tuple[str, ...]] = {
    "customer": ("customer", "end user", "enduser", "user", "lead", "contact", "requester", "visitor", "client"),
    "staff": ("staff", "agent", "admin", "administrator", "team member", "teammate", "operator", "owner", "support"),
    "bot": ("bot", "automation", "robot", "answer bot", "virtual agent"),
}  # fmt: skip

SLA_WORDS: dict[str, tuple[str, ...]] = {
    "first_reply": ("first reply time", "first reply", "first response", "first response time"),
    "next_reply": ("next reply time", "next reply", "next response", "periodic update time"),
    "requester_wait": ("requester wait time", "requester wait"),
    "agent_work": ("agent work time", "agent work"),
    "resolution": ("resolution time", "resolution", "total resolution time", "time to resolution"),
}  # fmt: skip

ORDER_WORDS: dict[str, tuple[str, ...]] = {
    "new": ("new", "first", "initial"),
    "repeat": ("repeat", "returning"),
    "renewal": ("renewal", "renew", "recurring"),
    "upsell": ("upsell", "upgrade", "up sell"),
    "cross_sell": ("cross sell", "crosssell", "add on", "addon"),
}  # fmt: skip

OUTCOME_WORDS: dict[str, tuple[str, ...]] = {
    "answered": ("answered", "connected", "completed", "handled", "y", "yes", "true"),
    "abandoned": ("abandoned", "missed", "no answer", "hangup", "n", "no", "false"),
    "flowed_out": ("flowed out", "flow out", "overflow", "voicemail", "transferred out", "redirected"),
}  # fmt: skip

DIRECTION_WORDS: dict[str, tuple[str, ...]] = {
    "in": ("in", "inbound", "incoming", "received", "true"),
    "out": ("out", "outbound", "outgoing", "sent", "false"),
}  # fmt: skip

KB_WORDS: dict[str, tuple[str, ...]] = {
    "published": ("published", "publish", "created"),
    "updated": ("updated", "update", "edited"),
    "archived": ("archived", "archive", "unpublished", "deleted"),
    "view": ("view", "viewed", "page view", "read"),
    "vote": ("vote", "voted", "rated"),
    "search": ("search", "searched"),
    "click": ("click", "clicked", "search click"),
    "session": ("session", "session start", "visit"),
    "resolved": ("resolved", "solved", "deflected"),
}  # fmt: skip


def meaning(word: str, known: dict[str, tuple[str, ...]]) -> str | None:
    """What a word of a helpdesk means among `known`, null if it is none of them.

    >>> meaning("Awaiting Vendor", STAGE_WORDS), meaning("-100", STAGE_WORDS)
    ('hold', None)
    """
    plain = " ".join(re.findall(r"[a-z0-9]+", word.lower()))
    for target, words in known.items():
        if plain in words:
            return target
    return None
