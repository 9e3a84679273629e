"""Weekly business hours as people write them: `Mon-Fri 08:00-18:00`."""

import re

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"^(?P<first>[a-z]{3})[a-z]*(?:\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<open>\d{1,2}:\d{2})\s*-\s*(?P<close>\d{1,2}:\d{2})$",
    re.IGNORECASE,
)


def weekly_hours(text: str) -> list[tuple[int, int, int]]:
    """Weekday (0 Monday), opening and closing minute of each stretch; ValueError if the text is none.

    >>> weekly_hours("Mon-Tue 08:00-18:00")
    [(0, 480, 1080), (1, 480, 1080)]
    >>> weekly_hours("Fri 22:00-06:00")
    [(4, 1320, 1800)]
    """
    found = _HOURS.match(text.strip())
    if not found or {found["first"].lower(), (found["last"] or found["first"]).lower()} - set(_DAYS):
        raise ValueError(f"`{text}` are no hours; write them as `Mon-Fri 08:00-18:00`")
    first, last = _DAYS.index(found["first"].lower()), _DAYS.index((found["last"] or found["first"]).lower())
    opens, closes = _minute(found["open"], text), _minute(found["close"], text)
    if closes <= opens:
        closes += 1440
    return [((first + day) % 7, opens, closes) for day in range((last - first) % 7 + 1)]


def _minute(clock: str, text: str) -> int:
    hours, minutes = (int(part) for part in clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > 1440:
        raise ValueError(f"`{clock}` in `{text}` is no time of day")
    return hours * 60 + minutes
