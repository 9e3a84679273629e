"""The words of a question, however they were typed -> one frozen Request.

A metric may carry its choices: `first_reply_time:p90`, `resolution_time:median:business`, `service_level:within=30s`.
What stands without a metric (`--stat`, `--clock`, `--within`) holds for every metric that does not say otherwise.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from deskmeter.base.errors import AskerError, nearest
from deskmeter.base.time import GRAINS, Grain, zone
from deskmeter.query.filters import Where, check_dimension, where_filters
from deskmeter.query.periods import (
    Setting,
    last_units,
    parse_comparison,
    parse_instant,
    parse_period,
    period_between,
)
from deskmeter.query.request import STATISTICS, Clock, MetricAsk, Period, Request, SchedulePolicy

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_OPTIONS = {
    "all": (re.compile("true|false"), "all=true"),  # of open_by_last_response
    "months": (re.compile(r"[1-9]\d{0,2}"), "months=12"),  # of customer_survival_km
}
_BY_GRAINS = tuple(grain for grain in GRAINS if grain != "hour")  # the word `hour` is the hour of the day


@dataclass(frozen=True)
class Names:
    """What exists at a desk: the statistics of every metric by its id, the dimensions, and which counts have lengths."""

    metrics: Mapping[str, Collection[str]]
    dimensions: Collection[str]
    lengths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """A question as it was typed. None and empty: not said; the defaults are the last 30 days, no comparison.

    Attributes:
        by: dimension ids and at most one grain; each text may hold several, parted by commas.
        period: any period that `periods.parse_period` reads; so are `last` (12w, week) and `this` (month).
        stat, clock, within: for every metric that does not say otherwise itself.
    """

    metrics: Sequence[str]
    by: Sequence[str] = ()
    grain: str | None = None
    where: Where | None = None
    period: str | None = None
    last: str | None = None
    this: str | None = None
    start: str | None = None
    end: str | None = None
    compare: str | None = None
    stat: str | None = None
    within: str | None = None
    clock: str | None = None
    schedule_policy: str | None = None
    zone: str | None = None
    as_of: str | None = None
    top: int | None = None
    totals: bool = False
    intervals: bool = True
    options: Sequence[str] = field(default=())


def parse_request(words: Words, setting: Setting, names: Names | None = None) -> Request:
    """The Request of a typed question.

    Args:
        setting: the desk's `as_of`, zone and first day of the week; `words` may name others.
        names: what the desk knows; None: names are left to a later check.

    Raises:
        AskerError: the first mistake, with its value, its place and the nearest good name.
    """
    setting = _setting(words, setting)
    asks = [parse_metric(text, names) for text in words.metrics]
    if not asks:
        raise AskerError("no metric in the question; `deskmeter metrics` lists them")
    if words.top is not None and words.top < 1:
        raise AskerError(f"`top` is {words.top}; ask for at least 1")
    by, grain = parse_by(words.by, names.dimensions if names else None)
    clock = _clock(words.clock) if words.clock else "calendar"
    if words.grain is not None:
        if grain is not None and grain != words.grain:
            raise AskerError(f"two grains in one question: `{grain}` and `{words.grain}`; ask for one")
        grain = parse_grain(words.grain)
    return Request(
        metrics=tuple(_with_defaults(ask, words, names) for ask, _ in asks),
        period=_period(words, setting),
        zone=setting.zone,
        by=by,
        grain=grain,
        where=where_filters(words.where, names.dimensions if names else None),
        clock=clock,
        schedule_policy=_policy(words.schedule_policy),
        compare=parse_comparison(words.compare) if words.compare else None,
        as_of=setting.as_of if words.as_of else None,
        top=words.top,
        totals=words.totals,
        intervals=words.intervals,
        week_start=setting.week_start,
        options=_options([*words.options, *(option for _, options in asks for option in options)]),
    )


def narrowed(request: Request, metric: MetricAsk, keys: Collection[str], has_bucket: bool) -> Request:
    """The question about one metric that is split only by what a cell is named by; for a drill into that cell."""
    by = tuple(dimension for dimension in request.by if dimension in keys)
    grain = request.grain if has_bucket else None
    return replace(request, metrics=(metric,), by=by, grain=grain, compare=None, top=None, totals=False)


def parse_metric(text: str, names: Names | None = None) -> tuple[MetricAsk, tuple[str, ...]]:
    """One metric word with its choices, and the options (`all=true`) that belong to the whole request.

    >>> parse_metric("resolution_time:p90:business")[0]
    MetricAsk(id='resolution_time', stat='p90', clock='business', within_s=None)
    """
    name, *choices = [part.strip() for part in text.split(":")]
    if names is not None and name not in names.metrics:
        raise AskerError(f"no metric `{name}`{nearest(name, names.metrics)}")
    if not name:
        raise AskerError(f"no metric in `{text}`; write for instance first_reply_time:p90")
    stat: str | None = None
    clock: Clock | None = None
    within_s: int | None = None
    options = []
    for choice in choices:
        key, has_value, value = (part.strip() for part in choice.partition("="))
        if key in ("within", "share_within") and has_value:
            within_s = parse_seconds(value, text)
            stat = "share_within" if key == "share_within" else stat
        elif has_value:
            options.append(choice)
        elif key in get_args(Clock):
            clock = _clock(key)
        elif key in STATISTICS:
            stat = key
        else:
            known = (*STATISTICS, *get_args(Clock), "within=30s")
            raise AskerError(f"no statistic or clock `{choice}` in `{text}`{nearest(choice, known)}")
    return MetricAsk(name, _checked_stat(name, stat, names), clock, within_s), tuple(options)


def parse_by(texts: Sequence[str], dimensions: Collection[str] | None = None) -> tuple[tuple[str, ...], Grain | None]:
    """The dimensions and the grain of `team,week`. `hour` is the hour of the day; the grain needs `--grain hour`.

    >>> parse_by(["team,week", "channel"])
    (('team', 'channel'), 'week')
    """
    by: list[str] = []
    grain: Grain | None = None
    for word in (part.strip() for text in texts for part in text.split(",")):
        if not word:
            raise AskerError(f"`by` has an empty name in `{','.join(texts)}`; write for instance team,week")
        if word in _BY_GRAINS:
            if grain is not None and grain != word:
                raise AskerError(f"`by` holds two grains, `{grain}` and `{word}`; ask for one")
            grain = parse_grain(word)
        elif word in by:
            raise AskerError(f"`by` holds `{word}` twice")
        else:
            if dimensions is not None:
                check_dimension(word, (*dimensions, *_BY_GRAINS))
            by.append(word)
    return tuple(by), grain


def parse_grain(word: str) -> Grain:
    """The grain called `word`; AskerError if there is none."""
    for grain in GRAINS:
        if word == grain:
            return grain
    raise AskerError(f"no grain `{word}`{nearest(word, GRAINS)}; known: {', '.join(GRAINS)}")


def parse_seconds(text: str, place: str) -> int:
    """Seconds of `30s`, `15m`, `4h`, `1d`, `1h30m`; a number without a unit is a mistake.

    >>> parse_seconds("1h30m", "within")
    5400
    """
    parts = re.findall(r"(\d{1,9})\s*([a-z]+)", text.strip().lower())
    if not parts or re.sub(r"(\d{1,9})\s*([a-z]+)\s*", "", text.strip().lower()):
        raise AskerError(f"`{place}` cannot read the time `{text}`; write 30s, 15m, 4h, 1d or 1h30m")
    for _, unit in parts:
        if unit not in _SECONDS:
            raise AskerError(f"`{place}` has no unit `{unit}` in `{text}`; write s, m (minutes), h, d or w")
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in parts)
    if seconds > 100 * 366 * 86_400:
        raise AskerError(f"`{place}`: `{text}` is longer than a century")
    return seconds


def _setting(words: Words, setting: Setting) -> Setting:
    zone_name = words.zone or setting.zone
    as_of = parse_instant(words.as_of, zone(zone_name), "as_of") if words.as_of else setting.as_of
    zone(zone_name)
    return replace(setting, as_of=as_of, zone=zone_name)


def _period(words: Words, setting: Setting) -> Period:
    said = {
        "period": words.period, "last": words.last, "this": words.this, "from": words.start or words.end,
    }  # fmt: skip
    given = [name for name, text in said.items() if text is not None]
    if len(given) > 1:
        raise AskerError(f"two periods in one question: `{given[0]}` and `{given[1]}`; ask for one")
    if words.last is not None:
        return parse_period(f"last {words.last}", setting)
    if words.this is not None:
        return parse_period(f"this {words.this}", setting)
    if words.period is not None:
        return parse_period(words.period, setting)
    if words.start is not None:
        return period_between(words.start, words.end, setting)
    if words.end is not None:
        raise AskerError(f"`to` is {words.end} but there is no `from`; write --from 2026-01-01 --to {words.end}")
    return last_units(30, "day", setting)


def _with_defaults(ask: MetricAsk, words: Words, names: Names | None) -> MetricAsk:
    stat, within_s = ask.stat, ask.within_s
    if stat is None and words.stat:
        if words.stat not in STATISTICS:
            raise AskerError(f"no statistic `{words.stat}`{nearest(words.stat, STATISTICS)}")
        if names is None or words.stat in names.metrics[ask.id] or len(words.metrics) == 1:
            stat = _checked_stat(ask.id, words.stat, names)
    if within_s is None and words.within:
        within_s = parse_seconds(words.within, "within")
    if within_s is not None and stat is None and names is not None and "share_within" in names.metrics[ask.id]:
        stat = "share_within"
    if stat == "share_within" and within_s is None:
        raise AskerError(f"`share_within` of `{ask.id}` needs a time; write {ask.id}:within=4h")
    return MetricAsk(ask.id, stat, ask.clock, within_s)


def _checked_stat(metric: str, stat: str | None, names: Names | None) -> str | None:
    if stat is None or names is None:
        return stat
    known = names.metrics[names.lengths.get(metric, metric)]
    if stat not in known:
        way = f"it has {', '.join(known)}" if known else "it has its own alone; leave the statistic out"
        raise AskerError(f"no statistic `{stat}` of `{metric}`; {way}")
    return stat


def _clock(word: str) -> Clock:
    known: tuple[Clock, ...] = get_args(Clock)
    for clock in known:
        if word == clock:
            return clock
    raise AskerError(f"no clock `{word}`{nearest(word, known)}; known: {', '.join(known)}")


def _policy(word: str | None) -> SchedulePolicy:
    known: tuple[SchedulePolicy, ...] = get_args(SchedulePolicy)
    for policy in known:
        if word == policy:
            return policy
    if word:
        raise AskerError(f"no schedule policy `{word}`{nearest(word, known)}; known: {', '.join(known)}")
    return "as_lived"


def _options(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    options: dict[str, str] = {}
    for text in texts:
        key, has_value, value = (part.strip() for part in text.partition("="))
        if key not in _OPTIONS:
            raise AskerError(f"no option `{key}` in `{text}`{nearest(key, (*_OPTIONS, 'within'))}")
        pattern, example = _OPTIONS[key]
        if not has_value or not pattern.fullmatch(value):
            raise AskerError(f"the option `{text}` cannot be read; write for instance {example}")
        options[key] = value
    return tuple(sorted(options.items()))
