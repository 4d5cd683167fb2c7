"""Cells as they stand in a file, whatever its kind; hostile files are refused before they fill the memory."""

import csv
import datetime
import io
import json
import re
import tracemalloc
import zipfile

import openpyxl
import pytest

from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.grids import read_grid
from notspot_geodata.sniff import kind_of

ODS = """<?xml version="1.0"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="表">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"""
MIME = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = f"""<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{MIME}"/></manifest:manifest>"""


def write_ods(path, rows):
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    xml = (
        rows
        if isinstance(rows, str)
        else "".join(
            f"<table:table-row>{''.join(cell.format(c) for c in row)}</table:table-row>" for row in rows
        )
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", MIME)
        file.writestr("META-INF/manifest.xml", MANIFEST)
        file.writestr("content.xml", ODS.format(rows=xml))
    return path


def write_xlsx(path, rows, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def rewrite(path, member, change):
    """One member of a workbook changed by `change(bytes)`."""
    with zipfile.ZipFile(path) as file:
        held = {name: file.read(name) for name in file.namelist()}
    held[member] = change(held[member])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in held.items():
            file.writestr(name, data)
    return path


def grid(path, sheet=None, encoding=None):
    return read_grid(path, kind_of(path), sheet=sheet, encoding=encoding)


def cells(path, **options):
    return [row for _, row in grid(path, **options).rows]


ROWS = [["村里代碼", "村里", "人口"], ["65000010001", "留侯里", "1,679"], ["65000010002", "[那]拔里", ""]]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp950"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimited_text_of_every_sort_has_the_same_cells(tmp_path, separator, encoding, end):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(ROWS)
    path = tmp_path / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    assert cells(path) == ROWS
    assert cells(path, encoding=encoding) == ROWS


def test_workbooks_have_the_same_cells(tmp_path):
    assert cells(write_xlsx(tmp_path / "a.xlsx", ROWS)) == ROWS
    assert cells(write_ods(tmp_path / "a.ods", ROWS)) == ROWS


def test_the_old_workbook_too(tmp_path):
    xlwt = pytest.importorskip("xlwt", reason="xlwt writes the file that this test reads")
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for at, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            sheet.write(at, column, cell)
    book.save(str(tmp_path / "a.xls"))
    assert cells(tmp_path / "a.xls") == ROWS


def test_typed_cells_read_as_a_person_sees_them(tmp_path):
    day = datetime.datetime(2021, 12, 31)
    path = write_xlsx(tmp_path / "a.xlsx", [["a", "b", "c", "d"], [65000010001, 1.5, day, True]])
    assert cells(path)[1] == ["65000010001", "1.5", "2021-12-31", "true"]


def test_row_numbers_are_those_a_person_sees(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n\n"x\ny",1\n , \nz,2\n', encoding="utf-8")
    assert [row for row, _ in grid(path).rows] == [1, 3, 6]
    book = write_xlsx(tmp_path / "a.xlsx", [[], ["a"], [], ["b"]])
    assert [row for row, _ in grid(book).rows] == [2, 4]


def test_a_cell_merged_over_rows_is_in_each(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["標題", None],
        ["縣市", "鄉鎮市區"],
        ["臺北市", "大安區"],
        [None, "信義區"],
        ["新北市", "板橋區"],
    ):
        book.active.append(row)
    book.active.merge_cells("A1:B1")
    book.active.merge_cells("A3:A4")
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx")[0] == ["標題", ""]
    assert cells(tmp_path / "a.xlsx")[3] == ["臺北市", "信義區"]


def test_sheets_charts_and_hidden_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "藏"
    book.active.append(["secret"])
    book.active.sheet_state = "hidden"
    book.create_chartsheet("圖")
    book.create_sheet("空")
    book.create_sheet("人口").append(["a"])
    book.save(tmp_path / "a.xlsx")
    read = grid(tmp_path / "a.xlsx")
    assert read.rows == [(1, ["a"])]
    assert "'人口' was read" in read.notes[0]
    assert cells(tmp_path / "a.xlsx", sheet="藏") == [["secret"]]
    with pytest.raises(UsageError, match="has no sheet '圖'; it has: 空, 人口, 藏"):
        grid(tmp_path / "a.xlsx", sheet="圖")
    with pytest.raises(InputError, match="no cells in the sheet '空'"):
        grid(tmp_path / "a.xlsx", sheet="空")


def test_a_formula_without_a_stored_value_is_told(tmp_path):
    read = grid(write_xlsx(tmp_path / "a.xlsx", [["a", "b"], ["x", "=1+1"], ["y", "=SUM(B1:B2)"]]))
    assert read.rows[1] == (2, ["x", ""])
    assert any("2 formulas have no stored value" in note for note in read.notes)


def test_text_that_looks_like_a_formula_stays_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"=HYPERLINK(""http://x"")",<script>alert(1)</script>\n', encoding="utf-8")
    assert cells(path)[1] == ['=HYPERLINK("http://x")', "<script>alert(1)</script>"]


# ------------------------------------------------------------------ JSON


def as_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=True), encoding="utf-8")
    return path


def test_records_wherever_they_stand(tmp_path):
    records = [{"a": "x", "b": 1}, {"a": None, "c": 2.0}]
    wanted = [["x", "1", ""], ["", "", "2"]]
    for value in (
        records,
        {"data": records},
        {"result": {"fields": [{"type": "t", "id": "i"}], "records": records}},
    ):
        read = grid(as_json(tmp_path / "a.json", value))
        assert (read.named, [row for _, row in read.rows]) == (["a", "b", "c"], wanted)
    assert any("left out: result.fields" in note for note in read.notes)


def test_records_under_their_keys(tmp_path):
    read = grid(as_json(tmp_path / "a.json", {"6500001": {"n": 1}, "6500002": {"n": 2}}))
    assert read.named == ["key", "n"]
    assert read.rows[1] == (2, ["6500002", "2"])


def test_lines_of_json(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": 2}\n', encoding="utf-8")
    assert cells(path) == [["1"], ["2"]]
    path.write_text('{"a": 1}\n{"a": \n{"b"}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        grid(path)
    assert [problem.row for problem in caught.value.problems] == [2, 3]


def test_what_is_no_record_is_told_and_numbered(tmp_path):
    read = grid(as_json(tmp_path / "a.json", [{"a": 1}, 5, {"a": 2}]))
    assert [problem.row for problem in read.problems] == [2]
    assert len(read.rows) == 3


def test_half_a_surrogate_pair_is_replaced(tmp_path):
    read = grid(as_json(tmp_path / "a.json", [{"a": "\ud800x", "b": "\U000ffdfe"}]))
    assert read.rows == [(1, ["\ufffdx", "\U000ffdfe"])]


@pytest.mark.parametrize("text", ["[1, 2]", "{}", "[]", '{"a": 1}', '{"a":' * 100_000])
def test_json_without_records_says_what_is_needed(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError):
        read_grid(tmp_path / "a.json", "json", sheet=None, encoding=None)


# ------------------------------------------------------------------ hostile


@pytest.mark.parametrize(
    ("name", "head"), [("a.csv", b"a,b\nx,"), ("a.csv", b'a,b\nx,"'), ("a.json", b'[{"a":"')]
)
def test_a_field_of_200_mb_is_refused_in_little_memory(tmp_path, name, head):
    path = tmp_path / name
    block = b"x" * 1024**2
    with path.open("wb") as file:
        file.write(head)
        for _ in range(200):
            file.write(block)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="no table"):
            grid(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_cell_of_more_than_a_million_characters_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1," + "x" * 1_000_001)
    with pytest.raises(InputError, match=r"row 2.*longer than 1,000,000 characters"):
        grid(tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"row 1.*longer than 1,000,000 characters"):
        grid(as_json(tmp_path / "a.json", [{"a": "x" * 1_000_001}]))


def test_the_limit_of_other_readers_of_csv_is_left_alone(tmp_path):
    before = csv.field_size_limit()
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    grid(tmp_path / "a.csv")
    assert csv.field_size_limit() == before


def test_an_unclosed_quotation_mark_is_found(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n1,2\n3,"x\n5,6\n7,8\n')
    with pytest.raises(InputError, match=r"row 3 .*never closed"):
        grid(tmp_path / "a.csv")


def test_a_stray_cell_at_the_end_of_the_sheet_does_not_fill_the_memory(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", "b"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="spans 1,048,576 rows by 16,384 columns"):
        grid(tmp_path / "a.xlsx")


def test_repeated_cells_do_not_fill_the_memory(tmp_path):
    rows = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float" '
        'office:value="1" table:number-columns-repeated="16000"><text:p>1</text:p></table:table-cell></table:table-row>'
    )
    with pytest.raises(InputError, match="damaged workbook"):
        grid(write_ods(tmp_path / "a.ods", rows))


def test_a_workbook_that_is_a_bomb_is_refused(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", ROWS)
    rewrite(path, "xl/worksheets/sheet1.xml", lambda data: data + b" " * (60 * 1024**2))
    with pytest.raises(InputError, match="ZIP bomb"):
        grid(path)


def test_entities_of_a_workbook_are_not_resolved(tmp_path):
    (tmp_path / "secret.txt").write_text("TOP-SECRET")
    doctype = f'<!DOCTYPE worksheet [<!ENTITY x SYSTEM "{(tmp_path / "secret.txt").as_uri()}">]>'.encode()
    path = write_xlsx(tmp_path / "a.xlsx", ROWS)

    def plant(data):
        start = data.index(b"<worksheet")
        name = re.compile(b"|".join(["留侯里".encode(), "留侯里".encode("ascii", "xmlcharrefreplace")]))
        return (
            data[:start] + doctype + name.sub(b"&x;", data[start:])
        )  # lxml, where it is there, writes references

    rewrite(path, "xl/worksheets/sheet1.xml", plant)
    assert b"&x;" in zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
    try:
        found = str(cells(path))
    except InputError as error:
        found = str(error)
    assert "TOP-SECRET" not in found


def test_a_wrong_encoding_names_the_likely_one(tmp_path):
    (tmp_path / "a.csv").write_bytes("縣市,人口\n臺北市,5\n".encode("cp950"))
    with pytest.raises(InputError, match="is not utf-8: byte 0 does not fit; it looks like cp950"):
        grid(tmp_path / "a.csv", encoding="utf-8")
    with pytest.raises(UsageError, match="no encoding that is known"):
        grid(tmp_path / "a.csv", encoding="klingon")
