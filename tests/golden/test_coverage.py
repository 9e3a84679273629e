import re

from golden_stories import load_stories

STORIES = load_stories()

METRICS = [
    "tickets_created",
    "tickets_active",
    "contacts",
    "contact_rate_orders_gross",
    "contact_rate_orders_net",
    "contact_rate_customers",
    "tickets_per_customer",
    "repeat_contact_rate",
    "topic_share",
    "backlog",
    "backlog_average",
    "backlog_age",
    "inflow",
    "outflow",
    "net_flow",
    "moved_in",
    "moved_out",
    "unresolved_share",
    "unanswered",
    "waiting_now",
    "open_by_last_response",
    "first_reply_time",
    "first_reply_time_any",
    "assignment_to_first_reply",
    "reply_time",
    "resolution_time_first",
    "resolution_time",
    "resolution_time_episode",
    "first_reply_to_resolution",
    "time_to_resolution_km",
    "time_in_stage",
    "time_in_status_total",
    "requester_wait_time",
    "agent_wait_time",
    "handle_time_entries",
    "handle_time_active",
    "handle_time_calls",
    "resolutions",
    "tickets_resolved",
    "resolution_rate",
    "resolution_rate_flow",
    "first_contact_resolution",
    "one_touch_rate",
    "resolved_without_contact",
    "fcr_no_repeat",
    "fcr_confirmed",
    "reopens",
    "reopen_rate",
    "durable_resolution_rate",
    "replies_per_ticket",
    "exchanges_per_ticket",
    "activities",
    "activities_per_resolution",
    "escalations",
    "escalation_rate",
    "reassignments",
    "transfers",
    "tickets_per_agent",
    "calls_offered",
    "calls_answered",
    "calls_abandoned",
    "abandonment_rate",
    "abandonment_rate_excl_short",
    "service_level",
    "service_level_excl_short",
    "service_level_answered",
    "speed_of_answer",
    "average_handle_time",
    "talk_time",
    "hold_time",
    "wrap_time",
    "call_transfer_rate",
    "occupancy",
    "csat",
    "csat_average",
    "conversation_rating",
    "nps",
    "nps_1_10",
    "nps_promoters",
    "nps_passives",
    "nps_detractors",
    "ces",
    "ces_easy_share",
    "response_rate",
    "low_scores",
    "follow_up_rate",
    "follow_up_time",
    "reviews",
    "review_average",
    "referrals",
    "referred_share",
    "testimonials_allowed",
    "customers_start",
    "customers_end",
    "customers_new",
    "customers_lost",
    "customers_won_back",
    "customers_moved_in",
    "customers_moved_out",
    "retention_rate",
    "retention_rate_cohort",
    "churn_rate",
    "churned_customers",
    "churn_reasons",
    "customer_survival_km",
    "mrr",
    "arpa",
    "revenue_churn",
    "gross_retention",
    "net_retention",
    "lifetime_value_historic",
    "lifetime_value_predicted",
    "rebuy_rate",
    "upsell_frequency",
    "cross_sell_frequency",
    "upsells_per_agent",
    "upsells_per_agent_revenue",
    "cross_sells_per_agent",
    "cross_sells_per_agent_revenue",
    "kb_new_items",
    "kb_updated_share",
    "kb_stale_share",
    "kb_views",
    "kb_rating",
    "kb_resolution_share",
    "self_service_sessions",
    "deflection_rate",
    "kb_failed_searches",
    "channel_preference",
    "preference_match_rate",
    "opt_out_rate",
    "sla_attainment",
    "sla_breaches",
    "sla_at_risk",
    "target_attainment",
]

WITHOUT_METRIC_STORY: dict[str, str] = {}
WITHOUT_RULING_STORY = {
    59: "a proposal of a target is no answer to a question; tests of the targets hold it",
    65: "speaks of oddities listed by the trust report, not of a number",
    66: "fixes the formula of an interval; tests of the statistics hold it",
}
MISTAKES = 17  # sentences of section 13, in its order


def _named(word: str) -> set[int]:
    return {int(number) for story in STORIES for number in re.findall(rf"{word} (\d+)", story.rule)}


def test_every_metric_has_a_story() -> None:
    asked = {one.question["metric"] for story in STORIES for one in story.expectations if one.cells is not None}
    assert set(METRICS) - asked == set(WITHOUT_METRIC_STORY)


def test_every_ruling_that_speaks_of_a_number_has_a_story() -> None:
    assert set(range(1, 82)) - _named("ruling") == set(WITHOUT_RULING_STORY)


def test_every_rule_of_section_1_has_a_story() -> None:
    rules = {int(number) for story in STORIES for number in re.findall(r"metrics 1\.(\d+)", story.rule)}
    assert rules == set(range(1, 13))


def test_every_mistake_of_section_13_has_a_story() -> None:
    numbers = {int(story.name.split("-")[1]) for story in STORIES if story.name.startswith("mistake-")}
    assert numbers == set(range(1, MISTAKES + 1))


def test_every_story_explains_its_count() -> None:
    assert not [story.name for story in STORIES if not story.expectations or not story.says.endswith(".")]


def test_a_duration_is_counted_on_both_clocks() -> None:
    durations = {metric for metric in METRICS if metric.endswith("_time") or metric.startswith("resolution_time")}
    durations -= {"talk_time", "hold_time", "wrap_time", "average_handle_time"}  # lengths of calls have one clock
    clocks: dict[str, set[str]] = {}
    for story in STORIES:
        for one in story.expectations:
            clocks.setdefault(one.question["metric"], set()).add(one.question.get("clock", "calendar"))
    assert {metric for metric in durations if clocks[metric] != {"calendar", "business"}} == set()
