"""The door to openpyxl and csv: the cells of a file that may be hostile, and new tables to be filled in."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from docsvc.domain.cells import Cell, Unreadable, says_something
from docsvc.domain.errors import TableRefusedError, TableTooLargeError
from docsvc.domain.table import LONGEST_CELL, MOST_COLUMNS, Column, Line, letter

PACKED_LIMIT: Final = 64 << 20  # bytes of the file
UNPACKED_LIMIT: Final = 256 << 20  # bytes of all parts of a workbook together
TEXT_LIMIT: Final = 64 << 20  # characters of all cells together: one long text may stand in each by reference
PARTS_LIMIT: Final = 1000
LAST_ROW: Final = 1_048_576  # of any spreadsheet
CHUNK: Final = 1 << 20
OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"  # encrypted workbooks and old .xls files
DOCTYPE: Final = b"<!DOCTYPE"
ZEROS: Final = re.compile(r"0{2,30}", re.ASCII)  # a number format that shows leading zeros
WIDTH: Final = 24
LONGEST_CHOICES: Final = 255  # characters in the list of a cell's choices

TOO_LONG: Final = Unreadable(f"单元格超过{LONGEST_CELL}个字", f"more than {LONGEST_CELL} characters in one cell")
FORMULA: Final = Unreadable(
    "单元格里是公式；请以“值”粘贴后重新提交", "a formula; paste its value instead, nothing is calculated here"
)
ERROR: Final = Unreadable("单元格里是错误值", "an error value")


class Sheets:
    """Fits the port Tables. Nothing is calculated, run or fetched: a workbook is the values of its first sheet."""

    def lines(self, suffix: str, raw: bytes) -> Iterator[Line]:
        """Rows of a `.csv` or `.xlsx` file. Raises TableRefusedError, also while it is read."""
        if len(raw) > PACKED_LIMIT:
            raise _too_large()
        rows = _csv_lines(raw) if suffix == ".csv" else _xlsx_lines(raw)
        said = 0
        for number, cells in rows:
            said += sum(len(cell) for cell in cells if isinstance(cell, str))
            if said > TEXT_LIMIT:
                raise _too_large()
            width = next((n for n in range(len(cells), 0, -1) if says_something(cells[n - 1])), 0)
            if width > MOST_COLUMNS:
                raise TableRefusedError(
                    f"第{number}行超过{MOST_COLUMNS}列；row {number} has more than {MOST_COLUMNS} columns"
                )
            yield number, [TOO_LONG if isinstance(c, str) and len(c) > LONGEST_CELL else c for c in cells[:width]]

    def blank(self, suffix: str, columns: Sequence[Column]) -> bytes:
        """A table to fill in: names for people, paths, and a row of remarks that says what belongs where."""
        titles, paths = [c.title for c in columns], [c.path for c in columns]
        hints = [c.hint for c in columns]
        hints[0] = f"# 说明行，不读取 this row is not read：{hints[0]}"
        return _csv([titles, paths, hints]) if suffix == ".csv" else _workbook([titles, paths, hints], columns)


def _csv_lines(raw: bytes) -> Iterator[Line]:
    """RFC 4180 in UTF-8, with or without a BOM, or in what Chinese Excel writes (GB 18030)."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as e:
            raise TableRefusedError(
                "CSV文件既不是UTF-8也不是GB18030编码；the CSV is neither UTF-8 nor GB 18030"
            ) from e
    if "\0" in text:
        raise TableRefusedError("CSV文件含有空字符，请另存为“CSV UTF-8”；the CSV has NUL characters")
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            yield number, cells
    except csv.Error as e:
        raise TableRefusedError(f"第{number + 1}行不是有效的CSV；row {number + 1} is no valid CSV: {e}") from e


def _xlsx_lines(raw: bytes) -> Iterator[Line]:
    _check_package(raw)
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl does not support (print settings …) is not asked for
            book = load_workbook(io.BytesIO(raw), read_only=True, keep_links=False, keep_vba=False)
            sheet: Any = book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its size is not believed
            for number, cells in enumerate(sheet.iter_rows(min_row=1, max_row=LAST_ROW), 1):
                yield number, [_value(cell) for cell in cells]
    except GeneratorExit:
        raise
    except Exception as e:  # hostile and broken files make openpyxl raise anything
        raise TableRefusedError("不是可读的XLSX工作簿；the workbook can't be read") from e


def _value(cell: Any) -> Cell:
    match cell.data_type:
        case "f":
            return FORMULA
        case "e":
            return ERROR
    value: Any = cell.value
    if isinstance(value, int) and not isinstance(value, bool) and ZEROS.fullmatch(cell.number_format or ""):
        return str(value).zfill(len(cell.number_format))
    return value if says_something(value) else None


def _check_package(raw: bytes) -> None:
    """A sound, small package without DOCTYPE (ISO/IEC 29500-2 clause 8.1.4 forbids it) and macros."""
    if raw.startswith(OLE_MAGIC):
        raise TableRefusedError(
            "工作簿已加密或为旧版.xls格式，请另存为.xlsx；the workbook is encrypted or an old .xls"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            parts = package.infolist()
            # ZipFile reads no more of a part than it declares.
            if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
                raise _too_large()
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise TableRefusedError("工作簿含有宏，请另存为.xlsx；the workbook has macros")
            if any(
                part.filename.lower().endswith((".xml", ".rels")) and _has_doctype(package, part) for part in parts
            ):
                raise TableRefusedError("工作簿的XML含有DOCTYPE；XML of the workbook has a DOCTYPE")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError, zlib.error) as e:
        raise TableRefusedError("不是完整的XLSX工作簿；no whole XLSX workbook") from e


def _has_doctype(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    before = b""
    with package.open(part) as stream:
        while chunk := stream.read(CHUNK):
            text = before + chunk.replace(b"\0", b"")  # the same in UTF-16
            if DOCTYPE in text:
                return True
            before = text[-len(DOCTYPE) :]
    return False


def _too_large() -> TableTooLargeError:
    return TableTooLargeError("文件过大，请分批提交；the file is too large, send it in parts")


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")  # with its BOM, so that Excel reads the Chinese right


def _workbook(rows: Sequence[Sequence[str]], columns: Sequence[Column]) -> bytes:
    """Every cell is text, so that no program makes a number of an identity number."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet: Any = book.active
    sheet.title = columns[0].choices[0]
    for row in rows:
        sheet.append(row)
    looks = (Font(bold=True), Font(color="808080", size=9), Font(italic=True, color="606060"))
    for cells, look in zip(sheet.iter_rows(), looks, strict=True):
        for cell in cells:
            cell.font, cell.number_format = look, "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for index, column in enumerate(columns):
        name = letter(index)
        sheet.column_dimensions[name].number_format = "@"
        sheet.column_dimensions[name].width = WIDTH
        if column.required:
            sheet.cell(1, index + 1).fill = PatternFill("solid", fgColor="FFF2CC")
        choices = ",".join(column.choices)
        if (
            choices
            and not column.many
            and len(choices) < LONGEST_CHOICES
            and choices.count(",") < len(column.choices)
        ):
            offered = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
            sheet.add_data_validation(offered)
            offered.add(f"{name}{len(rows) + 1}:{name}{LAST_ROW}")
    sheet.freeze_panes = f"B{len(rows) + 1}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
