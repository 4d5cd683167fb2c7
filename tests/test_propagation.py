"""The direct method of ITU-R P.1812 against the reference cases, analytic profiles and its own laws."""

from __future__ import annotations

import json
import math
from pathlib import Path as File

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from propagation_cases import ANSWERS, analytic, logged
from shared_data import ROOT, shared
from typer.testing import CliRunner

from notspot.cli import app
from notspot_coverage.propagation import Path, loss
from notspot_coverage.propagation.direct import SYMBOLS
from notspot_coverage.propagation.path import entry_loss_db, location_sigma_db
from notspot_geodata.errors import InputError, UsageError
from notspot_geodata.profiles import read_profile


def _cases() -> list[tuple[File, int]]:
    return [(f, k) for f in sorted((ROOT / "data/p1812/profiles").glob("*.csv")) for k in range(3)]


@pytest.mark.shared
def test_all_36_reference_cases_agree_in_every_logged_quantity() -> None:
    shared("data/p1812/profiles")
    cases = _cases()
    assert len(cases) == 36
    for file, k in cases:
        profile = read_profile(file)
        case = profile.cases[k]
        found = loss(
            Path(
                profile.distance_km,
                profile.height_m,
                case.tx_height_m,
                case.rx_height_m,
                profile.clutter_m,
                profile.zone,
                profile.tx_lonlat,
                profile.rx_lonlat,
                profile.delta_n,
                profile.n0,
            ),
            frequency_ghz=case.frequency_mhz / 1000,
            p_percent=case.p_percent,
            polarisation=case.polarisation,
        )
        assert found["Lb"] == pytest.approx(case.expected_loss_db, abs=1e-6)
        assert found["Ep"] == pytest.approx(case.expected_field_dbuv_m, abs=1e-6)
        wanted = logged(file.parent.parent / "results" / f"{file.stem}_{k}_log.csv")
        assert len(wanted) >= 47
        for symbol, value in wanted.items():
            assert found[symbol] == pytest.approx(value, abs=1e-6, rel=1e-9), f"{file.stem} {k} {symbol}"


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row[0]}-{row[1]}GHz-{row[2]}%")
def test_analytic_profiles_have_the_known_answers(row: tuple[str | float, ...]) -> None:
    name, f, p, htg, hrg, pol, *wanted = row
    found = loss(
        analytic(str(name), float(htg), float(hrg)),
        frequency_ghz=float(f),
        p_percent=float(p),
        polarisation=int(pol),
    )
    for symbol, value in zip(("th", "b0", "Ld50", "Ldp", "Lba", "Lbs", "Lb"), wanted, strict=True):
        digits = len(str(value).partition(".")[2])
        assert found[symbol] == pytest.approx(float(value), abs=0.6 * 10.0 ** -min(digits, 7)), symbol


def test_fewer_places_lose_more() -> None:
    path = analytic("HILL", 30, 1.5)
    at = {
        share: loss(path, frequency_ghz=3.5, location_percent=share, location_sigma_db=5.5)["Lb"]
        for share in (5, 50, 95)
    }
    assert at[95] == pytest.approx(192.8990457, abs=1e-6)  # 183.8503825 dB + 1.645 · 5.5 dB
    assert at[5] < at[50] < at[95]


def test_places_do_not_vary_at_sea() -> None:
    path = analytic("SEA", 30, 10)
    one = loss(path, frequency_ghz=0.7, location_percent=95, location_sigma_db=5.5)["Lb"]
    assert one == loss(path, frequency_ghz=0.7)["Lb"]


def test_variation_of_places_by_height_over_the_clutter() -> None:
    sigma = location_sigma_db(3.5, [1.5, 1.5, 12.0, 25.0], [0.0, 10.0, 10.0, 10.0], 100.0)
    full = (0.52 + 0.024 * 3.5) * 100**0.28
    assert sigma == pytest.approx([0.85 * full, full, 0.8 * full, 0.0])
    assert full * 0.85 == pytest.approx(1.86, abs=0.01)


def test_entry_loss_grows_with_efficiency_probability_and_elevation() -> None:
    assert entry_loss_db(3.5) < entry_loss_db(3.5, efficient=True)
    assert entry_loss_db(3.5, 0.5) < entry_loss_db(3.5, 0.9)
    assert entry_loss_db(3.5) < entry_loss_db(3.5, elevation_deg=30)
    low = 12.64 + 3.72 * math.log10(3.5) + 0.96 * math.log10(3.5) ** 2  # the median, F(P) = 0
    side = 9.1 - 3.0 * math.log10(3.5)
    assert entry_loss_db(3.5) == pytest.approx(
        10 * math.log10(10 ** (low / 10) + 10 ** (side / 10) + 10**-0.3)
    )


# ------------------------------------------------------------------ laws


@st.composite
def paths(draw: st.DrawFn) -> Path:
    n = draw(st.integers(5, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d = np.concatenate([[0.0], np.cumsum(rng.uniform(0.03, draw(st.sampled_from([0.1, 0.5, 1.5])), n - 1))])
    h = np.abs(np.cumsum(rng.normal(0, draw(st.sampled_from([0, 2, 30])), n))) + draw(st.integers(0, 500))
    zone = np.repeat(rng.choice([1, 3, 4], 12), n // 12 + 1)[:n]
    h = np.where(zone == 1, 0, h)
    clutter = np.where(rng.random(n) < draw(st.sampled_from([0, 0.4])), 15.0, 0.0)
    heights = draw(st.sampled_from([(30.0, 1.5), (10.0, 10.0), (200.0, 3.0)]))
    coast = (float(rng.uniform(0, 20)), float(rng.uniform(0, 20)))
    return Path(d, h, *heights, clutter, zone, (121.0, 24.0), (121.2, 24.3), coast_km=coast)


bands = st.fixed_dictionaries(
    {
        "frequency_ghz": st.sampled_from([0.03, 0.45, 0.7, 2.1, 3.5, 6.0]),
        "p_percent": st.sampled_from([1.0, 10.0, 30.0, 50.0]),
        "polarisation": st.sampled_from([1, 2]),
    }
)


@settings(max_examples=200, deadline=None)
@given(paths(), bands)
def test_the_way_back_loses_as_much(path: Path, band: dict[str, float]) -> None:
    back = Path(
        path.distance_km[-1] - path.distance_km[::-1],
        path.height_m[::-1],
        path.rx_height_m,
        path.tx_height_m,
        path.clutter_m[::-1],
        path.zone[::-1],
        (121.0, 24.0),
        (121.0, 24.0),
        coast_km=(path.coast_km or (0, 0))[::-1],  # type: ignore[arg-type]
    )
    there = Path(
        path.distance_km, path.height_m, path.tx_height_m, path.rx_height_m, path.clutter_m, path.zone,
        (121.0, 24.0), (121.0, 24.0), coast_km=path.coast_km,
    )  # fmt: skip
    # the latitude of the centre is walked from the transmitter: with both ends in one place it stays put
    one, other = loss(there, **band), loss(back, **band)
    same = abs(one["phi"] - other["phi"]) < 1e-12
    assert one["Lb"] == pytest.approx(other["Lb"], abs=1e-9 if same else 0.05)


@settings(max_examples=200, deadline=None)
@given(paths(), bands)
def test_never_less_than_line_of_sight(path: Path, band: dict[str, float]) -> None:
    found = loss(path, **band)
    assert found["Lb"] >= found["Lb0p"]
    assert found["Lb0p"] <= found["Lbfs"]
    if band["p_percent"] == 50:
        assert found["Lb"] >= found["Lbfs"]
    assert all(math.isfinite(value) for value in found.values())


@settings(max_examples=100, deadline=None)
@given(paths(), st.sampled_from([0.7, 3.5]))
def test_rarer_is_stronger(path: Path, f: float) -> None:
    losses = [loss(path, frequency_ghz=f, p_percent=p)["Lb0p"] for p in (1, 5, 10, 50)]
    assert losses == sorted(losses)


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize("f", [0.0299, 6.001, 28.0, math.nan])
def test_frequencies_outside_the_model_say_what_to_use(f: float) -> None:
    with pytest.raises(UsageError, match="--model line-of-sight"):
        loss(analytic("FLAT", 30, 1.5), frequency_ghz=f)


def test_the_edges_of_the_model_are_inside() -> None:
    for f in (0.03, 6.0):
        assert math.isfinite(loss(analytic("FLAT", 30, 1.5), frequency_ghz=f)["Lb"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"distance_km": np.array([0, 1, 1, 2, 3.0])}, "rise"),
        ({"distance_km": np.array([1, 2, 3, 4, 5.0])}, "begin with 0"),
        ({"height_m": np.zeros(4)}, "differ in length"),
        ({"height_m": np.array([0, 0, np.nan, 0, 0])}, "not numbers"),
        ({"clutter_m": np.array([0, -1, 0, 0, 0.0])}, "negative"),
        ({"zone": np.array([4, 4, 2, 4, 4])}, "zones must be"),
        ({"tx_height_m": 0.5}, "tx_height_m is 0.5"),
        ({"rx_height_m": 3001}, "rx_height_m is 3001"),
        ({"delta_n": -45}, "delta_n"),
        ({"coast_km": (-1.0, 0.0)}, "coast_km"),
        ({"tx_lonlat": (121.0, 85.0)}, "latitude"),
        ({"distance_km": np.zeros(4), "height_m": np.zeros(4)}, "5 are the fewest"),
    ],
)
def test_bad_paths_are_refused_with_every_fault(change: dict[str, object], words: str) -> None:
    good: dict[str, object] = {
        "distance_km": np.arange(5.0),
        "height_m": np.zeros(5),
        "tx_height_m": 30.0,
        "rx_height_m": 1.5,
    }
    Path(**good)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=words):
        Path(**(good | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p_percent": 51.0}, "p_percent"),
        ({"p_percent": 0.5}, "p_percent"),
        ({"location_percent": 100.0}, "location_percent"),
        ({"polarisation": 3}, "polarisation"),
        ({"location_sigma_db": -1.0}, "location_sigma_db"),
    ],
)
def test_settings_outside_the_model_are_refused(change: dict[str, float], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        loss(analytic("FLAT", 30, 1.5), frequency_ghz=0.7, **change)  # type: ignore[arg-type]


# ------------------------------------------------------------------ profile files and the command

FILE = """a made-up path
Tx LAT:,24.0,,,
Tx LON:,121.0
Rx LAT:,24.0
Rx LON:,121.1
First Point TX or RX:,T
Average annual values dN (N-units/km):,45
Average annual sea-level surface refractivity No (N-units):,325
{Begin of Profile}
Number of Points:,334
%s
{End of Profile}
Frequency,Tx antenna height
[MHz],[m]
{Begin of Measurements}
700,30,,1.5,2,,,,,,30,30,30,,50,,,
3500,30,,1.5,1,,,,,,30,30,30,,50,,,128.0607038
700,30,,1.5,2,,,,,,30,30,30,,1
{End of Measurements}
"""
POINTS = "\n".join(f"{0.03 * i:.2f},10,4,0,4" for i in range(334))


def test_loss_prints_a_record_for_every_case_in_file_order(tmp_path: File) -> None:
    file = tmp_path / "flat.csv"
    file.write_text(FILE % POINTS)
    result = CliRunner().invoke(app, ["loss", str(file), "--json"])
    assert result.exit_code == 0, result.output
    records = json.loads(result.stdout)
    assert [r["loss_db"] for r in records] == pytest.approx([127.4080170, 128.0607038, 124.0885764], abs=1e-6)
    assert [r["p_percent"] for r in records] == [50, 50, 1]
    assert [r["frequency_mhz"] for r in records] == [700, 3500, 700]
    for record in records:
        assert (record["tx_height_m"], record["rx_height_m"]) == (30, 1.5)
        assert record["field_dbuv_m"] == pytest.approx(
            199.36 + 20 * math.log10(record["frequency_mhz"] / 1000) - record["loss_db"]
        )
        assert {name for name, *_ in SYMBOLS} <= set(record)
    assert records[1]["expected_loss_db"] == 128.0607038
    text = CliRunner().invoke(app, ["loss", str(file)])
    assert text.exit_code == 0
    assert "127.408" in text.stdout


def test_a_profile_from_the_receiver_is_turned_round(tmp_path: File) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    heights = [100, 40, 70, 20, 5, 0]
    points = [f"{d},{h},4,0,4" for d, h in zip(range(6), heights, strict=True)]
    back = [f"{d},{h},4,0,4" for d, h in zip(range(6), heights[::-1], strict=True)]
    text = FILE.replace("334", "6")
    one.write_text(text % "\n".join(points))
    other.write_text((text % "\n".join(back)).replace("RX:,T", "RX:,R"))
    assert (read_profile(one).height_m == read_profile(other).height_m).all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.03,10,4,0,4", "0.03,1O,4,0,4", "'1O' is not a number"),
        ("0.06,10,4,0,4", "0.02,10,4,0,4", "not beyond"),
        ("0.06,10,4,0,4", "0.06,10,4,0,2", "none of 1"),
        ("0.06,10,4,0,4", "0.06,10,4", "5"),
        ("Number of Points:,334", "Number of Points:,333", "333"),
        ("Tx LAT:,24.0", "Tx LAT:,", "tx_lat"),
        ("700,30,,1.5,2", "700,,,1.5,2", "tx_height_m"),
        ("700,30,,1.5,2", "700,30,,1.5,3", "neither 1"),
        ("{Begin of Profile}", "", "not a profile file"),
    ],
)
def test_problems_of_a_profile_file_are_told_by_line(tmp_path: File, old: str, new: str, words: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text((FILE % POINTS).replace(old, new))
    with pytest.raises(InputError, match=words):
        read_profile(file)
    result = CliRunner().invoke(app, ["loss", str(file), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"]


def test_cases_outside_the_model_are_all_told(tmp_path: File) -> None:
    file = tmp_path / "high.csv"
    file.write_text((FILE % POINTS).replace("3500,30", "28000,30").replace(",,1\n{End", ",,60\n{End"))
    result = CliRunner().invoke(app, ["loss", str(file)])
    assert result.exit_code == 1
    assert "line-of-sight" in result.output
    assert "60" in result.output
