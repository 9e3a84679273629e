"""Knowledge base and self-service: what was written, read, liked, and which issues it settled (metrics 10)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Always, Asked, Count, Formula, Measure, Metric, Part, Share, Stock

FAMILY = "Knowledge base and self-service"
_DAY_US = 86_400_000_000
_STALE_US = 180 * _DAY_US
_STOCK = "stock: the end of the period, or as_of"
_NOBODY = "none"

kb_new_items = Metric(
    id="kb_new_items",
    label="New items",
    family=FAMILY,
    definition="Items of the knowledge base published for the first time.",
    formula="number of first publications",
    unit="count",
    basis="published",
    credit=_NOBODY,
    good="up",
    parts=(Part("f_kb_new"),),
    aggregate=Count(),
    leaves_out="items published again after they were archived",
    sources=("MHC",),
    decimals=0,
)

kb_updated_share = Metric(
    id="kb_updated_share",
    label="Items updated",
    family=FAMILY,
    definition="Of the items that are live at the end of the period, those that were updated within it.",
    formula="live items updated in the period / live items",
    unit="share",
    basis="period; live at its end, or at as_of",
    credit=_NOBODY,
    good="up",
    parts=(Part("f_kb_live", Stock()),),
    aggregate=Share(hit=lambda rows, asked: rows.updated_us >= rows.bucket_from_us),
    leaves_out="items not live at the end; a publication is no update",
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
)

kb_stale_share = Metric(
    id="kb_stale_share",
    label="Stale items",
    family=FAMILY,
    definition="Of the items that are live at the end of the period, those neither published nor updated for 180 days.",
    formula="live items last published or updated 180 x 24 h or more before the end / live items",
    unit="share",
    basis=_STOCK,
    credit=_NOBODY,
    good="down",
    parts=(Part("f_kb_live", Stock()),),
    aggregate=Share(hit=lambda rows, asked: rows.touched_us <= rows.bucket_limit_us - _STALE_US),
    leaves_out="items not live at the end",
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
)


def _empty_categories(asked: Asked) -> ibis.Table:
    """One row for each category and bucket, so that a category nobody viewed shows as 0.

    Only where the question is split by categories and by nothing that a category without views does not have.
    """
    items = asked.tables("kb_item").filter(lambda row: row.category.notnull())
    if "category" not in asked.by or not {*asked.by} <= {"category", "source"}:
        items = items.filter(ibis.literal(False))
    each = items.select("source", "category").distinct().cross_join(asked.buckets.select("bucket", at_us="end_us"))
    blank = ibis.null("string")
    return each.mutate(
        item=blank, item_key=blank, customer=blank, account=blank, country=blank, language=blank, requester=blank,
        ticket_id=ibis.null("int64"),
    )  # fmt: skip


kb_views = Metric(
    id="kb_views",
    label="Views",
    family=FAMILY,
    definition="Views of items. Split by category, the categories without a view are shown with 0.",
    formula="number of views",
    unit="count",
    basis="at",
    credit=_NOBODY,
    good="up",
    parts=(
        Part("f_kb_event", keep=lambda rows, asked: rows.kind == "view", lacks=frozenset({"words"})),
        Part(_empty_categories, Always("at_us"), like="f_kb_event"),
    ),
    aggregate=Formula(
        measures=(
            Measure("views", "sum", lambda rows, asked: (rows.kind == "view").cast("int64")),
            Measure("none", "sum", lambda rows, asked: rows.bucket * 0, part=1),
        ),
        value=lambda m: m["views"],
        n="views",
    ),
    sources=("MHC",),
    decimals=0,
)

kb_rating = Metric(
    id="kb_rating",
    label="Helpful votes",
    family=FAMILY,
    definition="Votes that found an item helpful, of all votes. The last vote of one person (or session) on one item "
    "counts.",
    formula="helpful votes / votes",
    unit="share",
    basis="at",
    credit=_NOBODY,
    good="up",
    parts=(Part("f_kb_vote"),),
    aggregate=Share(hit=lambda rows, asked: rows.is_helpful),
    leaves_out="earlier votes of the same voter on the same item",
    sources=("MHC",),
    notes=("split by item for the best and the worst",),
)

kb_resolution_share = Metric(
    id="kb_resolution_share",
    label="Resolved by an item",
    family=FAMILY,
    definition="Issues that an item of the knowledge base resolved, of all issues: help-centre sessions without a "
    "ticket that are marked resolved, and tickets created. A ticket counts as resolved by an item if it is marked "
    "so by as_of.",
    formula="(sessions marked resolved without a ticket + tickets created with a mark) / (those sessions + tickets)",
    unit="share",
    basis="session: its first event; ticket: created",
    credit="assignee_then: first assignee of the ticket",
    good="up",
    parts=(Part("f_kb_issue"),),
    aggregate=Share(hit=lambda rows, asked: rows.is_by_item),
    leaves_out="marks with neither session nor ticket; deleted, spam, test and merged-away tickets",
    sources=("MHC",),
)

self_service_sessions = Metric(
    id="self_service_sessions",
    label="Self-service sessions",
    family=FAMILY,
    definition="Help-centre sessions, each filed at its first event.",
    formula="number of sessions",
    unit="count",
    basis="at: first event of the session",
    credit=_NOBODY,
    good="up",
    parts=(Part("f_kb_session"),),
    aggregate=Count(),
    leaves_out="events without a session",
    sources=("MHC", "KPI8"),
    decimals=0,
)


def _is_old(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return asked.as_of_us - rows.at_us > _DAY_US


deflection_rate = Metric(
    id="deflection_rate",
    label="Deflection rate",
    family=FAMILY,
    definition="Sessions of known persons that no ticket of theirs followed within 24 hours, of all such sessions "
    "older than 24 h.",
    formula="sessions without a ticket of the person in [start, start + 24 h] / sessions",
    unit="share",
    basis="at: first event of the session",
    credit=_NOBODY,
    good="up",
    parts=(Part("f_kb_session", keep=lambda rows, asked: rows.person_key.notnull() & _is_old(rows, asked)),),
    aggregate=Share(hit=lambda rows, asked: ~rows.is_followed),
    leaves_out="sessions of unknown persons, sessions 24 h old or younger; deleted, spam, test and merged-away tickets",
    sources=("MHC", "KPI8"),
)

kb_failed_searches = Metric(
    id="kb_failed_searches",
    label="Failed searches",
    family=FAMILY,
    definition="Searches that no click followed before the next search of the session. Split by words for what is "
    "missing.",
    formula="number of searches without a click",
    unit="count",
    basis="at",
    credit=_NOBODY,
    good="down",
    parts=(Part("f_kb_search", keep=lambda rows, asked: rows.is_failed),),
    aggregate=Count(),
    leaves_out="searches outside a session: whether a click followed is not known",
    decimals=0,
)
