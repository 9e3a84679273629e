"""Every structural item of the bad-input list has a file, and the rows or the reason that it must give."""

import re
import runpy
from dataclasses import dataclass
from pathlib import Path

import pytest

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.read import read_known, read_rows, sniff
from deskmeter.connectors.protocol import RawBatch, ReadHints

DATA = Path(__file__).parents[1] / "data"
MADE = runpy.run_path(str(DATA / "make_hostile.py"))

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Gives:
    """What reading a file gives: rows by line, problems as (line, beginning of the reason), words of the notes."""

    columns: Row
    rows: dict[int, Row]
    problems: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()


PLAIN = Gives(("id", "subject", "status"), {2: ("1", "Printer", "open"), 3: ("2", "Café", "closed")})
QUOTE = "a field goes on after its closing quote"

EXPECTED: dict[str, Gives | str] = {
    "bom.csv": PLAIN,
    "utf16.csv": PLAIN,
    "utf16_without_bom.csv": Gives(PLAIN.columns, PLAIN.rows, (), ("no byte order mark; read as utf-16-le",)),
    "utf16_cut.csv": Gives(PLAIN.columns, PLAIN.rows, ((4, "holds bytes that mean nothing in utf-16-le"),)),
    "latin1.csv": Gives(PLAIN.columns, PLAIN.rows, (), ("line 3 is not UTF-8: the file is read as cp1252",)),
    "mixed_encodings.csv": Gives(
        PLAIN.columns,
        PLAIN.rows | {4: ("3", "Grüße", "open"), 6: ("5", "ok", "open")},
        ((5, "byte 0xe8 is not UTF-8; `encoding: mixed` reads such lines as cp1252"),),
        ("lines of a UTF-8 file that are not UTF-8: 1 (the first is line 5)",),
    ),
    "mixed_header.csv": "line 1 of .*, the column names, cannot be read: byte 0xe9 is not UTF-8",
    "nul.csv": Gives(("id", "subject"), {3: ("2", "ok")}, ((2, "the row holds a NUL byte"),)),
    "emoji.csv": Gives(
        ("id", "subject"), {2: ("1", "🙂 thanks 👩‍👩‍👧"), 3: ("2", "שלום עולם"), 4: ("3", "\u202eevil")}
    ),
    "scripts.csv": Gives(
        ("id", "subject"),
        {2: ("1", "<script>alert(1)</script>"), 3: ("2", '=HYPERLINK("http://x")'), 4: ("3", "@SUM(A1)")},
    ),
    "semicolon.csv": Gives(
        ("id", "amount", "note"), {2: ("1", "1,5", "a,b"), 3: ("2", "2,25", "c,d"), 4: ("3", "10,0", "e,f")}
    ),
    "tab.tsv": Gives(("id", "note"), {2: ("1", "a,b"), 3: ("2", "5'11\" tall")}),
    "pipe.txt": Gives(("id", "note"), {2: ("1", "a,b,c"), 3: ("2", "d;e;f")}),
    "sep_line.csv": Gives(
        ("id", "note"), {3: ("1", "a,b"), 4: ("2", "c,d")}, ((1, "the row stands above the header"),)
    ),
    "one_column.csv": Gives(("id",), {2: ("1",), 4: ("2",)}),
    "quoted_newlines.csv": Gives(
        ("id", "note", "status"),
        {2: ("1", 'two\nlines, "quoted"', "open"), 4: ("2", "a\r\n\r\nb", "closed")},
    ),
    "crlf.csv": PLAIN,
    "classic_mac.csv": PLAIN,
    "lone_cr.csv": Gives(("id", "note"), {3: ("2", "c\rd")}, ((2, "a carriage return stands alone"),)),
    "stray_quote.csv": Gives(
        ("id", "note", "status"), {3: ("2", "ok", "open"), 4: ("3", 'also "ok"', "open")}, ((2, QUOTE),)
    ),
    "open_quote.csv": Gives(
        ("id", "note", "status"),
        {3: ("2", "ok", "open"), 4: ("3", "ok", "open")},
        ((2, "a quote is opened here and never closed"),),
    ),
    "broken_comment.csv": Gives(
        ("id", "note", "status"),
        {4: ("2", "ok", "open")},
        ((2, QUOTE), (3, "the row follows the broken quote of line 2")),
    ),
    "header_twice.csv": Gives(("id", "note"), {2: ("1", "a"), 4: ("2", "b")}, ((3, "the row repeats the header"),)),
    "no_header.csv": Gives(
        ("column_1", "column_2", "column_3"),
        {1: ("1", "2024-01-05", "open"), 2: ("2", "2024-01-06", "closed")},
        (),
        ("the first row (`1`) looks like data",),
    ),
    "title_above.csv": Gives(
        ("id", "note", "status"),
        {4: ("1", "a", "open"), 5: ("2", "b", "open")},
        ((1, "the row stands above the header"),),
    ),
    "duplicate_names.csv": Gives(
        ("id", "note", "note_2", "column_4", "id_2"),
        {2: ("1", "a", "b", "c", "d")},
        (),
        ("called `note_2`", "column 4 has no name", "called `id_2`"),
    ),
    "header_only.csv": Gives(("id", "note"), {}),
    "ragged.csv": Gives(
        ("id", "note", "status"),
        {3: ("2", "b", "open"), 6: ("4", "d", "open")},
        ((2, "row has 2 fields, header has 3"), (4, "row has 4 fields, header has 3")),
    ),
    "empty.csv": "is empty",
    "blank_lines.csv": "holds no record, only blank lines",
    "empty_packed.csv.gz": "is empty once unpacked",
    "truncated.csv.gz": r"truncated gzip file: it breaks off after 5,707 unpacked bytes \(348 lines\)",
    "damaged.csv.gz": "is a damaged gzip file",
    "twice_packed.csv.gz": "is packed twice",
    "two_members.csv.gz": Gives(PLAIN.columns, PLAIN.rows | {4: ("3", "more", "open")}),
    "archive.zip": "is a zip archive and no workbook; unpack it",
    "archive_as_workbook.xlsx": "is a zip archive and no workbook; unpack it",
    "old_excel.xls": "is an old Excel file or protected by a password; save it as XLSX",
    "page.html": "is HTML or XML",
    "program.bin": "is neither text nor Parquet nor XLSX",
    "fake.parquet": "is damaged or not Parquet",
    "array.json": Gives(
        ("id", "by.name", "tags", "due", "note"),
        {1: ("1", "Ann", '["a", "b"]', None, None), 2: ("2", None, None, None, "é")},
    ),
    "one_array.json": Gives(("id",), {1: ("1",), 2: ("2",)}, (), ("records are read from `data.tickets`",)),
    "two_arrays.json": r"several arrays of records: `tickets` \(1\), `users` \(2\); name one as `records_path`",
    "one_record.json": Gives(("id", "tags"), {1: ("7", '["a"]')}, (), ("read as one record",)),
    "truncated.json": "is not whole JSON: line 1, column 29: it breaks off",
    "not_objects.json": Gives(
        ("id",),
        {1: ("1",), 7: ("2",)},
        (
            (2, "the record is a number, not an object"),
            (3, "the record is null"),
            (4, "the record is text"),
            (5, "the record is a list"),
            (6, "the object is empty"),
        ),
    ),
    "scalars.json": Gives(
        tuple("abcdef"), {1: ("true", "12345678901234567890", "1e999", "NaN", "1.5", "0.1234567890123456789")}
    ),
    "surrogates.json": Gives(
        ("id", "t"),
        {1: ("1", "😀")},
        ((2, "the record holds half of a surrogate pair"), (3, "the record holds a NUL character")),
    ),
    "twice_key.json": Gives(
        (),
        {},
        ((1, "an object holds the key `id` twice"), (2, "an object holds the key `x` twice"), (3, "two values for")),
    ),
    "deep.json": "values are nested too deeply",
    "lines.jsonl": Gives(
        ("id", "note"),
        {1: ("1", None), 3: ("2", "a\nb"), 6: ("3", None)},
        (
            (4, "the line is not JSON: column 1: expecting value"),
            (5, "the record is a list"),
            (7, "the line is not JSON: column 9"),
        ),
    ),
    "lines_latin1.jsonl": Gives(
        ("id", "note"), {1: ("1", "ä")}, ((2, "the line cannot be decoded"),), ("not UTF-8: 1 (the first is line 2)",)
    ),
    "plain.xlsx": Gives(
        ("id", "amount", "note"),
        {5: ("1", "1.5", "a")},
        ((2, "the row stands above the header"), (7, "row has 4 fields, header has 3")),
        ("sheet `Cover` is read; there are also `Empty`, `Other`",),
    ),
    "far_corner.xlsx": "a sheet of 1,048,576 rows and 16,384 columns",
    "implicit_far.xlsx": "a sheet of 1,048,576 rows and 3,000 columns",
    "empty_sheet.xlsx": "none of its sheets holds a cell",
    "errors.xlsx": Gives(("id", "x"), {2: ("1", None)}, (), ("cells with an Excel error (#N/A ...): 1",)),
    "cut.xlsx": "is a damaged or truncated zip archive or workbook",
    "wrong_checksum.xlsx": "is damaged or not an XLSX workbook: Bad CRC-32",
}


def gathered(batches: list[RawBatch]) -> tuple[dict[int, Row], list[tuple[int, str]]]:
    rows: dict[int, Row] = {}
    problems: list[tuple[int, str]] = []
    for batch in batches:
        columns = [column.to_pylist() for column in batch.table.columns]
        cells = zip(*columns, strict=True) if columns else [()] * len(batch.lines)
        rows.update(zip(batch.lines.to_pylist(), cells, strict=True))
        problems.extend((problem.line, problem.reason) for problem in batch.problems)
    return rows, problems


def test_the_folder_holds_what_its_script_writes() -> None:
    assert {file.name: file.read_bytes() for file in (DATA / "hostile").iterdir()} == MADE["FILES"]
    assert set(EXPECTED) == set(MADE["FILES"])


@pytest.mark.parametrize("name", sorted(name for name, gives in EXPECTED.items() if isinstance(gives, str)))
def test_a_file_that_cannot_be_read_is_one_clear_line(name: str) -> None:
    with pytest.raises(DataError, match=str(EXPECTED[name])) as raised:
        list(read_rows(DATA / "hostile" / name))
    assert "\n" not in str(raised.value)
    assert name in str(raised.value)


@pytest.mark.parametrize("is_quick", [True, False], ids=["quick", "careful"])
@pytest.mark.parametrize("name", sorted(name for name, gives in EXPECTED.items() if isinstance(gives, Gives)))
def test_a_hostile_file_gives_rows_and_reasons(name: str, is_quick: bool) -> None:
    gives = EXPECTED[name]
    assert isinstance(gives, Gives)
    facts = sniff(DATA / "hostile" / name)
    rows, problems = gathered(list(read_known(facts, is_quick)))
    assert facts.columns == gives.columns
    assert rows == gives.rows
    assert [line for line, _ in problems] == [line for line, _ in gives.problems]
    for (_, reason), (_, expected) in zip(problems, gives.problems, strict=True):
        assert reason.startswith(expected)
    assert len(facts.notes) == len(gives.notes)
    for note, words in zip(facts.notes, gives.notes, strict=True):
        assert words in note


@pytest.mark.parametrize("name", sorted(name for name, gives in EXPECTED.items() if isinstance(gives, Gives)))
def test_the_facts_are_hints_enough_to_read_the_same_again(name: str) -> None:
    facts = sniff(DATA / "hostile" / name)
    again = sniff(facts.path, facts.hints)
    assert gathered(list(read_known(again))) == gathered(list(read_known(facts)))
    assert (again.format, again.columns, again.header_row) == (facts.format, facts.columns, facts.header_row)


def test_set_aside_rows_carry_their_raw_text() -> None:
    problems = [p for batch in read_rows(DATA / "hostile" / "mixed_encodings.csv") for p in batch.problems]
    assert [problem.raw_text for problem in problems] == [r"4,Cr\xe8me,open"]


def test_rows_carry_their_raw_text() -> None:
    (batch,) = read_rows(DATA / "hostile" / "quoted_newlines.csv")
    assert batch.raw_text(0) == '1,"two\nlines, ""quoted""",open'
    assert batch.raw_text(1) == '2,"a\r\n\r\nb",closed'


def test_mixed_reads_a_line_as_cp1252_where_it_is_not_utf8() -> None:
    rows, problems = gathered(list(read_rows(DATA / "hostile" / "mixed_encodings.csv", ReadHints(encoding="mixed"))))
    assert rows[4] == ("3", "Grüße", "open")
    assert rows[5] == ("4", "Crème", "open")
    assert problems == []


@pytest.fixture
def huge(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path: Path = tmp_path / request.param
    path.write_bytes(MADE["HUGE"][request.param]())
    return path


@pytest.mark.parametrize("huge", ["million_columns.csv"], indirect=True)
def test_a_million_columns_are_refused(huge: Path) -> None:
    with pytest.raises(DataError, match=re.escape("has 1,000,000 columns, more than the 10,000 that are read")):
        sniff(huge)


@pytest.mark.parametrize("huge", ["long_comment.csv"], indirect=True)
def test_a_comment_of_ten_megabytes_is_read_whole(huge: Path) -> None:
    batches = list(read_rows(huge))
    rows, problems = gathered(batches)
    assert problems == []
    assert list(rows) == [2, 655_363]
    note = rows[2][1]
    assert note == 'He said "no",\n' * 655_360
    assert rows[655_363] == ("2", "short", "closed")


@pytest.mark.parametrize("huge", ["bomb.csv.gz"], indirect=True)
def test_a_gzip_bomb_is_refused(huge: Path) -> None:
    with pytest.raises(DataError, match=r"unpacks to more than 200 times its [0-9,]+ bytes, as a gzip bomb does"):
        sniff(huge)


@pytest.mark.parametrize("huge", ["bomb.xlsx"], indirect=True)
def test_a_zip_bomb_is_refused(huge: Path) -> None:
    with pytest.raises(DataError, match=r"unpacks to more than 200 times its [0-9,]+ bytes, as a zip bomb does"):
        sniff(huge)
