"""The closed word lists of the trade: one idea has one name everywhere."""

STAGES = ("new", "open", "pending", "hold", "solved", "closed")
RESOLVED_STAGES = ("solved", "closed")

EVENT_KINDS = (
    "created", "message", "note", "status", "assign", "team", "priority", "field", "tag_added", "tag_removed",
    "escalation", "handoff", "merged", "deleted", "spam", "restored", "time_entry", "viewing",
    "sla_applied", "sla_vendor_verdict", "schedule",
)  # fmt: skip

ACTOR_KINDS = ("customer", "staff", "bot", "system", "unknown")
ROLES = ("customer", "staff", "bot")
DIRECTIONS = ("in", "out")
CHANNELS = ("email", "web", "chat", "messaging", "social", "phone", "app", "api", "in_person", "other")
CALL_OUTCOMES = ("answered", "abandoned", "flowed_out")
AVAILABILITY_STATES = ("available", "on_contact", "away")
SLA_KINDS = ("first_reply", "next_reply", "requester_wait", "agent_work", "resolution")
SLA_PAUSES = {
    "first_reply": (),
    "next_reply": (),
    "requester_wait": ("pending",),
    "agent_work": ("pending", "hold"),
    "resolution": ("pending",),
}
SURVEY_KINDS = ("csat", "nps", "nps_1_10", "ces", "rating", "solved_first_contact", "other")
OCCASIONS = ("relational", "transactional")
ORDER_KINDS = ("new", "repeat", "renewal", "upsell", "cross_sell")
KB_KINDS = ("published", "updated", "archived", "view", "vote", "search", "click", "session", "resolved")
RESERVED_FIELDS = ("reason", "type", "product")

UNATTRIBUTED = "(unattributed)"
NONE = "(none)"
