"""From a question to its answer: filter, group, bucket, aggregate."""

from collections import Counter
from datetime import datetime
from itertools import product
from typing import Any

from oracle import backlog, calls, customers, demand, knowledge, money, preferences, quality, sla, speed, surveys
from oracle.asked import Ask, read, windows
from oracle.desk import Desk, Settings
from oracle.dims import NONE, UNATTRIBUTED, values
from oracle.records import Cell, Outcome, Parts, Rec, Window
from oracle.rows import History, naive_utc

FAMILIES = (demand, backlog, speed, quality, sla, calls, surveys, customers, money, knowledge, preferences)
METRICS = {name: metric for family in FAMILIES for name, metric in family.METRICS.items()}
Key = tuple[Any, ...]


def answer(history: History, question: dict[str, Any], settings: Settings | None = None) -> dict[Key, Cell]:
    """{(dimension values ..., bucket start or None): {value, n, numerator, denominator}}."""
    return ask_desk(Desk(history, _instant(question["as_of"]), settings), question)


def _instant(value: Any) -> datetime:
    return naive_utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def ask_desk(desk: Desk, question: dict[str, Any]) -> dict[Key, Cell]:
    """The same on a desk that was read before (its `as_of` counts)."""
    ask = read(question, desk.as_of)
    out: dict[Key, Cell] = {}
    for bucket, window in windows(ask):
        outcome = METRICS[ask.metric](desk, window, ask)
        if outcome.every_bucket and window.start > desk.as_of:
            continue  # nothing is known of a stock at a time after `as_of`
        groups = _grouped(desk, window, ask, outcome)
        if not ask.by and (ask.grain is None or outcome.every_bucket):
            groups.setdefault((), {name: [] for name in outcome.parts})
        running = None if outcome.running is None else _open_n(desk, ask, outcome.running)
        for key, parts in groups.items():
            out[(*key, bucket)] = outcome.aggregate(parts)
            if running is not None:
                out[(*key, bucket)]["n_open"] = running[key]
    return out


def _open_n(desk: Desk, ask: Ask, running: list[Rec]) -> Counter[Key]:
    """Ruling 10: those running at the end of the window, under what they are then."""
    inside = [rec for rec in running if passes(desk, ask, rec)]
    return Counter(key for r in inside for key in product(*(values(desk, ask, r, d) for d in ask.by)))


def _grouped(desk: Desk, window: Window, ask: Ask, outcome: Outcome) -> dict[Key, Parts]:
    kept = {
        name: [r for r in recs if (not outcome.is_filed or window.holds(r.at)) and passes(desk, ask, r)]
        for name, recs in outcome.parts.items()
    }
    groups: dict[Key, Parts] = {}
    for name, recs in kept.items():
        if name in outcome.broadcast:
            continue
        for rec in recs:
            for key in product(*(values(desk, ask, rec, dimension) for dimension in ask.by)):
                groups.setdefault(key, {part: [] for part in kept})[name].append(rec)
    for name, unsplit in outcome.broadcast.items():
        split = [place for place, dimension in enumerate(ask.by) if dimension not in unsplit]
        shared: dict[Key, list[Rec]] = {}
        for rec in kept[name]:
            for part in product(*(values(desk, ask, rec, ask.by[place]) for place in split)):
                shared.setdefault(part, []).append(rec)
        for key, parts in groups.items():
            parts[name] = shared.get(tuple(key[place] for place in split), [])
    return groups


def passes(desk: Desk, ask: Ask, rec: Rec) -> bool:
    """Whether a row meets every condition; of a multi-valued dimension one value is enough."""
    return all(_meets(values(desk, ask, rec, dimension), op, wanted) for dimension, op, wanted in ask.where)


def _meets(have: list[str], op: str, wanted: tuple[Any, ...]) -> bool:
    texts = [str(value) for value in wanted]
    if op in ("=", "in"):
        return any(value in texts for value in have)
    if op in ("!=", "not in"):
        return not any(value in texts for value in have)
    if op == "contains":
        return any(text.casefold() in value.casefold() for value in have for text in texts)
    if op in ("null", "is null"):
        return have in ([NONE], [UNATTRIBUTED])
    if op in ("not null", "is not null"):
        return have not in ([NONE], [UNATTRIBUTED])
    raise ValueError(f"no operator {op!r}")
