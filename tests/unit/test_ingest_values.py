"""Hostile values: each gives the right row, or is set aside with one clear reason, or is kept and noted."""

from datetime import datetime

from ingest_rows import VALUES, Outcome, read_file

from deskmeter.ingest.mapping_text import load_mapping


def outcome(name: str) -> Outcome:
    return read_file(VALUES / f"{name}.csv", load_mapping(VALUES / f"{name}.yml"))


def aside(found: Outcome, key: str) -> dict[str, str]:
    """Why each row was set aside, by its first cell."""
    return {row.raw.split(key)[0]: row.reason for row in found.set_aside}


def test_times_of_many_makes_become_one_instant_or_a_reason():
    found = outcome("times")
    at = {row["ticket"]: row["at"] for row in found.rows("event")}
    assert at == {
        "iso": datetime(2024, 3, 5, 6, 7, 8),
        "iso-zoned": datetime(2024, 3, 5, 4, 7, 8),
        "iso-z": datetime(2024, 3, 5, 6, 7, 8),
        "epoch": datetime(2024, 3, 5, 6, 7, 8),
        "epoch-ms": datetime(2024, 3, 5, 6, 7, 8, 123000),
        "gap": datetime(2024, 3, 31, 1, 0),  # 01:30 does not exist in London that day; 02:00 BST is 01:00 UTC
        "twice": datetime(2024, 10, 27, 0, 30),  # the first of the two, still in summer time
        "two-digit": datetime(2024, 3, 5),
        "nbsp": datetime(2024, 3, 5, 6, 7, 8),
    }
    forms = "`iso` or `epoch_s` or `epoch_ms` or `%d/%m/%y`"
    assert aside(found, ",") == {
        "year-9999": "`at` `9999-12-31 00:00:00` lies after the import",
        "zero": "`1970-01-01 00:00:00` is the zero of a clock and no time; put it under `nulls` if it means none",
        "february": f"`2024-02-30 00:00:00` is no time of the form {forms}",
        "words": f"`yesterday` is no time of the form {forms}",
        "hour-25": f"`2024-03-05 25:00:00` is no time of the form {forms}",
        "infinity": f"`Infinity` is no time of the form {forms}",
        "empty": "no `at`: there is no value in this row",
        "null-word": "no `at`: there is no value in this row",
    }
    assert found.odd()["local time in a gap"] == found.odd()["local time exists twice"] == 1


def test_european_numbers_become_exact_money_or_a_reason():
    found = outcome("orders")
    money = {row["id"]: (row.get("amount_micros"), row.get("cost_micros")) for row in found.rows("order")}
    assert money == {
        "european": (1_234_500_000, 1_000_000_000),
        "plain": (12_500_000, 0),
        "negative": (-99_000_000, None),
        "micro": (0, None),
        "not-a-number": (None, None),
        "not-available": (None, None),
    }
    number = "is no number (decimal sign `,`, thousands `.`)"
    assert aside(found, ";") == {
        "english": f"`1,234.50` {number}",
        "grouping": f"`12.34,5` {number}",
        "infinity": f"`Infinity` {number}",
        "question": f"`?` {number}",
        "huge": f"`99999999999999999999` {number}",
        "american": "`13/03/2024` is no time of the form `%d.%m.%Y`",
    }
    assert found.odd() == {"rounded down": 1}


def test_calls_with_negative_or_strange_values_are_set_aside_with_one_reason():
    found = outcome("calls")
    rows = {row["id"]: row for row in found.rows("call")}
    assert set(rows) == {"good", "strange-outcome"}
    assert (rows["good"]["talk_s"], rows["good"]["hold_s"], rows["good"]["is_transferred"]) == (270, 300, True)
    assert aside(found, ",") == {
        "backwards": "`ended_at` lies before `ringing_at`",
        "negative": "`-5` is a negative length of time",
        "strange-direction": "`sideways` is no `direction`; known: in, out",
        "strange-flag": "`perhaps` is neither yes nor no",
        "strange-length": "`4 min` is no length of time such as `1:02:03`",
    }
    assert found.odd() == {"unknown outcome": 1}


def test_ratings_as_numbers_stars_words_and_smileys():
    found = outcome("ratings")
    assert {row["id"]: row.get("score") for row in found.rows("survey_answer")} == {
        "number": 4.0,
        "decimal": 4.0,
        "half": 3.5,
        "off": 11.0,
        "stars": 3.0,
        "emoji-stars": 2.0,
        "of-five": 4.0,
        "word": 5.0,
        "smiley": 5.0,
    }
    assert aside(found, ",") == {
        "banana": "`banana` is no rating; say under `points` what it is worth",
        "of-ten": "`4/10` is no rating; say under `points` what it is worth",
    }
    assert found.odd() == {"rating off the scale": 2}
    assert found.understood == 10  # who did not answer is understood, and gives no row


def test_tickets_with_impossible_stamps_stay_and_are_noted():
    found = outcome("tickets")
    assert found.reasons() == {
        12: "`created_at` `2031-01-01 00:00:00` lies after the import",
        13: "no `ticket`: there is no value in this row",
    }
    kinds: dict[object, list[object]] = {}
    for event in found.rows("event"):
        kinds.setdefault(event["ticket"], []).append(event["kind"])
    assert kinds["good"] == ["created", "message", "status", "status"]
    assert kinds["solved-before-created"] == ["created"]
    assert kinds["reply-before-created"] == ["created", "status"]
    assert kinds["reply-after-solved"] == ["created", "message", "status"]
    assert kinds["closed-before-solved"] == ["created", "status"]
    assert "no-times" not in kinds
    tickets = {row["id"] for row in found.rows("ticket")}
    assert {"good", "GOOD", "blanks", "no-times", "<script>alert(1)</script>", "مرحبا😀"} <= tickets
    odd = found.odd()
    assert odd["resolved before created"] == odd["first reply before created"] == odd["closed before resolved"] == 1
    assert odd["resolved before first reply"] == odd["status without stage"] == odd["unknown channel"] == 1
    assert odd["outer blanks"] == odd["ticket without a time"] == 1


def test_ids_that_differ_only_by_case_are_two_and_noted():
    assert outcome("tickets").odd()["ids alike"] == 2  # good and GOOD, ann and Ann
