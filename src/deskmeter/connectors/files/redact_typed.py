"""Parquet and XLSX without the people who were erased: written anew from their values, and from nothing else."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from deskmeter.connectors.files.arrow_text import value_text
from deskmeter.connectors.files.columns import column_names
from deskmeter.connectors.files.redact import UNREAD, ColumnRole, Roles, redact_row
from deskmeter.connectors.files.redact_text import redact_value
from deskmeter.ledger.forgotten import Forgotten

_EPOCH = datetime(1899, 12, 30)
_STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss.000"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm:ss.000"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="21" applyNumberFormat="1"/>'
    '<xf numFmtId="165" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
_DATE, _INSTANT, _TIME, _LENGTH = 1, 2, 3, 4
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def redact_parquet(content: bytes, roles: Roles, forgotten: Forgotten) -> bytes | None:
    """The file written anew, or None where nothing in it must go. A column of numbers becomes text where it must."""
    table = pq.read_table(io.BytesIO(content))
    rows = table.to_pylist() if _has_inner(table) else None
    columns = {name: table[name] for name in table.column_names}
    texts = [[value_text(value) if _is_cell(column.type) else None for value in column.to_pylist()]
             for column in columns.values()]  # fmt: skip
    row_roles = [_role(name, columns[name].type, roles) for name in columns]
    after = [redact_row(cells, row_roles, forgotten) for cells in zip(*texts, strict=True)]
    is_changed = False
    for place, (name, column) in enumerate(columns.items()):
        made = [row[place] for row in after]
        if _is_cell(column.type) and made != texts[place]:
            columns[name] = pa.chunked_array([pa.array(made, pa.string())])
            is_changed = True
        elif rows is not None and not _is_cell(column.type):
            inner = [redact_value(row[name], roles, forgotten) for row in rows]
            if inner != [row[name] for row in rows]:
                columns[name] = pa.chunked_array([pa.array(inner, column.type)])
                is_changed = True
    if not is_changed and table.schema.metadata == _plain_metadata(table, forgotten):
        return None
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, version="2.6", row_group_size=1 << 20)
    return out.getvalue()


def _plain_metadata(table: pa.Table, forgotten: Forgotten) -> dict[bytes, bytes] | None:
    found = table.schema.metadata
    return found and {key: forgotten.text(text.decode("utf-8", "replace")).encode() for key, text in found.items()}


def _is_cell(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or (
        pa.types.is_dictionary(kind) and _is_cell(kind.value_type)
    )  # fmt: skip


def _has_inner(table: pa.Table) -> bool:
    return any(pa.types.is_nested(column.type) for column in table.columns)


def _role(name: str, kind: pa.DataType, roles: Roles) -> ColumnRole:
    found = roles.get(name, UNREAD)
    return ColumnRole("other") if pa.types.is_integer(kind) and found.use != "person" else found


def redact_workbook(
    content: bytes, sheet: str | None, names: tuple[str, ...], roles: Roles, forgotten: Forgotten
) -> bytes | None:
    """The workbook written anew from the values of its sheets, or None where nothing in it must go.

    Formats, comments, pictures and properties are left behind: people may be named in them. `names` are the columns
    of `sheet`, which the mapping reads; the columns of another sheet are what its first row says.
    """
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets: list[tuple[str, bool, list[list[object]]]] = []
    is_changed = _is_named_elsewhere(content, forgotten)
    for meta in book.sheets_metadata:
        if meta.typ != SheetTypeEnum.WorkSheet:
            continue
        rows = [list(row) for row in book.get_sheet_by_name(meta.name).iter_rows()]
        made = _sheet_rows(rows, names if meta.name == sheet else _titles(rows), roles, forgotten)
        title = forgotten.text(meta.name)
        is_changed = is_changed or made != rows or title != meta.name
        sheets.append((title, meta.visible == SheetVisibleEnum.Visible, made))
    return _workbook(sheets) if is_changed else None


def _titles(rows: Sequence[Sequence[object]]) -> tuple[str, ...]:
    first = next((row for row in rows if any(cell not in ("", None) for cell in row)), [])
    return column_names(tuple(value_text(cell) or "" for cell in first))[0]


def _sheet_rows(
    rows: Sequence[Sequence[object]], names: tuple[str, ...], roles: Roles, forgotten: Forgotten
) -> list[list[object]]:
    made = []
    for row in rows:
        texts = [value_text(cell) if isinstance(cell, str | float | int) else None for cell in row]
        row_roles = [_cell_role(names, place, cell, roles) for place, cell in enumerate(row)]
        after = redact_row(texts, row_roles, forgotten)
        made.append([cell if new == old else new for cell, old, new in zip(row, texts, after, strict=True)])
    return made


def _cell_role(names: tuple[str, ...], place: int, cell: object, roles: Roles) -> ColumnRole:
    found = roles.get(names[place], UNREAD) if place < len(names) else UNREAD
    return found if isinstance(cell, str) or found.use == "person" else ColumnRole("other")


def _is_named_elsewhere(content: bytes, forgotten: Forgotten) -> bool:
    """Whether a person is named in the book's properties, comments or styles."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.namelist():
            if entry.endswith((".xml", ".rels", ".vml")):
                text = archive.read(entry).decode("utf-8", "replace").replace("<", " ; ").replace(">", " ; ")
                if forgotten.text(text) != text:
                    return True
    return False


def _workbook(sheets: list[tuple[str, bool, list[list[object]]]]) -> bytes:
    """A workbook that holds values and nothing else; the same values give the same bytes."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{n}' r:id='rId{n}' state='{'visible' if is_visible else 'hidden'}'/>"
        for n, (name, is_visible, _) in zip(numbers, sheets, strict=True)
    )
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KINDS}.worksheet+xml"/>' for n in numbers
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACK}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KINDS}.styles+xml"/>{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_RELS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACK}/relationships">{links}'
        f'<Relationship Id="rId{len(sheets) + 1}" Type="{_RELS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
    } | {f"xl/worksheets/sheet{n}.xml": _sheet(rows) for n, (_, _, rows) in zip(numbers, sheets, strict=True)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, head + text)
    return out.getvalue()


def _sheet(rows: list[list[object]]) -> str:
    made = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(cell, f"{_letters(place)}{number}") for place, cell in enumerate(row))
        if cells:
            made.append(f'<row r="{number}">{cells}</row>')
    return f"<worksheet {_MAIN}><sheetData>{''.join(made)}</sheetData></worksheet>"


def _cell(cell: object, at: str) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, bool):
        return f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, float | int):
        return f'<c r="{at}"><v>{cell!r}</v></c>'
    if isinstance(cell, datetime):
        return _number(at, _INSTANT, (cell - _EPOCH) / timedelta(days=1))
    if isinstance(cell, date):
        return _number(at, _DATE, (cell - _EPOCH.date()).days)
    if isinstance(cell, time):
        return _number(at, _TIME, (datetime.combine(_EPOCH.date(), cell) - _EPOCH) / timedelta(days=1))
    if isinstance(cell, timedelta):
        return _number(at, _LENGTH, cell / timedelta(days=1))
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


def _number(at: str, style: int, value: float) -> str:
    return f'<c r="{at}" s="{style}"><v>{value!r}</v></c>'


def _letters(place: int) -> str:
    """The letters of a column of a sheet.

    >>> _letters(0), _letters(26)
    ('A', 'AA')
    """
    before, last = divmod(place, 26)
    return (_letters(before - 1) if before else "") + chr(65 + last)
