"""Writes the files of `tests/data/hostile`: one for each thing that can be wrong with a file's structure.

`python tests/data/make_hostile.py` writes them anew; a test holds the folder to this list. What is too large to
be kept (`HUGE`) is made by the tests that need it.
"""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent / "hostile"

PLAIN = "id,subject,status\n1,Printer,open\n2,Café,closed\n"
LATIN = PLAIN.encode("cp1252")

SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(entries: dict[str, str | bytes]) -> bytes:
    """A zip that is the same bytes wherever it is made."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return target.getvalue()


def workbook(sheets: dict[str, str]) -> bytes:
    """A workbook of the given sheets, each the XML of its rows."""
    numbered = list(enumerate(sheets.items(), start=1))
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in numbered
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    entries: dict[str, str | bytes] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
    }
    for number, (_, rows) in numbered:
        entries[f"xl/worksheets/sheet{number}.xml"] = SHEET.format(rows)
    return zipped(entries)


def row(number: int, *cells: str | int | float | None) -> str:
    """The XML of a row whose cells begin in column A; None leaves a cell out."""
    written = []
    for index, cell in enumerate(cells):
        place = f"{chr(65 + index)}{number}"
        if isinstance(cell, str):
            written.append(f'<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>')
        elif cell is not None:
            written.append(f'<c r="{place}"><v>{cell}</v></c>')
    return f'<row r="{number}">{"".join(written)}</row>'


def packed(content: bytes) -> bytes:
    """Gzip without a time stamp, stored, so that it is the same bytes everywhere."""
    return gzip.compress(content, compresslevel=0, mtime=0)


LONG = "".join(f"{number},row {number},open\n" for number in range(1, 401))

FILES: dict[str, bytes] = {
    # characters
    "bom.csv": b"\xef\xbb\xbf" + PLAIN.encode(),
    "utf16.csv": PLAIN.encode("utf-16"),
    "utf16_without_bom.csv": PLAIN.encode("utf-16-le"),
    "utf16_cut.csv": PLAIN.encode("utf-16") + b"3",
    "latin1.csv": LATIN,
    "mixed_encodings.csv": (PLAIN + "3,Grüße,open\n").encode() + "4,Crème,open\n5,ok,open\n".encode("cp1252"),
    "mixed_header.csv": "id,état\n".encode("cp1252") + "1,été\n".encode(),
    "nul.csv": b"id,subject\n1,a\0b\n2,ok\n",
    "emoji.csv": "id,subject\n1,🙂 thanks 👩‍👩‍👧\n2,שלום עולם\n3,\u202eevil\n".encode(),
    "scripts.csv": b'id,subject\n1,<script>alert(1)</script>\n2,"=HYPERLINK(""http://x"")"\n3,@SUM(A1)\n',
    # delimiters
    "semicolon.csv": b"id;amount;note\n1;1,5;a,b\n2;2,25;c,d\n3;10,0;e,f\n",
    "tab.tsv": b"id\tnote\n1\ta,b\n2\t5'11\" tall\n",
    "pipe.txt": b"id|note\n1|a,b,c\n2|d;e;f\n",
    "sep_line.csv": b"sep=;\nid;note\n1;a,b\n2;c,d\n",
    "one_column.csv": b"id\n1\n\n2\n",
    # quotes and lines
    "quoted_newlines.csv": b'id,note,status\n1,"two\nlines, ""quoted""",open\n2,"a\r\n\r\nb",closed\n',
    "crlf.csv": PLAIN.replace("\n", "\r\n").encode(),
    "classic_mac.csv": PLAIN.replace("\n", "\r").encode(),
    "lone_cr.csv": b'id,note\n1,a\rb\n2,"c\rd"\n',
    "stray_quote.csv": b'id,note,status\n1,"3" disk,open\n2,ok,open\n3,"also ""ok""",open\n',
    "open_quote.csv": b'id,note,status\n1,"never closed,open\n2,ok,open\n3,ok,open\n',
    "broken_comment.csv": b'id,note,status\n1,"he said "hi"\nand then,left",open\n2,ok,open\n',
    # headers
    "header_twice.csv": b"id,note\n1,a\nid,note\n2,b\n",
    "no_header.csv": b"1,2024-01-05,open\n2,2024-01-06,closed\n",
    "title_above.csv": b"Ticket export,,\n\nid,note,status\n1,a,open\n2,b,open\n",
    "duplicate_names.csv": b"id,note,note,, id\n1,a,b,c,d\n",
    "header_only.csv": b"id,note\n",
    "ragged.csv": b"id,note,status\n1,a\n2,b,open\n3,c,open,extra\n\n4,d,open\n",
    # whole files
    "empty.csv": b"",
    "blank_lines.csv": b"\n\n\r\n",
    "empty_packed.csv.gz": packed(b""),
    "truncated.csv.gz": packed(("id,note,status\n" + LONG).encode())[:-900],
    "damaged.csv.gz": packed(PLAIN.encode())[:-8] + b"\0" * 8,
    "twice_packed.csv.gz": packed(packed(PLAIN.encode())),
    "two_members.csv.gz": packed(PLAIN.encode()) + packed(b"3,more,open\n"),
    "archive.zip": zipped({"tickets.csv": PLAIN}),
    "archive_as_workbook.xlsx": zipped({"tickets.csv": PLAIN}),
    "old_excel.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "page.html": b"<!DOCTYPE html><html><body>please log in</body></html>",
    "program.bin": bytes(range(256)) * 20,
    "fake.parquet": b"PAR1" + b"\0\1\2\3" * 50 + b"PAR1",
    # JSON
    "array.json": (
        '[{"id": 1, "by": {"name": "Ann"}, "tags": ["a", "b"]}, {"id": 2, "due": null, "note": "é"}]'.encode()
    ),
    "one_array.json": b'{"count": 2, "data": {"tickets": [{"id": 1}, {"id": 2}]}, "next_page": null}',
    "two_arrays.json": b'{"tickets": [{"id": 1}], "users": [{"id": 5}, {"id": 6}]}',
    "one_record.json": b'{"id": 7, "tags": ["a"]}',
    "truncated.json": b'[{"id": 1}, {"id": 2}, {"id"',
    "not_objects.json": b'[{"id": 1}, 5, null, "x", [1], {}, {"id": 2}]',
    "scalars.json": (
        b'[{"a": true, "b": 12345678901234567890, "c": 1e999, "d": NaN, "e": 1.50, "f": 0.1234567890123456789}]'
    ),
    "surrogates.json": b'[{"id": 1, "t": "\\ud83d\\ude00"}, {"id": 2, "t": "\\ud83d"}, {"id": 3, "t": "a\\u0000b"}]',
    "twice_key.json": b'[{"id": 1, "id": 2}, {"id": 3, "by": {"x": 1, "x": 2}}, {"id": 4, "a.b": 1, "a": {"b": 2}}]',
    "deep.json": b'[{"id": ' + b"[" * 40_000 + b"]" * 40_000 + b"}]",
    "lines.jsonl": b'{"id": 1}\n\n{"id": 2, "note": "a\\nb"}\nnot json\n[1]\n{"id": 3}\n{"id": 4',
    "lines_latin1.jsonl": '{"id": 1, "note": "ä"}\n'.encode() + '{"id": 2, "note": "ä"}\n'.encode("cp1252"),
    # workbooks
    "plain.xlsx": workbook(
        {
            "Cover": row(2, "Export") + row(4, "id", "amount", "note") + row(5, 1, 1.5, "a") + row(7, 2, 3, "b", "far"),
            "Empty": "",
            "Other": row(1, "x") + row(2, 1),
        }
    ),
    "far_corner.xlsx": workbook({"A": row(1, "id") + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'}),
    "implicit_far.xlsx": workbook({"A": "<row>" + "<c><v>1</v></c>" * 3_000 + '</row><row r="1048576"><c/></row>'}),
    "empty_sheet.xlsx": workbook({"A": ""}),
    "errors.xlsx": workbook(
        {"A": row(1, "id", "x") + '<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="e"><v>#N/A</v></c></row>'}
    ),
    "cut.xlsx": workbook({"A": row(1, "id")})[:-100],
    "wrong_checksum.xlsx": workbook({"A": row(1, "idea") + row(2, "abcd")}).replace(b"abcd", b"abce"),
}  # fmt: skip


def million_columns() -> bytes:
    """A CSV with one million columns."""
    header = ",".join(f"c{number}" for number in range(1_000_000))
    return (header + "\n" + ",".join("1" * 1_000_000) + "\n").encode()


def long_comment() -> bytes:
    """A CSV with a comment of 10 MB that runs over many lines."""
    comment = 'He said ""no"",\n' * 655_360
    return f'id,note,status\n1,"{comment}",open\n2,short,closed\n'.encode()


def gzip_bomb() -> bytes:
    """300 MB of zeros in 300 kB."""
    return gzip.compress(b"0" * (300 << 20), compresslevel=9, mtime=0)


def zip_bomb() -> bytes:
    """A workbook with a sheet of 300 MB of spaces."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook({"A": ""}))) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            archive.writestr(entry.filename, source.read(entry))
        archive.writestr("xl/media/image.xml", b" " * (300 << 20), zipfile.ZIP_DEFLATED)
    return target.getvalue()


HUGE: dict[str, Callable[[], bytes]] = {
    "million_columns.csv": million_columns,
    "long_comment.csv": long_comment,
    "bomb.csv.gz": gzip_bomb,
    "bomb.xlsx": zip_bomb,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in FILES.items():
        (FOLDER / name).write_bytes(content)
