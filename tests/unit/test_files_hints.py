from pathlib import Path

import pytest

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.read import read_rows, sniff
from deskmeter.connectors.protocol import ReadHints

DATA = Path(__file__).parents[1] / "data" / "hostile"


def columns(name: str, hints: ReadHints) -> tuple[str, ...]:
    return sniff(DATA / name, hints).columns


def test_a_delimiter_hint_wins(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    path.write_text("id,x;y\n1,2;3\n")
    assert sniff(path).columns == ("id", "x;y")
    assert sniff(path, ReadHints(delimiter=";")).columns == ("id,x", "y")


@pytest.mark.parametrize("delimiter", ["", ";;", "\n", '"', " ", "é"])
def test_a_delimiter_is_one_character_that_can_split(delimiter: str) -> None:
    with pytest.raises(DataError, match="is not one character that can split fields"):
        sniff(DATA / "semicolon.csv", ReadHints(delimiter=delimiter))


def test_a_header_hint_sets_the_rows_above_aside() -> None:
    (batch,) = read_rows(DATA / "ragged.csv", ReadHints(header_row=3))
    assert batch.columns == ("2", "b", "open")
    assert [problem.line for problem in batch.problems] == [1, 2, 4]


def test_header_row_zero_names_the_columns_by_place() -> None:
    (batch,) = read_rows(DATA / "bom.csv", ReadHints(header_row=0))
    assert batch.columns == ("column_1", "column_2", "column_3")
    assert batch.lines.to_pylist() == [1, 2, 3]


def test_a_header_on_no_record_is_an_error() -> None:
    with pytest.raises(DataError, match=r"no record begins on line 9 of .*\(the first begin on 1, 2, 3\)"):
        sniff(DATA / "bom.csv", ReadHints(header_row=9))


def test_numbers_in_a_header_above_numbers_do_not_make_it_data(tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    path.write_text("team,2023,2024,total\nA,1,2,3\nB,4,5,9\n")
    assert sniff(path).columns == ("team", "2023", "2024", "total")


@pytest.mark.parametrize("encoding", ["hex", "idna", "undefined", "no-such", ""])
def test_an_unknown_encoding_is_an_error(encoding: str) -> None:
    with pytest.raises(DataError, match=f"encoding `{encoding}` for .* is not known"):
        sniff(DATA / "bom.csv", ReadHints(encoding=encoding))


def test_an_encoding_hint_wins(tmp_path: Path) -> None:
    path = tmp_path / "cyrillic.csv"
    path.write_bytes("имя\nАнна\n".encode("koi8-r"))
    (batch,) = read_rows(path, ReadHints(encoding="koi8-r"))
    assert batch.table.to_pydict() == {"имя": ["Анна"]}


def test_an_unknown_sheet_offers_the_nearest() -> None:
    with pytest.raises(DataError, match=r"has no sheet `Covr`; did you mean `Cover`\? \(it has Cover, Empty, Other\)"):
        sniff(DATA / "plain.xlsx", ReadHints(sheet="Covr"))


def test_a_sheet_hint_wins() -> None:
    assert columns("plain.xlsx", ReadHints(sheet="Other")) == ("x",)


def test_records_path_names_one_array_of_several() -> None:
    (batch,) = read_rows(DATA / "two_arrays.json", ReadHints(records_path="users"))
    assert batch.table.to_pydict() == {"id": ["5", "6"]}
    with pytest.raises(DataError, match=r"has no array `user`; did you mean `users`\?"):
        sniff(DATA / "two_arrays.json", ReadHints(records_path="user"))


def test_a_dot_as_records_path_takes_the_document_as_one_record() -> None:
    (batch,) = read_rows(DATA / "one_array.json", ReadHints(records_path="."))
    assert batch.table.to_pydict() == {"count": ["2"], "data.tickets": ['[{"id": 1}, {"id": 2}]'], "next_page": [None]}


def test_a_wrong_format_hint_is_one_clear_line() -> None:
    with pytest.raises(DataError, match="is damaged or not an XLSX workbook: File is not a zip file"):
        sniff(DATA / "bom.csv", ReadHints(format="xlsx"))
    with pytest.raises(DataError, match=r"no format `exel`; did you mean"):
        sniff(DATA / "bom.csv", ReadHints(format="exel"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id,tags,note\n1,a|b,x\n2,c|d,y\n3,e|f,z\n", ","),
        ("id;price;when\n1;1,5;1,2,3\n2;2,5;4,5,6\n", ";"),
        ('id,text\n1,"a;b;c"\n2,"d;e;f"\n', ","),
        ("id\ttext\n1\tone, two, three\n2\tfour; five\n", "\t"),
        ("a|b\n1,2|3,4\n5,6|7,8\n", "|"),
        ("just words\nand more, of them\nand more\n", ","),
        ("id,text\n", ","),
        ('"id";"text"\n"1";"a, b"\n"2";"c, ""d"""\n', ";"),
    ],
)
def test_the_delimiter_is_the_one_that_explains_the_rows(tmp_path: Path, text: str, delimiter: str) -> None:
    path = tmp_path / "some.txt"
    path.write_text(text)
    assert sniff(path).delimiter == delimiter
