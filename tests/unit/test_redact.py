"""A person is taken out of a file of any format, and of nothing else in it."""

import gzip
import io
import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from deskmeter.connectors.files.read import read_known, sniff
from deskmeter.connectors.files.redact import ColumnRole
from deskmeter.connectors.files.redact_file import redact_file
from deskmeter.connectors.files.redact_text import redact_delimited, redact_json_lines
from deskmeter.connectors.protocol import ReadHints
from deskmeter.ledger.forgotten import Forgotten, Person, tombstones_of

KEY = b"k" * 32
STONES = tombstones_of(Person("s", "c-17", ("Cléo Hart", "Zed"), ("cleo@x.example",)), KEY)
ID, MAIL, NAME, ONE_WORD = (one.token for one in STONES)
GONE = Forgotten(STONES)
ROLES = {"who": ColumnRole("person", True), "said": ColumnRole("words"), "n": ColumnRole("other")}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Dear cléo  HART, hello", f"Dear {NAME}, hello"),
        ("Hart, Cléo", "Hart, Cléo"),
        ("from Cléo\nHart at once", f"from {NAME}\n at once"),
        ("CLEO@X.EXAMPLE.", f"{MAIL}."),
        ("mailto:cleo@x.example>", f"mailto:{MAIL}>"),
        ("xcleo@x.example or cleo@x.example.org", "xcleo@x.example or cleo@x.example.org"),
        ("span:c-17/2", f"span:{ID}/2"),
        ("c-177 and ac-17", "c-177 and ac-17"),
        ("Zed", ONE_WORD),
        ("Zed Young", "Zed Young"),
        ("we asked Zed about it", f"we asked {ONE_WORD} about it"),
        ("Cléo Hartley", "Cléo Hartley"),
    ],
    ids=range(12),  # the pseudonym in the texts is drawn by every worker for itself
)
def test_texts(before: str, after: str) -> None:
    assert GONE.text(before) == after
    assert GONE.text(after) == after


def test_a_name_whose_small_letters_are_more() -> None:
    gone = Forgotten(tombstones_of(Person("s", "x", ("SSeßi Groß",)), KEY))
    assert gone.has_token(gone.text("SSeßi Groß")) and gone.has_token(gone.text("dear SSESSI GROSS"))


def test_quotes_delimiters_and_line_ends_stay() -> None:
    text = 'who;n;said\r\n"c-17";1;"a ""b"";\r\nc"\r\n\r\nc-18;c-17x;"Cléo Hart"\r\nragged\r\n c-17 ;2;'
    made = redact_delimited(text, ";", ("who", "n", "said"), ROLES, GONE)
    words = GONE.erased_text('a "b";\r\nc')
    assert made == f'who;n;said\r\n"{ID}";1;"{words}"\r\n\r\nc-18;c-17x;"{NAME}"\r\nragged\r\n {ID} ;2;'
    assert made.count("\n") == text.count("\n")


@given(st.lists(st.lists(st.text(alphabet='ab"; \n\r1', max_size=4), min_size=1, max_size=4), max_size=6))
def test_a_text_without_the_person_stays_byte_for_byte(rows: list[list[str]]) -> None:
    text = "\n".join(";".join(cells) for cells in rows)
    assert redact_delimited(text, ";", ("who", "n", "said"), ROLES, GONE) == text
    assert redact_delimited(text, ";", ("who",), ROLES, GONE, is_classic_mac=True) == text
    assert redact_json_lines(text, ROLES, GONE) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_encodings_stay(tmp_path: Path, encoding: str, is_packed: bool) -> None:
    text = "who;n;said\n" + "".join(f"c-{number};{number};émile für äé\n" for number in range(15, 20))
    content = text.encode(encoding)
    file = tmp_path / "f.csv"
    file.write_bytes(gzip.compress(content) if is_packed else content)
    facts = sniff(file, ReadHints(encoding=encoding.removesuffix("-sig")) if encoding == "utf-16-le" else ReadHints())
    made = redact_file(facts, ROLES, GONE).content
    assert made is not None
    plain = (gzip.decompress(made) if is_packed else made).decode(encoding)
    assert plain == text.replace("c-17", ID).replace(
        f"{ID};17;émile für äé", f"{ID};17;{GONE.erased_text('émile für äé')}"
    )


def test_lines_of_mixed_encoding_and_bytes_without_meaning(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(b"who;n;said\nc-17;1;x\nc-18;2;caf\xe9\nc-19;3;caf\xc3\xa9\nc-20;4;\x81\n")
    facts = sniff(file, ReadHints(encoding="mixed"))
    made = redact_file(facts, ROLES, GONE).content
    assert made is not None
    again = tmp_path / "g.csv"
    again.write_bytes(made)
    rows = [next(iter(read_known(sniff(path, ReadHints(encoding="mixed"))))) for path in (file, again)]
    assert rows[0].lines.equals(rows[1].lines)
    assert rows[0].table["n"].equals(rows[1].table["n"])


def test_json_numbers_nested_objects_and_lists() -> None:
    roles = {"by.id": ColumnRole("person", True), "from": ColumnRole("person", True)}
    gone = Forgotten(tombstones_of(Person("s", "17"), KEY))
    token = next(iter(gone.tokens))
    record = {"n": 17, "by": {"id": 17}, "big": 12345678901234567890, "talk": [{"from": 17, "n": 17}, {"from": 18}]}
    line = json.dumps(record)
    made = redact_json_lines(f"{line}\n{{broken 17\n\u2028", roles, gone).split("\n")
    assert json.loads(made[0]) == {
        "n": 17, "by": {"id": token}, "big": 12345678901234567890, "talk": [{"from": token, "n": 17}, {"from": 18}],
    }  # fmt: skip
    assert made[1:] == ["{broken 17", "\u2028"]


def test_parquet_keeps_its_types_but_where_a_number_was_a_person(tmp_path: Path) -> None:
    gone = Forgotten(tombstones_of(Person("s", "17", ("Cléo Hart",)), KEY))
    table = pa.table(
        {
            "who": pa.array([17, 18, None], pa.int64()), "n": pa.array([17, 1, 2], pa.int32()),
            "at": pa.array([datetime(2026, 3, 1, 9)] * 3, pa.timestamp("us", "UTC")), "x": [1.5, 2.0, None],
            "inner": [{"a": ["Cléo Hart"]}, {"a": []}, None], "flag": [True, False, None],
        }
    )  # fmt: skip
    file = tmp_path / "f.parquet"
    pq.write_table(table, file)
    made = redact_file(sniff(file), ROLES, gone).content
    assert made is not None
    after = pq.read_table(io.BytesIO(made))
    assert after["who"].to_pylist()[1:] == ["18", None] and after["who"][0].as_py() in gone.tokens
    for name in ("n", "at", "x", "flag"):
        assert after[name].equals(table[name])
    assert after["inner"][0].as_py()["a"][0] in gone.tokens


def test_a_workbook_keeps_every_value_of_every_kind(tmp_path: Path) -> None:
    file = tmp_path / "f.xlsx"
    book = xlsxwriter.Workbook(str(file))
    for title in ("one", "two"):
        sheet = book.add_worksheet(title)
        sheet.write_row(1, 1, ["who", "n", "said", "at", "day", "hour", "span", "flag"])
        for row, who in enumerate(("c-17", "c-18"), 2):
            sheet.write_row(row, 1, [who, 17.25, "<a & b>\n c"])
            sheet.write_datetime(row, 4, datetime(2026, 3, 1, 9, 30, 15, 250_000), book.add_format({"num_format": 22}))
            sheet.write_datetime(row, 5, date(2026, 3, 2), book.add_format({"num_format": 14}))
            sheet.write_datetime(row, 6, time(9, 30), book.add_format({"num_format": 21}))
            sheet.write_datetime(row, 7, timedelta(hours=30), book.add_format({"num_format": "[h]:mm:ss"}))
            sheet.write_boolean(row, 8, True)
    book.worksheets()[1].hide()
    book.close()
    facts = sniff(file)
    made = redact_file(facts, ROLES, GONE).content
    assert made is not None
    again = tmp_path / "g.xlsx"
    again.write_bytes(made)
    assert sniff(again).types == facts.types
    before, after = (next(iter(read_known(sniff(path)))) for path in (file, again))
    assert before.lines.equals(after.lines)
    for name in before.columns:
        if name not in ("who", "said"):
            assert after.table[name].equals(before.table[name]), name
    assert after.table["who"].to_pylist() == [ID, "c-18"]
    assert after.table["said"].to_pylist() == [GONE.erased_text("<a & b>\n c"), "<a & b>\n c"]
    assert redact_file(sniff(again), ROLES, GONE).content is None
