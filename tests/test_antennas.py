"""Antenna patterns: the 3GPP forms and measured ones, by their laws; MSI files, good and bad."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notspot_coverage.network import antennas
from notspot_coverage.network.antennas import BUILT_IN, attenuation_db, pack
from notspot_geodata.antenna_files import AntennaFile, read_antenna_file
from notspot_geodata.errors import InputError, NotFoundError

AZIMUTHS = st.floats(-720, 720)
BELOW = st.floats(-90, 90)
TILTS = st.floats(-15, 15)


def measured(tilt=0, back_db=25.0, width=65.0, height=8.0):
    """A panel as a file would have it: two cuts that meet in front and behind."""
    angles = np.arange(360)
    off = np.minimum(angles, 360 - angles)
    horizontal = np.minimum(12 * (off / width) ** 2, back_db)
    below = (angles - tilt + 180) % 360 - 180
    vertical = np.minimum(12 * (below / height) ** 2, 20.0)
    vertical[90:271] = back_db
    return horizontal, vertical


def panel(tilt=0):
    horizontal, vertical = measured(tilt)
    return antennas.from_file(AntennaFile("panel", 2100.0, 17.0, float(tilt), horizontal, vertical))


PATTERNS = {**{name: make() for name, make in BUILT_IN.items()}, "measured": panel(), "tilted": panel(6)}
ROWS = {name: tuple(a[0] for a in pack([pattern])) for name, pattern in PATTERNS.items()}
every = pytest.mark.parametrize("name", PATTERNS)
built_in = pytest.mark.parametrize("name", BUILT_IN)


attenuation_db(
    *ROWS["omni"], 0.0, 0.0, 0.0
)  # compiled here, outside the time that hypothesis allows an example


def loss(name, azimuth, below, tilt):
    return attenuation_db(*ROWS[name], float(azimuth), float(below), float(tilt))


# ------------------------------------------------------------------ laws


@every
@given(azimuth=AZIMUTHS, below=BELOW, tilt=TILTS)
def test_no_direction_is_stronger_than_the_strongest_or_weaker_than_the_limit(name, azimuth, below, tilt):
    pattern = PATTERNS[name]
    limit = max(pattern.params[2], pattern.params[3]) if pattern.kind == antennas.FORM else pattern.params[1]
    assert 0 <= loss(name, azimuth, below, tilt) <= limit + 1e-9


@every
@given(azimuth=st.integers(-180, 180), turns=st.integers(-3, 3), below=BELOW, tilt=TILTS)
def test_a_whole_turn_changes_nothing(name, azimuth, turns, below, tilt):
    assert loss(name, azimuth + 360 * turns, below, tilt) == loss(name, azimuth, below, tilt)


@every
@given(azimuth=AZIMUTHS, below=BELOW, tilt=TILTS)
def test_left_and_right_are_alike(name, azimuth, below, tilt):
    assert loss(name, azimuth, below, tilt) == pytest.approx(loss(name, -azimuth, below, tilt), abs=1e-6)


@built_in
@given(tilt=TILTS, off=st.floats(0, 60), azimuth=AZIMUTHS)
def test_the_beam_is_as_wide_above_its_axis_as_below(name, tilt, off, azimuth):
    assert loss(name, azimuth, tilt + off, tilt) == pytest.approx(loss(name, azimuth, tilt - off, tilt))


@every
@given(tilt=st.integers(-15, 15))
def test_the_strongest_direction_is_straight_ahead_and_as_far_down_as_the_tilt(name, tilt):
    assert loss(name, 0, tilt, tilt) == pytest.approx(0, abs=1e-6)


@built_in
@given(azimuth=AZIMUTHS, below=BELOW, tilt=TILTS, by=st.floats(-10, 10))
def test_tilting_turns_the_beam_and_keeps_its_shape(name, azimuth, below, tilt, by):
    assert loss(name, azimuth, below + by, tilt + by) == pytest.approx(
        loss(name, azimuth, below, tilt), abs=1e-6
    )


@given(one=st.floats(0, 180), other=st.floats(0, 180))
def test_further_off_the_axis_is_never_stronger(one, other):
    near, far = sorted((one, other))
    assert loss("3gpp-macro", near, 0, 0) <= loss("3gpp-macro", far, 0, 0)


# ------------------------------------------------------------------ values by hand


@pytest.mark.parametrize(
    ("name", "azimuth", "below", "tilt", "expected"),
    [
        # TR 38.901 table 7.3-1: 12 (32.5/65)² = 3 dB at half the beamwidth, both ways; 30 dB at most
        ("3gpp-38901", 32.5, 0, 0, 3.0),
        ("3gpp-38901", 0, 32.5, 0, 3.0),
        ("3gpp-38901", 32.5, 32.5, 0, 6.0),
        ("3gpp-38901", 180, 0, 0, 30.0),
        # TR 36.814 table A.2.1.1-2: 10 degrees in the vertical, 20 dB at most there, 25 dB in all
        ("3gpp-macro", 0, 11, 6, 3.0),
        ("3gpp-macro", 65, 6, 6, 12.0),
        ("3gpp-macro", 0, 90, 6, 20.0),
        ("3gpp-macro", 65, 90, 6, 25.0),
        ("omni", 137, 11, 6, 3.0),
        ("isotropic", 137, -80, 6, 0.0),
    ],
)
def test_values_worked_out_by_hand(name, azimuth, below, tilt, expected):
    assert loss(name, azimuth, below, tilt) == pytest.approx(expected)


def test_the_beamwidth_is_where_half_the_power_is_left():
    for width in (33.0, 65.0, 90.0):
        row = tuple(a[0] for a in pack([antennas.sector_macro(width)]))
        assert attenuation_db(*row, width / 2, 0.0, 0.0) == pytest.approx(3.0)


@given(angle=st.integers(0, 359))
def test_a_measured_antenna_gives_back_its_own_cuts(angle):
    horizontal, vertical = measured(6)
    # the vertical cut in front goes from 270 (up) over 0 to 90 (down), behind from 90 to 270
    if angle <= 90 or angle >= 270:
        below = angle if angle <= 90 else angle - 360
        assert loss("tilted", 0, below, 6) == pytest.approx(vertical[angle], abs=1e-5)
    else:
        assert loss("tilted", 180, 180 - angle, 6) == pytest.approx(vertical[angle], abs=1e-5)
    flat = loss("measured", angle, 0, 0)
    assert flat == pytest.approx(horizontal[angle], abs=1e-5)


def test_between_whole_degrees_lies_the_straight_line():
    assert loss("measured", 40.25, 0, 0) == pytest.approx(
        0.75 * loss("measured", 40, 0, 0) + 0.25 * loss("measured", 41, 0, 0)
    )


def test_tilting_a_measured_antenna_lowers_the_front_and_lifts_the_back():
    angles = np.arange(-30, 31)
    front = [loss("measured", 0, a, 4) for a in angles]
    assert angles[int(np.argmin(front))] == 4
    lobe = measured()[1].copy()
    lobe[175:186] = 10.0  # something behind to look at
    pattern = antennas.from_file(AntennaFile("lobe", 2100.0, 17.0, 0.0, measured()[0], lobe))
    row = tuple(a[0] for a in pack([pattern]))
    weak = [attenuation_db(*row, 180.0, float(a), 4.0) < 20 for a in angles]
    assert list(angles[weak]) == list(range(-9, 2))  # -5 … 5 before, 4 degrees higher now


@given(kinds=st.lists(st.sampled_from(list(PATTERNS)), min_size=1, max_size=5))
def test_packed_patterns_keep_their_order(kinds):
    packed = pack([PATTERNS[k] for k in kinds])
    for row, kind in enumerate(kinds):
        found = attenuation_db(*(a[row] for a in packed), 50.0, 8.0, 3.0)
        assert found == loss(kind, 50, 8, 3)


# ------------------------------------------------------------------ MSI files


def msi(horizontal=None, vertical=None, *, gain="GAIN 15.5 dBi", more=(), separator=" ", decimal="."):
    h, v = measured(6)
    horizontal = horizontal if horizontal is not None else list(enumerate(h))
    vertical = vertical if vertical is not None else list(enumerate(v))
    lines = ["NAME Panel 65/17", "MAKE Somebody", "FREQUENCY 2110-2170", gain, "TILT ELECTRICAL", *more]
    for word, cut in (("HORIZONTAL", horizontal), ("VERTICAL", vertical)):
        lines.append(f"{word} {len(cut)}")
        lines += [
            f"{a:.1f}{separator}{b:.2f}".replace(".", decimal) if not isinstance(a, str) else a
            for a, b in cut
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def read(tmp_path):
    def _read(text, encoding="utf-8"):
        path = tmp_path / "antenna.msi"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read_antenna_file(path)

    return _read


def test_a_file_as_vendors_write_it(read):
    found = read(msi())
    horizontal, vertical = measured(6)
    assert (found.name, found.frequency_mhz, found.gain_dbi, found.tilt_deg) == ("Panel 65/17", 2140, 15.5, 6)
    np.testing.assert_allclose(found.horizontal, horizontal, atol=0.006)
    np.testing.assert_allclose(found.vertical, vertical, atol=0.006)
    assert not found.notes


@pytest.mark.parametrize(
    ("gain", "dbi", "noted"),
    [
        ("GAIN 15.5 dBi", 15.5, False),
        ("GAIN 15.5dBi", 15.5, False),
        ("GAIN 15.5 dBd", 17.65, False),
        ("GAIN 15.5", 17.65, True),
        ("GAIN 15,5 DBD", 17.65, False),
        ("COMMENT none", float("nan"), True),
    ],
)
def test_a_gain_is_dbd_unless_it_says_dbi(read, gain, dbi, noted):
    found = read(msi(gain=gain))
    assert found.gain_dbi == pytest.approx(dbi, nan_ok=True)
    assert bool(found.notes) == noted


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (msi(decimal=","), "utf-8"),
        (msi(separator="\t"), "utf-8"),
        (msi(separator="   "), "utf-8"),
        (msi().replace("\n", "\r\n"), "utf-8"),
        (msi(more=["COMMENT 天線廠商"]), "cp950"),
        (msi(more=["COMMENT für 65°"]), "latin-1"),
        (msi(more=["// a remark", "# another"]), "utf-8"),
        (msi(), "utf-16"),
        (msi(separator=","), "utf-8"),
        (msi().replace("HORIZONTAL", "horizontal"), "utf-8"),
    ],
)
def test_writings_of_one_file(read, text, encoding):
    np.testing.assert_array_equal(read(text, encoding).horizontal, read(msi()).horizontal)
    np.testing.assert_array_equal(read(text, encoding).vertical, read(msi()).vertical)


def test_other_numbers_of_angles_become_whole_degrees(read):
    h, v = measured()
    coarse = [(a, h[a]) for a in range(0, 360, 5)]
    fine = [(a / 2, np.interp(a / 2, np.arange(361), np.append(h, h[0]))) for a in range(720)]
    closed = [*enumerate(h), (360, h[0])]
    signed = [(a, h[a % 360]) for a in range(-180, 180)]
    right = read(msi(list(enumerate(h)), list(enumerate(v)))).horizontal
    for cut in (fine, closed, signed):
        np.testing.assert_allclose(read(msi(cut, list(enumerate(v)))).horizontal, right, atol=0.011)
    found = read(msi(coarse, list(enumerate(v))))
    np.testing.assert_allclose(found.horizontal[::5], right[::5], atol=0.011)
    assert found.horizontal[2] == pytest.approx(0.6 * right[0] + 0.4 * right[5], abs=0.011)
    assert any("72 angles" in n for n in found.notes)


def test_gains_instead_of_attenuations_are_turned_round_and_said(read):
    h, v = measured(6)
    found = read(msi([(a, -x) for a, x in enumerate(h)], [(a, -x) for a, x in enumerate(v)]))
    np.testing.assert_allclose(found.horizontal, h, atol=0.006)
    assert any("gains" in n for n in found.notes)


def test_a_table_that_does_not_reach_zero_is_raised_and_said(read):
    h, v = measured()
    found = read(msi([(a, x + 2) for a, x in enumerate(h)], list(enumerate(v))))
    np.testing.assert_allclose(found.horizontal, h, atol=0.006)
    assert any("least attenuation is 2 dB" in n for n in found.notes)


def test_a_tilt_that_the_table_does_not_have_is_said(read):
    found = read(msi(more=["ELECTRICAL_TILT 2"]))
    assert found.tilt_deg == 6
    assert any("says 2 degrees" in n for n in found.notes)


CUT = list(enumerate(measured()[0]))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (msi([*CUT[:10], *CUT[11:]]), 6, "lacks angles after 9"),
        (msi([*CUT[:10], CUT[9], *CUT[10:]]), 17, "again, first in line 16"),
        (msi([*CUT[:10], CUT[12], CUT[11], *CUT[13:]]), 18, "have to ascend"),
        (msi([*CUT[:10], ("10.0 abc", 0), *CUT[11:]]), 17, "is not an angle and an attenuation"),
        (msi([*CUT[:10], ("10.0 1.0 2.0", 0), *CUT[11:]]), 17, "is not an angle and an attenuation"),
        (msi([*CUT[:10], (10, -5.0), *CUT[11:]]), 17, "attenuations are 0 to"),
        (msi([*CUT[:10], (10, 900.0), *CUT[11:]]), 17, "attenuations are 0 to"),
        (msi([*CUT[:359], (400, 25.0)]), 366, "angles are 0 to 359"),
        (msi(CUT[:5]), 6, "is no pattern"),
        (msi().replace("VERTICAL 360", "VERTICAL 300"), 367, "says 300 angles, but 360 follow"),
        (msi().replace("GAIN 15.5 dBi", "GAIN high"), 4, "is not a gain"),
        (msi().replace("FREQUENCY 2110-2170", "FREQUENCY S-band"), 3, "is not a frequency"),
        (msi().replace("VERTICAL", "HORIZONTAL"), 367, "stands twice, first in line 6"),
        (msi()[: msi().index("VERTICAL")], None, "is missing"),
        ("a,b\n1,2\n", None, "is missing"),
        ("", None, "is missing"),
        (b"\x00\x01\x02\x03" * 100, None, "no text file"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_line(read, text, line, words):
    with pytest.raises(InputError) as error:
        read(text)
    assert (line, True) in [(p.row, words in p.message) for p in error.value.problems]


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(NotFoundError):
        read_antenna_file(tmp_path / "none.msi")


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_otherwise(data):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.msi"
        path.write_bytes(data)
        with pytest.raises(InputError):
            read_antenna_file(path)


# ------------------------------------------------------------------ the antennas of sites


def sites_of(*rows):
    columns = ["pattern", "azimuth_deg", "beamwidth_deg", "tilt_deg"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.insert(0, "row", range(2, len(frame) + 2))
    return frame


NAN = float("nan")


def test_sites_share_patterns_and_keep_their_own_direction(tmp_path):
    (tmp_path / "p.msi").write_text(msi())
    sites = sites_of(
        ("", 120.0, 65.0, 3.0),
        ("p.msi", 0.0, NAN, 6.0),
        ("", 240.0, 65.0, 4.0),
        ("", NAN, NAN, 3.0),
        ("3gpp-38901", 10.0, 65.0, 0.0),
        ("", 10.0, 33.0, 0.0),
        ("", 10.0, 360.0, 0.0),
    )
    found = antennas.antennas_of(sites, antennas.load_patterns(sites, tmp_path))
    assert [found.names[i] for i in found.index] == [
        "3gpp-macro", "Panel 65/17", "3gpp-macro", "omni", "3gpp-38901", "3gpp-macro", "omni",
    ]  # fmt: skip
    assert found.index[0] == found.index[2] != found.index[5]
    assert list(found.azimuth_deg[:3]) == [120, 0, 240]
    assert np.isfinite(found.tilt_deg).all()
    (note,) = found.notes
    assert note.startswith("1 of 7 sites without azimuth")
    for at, site in enumerate(sites.itertuples()):
        row = [a[found.index[at]] for a in found.packed]
        assert attenuation_db(*row, 0.0, site.tilt_deg, found.tilt_deg[at]) == pytest.approx(0, abs=1e-6)


def test_a_pattern_with_a_direction_needs_an_azimuth(tmp_path):
    sites = sites_of(("3gpp-macro", NAN, 65.0, 3.0), ("omni", NAN, NAN, 3.0), ("isotropic", NAN, NAN, 0.0))
    with pytest.raises(InputError, match="has a direction") as error:
        antennas.antennas_of(sites, antennas.load_patterns(sites, tmp_path))
    assert [p.row for p in error.value.problems] == [2]


def test_patterns_that_are_not_there_or_not_sound_come_in_one_error(tmp_path):
    (tmp_path / "bad.msi").write_text("nothing")
    sites = sites_of(("none.msi", 0.0, NAN, 0.0), ("bad.msi", 0.0, NAN, 0.0), ("none.msi", 9.0, NAN, 0.0))
    with pytest.raises(InputError) as error:
        antennas.load_patterns(sites, tmp_path)
    assert [p.row for p in error.value.problems] == [2, 3]
    assert "none of 3gpp-macro" in str(error.value)
    assert "HORIZONTAL is missing" in str(error.value)
