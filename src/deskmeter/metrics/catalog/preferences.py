"""Preferences: the channel customers want, whether messages take it, and what they refuse (metrics 11)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Always, Asked, Count, Metric, Part, Ratio, Share

FAMILY = "Preferences"
_STOCK = "stock: the end of the period, or as_of"
_NOBODY = "none"


def _at_end(asked: Asked) -> ibis.Table:
    """Preferences and consents that hold at the end of each bucket."""
    rows = asked.tables("f_preference").cross_join(asked.buckets.select("bucket", at_us="end_us"))
    return rows.filter((rows.from_us <= rows.at_us) & (rows.to_us.isnull() | (rows.to_us > rows.at_us)))


def _preferred_at_end(asked: Asked) -> ibis.Table:
    """One row for each bucket and person with a preference: of several the one begun last (ruling 51)."""
    rows = _at_end(asked)
    rows = rows.filter(rows.is_preferred)
    latest = ibis.window(group_by=["bucket", "person_key"], order_by=[rows.from_us.desc(), rows.id.desc()])
    rows = rows.mutate(_back=ibis.row_number().over(latest))
    return rows.filter(rows._back == 0).drop("_back")


def _opted_out_at_end(asked: Asked) -> ibis.Table:
    rows = _at_end(asked)
    return rows.filter(rows.is_opted_out)


def _ever_recorded(asked: Asked) -> ibis.Table:
    """Preferences and consents begun by the end of each bucket, whether or not they still hold."""
    rows = asked.tables("f_preference").cross_join(asked.buckets.select("bucket", at_us="end_us"))
    return rows.filter(rows.from_us <= rows.at_us)


channel_preference = Metric(
    id="channel_preference",
    label="Preferred channel",
    family=FAMILY,
    definition="Customers with a recorded preference; split by channel for how many prefer which. Of several "
    "preferences of one customer the one begun last holds.",
    formula="number of persons with a preference",
    unit="count",
    basis=_STOCK,
    credit=_NOBODY,
    good="neither",
    parts=(Part(_preferred_at_end, Always("at_us"), like="f_preference"),),
    aggregate=Count(),
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
    decimals=0,
)

preference_match_rate = Metric(
    id="preference_match_rate",
    label="Messages by the preferred channel",
    family=FAMILY,
    definition="Messages that took the channel their receiver preferred then, of the messages to customers with a "
    "preference. Automated messages count; split by author_kind to tell them apart.",
    formula="messages sent by the preferred channel / messages to customers with a preference",
    unit="share",
    basis="at",
    credit="author of the message",
    good="up",
    parts=(Part("f_message_out", keep=lambda rows, asked: rows.preferred_channel.notnull()),),
    aggregate=Share(hit=lambda rows, asked: rows.message_channel == rows.preferred_channel),
    leaves_out="messages to customers without a preference at that instant",
    sources=("MHC",),
)

opt_out_rate = Metric(
    id="opt_out_rate",
    label="Opt-out rate",
    family=FAMILY,
    definition="Customers opted out of at least one channel, of the customers of whom any preference or consent was "
    "ever recorded. Split by channel: those opted out of that channel, of the same customers.",
    formula="persons opted out / persons with any preference or consent recorded",
    unit="share",
    basis=_STOCK,
    credit=_NOBODY,
    good="down",
    parts=(
        Part(_opted_out_at_end, Always("at_us"), like="f_preference"),
        Part(_ever_recorded, Always("at_us"), broadcast=frozenset({"channel"}), like="f_preference"),
    ),
    aggregate=Ratio(top_key="person_key", bottom_key="person_key", bottom_part=1, is_share=True),
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
)
