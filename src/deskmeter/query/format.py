"""Numbers as people read them: by unit, with null as a dash and never as a zero."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from deskmeter.base.time import start_of_day
from deskmeter.query.result import Cell, Change, MetricInfo

NULL = "–"
MINUS = "−"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_RELATIVE_UNITS = ("count", "seconds", "money")  # a change of these is told in per cent of what was


def format_value(value: float | None, unit: str, decimals: int = 1, clock: str | None = None) -> str:
    """A value with its unit.

    >>> [format_value(0.4211, "share"), format_value(11520, "seconds"), format_value(1234, "count")]
    ['42.1 %', '3 h 12 m', '1,234']
    >>> [format_value(None, "share"), format_value(-7.25, "points"), format_value(1234.5, "money")]
    ['–', '−7.2', '1,234.50']
    """
    if value is None:
        return NULL
    if unit == "share":
        return f"{_number(100 * value, decimals)} %"
    if unit == "seconds":
        return format_duration(value, is_business=clock == "business")
    if unit == "count":
        return _number(value, 0 if value == int(value) else decimals)
    if unit == "money" or _is_currency(unit):
        return _number(value, 2) + ("" if unit == "money" else f" {unit}")
    return _number(value, decimals)


def format_duration(seconds: float, is_business: bool = False) -> str:
    """The two largest units of a duration; business time stays in hours, for its days have no fixed length.

    >>> [format_duration(s) for s in (0, 0.4, 45, 725, 11_520, 86_400, 273_600)]
    ['0 s', '0.4 s', '45 s', '12 m 5 s', '3 h 12 m', '1 d', '3 d 4 h']
    >>> [format_duration(273_600, is_business=True), format_duration(-90), format_duration(14_399.9)]
    ['76 h', '−1 m 30 s', '4 h']
    """
    if seconds < 0:
        return MINUS + format_duration(-seconds, is_business)
    if 0 < seconds < 1:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "0 s"
    steps = _STEPS[1:] if is_business else _STEPS
    for place, ((large, name), (small, small_name)) in enumerate(pairwise(steps)):
        if round(seconds) < large:
            continue
        rounded = round(seconds / small) * small
        if place and rounded >= steps[place - 1][0]:  # 23 h 59 m 40 s is a day
            large, name = steps[place - 1]
        count, rest = divmod(rounded, large)
        return f"{count:,} {name}" + (f" {rest // small} {small_name}" if rest else "")
    return f"{round(seconds)} s"


def format_interval(
    low: float | None, high: float | None, unit: str, decimals: int = 1, clock: str | None = None
) -> str:
    """An interval in brackets, without the sign of a share; a dash if there is none.

    >>> [format_interval(0.412, 0.45, "share"), format_interval(3480, 5460, "seconds"), format_interval(None, 1, "")]
    ['[41.2, 45.0]', '[58 m, 1 h 31 m]', '–']
    """
    if low is None or high is None:
        return NULL
    ends = (format_value(end, unit, decimals, clock).removesuffix(" %") for end in (low, high))
    return f"[{', '.join(ends)}]"


def format_cell(cell: Cell, metric: MetricInfo) -> str:
    """The value of a cell, or `too few` where a share of so few would mislead."""
    text = format_value(cell.value, metric.unit, metric.decimals, metric.clock)
    return f"{text} (too few)" if cell.too_few and cell.value is not None else text


def format_cell_interval(cell: Cell, metric: MetricInfo) -> str:
    """The interval of a cell."""
    return format_interval(cell.low, cell.high, metric.unit, metric.decimals, metric.clock)


def format_change(change: Change | None, metric: MetricInfo) -> str:
    """An arrow and the change: per cent for counts, times and money, else the difference (shares in points).

    >>> nps = MetricInfo("nps", "nps", "NPS", "points", "", "", None, "", "", "1", "up")
    >>> format_change(Change(-3.2, None, -5.0, -1.4, "worse"), nps)
    '▼ −3.2'
    """
    if change is None or change.difference is None:
        return NULL
    arrow = "▲" if change.difference > 0 else "▼" if change.difference < 0 else "="
    return f"{arrow} {_amount(change, metric)}" if change.difference else "= 0"


def format_verdict(change: Change | None) -> str:
    """What a reader may say of a change; nothing where there is none or none may be said.

    >>> format_verdict(Change(1.0, None, None, None, "no verdict"))
    ''
    """
    return "" if change is None or change.verdict == "no verdict" else change.verdict


def format_bucket(at: datetime | None, grain: str | None, tz: ZoneInfo) -> str:
    """The name of a bucket by its first instant.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 31, 23, tzinfo=UTC)
    >>> [format_bucket(at, grain, ZoneInfo("Europe/London")) for grain in ("day", "week", "month", "quarter")]
    ['2026-04-01', '2026-04-01', '2026-04', '2026-Q2']
    """
    if at is None:
        return ""
    local = at.astimezone(tz)
    if grain == "hour":
        return local.strftime("%Y-%m-%d %H:%M")
    if grain == "quarter":
        return f"{local.year}-Q{(local.month + 2) // 3}"
    return local.strftime({"month": "%Y-%m", "year": "%Y"}.get(grain or "", "%Y-%m-%d"))


def format_span(from_at: datetime, to_at: datetime, tz: ZoneInfo) -> str:
    """A period in words: its first and last day, with times where it is not made of whole days.

    >>> from datetime import UTC
    >>> format_span(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), ZoneInfo("UTC"))
    '2026-05-01 to 2026-05-31'
    """
    first, after = from_at.astimezone(tz), to_at.astimezone(tz)
    if start_of_day(first.date(), tz) != from_at or start_of_day(after.date(), tz) != to_at:
        return f"{first:%Y-%m-%d %H:%M} to {after:%Y-%m-%d %H:%M}"
    last = after.date() - timedelta(days=1)
    return f"{first:%Y-%m-%d}" if last == first.date() else f"{first:%Y-%m-%d} to {last}"


def format_at(at: datetime | None, tz: ZoneInfo) -> str:
    """An instant on the wall clock of `tz`, to the minute; a dash for none."""
    return NULL if at is None else f"{at.astimezone(tz):%Y-%m-%d %H:%M}"


def _amount(change: Change, metric: MetricInfo) -> str:
    assert change.difference is not None
    is_relative = metric.unit in _RELATIVE_UNITS or _is_currency(metric.unit)
    if is_relative and change.relative is not None:
        return f"{_signed(100 * change.relative, 1)} %"
    if metric.unit == "share":
        return f"{_signed(100 * change.difference, metric.decimals)} pp"
    if metric.unit == "seconds":
        text = format_duration(change.difference, is_business=metric.clock == "business")
        return text if text.startswith(MINUS) else f"+{text}"
    is_whole = metric.unit == "count" and change.difference == int(change.difference)
    return _signed(change.difference, 0 if is_whole else metric.decimals)


def _number(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def _signed(value: float, decimals: int) -> str:
    text = _number(value, decimals)
    return text if text.startswith(MINUS) else f"+{text}"


def _is_currency(unit: str) -> bool:
    return len(unit) == 3 and unit.isupper() and unit.isalpha()
