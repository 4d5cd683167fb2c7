"""The link budget: resource blocks, power of an element, defaults by technology, and who is refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_coverage.network import antennas, technologies
from notspot_coverage.network.link import (
    FILLED,
    check_model,
    complete,
    load_technologies,
    reference_eirp_dbm,
    resource_blocks,
)
from notspot_geodata.antenna_files import AntennaFile
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.sites import COLUMNS, read_sites

NAN = float("nan")


def sites(*rows):
    """Frames as `read_sites` gives them, from what is said of each site."""
    blank = dict.fromkeys(COLUMNS, NAN) | {
        "operator": "A",
        "technology": "",
        "pattern": "",
        "polarisation": 0,
    }
    frame = pd.DataFrame([blank | row for row in rows], columns=list(COLUMNS))
    frame["row"] = range(2, len(frame) + 2)
    frame["site_id"] = [f"S{i}" for i in range(len(frame))]
    return frame


def done(**site):
    return complete(sites(site))[0].iloc[0]


# ------------------------------------------------------------------ resource blocks


@pytest.mark.parametrize(
    ("technology", "mhz", "khz", "blocks"),
    [
        ("LTE", 5, 15, 25), ("LTE", 10, NAN, 50), ("LTE", 15, 15, 75), ("LTE", 20, 15, 100), ("LTE", 1.4, 15, 6),
        ("NR", 20, 15, 106), ("NR", 40, 30, 106), ("NR", 60, 30, 162), ("NR", 80, 30, 217), ("NR", 100, 30, 273),
        ("NR", 100, 60, 135), ("NR", 5, 30, 11), ("NR", 50, 15, 270), ("WCDMA", 5, NAN, 0), ("GSM", 0.2, NAN, 0),
    ],
)  # fmt: skip
def test_resource_blocks_of_the_tables(technology, mhz, khz, blocks):
    assert resource_blocks(technology, mhz, khz) == blocks


@pytest.mark.parametrize("table", [technologies.NR_BLOCKS, technologies.NR_BLOCKS_FR2])
def test_a_carrier_holds_its_blocks_and_wastes_little(table):
    for khz, row in table.items():
        for mhz, blocks in row.items():
            used = blocks * 12 * khz / 1000
            assert 0.78 * mhz <= used < mhz, (khz, mhz)  # TS 38.104 §5.3.3: guard bands stay free
        assert list(row) == sorted(row)
        assert list(row.values()) == sorted(row.values())


def test_twice_the_spacing_holds_at_most_half_the_blocks():
    for low, high in ((15.0, 30.0), (30.0, 60.0)):
        for mhz, blocks in technologies.NR_BLOCKS[high].items():
            if mhz in technologies.NR_BLOCKS[low]:
                assert 2 * blocks <= technologies.NR_BLOCKS[low][mhz]


@pytest.mark.parametrize(
    ("technology", "mhz", "khz", "f", "words"),
    [
        ("LTE", 12, 15, 1800, "1.4, 3, 5, 10, 15, 20 MHz"),
        ("NR", 100, 15, 3500, "45, 50 MHz"),
        ("NR", 100, 120, 3500, "15, 30, 60 kHz"),
        ("NR", 100, 30, 28000, "60, 120 kHz"),
    ],
)
def test_a_carrier_that_does_not_exist_is_refused_with_those_that_do(technology, mhz, khz, f, words):
    with pytest.raises(UsageError, match=words):
        resource_blocks(technology, mhz, khz, f)


# ------------------------------------------------------------------ power of an element


def test_the_example_of_a_20_mhz_carrier():
    # 43 dBm over 1200 subcarriers: 43 - 30.79 = 12.21 dBm each, before the antenna
    assert reference_eirp_dbm("LTE", 100, power_dbm=43.0) == pytest.approx(12.2082, abs=1e-4)


@given(eirp=st.floats(-30, 80), blocks=st.sampled_from(sorted(set(technologies.NR_BLOCKS[30.0].values()))))
def test_the_elements_together_send_what_the_carrier_sends(eirp, blocks):
    element = reference_eirp_dbm("NR", blocks, eirp_dbm=eirp)
    assert 10 * math.log10(12 * blocks * 10 ** (element / 10)) == pytest.approx(eirp, abs=1e-9)


@given(power=st.floats(0, 60), gain=st.floats(-10, 30), loss=st.floats(0, 10))
def test_power_and_gain_are_the_eirp_they_make(power, gain, loss):
    parts = reference_eirp_dbm("LTE", 50, power_dbm=power, gain_dbi=gain, feeder_loss_db=loss)
    assert parts == pytest.approx(reference_eirp_dbm("LTE", 50, eirp_dbm=power + gain - loss))


def test_a_pilot_is_a_tenth_of_its_carrier_and_gsm_is_the_whole():
    assert reference_eirp_dbm("WCDMA", eirp_dbm=58.0) == 48.0
    assert reference_eirp_dbm("GSM", eirp_dbm=58.0) == 58.0


# ------------------------------------------------------------------ technologies as data


def test_every_figure_has_a_source_and_says_what_is_assumed():
    for technology in load_technologies().values():
        wanted = {"frequency_mhz", "bandwidth_mhz", "height_m", "power_dbm", "gain_dbi", "feeder_loss_db",
                  "beamwidth_deg", "tilt_deg", "threshold_dbm"}  # fmt: skip
        assert wanted <= set(technology.figures)
        assert set(technology.figures) - wanted <= {"scs_khz"}
        assert ("scs_khz" in technology.figures) == (technology.technology == "NR")
        for figure in technology.figures.values():
            assert figure.source.startswith(
                ("engineering assumption", "Report ITU-R", "3GPP T", "frequency band")
            )


def test_every_technology_has_one_default_band_and_carriers_that_exist():
    known = load_technologies().values()
    for name in {t.technology for t in known}:
        assert sum(t.default for t in known if t.technology == name) == 1
    for t in known:
        blocks = resource_blocks(
            t.technology, t.value("bandwidth_mhz"), t.value("scs_khz"), t.value("frequency_mhz")
        )
        assert (blocks > 0) == (t.technology in ("NR", "LTE"))


# ------------------------------------------------------------------ filling


def test_a_default_is_that_of_the_nearest_band():
    for technology, mhz, band in (
        ("NR", 3300, "nr-3500"), ("NR", 4900, "nr-3500"), ("NR", 758, "nr-700"), ("NR", 27900, "nr-28000"),
        ("LTE", 703, "lte-700"), ("LTE", 955, "lte-900"), ("LTE", 1747, "lte-1800"), ("LTE", 2570, "lte-2600"),
    ):  # fmt: skip
        found = technologies.technology_for(technology, float(mhz))
        assert found is not None
        assert found.id == band


def test_what_a_site_says_itself_is_never_touched():
    given_all = dict.fromkeys(FILLED, 0.0) | {
        "frequency_mhz": 1900.0, "bandwidth_mhz": 15.0, "scs_khz": 15.0, "height_m": 12.0, "power_dbm": 37.0,
        "gain_dbi": 11.0, "feeder_loss_db": 1.5, "beamwidth_deg": 90.0, "tilt_deg": 0.0,
    }  # fmt: skip
    found = done(technology="LTE", azimuth_deg=0.0, **given_all)
    for name, value in given_all.items():
        assert found[name] == value
    assert found["default_filled"] == ""
    assert found["eirp_dbm"] == 46.5
    assert found["eirp_re_dbm"] == pytest.approx(46.5 - 10 * math.log10(12 * 75))


def test_what_is_filled_is_listed_counted_and_sourced():
    frame = sites(
        {"technology": "LTE", "frequency_mhz": 1800, "azimuth_deg": 0},
        {"technology": "LTE", "frequency_mhz": 1800, "height_m": 12.0, "azimuth_deg": 0},
        {"technology": "NR", "frequency_mhz": 3500, "eirp_dbm": 70.0, "azimuth_deg": 0},
    )
    found, said = complete(frame)
    assert list(found["height_m"]) == [30, 12, 30]
    assert (
        "1 of 2 LTE sites without height_m took 30 m (lte-1800 default; Report ITU-R M.2292-0"
        in "\n".join(said)
    )
    assert found["default_filled"].str.split().map(set).tolist() == [
        {"bandwidth_mhz", "height_m", "power_dbm", "gain_dbi", "feeder_loss_db", "beamwidth_deg", "tilt_deg"},
        {"bandwidth_mhz", "power_dbm", "gain_dbi", "feeder_loss_db", "beamwidth_deg", "tilt_deg"},
        {"bandwidth_mhz", "scs_khz", "height_m", "beamwidth_deg", "tilt_deg"},
    ]
    assert any(s.startswith("2 LTE sites: served from -105 dBm on") for s in said)
    assert all("(" in s for s in said)


def test_an_eirp_needs_no_power_and_goes_before_it():
    found = done(technology="NR", frequency_mhz=3500, bandwidth_mhz=100, scs_khz=30, eirp_dbm=70.0)
    assert math.isnan(found["power_dbm"])
    assert found["n_rb"] == 273
    assert found["eirp_re_dbm"] == pytest.approx(70 - 10 * math.log10(12 * 273))


def test_a_technology_without_a_frequency_takes_its_usual_band():
    found = done(technology="NR")
    assert found["frequency_mhz"] == 3500
    assert "frequency_mhz" in found["default_filled"]


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"technology": st.sampled_from(["NR", "LTE", "WCDMA", "GSM"])},
            optional={
                "frequency_mhz": st.sampled_from([700.0, 940.0, 1840.0, 2140.0, 2600.0, 3500.0]),
                "height_m": st.floats(1, 100),
                "eirp_dbm": st.floats(20, 75),
                "power_dbm": st.floats(10, 55),
                "azimuth_deg": st.floats(0, 359),
            },
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_known_technology_is_always_complete(rows):
    found, _ = complete(sites(*rows))
    assert len(found) == len(rows)
    needed = [
        "frequency_mhz",
        "bandwidth_mhz",
        "height_m",
        "eirp_dbm",
        "eirp_re_dbm",
        "tilt_deg",
        "threshold_dbm",
    ]
    assert np.isfinite(found[needed].to_numpy()).all()
    assert (found["eirp_re_dbm"] <= found["eirp_dbm"]).all()
    again, _ = complete(found[list(COLUMNS)])
    pd.testing.assert_series_equal(again["eirp_re_dbm"], found["eirp_re_dbm"])


def test_a_measured_antenna_brings_its_own_gain_and_tilt():
    flat = np.zeros(360)
    pattern = antennas.from_file(AntennaFile("p", 2100.0, 13.0, 6.0, flat, flat))
    frame = sites({"technology": "LTE", "frequency_mhz": 2140, "pattern": "p.msi", "azimuth_deg": 0})
    found, said = complete(frame, patterns={"p.msi": pattern})
    assert (found["gain_dbi"].iloc[0], found["tilt_deg"].iloc[0]) == (13, 6)
    assert any("took 13 dBi (of the pattern p.msi)" in s for s in said)
    own, _ = complete(frame.assign(gain_dbi=17.0, tilt_deg=2.0), patterns={"p.msi": pattern})
    assert (own["gain_dbi"].iloc[0], own["tilt_deg"].iloc[0]) == (17, 2)


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ({}, "no technology is given, so there is no default for frequency_mhz, height_m, power_dbm"),
        ({"frequency_mhz": 700.0}, "no default for height_m, power_dbm"),
        ({"technology": "TETRA", "frequency_mhz": 400.0}, "'TETRA' is not known"),
        ({"technology": "LTE", "bandwidth_mhz": 7.0}, "no carrier of 7 MHz"),
        ({"technology": "NR", "scs_khz": 240.0}, "no subcarrier spacing of 240 kHz"),
    ],
)
def test_a_site_that_cannot_be_completed_is_refused_with_its_reason(site, words):
    frame = sites({"technology": "LTE"}, site)
    with pytest.raises(InputError, match=words) as error:
        complete(frame)
    assert [p.row for p in error.value.problems] == [3]
    ledger = Ledger()
    found, _ = complete(frame, ledger=ledger, allow_rejects=True)
    assert list(found["row"]) == [2]
    assert [r["row"] for r in ledger.rows] == [3]


def test_an_unknown_technology_with_all_its_figures_goes_as_a_whole_carrier():
    frame = sites({"technology": "TETRA", "frequency_mhz": 400.0, "height_m": 30.0, "eirp_dbm": 50.0})
    found, said = complete(frame)
    assert (found["eirp_re_dbm"].iloc[0], found["reference"].iloc[0]) == (50, "carrier")
    assert math.isnan(found["threshold_dbm"].iloc[0])
    assert any("no RSRP" in s for s in said)


def test_the_crude_models_ask_for_less():
    frame = sites({}, {"technology": "TETRA", "frequency_mhz": 400.0, "height_m": 30.0})
    assert len(complete(frame, model="disk")[0]) == 2
    with pytest.raises(InputError) as error:
        complete(frame, model="line-of-sight")
    assert [p.row for p in error.value.problems] == [2]


@pytest.mark.parametrize(
    ("mhz", "good"), [(29.9, False), (30, True), (6000, True), (6000.1, False), (28000, False)]
)
def test_p1812_holds_from_30_mhz_to_6_ghz_and_the_refusal_says_what_to_use(mhz, good):
    frame = sites({"frequency_mhz": mhz, "height_m": 20.0})
    for model in ("line-of-sight", "disk"):
        assert len(check_model(frame, model)) == 1
    if good:
        assert len(check_model(frame, "p1812")) == 1
        return
    with pytest.raises(
        InputError, match=f"is {mhz:g} MHz; .* 30 to 6000 MHz.* --model line-of-sight"
    ) as error:
        check_model(frame, "p1812")
    assert error.value.problems[0].row == 2
    assert check_model(frame, "p1812", allow_rejects=True).empty


def test_p1812_wants_a_frequency_and_a_metre_of_height():
    with pytest.raises(InputError) as error:
        check_model(sites({"height_m": 20.0}, {"frequency_mhz": 700.0, "height_m": 0.5}), "p1812")
    assert [p.field for p in error.value.problems] == ["frequency_mhz", "height_m"]


def test_a_model_that_does_not_exist_is_said():
    with pytest.raises(UsageError, match="line-of-sight"):
        check_model(sites(), "hata")


# ------------------------------------------------------------------ from the file on


def test_a_small_network_from_its_file_to_its_antennas(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(
        "站號,業者,技術,經度,緯度,頻率(MHz),天線高度(m),EIRP(dBm),方位角\n"
        "A,中華電信,5G,121.5,25.03,3500,25,72,0\n"
        "A,中華電信,5G,121.5,25.03,3500,25,72,120\n"
        "B,遠傳電信,4G,121.52,25.05,700,,,\n"
        "C,遠傳電信,5G,121.53,25.05,28000,10,60,90\n",
        encoding="utf-8",
    )
    read = read_sites(path)
    ledger = Ledger()
    found, said = complete(read)
    found = check_model(found, "p1812", ledger=ledger, allow_rejects=True)
    assert list(found["site_id"]) == ["A", "A#2", "B"]
    assert ledger.rows[0]["file"] == "sites.csv"
    assert list(found["n_rb"]) == [273, 273, 50]
    assert found["eirp_re_dbm"].tolist() == pytest.approx(
        [72 - 10 * math.log10(3276)] * 2 + [46 - 3 + 15 - 10 * math.log10(600)]
    )
    aerials = antennas.antennas_of(found, antennas.load_patterns(found, tmp_path))
    assert [aerials.names[i] for i in aerials.index] == ["3gpp-macro", "3gpp-macro", "omni"]
    assert any("without height_m took 30 m" in s for s in said)
