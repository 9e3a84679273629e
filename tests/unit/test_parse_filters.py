"""Conditions as people type them."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmeter.base.errors import AskerError
from deskmeter.query.filters import format_filter, parse_filter, where_filters
from deskmeter.query.request import Filter

KNOWN = ("channel", "team", "priority", "reason", "tag", "agent")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("channel=email", Filter("channel", "=", ("email",))),
        (" channel == email ", Filter("channel", "=", ("email",))),
        ("priority!=low", Filter("priority", "!=", ("low",))),
        ("team in (A, B)", Filter("team", "in", ("A", "B"))),
        ("team IN(A)", Filter("team", "in", ("A",))),
        ('team not  in ("B, Inc" ,C)', Filter("team", "not in", ("B, Inc", "C"))),
        ("team=A, Inc", Filter("team", "=", ("A, Inc",))),
        ("agent=Ana = Bea", Filter("agent", "=", ("Ana = Bea",))),
        ("priority=2..4", Filter("priority", "between", ("2", "4"))),
        ("priority=2..", Filter("priority", ">=", ("2",))),
        ("priority=..4", Filter("priority", "<=", ("4",))),
        ("priority<3", Filter("priority", "<", ("3",))),
        ("priority >= 3", Filter("priority", ">=", ("3",))),
        ("reason~refund", Filter("reason", "contains", ("refund",))),
        ("reason=null", Filter("reason", "null")),
        ("reason != NULL", Filter("reason", "not null")),
        ('reason="null"', Filter("reason", "=", ("null",))),
        ('reason=""', Filter("reason", "=", ("",))),
        ('reason="a..b"', Filter("reason", "=", ("a..b",))),
        (r'reason="say \"hi\""', Filter("reason", "=", ('say "hi"',))),
        ("field:Order no=17", Filter("field:Order no", "=", ("17",))),
        ('"field:a=b"=17', Filter("field:a=b", "=", ("17",))),
        ("reason=(none)", Filter("reason", "=", ("(none)",))),
    ],
)
def test_a_condition_means_one_filter(text: str, expected: Filter) -> None:
    assert parse_filter(text, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("chanel=email", "no dimension `chanel`; did you mean `channel`?"),
        ("field:=1", "no dimension `field:`"),
        ("channel", "cannot read `channel`"),
        ("=email", "cannot read `=email`"),
        ("channel=", "no value in `channel=`"),
        ("priority=>3", "two operators"),
        ("team in (A, B", "misses the closing bracket"),
        ("team in ()", "empty value"),
        ("team in (A,,B)", "empty value"),
        ("team in (A, null)", "team=null on its own"),
        ('team in (A "x")', "cannot read the list"),
        ('team="A', "open quote"),
        ("priority=..", "range without ends"),
        ("team !~ x", "cannot read"),
    ],
)
def test_a_wrong_condition_is_one_clear_line(text: str, part: str) -> None:
    with pytest.raises(AskerError) as caught:
        parse_filter(text, KNOWN)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


texts = st.text(max_size=12) | st.sampled_from(["null", "a..b", "..", '"', "(a, b)", "\\", " in (x)", "not in (", "=>"])
names = st.text(min_size=1, max_size=12).map(lambda text: f"field:{text}") | st.sampled_from(KNOWN)
filters = st.one_of(
    st.builds(
        lambda name, operator, value: Filter(name, operator, (value,)),
        names,
        st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains"]),
        texts,
    ),
    st.builds(
        lambda name, operator, values: Filter(name, operator, tuple(values)),
        names,
        st.sampled_from(["in", "not in"]),
        st.lists(texts, min_size=1, max_size=4),
    ),
    st.builds(lambda name, low, high: Filter(name, "between", (low, high)), names, texts, texts),
    st.builds(lambda name, operator: Filter(name, operator), names, st.sampled_from(["null", "not null"])),
)


@given(condition=filters)
def test_every_filter_reads_back_as_itself(condition: Filter) -> None:
    assert parse_filter(format_filter(condition), KNOWN) == condition


@given(text=st.text(max_size=30))
def test_any_text_is_a_filter_or_one_clear_line(text: str) -> None:
    with suppress(AskerError):
        parse_filter(text)


def test_a_mapping_says_equal_in_and_null() -> None:
    where = {"channel": "email", "team": ["A", 2], "reason": None, "field:vip": True, "field:on": date(2026, 1, 2)}
    assert where_filters(where, KNOWN) == (
        Filter("channel", "=", ("email",)),
        Filter("team", "in", ("A", "2")),
        Filter("reason", "null"),
        Filter("field:vip", "=", ("true",)),
        Filter("field:on", "=", ("2026-01-02",)),
    )


def test_texts_and_nothing_are_filters_too() -> None:
    assert where_filters(None) == ()
    assert where_filters("a=1") == (Filter("a", "=", ("1",)),)
    assert where_filters(["a=1", "b=2"]) == (Filter("a", "=", ("1",)), Filter("b", "=", ("2",)))


def test_a_mapping_with_a_wrong_name_or_an_empty_list_is_refused() -> None:
    with pytest.raises(AskerError, match="did you mean `channel`"):
        where_filters({"chanel": "x"}, KNOWN)
    with pytest.raises(AskerError, match="empty list for `team`"):
        where_filters({"team": []}, KNOWN)
    with pytest.raises(AskerError, match="null in the list of `team`"):
        where_filters({"team": ["A", None]}, KNOWN)
