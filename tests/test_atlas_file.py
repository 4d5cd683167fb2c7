"""An atlas read back: its units, names and figures, and what is said of a file that is none."""

import dataclasses

import pytest
from atlas_results import results

from notspot_geodata import reference
from notspot_geodata.errors import InputError, NotFoundError
from notspot_maps.atlas.file import read_atlas
from notspot_maps.atlas.layer import atlas


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    file = tmp_path_factory.mktemp("atlas") / "atlas.html"
    atlas(results()).save(file)
    return read_atlas(file)


@pytest.fixture(scope="module")
def real(report_folder):
    return read_atlas(report_folder / "atlas.html")


def test_units_come_back_with_their_codes_names_and_shapes(real):
    for level, source, prefix in (
        ("county", reference.counties(), "county"),
        ("township", reference.townships(), "town"),
        ("village", reference.villages(), "village"),
    ):
        frame = real.frame(level)
        source = source.sort_values(f"{prefix}_code").reset_index(drop=True)
        assert frame["code"].tolist() == source[f"{prefix}_code"].tolist()
        assert frame["name"].tolist() == source[prefix].tolist()
        here, there = frame.to_crs(3826).area, source.to_crs(3826).area
        assert here.to_numpy() == pytest.approx(there.to_numpy(), rel=1e-6)
    assert all(code.startswith(up) for code, up in zip(frame["code"], frame["up"], strict=True))


@pytest.mark.parametrize("asked", ["蘭嶼鄉", "臺東縣蘭嶼鄉", "台東縣蘭嶼鄉", "lanyu township", "10014160"])
def test_a_place_is_found_by_code_and_by_either_name(real, asked):
    unit = real.place(asked)
    assert (unit.level, unit.code, unit.name.en) == ("township", "10014160", "Lanyu Township")


def test_a_name_that_several_places_have_asks_for_a_code(real):
    with pytest.raises(NotFoundError, match=r"4 places are called '東區'.*10018010 新竹市東區"):
        real.place("東區")
    assert real.place("新竹市東區").code == "10018010"


def test_what_is_not_there_is_named_with_what_is(real, small):
    with pytest.raises(NotFoundError, match="base_stations_4g_per_1000"):
        real.indicator("base_stations_4g_per_100")
    with pytest.raises(NotFoundError, match="has no place 'Atlantis'"):
        real.place("Atlantis")
    assert small.indicator("speed")["unit"] == ["Mbps", "Mbps"]


def test_a_file_that_is_no_atlas_is_an_error_in_words(tmp_path, small):
    with pytest.raises(NotFoundError, match="make it with `notspot atlas"):
        read_atlas(tmp_path / "none.html")
    page = tmp_path / "page.html"
    page.write_text("<p>hello</p>")
    with pytest.raises(InputError, match="is not an atlas"):
        read_atlas(page)
    whole = small.path.read_text(encoding="utf-8")
    for much in (2_000, len(whole) // 2, len(whole) - 2_000):
        page.write_text(whole[:much], encoding="utf-8")
        with pytest.raises(
            InputError, match=rf"is cut off or damaged: {page.stat().st_size:,} bytes without"
        ):
            read_atlas(page)
    at = whole.index('"data": "H4sI') + 40
    for step in range(0, 400, 25):  # whatever is hit: the stream, its checksum, the text within
        page.write_text(whole[: at + step] + "Zq" + whole[at + step + 2 :], encoding="utf-8")
        with pytest.raises(InputError, match="is a broken atlas"):
            read_atlas(page)


def test_townships_without_villages_have_their_shapes(tmp_path):
    study = results()
    bare = study.villages[~study.villages["town_code"].isin(["00002001", "00002003"])]
    file = tmp_path / "atlas.html"
    atlas(dataclasses.replace(study, villages=bare)).save(file)
    read = read_atlas(file)
    assert len(read.frame("village")) == len(bare)
    assert read.frame("township").area.to_numpy() == pytest.approx(study.townships.area.to_numpy(), rel=1e-3)
    assert len(read.results().townships) == 4
