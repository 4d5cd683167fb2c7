"""What the report, the workbook, the CSV files and the atlas say of an account, counted for real over Taiwan."""

import base64
import csv
import dataclasses
import gzip
import json
import re
from pathlib import Path

import folium
import numpy as np
import pandas as pd
import pytest
from account_cases import whole_account
from browser import opened

from notspot_coverage.counting.counting import COLUMNS, count
from notspot_coverage.counting.lattice import lattice_of
from notspot_coverage.counting.services import Account
from notspot_coverage.counting.units import Units
from notspot_coverage.results import Results
from notspot_geodata.text import Text
from notspot_maps.account.charts import Kind, Line, Stack, interval_chart, operator_kinds, stacked_chart
from notspot_maps.account.indicators import account_id, with_account
from notspot_maps.account.lists import LISTED, WORST, Names, gaps_of, ranks_of
from notspot_maps.account.rows import Counted, counted_by_code, upper_rows
from notspot_maps.account.section import AccountSection, account_section
from notspot_maps.account.tables import ACCOUNT_FILES, ACCOUNT_WORDS, write_account
from notspot_maps.account.words import KEPT, between, percent, rate_name, share, unknown_part, what_moves
from notspot_maps.atlas.layer import AtlasLayer, atlas
from notspot_maps.documents.of_results import document_of_results
from notspot_maps.report.page import report_page
from notspot_maps.workbook import write_workbook

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def counted(taiwan: Results) -> Results:
    """The shipped study without its divide (the page is quicker), with an account."""
    return dataclasses.replace(taiwan, divide=(), account=whole_account(taiwan))


@pytest.fixture(scope="module")
def account(counted: Results) -> Account:
    assert counted.account is not None
    return counted.account


@pytest.fixture(scope="module")
def section(counted: Results) -> AccountSection:
    found = account_section(counted)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def page(counted: Results) -> str:
    return report_page(counted)


@pytest.fixture(scope="module")
def written(account: Account) -> Account:
    """The account with the villages of one service only: the files are the same, and quicker to write."""
    keep = {
        name: frame[
            (frame["level"] != "village") | ((frame["service"] == "speed_100") & frame["of"].eq("people"))
        ]
        for name, frame in (("table", account.table),)
    }
    keep |= {
        name: frame[frame["level"] != "village"]
        for name, frame in (("notspots", account.notspots), ("roaming", account.roaming))
    }
    return dataclasses.replace(account, **keep, gaps=account.gaps[account.gaps["remote"].eq(True)])


@pytest.fixture(scope="module")
def folder(page: str, written: Account, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("account")
    (out / "index.html").write_text(page, encoding="utf-8")
    write_account(written, out)
    return out


@pytest.fixture(scope="module")
def nothing(taiwan: Results) -> Account:
    """What `count` gives where a study declares no service."""
    few = taiwan.villages.head(5)
    return count(
        lattice_of(few, 1000),
        Units.of(few, taiwan.townships),
        [],
        locate=lambda lon, lat: np.zeros(0, np.int32),
    )


def only(account: Account, **wanted: str) -> Account:
    """The account with the rows of one service, or of one kind of subject, in all frames that know it."""

    def cut(frame: pd.DataFrame) -> pd.DataFrame:
        for name, value in wanted.items():
            if name in frame:
                frame = frame[frame[name] == value]
            elif name == "of" and value != "people":  # not-spots, roaming and gaps are of people
                frame = frame.iloc[:0]
        return frame

    frames = ("table", "variants", "notspots", "roaming", "gaps", "ranking")
    return dataclasses.replace(account, **{name: cut(getattr(account, name)) for name in frames})


def words_of(section: object) -> str:
    """Every Chinese and English word of a section, as one string."""
    return repr(section)


# ------------------------------------------------------------------ the section


def test_every_service_and_subject_has_a_row_with_both_counts(
    account: Account, section: AccountSection
) -> None:
    nation = account.table[account.table["level"] == "nation"]
    assert sum(len(block.rows) for block in section.blocks) == len(nation)
    said = [row for block in section.blocks for row in block.rows]
    for cells, row in zip(said, nation.to_dict("records"), strict=True):
        if np.isnan(row["best"]):
            assert cells[1].text.zh == "無資料"
            continue
        digits = 0 if row["of"] in ("people", "households", "places") else 1
        covered, known = (f"{x:,.{digits}f}" for x in (row["covered"], row["total"] - row["unknown"]))
        assert cells[1].text.zh == f"{row['best']:.1f}{KEPT}%（{covered}／{known}）"
        assert f"({covered} of {known})" in cells[1].text.en


def test_basis_date_and_operators_stand_with_each_service(section: AccountSection) -> None:
    facts = {block.name.zh: block.facts.zh for block in section.blocks}
    assert "依據：申報；資料時間：2021-12；業者：丙電信、乙電信、甲電信" in facts["行動 5G"]
    assert "依據：量測" in facts["下載 100 Mbps"]
    assert "無圖層，全為無資料" in facts["規劃中服務"]
    assert "依其性質處處可達" in facts["低軌衛星"]
    assert [block.name.zh for block in section.blocks if block.flag] == ["低軌衛星"]


def test_the_unknown_stand_apart_and_are_never_a_share_of_nothing(
    counted: Results, section: AccountSection, page: str
) -> None:
    planned = next(block for block in section.blocks if block.name.zh == "規劃中服務")
    assert {row[1].text.zh for row in planned.rows} == {"無資料"}
    assert {row[2].text.zh for row in planned.rows} == {f"0.0–100.0{KEPT}%"}
    people = counted.townships["population"].sum()
    assert planned.rows[0][3].text.zh == f"{people:,.0f}（100.0{KEPT}%）"
    assert not re.search(r">\s*(nan|None|NaT|<NA>)\b", page)


def test_sentences_turn_with_the_figures(counted: Results, account: Account) -> None:
    def sentence(frame: pd.DataFrame) -> Text:
        section = account_section(
            dataclasses.replace(counted, account=dataclasses.replace(account, table=frame))
        )
        assert section is not None
        return next(chart.finding for chart in section.charts if chart.finding.zh.startswith("2 Gbps 光纖"))

    upper = account.table[account.table["level"] != "village"]
    upper = upper[(upper["service"] == "fibre_2g") & (upper["of"] == "people")]
    swapped = upper.assign(code=upper["code"].replace({"remote": "non_remote", "non_remote": "remote"}))
    swapped.loc[upper["level"] == "township", "code"] = upper["code"]
    before, after = sentence(upper), sentence(swapped)
    assert "前者低" in before.zh
    assert re.search(r"the former [\d.]+ percentage points less", before.en)
    assert "前者高" in after.zh
    assert "points more" in after.en
    rows = counted_by_code(upper[upper["level"] == "group"])
    assert f"{abs(rows['remote'].best - rows['non_remote'].best):.1f} 個百分點" in before.zh
    assert "不能確定" not in before.zh
    wide = upper.assign(low=0.0, high=100.0)
    assert "孰高孰低不能確定" in sentence(wide).zh


def test_the_section_stands_in_the_page_in_both_languages(page: str, account: Account) -> None:
    assert '<h2 id="covered">' in page
    assert 'href="#covered"' in page
    assert "誰在涵蓋範圍內" in page
    assert "Who is covered" in page
    for service in account.services.values():
        assert service.name.zh in page
        assert service.name.en in page
    for note in account.notes:
        assert note.zh in page
        assert note.en in page
    assert "覆蓋" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_without_an_account_there_is_no_section(taiwan: Results) -> None:
    page = report_page(dataclasses.replace(taiwan, divide=()))
    assert 'id="covered"' not in page
    assert "gaps.csv" not in page


def test_a_name_within_a_sentence_keeps_its_capitals(account: Account) -> None:
    at = next(key for key in account.subjects if key[0] == "places")
    for name, said in (("3.5 GHz sites", "3.5 GHz sites"), ("Approved Wi-Fi", "approved Wi-Fi")):
        subject = dataclasses.replace(account.subjects[at], name=Text("基地臺", name))
        named = dataclasses.replace(account, subjects={**account.subjects, at: subject})
        assert rate_name(named, *at).en.endswith(f"({said})")


def test_names_from_the_data_cannot_run(counted: Results, account: Account) -> None:
    services = {
        name: dataclasses.replace(service, name=Text(HOSTILE, HOSTILE), technology=HOSTILE, as_of=HOSTILE)
        for name, service in account.services.items()
    }
    bad = dataclasses.replace(
        account,
        services=services,
        roaming=account.roaming.assign(operator=account.roaming["operator"] + HOSTILE),
        gaps=account.gaps.assign(name=HOSTILE, nearest=HOSTILE, why_zh=HOSTILE, why_en=HOSTILE),
        ranking=account.ranking.assign(name=HOSTILE, code=HOSTILE),
        notes=(Text(HOSTILE, HOSTILE),),
    )
    page = report_page(dataclasses.replace(counted, account=bad))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script>") == 1


# ------------------------------------------------------------------ accounts with little in them


def test_an_account_without_services_is_said_to_be_empty(counted: Results, nothing: Account) -> None:
    results = dataclasses.replace(counted, account=nothing)
    section = account_section(results)
    assert section is not None
    assert section.empty is not None
    page = report_page(results)
    assert "本次未計算任何服務之涵蓋。" in page
    assert with_account(results) is results


@pytest.mark.parametrize(
    "wanted",
    [
        {"service": "planned"},
        {"service": "satellite"},
        {"of": "area"},
        {"of": "places"},
        {"of": "households"},
        {"service": "mobile_5g", "of": "lines"},
    ],
    ids=lambda wanted: "-".join(wanted.values()),
)
def test_a_part_of_an_account_reads_well_too(
    counted: Results, account: Account, wanted: dict[str, str]
) -> None:
    results = dataclasses.replace(counted, account=only(account, **wanted))
    section = account_section(results)
    assert section is not None
    assert section.empty is None
    assert section.blocks
    assert not re.search(r"\bnan\b|None %|inf", words_of(section).replace("empty=None", ""))
    assert "無資料" in words_of(section) or wanted != {"service": "planned"}


def test_nothing_to_count_is_not_applicable_and_not_unknown() -> None:
    empty = Counted("places", 0, 0, 0, 0, np.nan, np.nan, np.nan, varied="unknown")
    assert share(empty).zh == "不適用"
    assert unknown_part(empty).zh == "不適用"
    assert between(empty) == "–"
    assert what_moves(empty).zh == "–"
    unknown = Counted("places", 3, 0, 0, 3, 0, np.nan, 100, varied="unknown")
    assert share(unknown).zh == "無資料"
    assert unknown_part(unknown).zh == f"3（100.0{KEPT}%）"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0 %"), (0.01, "< 0.1 %"), (77.07, "77.1 %"), (99.97, "> 99.9 %"), (100, "100.0 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value: float, text: str) -> None:
    assert percent(value).replace(KEPT, " ") == text


@pytest.mark.parametrize(
    ("low_by", "high_by", "varied", "text"),
    [
        ("edges out", "edges in", "unknown, edges", "無資料、邊緣：下限取邊緣不計，上限取邊緣計入"),
        ("", "", "unknown, edges", "無資料、邊緣：只有無資料有別"),
        ("", "", "unknown", "無資料"),
        (
            "census, edges out, 95 % of places",
            "even, edges in, 50 % of places",
            "unknown, surface, edges, location",
            "無資料、人口分布、邊緣、地點機率：下限取人口分布：census、邊緣不計、95 % 地點達門檻，"
            "上限取人口平均分布、邊緣計入、50 % 地點達門檻",
        ),
    ],
)
def test_what_was_varied_is_said_in_words(low_by: str, high_by: str, varied: str, text: str) -> None:
    row = Counted("people", 10, 4, 4, 2, 40, 50, 60, low_by, high_by, varied)
    assert what_moves(row).zh == text
    assert "nothing moves it" in what_moves(dataclasses.replace(row, low=50, high=50)).en


# ------------------------------------------------------------------ charts


def test_intervals_carry_hatching_and_dots_and_differ_in_shape() -> None:
    row = Counted("people", 1000, 500, 300, 200, 45, 62.5, 75)
    lines = [Line(Text("偏遠", "Remote"), row, strong=True), Line(Text("全國", "Nation"), row)]
    chart = interval_chart("c-x", Text("t", "t"), Text("f", "f"), lines)
    assert chart.svg.count("url(#c-x-hatch)") == 2
    assert chart.svg.count("url(#c-x-dots)") == 2
    assert chart.svg.count("<circle") == 1 + 1  # one mark, one dot of the pattern
    narrow = interval_chart(
        "c-y",
        Text("t", "t"),
        Text("f", "f"),
        [Line(Text("a", "a"), dataclasses.replace(row, low=58, high=66, unknown=0))],
    )
    assert "url(#" not in narrow.svg
    assert f"62.5{KEPT}%（58.0–66.0{KEPT}%）" in narrow.svg


def test_an_interval_chart_draws_no_mark_where_nothing_is_known() -> None:
    row = Counted("people", 1000, 0, 0, 1000, 0, np.nan, 100)
    chart = interval_chart("c-x", Text("t", "t"), Text("f", "f"), [Line(Text("a", "a"), row)])
    assert "無資料" in chart.svg
    assert "<circle" not in chart.svg.split("</defs>")[1]
    assert "nan" not in chart.svg
    none = Counted("people", 0, 0, 0, 0, np.nan, np.nan, np.nan)
    assert "不適用" in interval_chart("c-z", Text("t", "t"), Text("f", "f"), [Line(Text("a", "a"), none)]).svg


def test_stacked_parts_fill_their_bar_and_nobody_is_no_bar() -> None:
    kinds = {
        "a": Kind(Text("甲", "A"), "#0072b2"),
        "b": Kind(Text("乙", "B"), "rise"),
        "c": Kind(Text("丙", "C"), "hatch"),
    }
    stacks = [
        Stack(Text("x", "x"), Text("", ""), {"a": 30, "b": 60, "c": 10}),
        Stack(Text("y", "y"), Text("", ""), {"a": 0, "b": 0}),
    ]
    chart = stacked_chart("c-s", Text("t", "t"), Text("f", "f"), kinds, stacks, pd.DataFrame())
    body = chart.svg.split("</defs>")[1]
    widths = [float(w) for w in re.findall(r'<rect x="[\d.]+%" width="([\d.]+)%" y="22"', body)]
    assert sum(widths[:-1]) == pytest.approx(widths[-1], abs=0.03)
    assert "不適用" in chart.svg


def test_numbers_of_operators_have_their_own_colour_and_sign() -> None:
    for operators in range(1, 7):
        kinds = operator_kinds(operators)
        assert [kind.sign for kind in kinds.values()] == [*map(str, range(operators, -1, -1)), "?"]
        if operators <= 6:
            assert len({kind.fill for kind in kinds.values()}) == operators + 2


def test_not_spots_in_the_table_add_up_to_the_people(account: Account, section: AccountSection) -> None:
    (_, (notspots, roaming)), *rest = section.operators
    assert not rest  # one service has several operators
    total = {
        row[0].text.zh: sum(int(cell.text.zh.replace(",", "")) for cell in row[1:])
        for row in notspots.table.rows
    }
    people = upper_rows(account.table)["mobile_5g", "people", "registered"]
    assert total["全國"] == people["TW"].total
    assert total["偏遠鄉鎮市區"] == people["remote"].total
    for row in roaming.table.rows:
        all_, covered, not_covered, solved, unknown = (int(cell.text.zh.replace(",", "")) for cell in row[2:])
        assert all_ == covered + not_covered + unknown
        assert solved <= not_covered
    assert section.single is not None
    assert "2 Gbps 光纖" in section.single.zh


# ------------------------------------------------------------------ lists


def test_lists_hold_remote_villages_with_people_not_covered_most_first(
    account: Account, counted: Results
) -> None:
    names = Names.of(counted)
    blocks = {block.name.zh: block for block in gaps_of(account, names)}
    assert "低軌衛星" not in blocks  # a last resort has no gaps
    assert blocks["規劃中服務"].villages is None
    assert "無資料" in blocks["規劃中服務"].finding.zh
    grid = blocks["2 Gbps 光纖"].villages
    assert grid is not None
    assert len(grid.rows) == LISTED
    gaps = account.gaps
    own = gaps[(gaps["service"] == "fibre_2g") & (gaps["kind"] == "village") & gaps["remote"].eq(True)]
    own = own[own["not_covered"] > 0].sort_values(["not_covered", "code"], ascending=[False, True])
    shown = [int(row[1].text.zh.split("／")[0].replace(",", "")) for row in grid.rows]
    assert shown == own["not_covered"].head(LISTED).astype(int).tolist()
    assert f"{len(own):,} 個偏遠村里" in blocks["2 Gbps 光纖"].finding.zh
    assert all(row[4].text.zh and row[4].text.en for row in grid.rows)
    assert all(row[2].text.zh != row[2].text.en for row in grid.rows)  # names in both languages


def test_the_worst_whatever_is_assumed_are_those_that_stay_among_the_lowest(
    account: Account, counted: Results
) -> None:
    blocks = ranks_of(account, Names.of(counted))
    assert [block.name.zh.split("：")[0] for block in blocks[:2]] == ["2 Gbps 光纖", "行動 5G"]
    ranking = account.ranking
    own = ranking[
        (ranking["service"] == "mobile_5g") & (ranking["of"] == "people") & (ranking["level"] == "county")
    ]
    sure = own[own["rank_high"] <= WORST["county"]]["name"]
    sentence = blocks[1].findings[0].zh
    assert sure.empty or f"最低 3 名之內的是{'、'.join(sure)}" in sentence
    verdicts = {row[0].text.zh: row[4].text.zh for row in blocks[1].tables[0][1].rows}
    assert {name for name, said in verdicts.items() if said.startswith("必在")} == set(sure)
    satellite = next(block for block in blocks if block.name.zh.startswith("低軌衛星"))
    assert "無高低之分" in satellite.findings[0].zh
    assert not satellite.tables


# ------------------------------------------------------------------ files


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_are_written_with_whole_people_and_exact_shares(written: Account, folder: Path) -> None:
    assert [name for name, _ in ACCOUNT_WORDS] == list(ACCOUNT_FILES)
    rows = rows_of(folder / "coverage.csv")
    assert list(rows[0]) == [*COLUMNS, "basis", "as_of"]
    assert len(rows) == len(written.table)
    for row, total, best in zip(rows, written.table["total"], written.table["best"], strict=True):
        if row["of"] in ("people", "households", "places"):
            parts = [row[name] for name in ("total", "covered", "not_covered", "unknown")]
            assert all(part.isdigit() for part in parts), row
            assert int(parts[0]) == sum(map(int, parts[1:])) == total
        else:
            assert float(row["total"]) == pytest.approx(total)
        assert row["best"] == "" if np.isnan(best) else float(row["best"]) == pytest.approx(best, rel=1e-11)
    assert {row["basis"] for row in rows if row["service"] == "speed_100"} == {"measurement"}
    for name in ACCOUNT_FILES:
        assert b"nan" not in (folder / name).read_bytes().lower().replace(b"nankan", b"")


def test_the_same_account_gives_the_same_bytes(account: Account, tmp_path: Path) -> None:
    frames = {
        name: frame[frame["level"].isin(["nation", "group", "county"])]
        for name in ("table", "variants", "notspots", "roaming", "ranking")
        for frame in [getattr(account, name)]
    }
    small = dataclasses.replace(account, **frames, gaps=account.gaps.head(500))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_account(small, tmp_path / name)
    for name in ACCOUNT_FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_empty_account_is_written_with_its_headers(nothing: Account, tmp_path: Path) -> None:
    write_account(nothing, tmp_path)
    for name in ACCOUNT_FILES:
        text = (tmp_path / name).read_text(encoding="utf-8-sig")
        assert text.startswith("service,")
        assert len(text.splitlines()) == 1


def test_the_workbook_has_the_account(counted: Results, account: Account, tmp_path: Path) -> None:
    import openpyxl

    upper = ("nation", "group", "county")  # fewer rows: the sheets are the same
    frames = {
        name: frame[frame["level"].isin(upper)]
        for name in ("table", "notspots", "roaming", "ranking")
        for frame in [getattr(account, name)]
    }
    results = dataclasses.replace(
        counted,
        account=dataclasses.replace(account, **frames, gaps=account.gaps.head(500)),
        indicators=counted.indicators[counted.indicators["level"] == "nation"],
    )
    write_workbook(results, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheets = [
        "涵蓋 coverage",
        "訊號盲點 not-spots",
        "漫遊 roaming",
        "偏遠未涵蓋 remote gaps",
        "名次 ranking",
        "服務 services",
    ]
    assert book.sheetnames[1:7] == sheets
    header, *rows = [list(row) for row in book["涵蓋 coverage"].iter_rows(values_only=True)]
    assert len(rows) == len(frames["table"])
    by_head = [dict(zip((str(head).split("\n")[0] for head in header), row, strict=True)) for row in rows]
    for row, best, covered in zip(by_head, frames["table"]["best"], frames["table"]["covered"], strict=True):
        said = row["涵蓋率 %"]
        assert isinstance(said, str) if np.isnan(best) else said == pytest.approx(best)
        assert row["涵蓋"] == pytest.approx(covered)
        assert said != 0 or covered == 0
    assert {
        row["涵蓋率 %"]
        for row in by_head
        if row["服務代號"] == "planned" and row["單位"] in ("人 people", "戶 households")
    } <= {
        "無資料 unknown",
        "不適用 not applicable",
    }
    empty = dataclasses.replace(results, account=only(account, service="no such service"))
    write_workbook(empty, tmp_path / "b.xlsx")
    assert "涵蓋 coverage" not in openpyxl.load_workbook(tmp_path / "b.xlsx", read_only=True).sheetnames


def test_the_document_for_word_processors_has_the_section(counted: Results, section: AccountSection) -> None:
    words = repr(document_of_results(counted, "en").blocks)
    said = [section.summary, *(figure.finding for figure in section.charts)]
    said += [gaps.finding for gaps in section.gaps]
    said += [cell.text for block in section.blocks for row in block.rows for cell in row]
    assert [text.en for text in said if repr(text.en)[1:-1] not in words] == []


# ------------------------------------------------------------------ the atlas


@pytest.fixture(scope="module")
def drawn(counted: Results) -> folium.Map:
    return atlas(counted)


@pytest.fixture(scope="module")
def shown(drawn: folium.Map) -> dict[str, dict]:
    layer = next(child for child in drawn._children.values() if isinstance(child, AtlasLayer))
    data = json.loads(gzip.decompress(base64.b64decode(layer.source["data"])))
    return {each["id"]: each for each in data["indicators"]}


def test_the_atlas_shows_each_service_by_township_and_village_with_bounds(
    shown: dict[str, dict], account: Account, counted: Results
) -> None:
    one = shown[account_id("mobile_5g", "people", "registered")]
    assert set(one["levels"]) == {"county", "township", "village"}
    table = account.table
    rows = table[(table["service"] == "mobile_5g") & (table["of"] == "people")].set_index(["level", "code"])
    for level, codes in (
        ("township", counted.townships["town_code"]),
        ("village", counted.villages["village_code"]),
    ):
        column = one["levels"][level]
        own = rows.loc[level].reindex(sorted(codes))
        best = np.array([np.nan if v is None else v for v in column["v"]])
        np.testing.assert_allclose(best, own["best"].to_numpy(float), rtol=1e-6)
        for at, low, high in column["b"]:
            assert (low, high) == pytest.approx((own["low"].iloc[at], own["high"].iloc[at]), rel=1e-6)
        assert column["d"][0] == own["total"].iloc[0] - own["unknown"].iloc[0]
    assert set(shown[account_id("mobile_5g", "households", "registered")]["levels"]) == {"county", "township"}


def test_what_is_unknown_everywhere_has_no_colour_and_keeps_its_bounds(shown: dict[str, dict]) -> None:
    planned = shown[account_id("planned", "people", "registered")]
    assert planned["levels"] == {}
    assert planned["nation"]["v"] is None
    assert (planned["nation"]["low"], planned["nation"]["high"]) == (0, 100)
    assert planned["nation"]["s"] == "unknown"


def test_the_atlas_stays_small(drawn: folium.Map) -> None:
    assert len(drawn.get_root().render().encode()) < 2_000_000


def test_shares_join_the_indicators_once_and_in_their_shape(counted: Results) -> None:
    joined = with_account(counted)
    assert list(joined.indicators.columns) == list(counted.indicators.columns)
    assert len(with_account(joined).definitions) == len(joined.definitions)
    mine = joined.indicators[joined.indicators["indicator"].str.startswith("account.")]
    known = mine["value"].notna()
    assert (mine.loc[known, "low"] <= mine.loc[known, "value"]).all()
    assert (mine.loc[known, "value"] <= mine.loc[known, "high"]).all()
    assert (mine.loc[~known & (mine["high"] == 100), "status"] == "unknown").all()


# ------------------------------------------------------------------ in a browser


@pytest.mark.browser
def test_it_reads_well_in_a_browser(folder: Path) -> None:
    with opened(folder / "index.html", width=360) as visit:
        page = visit.page
        seen = []
        for width, switched in ((360, False), (360, True), (1440, False), (1440, True)):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("document.querySelectorAll('.account details').forEach(d => d.open = false)")
            if switched:
                page.click("#lang")
            seen.append((width, page.evaluate("document.documentElement.dataset.lang")))
            assert not visit.scrolls_sideways(), seen[-1]
            assert page.evaluate(OVERLAPS) == [], seen[-1]
            page.evaluate("document.querySelectorAll('.account details').forEach(d => d.open = true)")
            assert not visit.scrolls_sideways(), seen[-1]
            assert page.evaluate(CUT_OFF) == [], seen[-1]
        assert sorted(seen) == [(360, "en"), (360, "zh"), (1440, "en"), (1440, "zh")]
        assert visit.outside == []
        assert visit.errors == []


# Words of a chart that lie on words of the same chart: pairs, where both are seen
OVERLAPS = """() => [...document.querySelectorAll('.account .pair svg')].flatMap((svg) => {
  const seen = [...svg.querySelectorAll('text')].map((t) => [t, t.getBoundingClientRect()]).filter(([, b]) => b.width);
  const out = [];
  for (let i = 0; i < seen.length; i++) for (let k = i + 1; k < seen.length; k++) {
    const [a, b] = [seen[i][1], seen[k][1]];
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4)
      out.push(seen[i][0].textContent + ' | ' + seen[k][0].textContent);
  }
  return out;
})"""

# Tables that are wider than what holds them
CUT_OFF = """() => [...document.querySelectorAll('.account table')]
  .filter((t) => t.offsetWidth && t.getBoundingClientRect().right >
    document.querySelector('main').getBoundingClientRect().right + 1)
  .map((t) => t.innerText.slice(0, 60))"""


@pytest.mark.browser
def test_axe_finds_nothing_in_the_section(counted: Results, account: Account, tmp_path: Path) -> None:
    from axe_core_python.sync_playwright import Axe

    frames = {
        name: frame[frame["service"].isin(["mobile_5g", "planned"])]
        for name in ("table", "variants", "notspots", "roaming", "gaps", "ranking")
        for frame in [getattr(account, name)]
    }
    frames["gaps"] = (
        frames["gaps"].groupby(["service", "kind", "remote"]).head(3)
    )  # axe is slow on long lists
    results = dataclasses.replace(counted, account=dataclasses.replace(account, **frames))
    (tmp_path / "index.html").write_text(report_page(results), encoding="utf-8")
    with opened(tmp_path / "index.html") as visit:
        visit.page.evaluate("document.querySelectorAll('main > *:not(.account)').forEach(e => e.remove())")
        visit.page.evaluate("document.querySelectorAll('.account details').forEach(d => d.open = true)")
        tags = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
        found = Axe().run(visit.page, context=".account", options=tags)
        assert [(item["id"], item["nodes"][0]["target"]) for item in found["violations"]] == []


@pytest.mark.browser
def test_it_prints_on_a4(folder: Path, tmp_path: Path) -> None:
    with opened(folder / "index.html", width=794) as visit:
        visit.page.emulate_media(media="print")
        assert visit.page.locator(".counted").is_visible()
        assert visit.page.evaluate(CUT_OFF) == []
        visit.page.pdf(path=str(tmp_path / "report.pdf"), format="A4")
        assert (tmp_path / "report.pdf").stat().st_size > 50_000
