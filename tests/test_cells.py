"""Numbers and dates as people in Taiwan write them: read exactly, or refused with the reason."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_geodata.cells import number, roc_date

WIDE = str.maketrans("0123456789,.-", "０１２３４５６７８９，．－")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1204", 1204),
        ("1,204", 1204),
        ("１，２０４", 1204),
        ("　1,204　", 1204),
        ("313,964,458", 313_964_458),
        ("28.54 ", 28.54),
        ("-5", -5),
        ("−5", -5),
        ("+3.5", 3.5),
        (".5", 0.5),
        ("1e-07", 1e-7),
    ],
)
def test_numbers(text, value):
    assert number(text) == (value, "")


@pytest.mark.parametrize("text", ["", " ", "　", "-", "—", "…", "N/A", "NA", "null", "無資料", "不詳"])
def test_no_figure_is_unknown_and_never_zero(text):
    assert number(text) == (None, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2O4", "'1,2O4' is not a number (letter O?)"),
        ("l2", "letter l"),
        ("1,20,4", "thousands separator stands in the wrong place"),
        ("12.5%", "percentage"),
        ("12人", "is not a number"),
        ("1 204", "is not a number"),
        ("=1+1", "is not a number"),
        ("٣", "is not a number"),
        ("1e999", "too large"),
        ("inf", "is not a number"),
    ],
)
def test_what_is_no_number_says_why(text, reason):
    value, why = number(text)
    assert value is None
    assert reason in why


@given(st.integers(-(10**15), 10**15))
def test_a_whole_number_survives_every_way_of_writing_it(value):
    for text in (str(value), f"{value:,}", f"　{value:,} ".translate(WIDE)):
        assert number(text) == (value, "")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_survives(value):
    assert number(repr(value)) == (value, "")


@given(st.text(max_size=20))
def test_any_text_is_a_value_or_a_reason(text):
    for read in (number, roc_date):
        value, why = read(text)
        assert value is None or why == ""


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("1101231", "2021-12-31"),
        ("11012", "2021-12"),
        ("110-07", "2021-07"),
        ("110/7", "2021-07"),
        ("103年1月20日", "2014-01-20"),
        ("１０３年１月２０日", "2014-01-20"),
        ("民國110年", "2021"),
        ("中華民國110年12月", "2021-12"),
        ("110年底", "2021"),
        ("110", "2021"),
        ("99", "2010"),
        ("0991231", "2010-12-31"),
        ("991231", "2010-12-31"),
        ("99/12/31", "2010-12-31"),
        ("2021/1/5", "2021-01-05"),
        ("2021/1/5 上午 12:00:00", "2021-01-05"),
        ("2021-12-31T00:00:00", "2021-12-31"),
        ("20211231", "2021-12-31"),
        ("202103", "2021-03"),
        ("2021.0", "2021"),
    ],
)
def test_dates(text, iso):
    assert roc_date(text) == (iso, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1101331", "no day of the calendar"),
        ("1100229", "no day of the calendar"),
        ("110年5日", "a day without a month"),
        ("12/11", "in several ways"),
        ("191212", "two ways"),
        ("民國前5年", "before the Republic"),
        ("99991231", "out of range"),
        ("soon", "is not a date"),
        ("110年第4季", "is not a date"),
    ],
)
def test_what_is_no_date_says_why(text, reason):
    value, why = roc_date(text)
    assert value is None
    assert reason in why


@given(st.dates(datetime.date(1912, 1, 1), datetime.date(2099, 12, 31)))
def test_a_day_survives_every_way_of_writing_it(day):
    year = day.year - 1911
    ways = [
        f"{year:03}{day.month:02}{day.day:02}",
        f"{year}年{day.month}月{day.day}日",
        f"民國{year}年{day.month:02}月{day.day:02}日",
        f"{year:03}-{day.month}-{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        day.isoformat(),
    ]
    assert {roc_date(text) for text in ways} == {(day.isoformat(), "")}


@given(st.integers(100, 188), st.integers(1, 12))
def test_a_month_survives(year, month):
    ways = [
        f"{year}{month:02}",
        f"{year}-{month:02}",
        f"{year}/{month}",
        f"{year}年{month}月",
        f"{year + 1911}-{month}",
    ]
    assert {roc_date(text) for text in ways} == {(f"{year + 1911}-{month:02}", "")}
