"""Text -> filters and back: the conditions after `--where`.

    channel=email   priority!=low   team in (A, "B, Inc")   tag not in (vip, trial)   score=2..4   score>=3
    name~invoice (contains)   reason=null   reason!=null

The text after `=` is taken as it stands; quotes are needed only for a text that is `null`, holds `..`, or begins or
ends with a blank or a quote.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from deskmeter.base.errors import AskerError, nearest
from deskmeter.query.request import Filter, Operator

WhereValue = str | int | float | bool | date | None
Where = str | Sequence[str] | Mapping[str, WhereValue | Sequence[WhereValue]]

_CONDITION = re.compile(
    r'\s*(?P<name>"(?:[^"\\]|\\.)*"|[^=!<>~"][^=!<>~]*?)\s*'
    r"(?P<operator>!=|<=|>=|==|=|<|>|~|\s(?:not\s+)?in(?=\s*\())"
    r"\s*(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*?))\s*(,|$)', re.DOTALL)
_COMPARING: dict[str, Operator] = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_HOW = "write for instance channel=email, priority!=low, team in (A, B) or reason=null"


def parse_filter(text: str, dimensions: Collection[str] | None = None) -> Filter:
    """One condition.

    >>> parse_filter("team not in (Billing, Field)")
    Filter(dimension='team', operator='not in', values=('Billing', 'Field'))
    >>> parse_filter("reason!=null")
    Filter(dimension='reason', operator='not null', values=())

    Args:
        dimensions: the known ids; None: any name is taken, for a later check.

    Raises:
        AskerError: no operator, an unknown dimension, an open quote or bracket.
    """
    found = _CONDITION.fullmatch(text)
    if not found:
        raise AskerError(f"`where` cannot read `{text}`; {_HOW}")
    name = _unquoted(found["name"]) if found["name"].startswith('"') else found["name"].strip()
    if dimensions is not None:
        check_dimension(name, dimensions)
    operator = " ".join(found["operator"].lower().split()).replace("==", "=")
    rest = found["rest"].strip()
    if operator in ("in", "not in"):
        return _membership(name, "in" if operator == "in" else "not in", rest, text)
    if operator == "~":
        return Filter(name, "contains", (_value(rest, text),))
    if operator in ("=", "!=") and rest.lower() == "null":
        return Filter(name, "null" if operator == "=" else "not null")
    if operator == "=" and (ends := _range(rest)):
        return _between(name, ends, text)
    return Filter(name, _COMPARING[operator], (_value(rest, text),))


def check_dimension(name: str, dimensions: Collection[str]) -> None:
    """AskerError with the nearest names unless `name` is a known dimension, a custom field or a `_then` of one."""
    if name not in dimensions and not (name.startswith("field:") and len(name) > len("field:")):
        raise AskerError(f"no dimension `{name}`{nearest(name, dimensions)}")


def format_filter(condition: Filter) -> str:
    """The text that `parse_filter` reads back as the same filter.

    >>> format_filter(Filter("team", "in", ("A", "B, Inc")))
    'team in (A, "B, Inc")'
    """
    name = _quote(condition.dimension) if re.search(r'[=!<>~"]|\s|^$', condition.dimension) else condition.dimension
    if condition.operator in ("null", "not null"):
        return f"{name}{'=' if condition.operator == 'null' else '!='}null"
    if condition.operator in ("in", "not in"):
        return f"{name} {condition.operator} ({', '.join(_item(value) for value in condition.values)})"
    if condition.operator == "between":
        return f"{name}={_item(condition.values[0])}..{_item(condition.values[1])}"
    sign = "~" if condition.operator == "contains" else condition.operator
    return f"{name}{sign}{_text(condition.values[0])}"


def where_filters(where: Where | None, dimensions: Collection[str] | None = None) -> tuple[Filter, ...]:
    """The filters of texts, or of a mapping: a value is =, a list is in, None is null.

    >>> where_filters({"channel": "email", "team": ["A", "B"]})[1]
    Filter(dimension='team', operator='in', values=('A', 'B'))
    """
    if where is None:
        return ()
    if isinstance(where, str):
        return (parse_filter(where, dimensions),)
    if not isinstance(where, Mapping):
        return tuple(parse_filter(text, dimensions) for text in where)
    for name in where:
        if dimensions is not None:
            check_dimension(name, dimensions)
    return tuple(_of_pair(name, value) for name, value in where.items())


def _of_pair(name: str, value: WhereValue | Sequence[WhereValue]) -> Filter:
    if value is None:
        return Filter(name, "null")
    if isinstance(value, str | int | float | date):
        return Filter(name, "=", (_word(value, name),))
    if not value:
        raise AskerError(f"`where` has an empty list for `{name}`; nothing can be in it")
    return Filter(name, "in", tuple(_word(item, name) for item in value))


def _word(value: WhereValue, name: str) -> str:
    if value is None:
        raise AskerError(f"`where` has a null in the list of `{name}`; ask for {name}=null on its own")
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _membership(name: str, operator: Operator, rest: str, text: str) -> Filter:
    if not (rest.startswith("(") and rest.endswith(")")):
        raise AskerError(f"`where` misses the closing bracket in `{text}`; write {name} {operator} (A, B)")
    values, at, inner = [], 0, rest[1:-1]
    while True:
        found = _ITEM.match(inner, at)
        if not found:
            raise AskerError(f"`where` cannot read the list in `{text}`; quote a value that holds a comma or a quote")
        value = _unescape(found[1]) if found[1] is not None else found[2]
        if found[1] is None and not value:
            raise AskerError(f'`where` has an empty value in `{text}`; write "" if the empty text is meant')
        if found[1] is None and value.lower() == "null":
            raise AskerError(
                f'`where` has null in the list of `{text}`; ask for {name}=null on its own, or write "null"'
            )
        values.append(value)
        if not found[3]:
            return Filter(name, operator, tuple(values))
        at = found.end()


def _range(rest: str) -> tuple[str, str] | None:
    """The two ends of `a..b`; None if it is no range (a quoted text is none)."""
    item = r'(?:"(?:[^"\\]|\\.)*"|(?:(?!\.\.)[^"])*)'
    found = re.fullmatch(rf"({item})\.\.({item})", rest, re.DOTALL)
    return (found[1].strip(), found[2].strip()) if found else None


def _between(name: str, ends: tuple[str, str], text: str) -> Filter:
    low, high = ends
    if not low and not high:
        raise AskerError(f"`where` has a range without ends in `{text}`; write {name}=1..5, {name}=1.. or {name}=..5")
    if not high:
        return Filter(name, ">=", (_value(low, text),))
    if not low:
        return Filter(name, "<=", (_value(high, text),))
    return Filter(name, "between", (_value(low, text), _value(high, text)))


def _value(rest: str, text: str) -> str:
    if rest.startswith('"'):
        if not _QUOTED.fullmatch(rest):
            raise AskerError(f'`where` has an open quote in `{text}`; write "..." and \\" for a quote inside')
        return _unquoted(rest)
    if rest[:1] in ("<", ">", "~"):
        raise AskerError(f"`where` has two operators in `{text}`; write >=, <= or ~ alone, or quote the value")
    if not rest:
        raise AskerError(f'`where` has no value in `{text}`; write =null for no value, ="" for the empty text')
    return rest


def _unquoted(text: str) -> str:
    return _unescape(text[1:-1])


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(value: str) -> str:
    is_plain = value and value == value.strip() and value.lower() != "null" and ".." not in value
    return value if is_plain and value[0] not in '"=(<>~' else _quote(value)


def _item(value: str) -> str:
    is_plain = re.fullmatch(r"[\w./:@+-]+", value) and ".." not in value and "." not in (value[0], value[-1])
    return value if is_plain and value.lower() != "null" else _quote(value)
