"""Which headers make a table a list of base stations: whatever draws points refuses it by the same rule."""

import pytest
from typer.testing import CliRunner

from notspot.cli import app
from notspot.coverage_files import lists_stations, station_columns
from notspot.tile_columns import tile_columns
from notspot_geodata.errors import UsageError

STATIONS = """
基地臺編號 基地台名稱 電臺執照 電台編號 站臺編號 天線高度 天線高度(公尺) 方位角 發射功率(dBm) 頻段
EIRP eirp_dbm azimuth_deg AntennaHeight antenna_type eNodeB eNodeB_ID gNB cell_id CellID cgi EARFCN pci tx_power
"""
OTHERS = """
名稱 name 經度 緯度 lat lon 地址 村里 部落名稱 戶數 人口 高度 海拔 狀態 status operators 業者 value weight h3 cell
編號 id 基地臺數 基地臺數(座) 基地台數量 最近基地臺距離(公里) 基地臺涵蓋 antenna_count distance_to_enodeb
"""


@pytest.mark.parametrize("header", STATIONS.split())
def test_such_a_column_is_one_of_base_stations(header):
    assert station_columns(["名稱", header, "經度", "緯度"]) == [header]
    with pytest.raises(UsageError, match="base stations"):
        tile_columns([header, "status"])


def test_other_columns_are_not():
    assert station_columns(OTHERS.split()) == []
    assert not lists_stations(OTHERS.split())


def test_cells_of_hexagons_may_have_any_name():
    assert tile_columns(["cell_id", "status"], h3="cell_id").h3 == "cell_id"


def test_a_list_of_stations_without_radio_is_not_drawn_over_an_atlas(report_folder, tmp_path):
    stations = tmp_path / "x.csv"
    stations.write_text("基地臺編號,經度,緯度\nA1,121.413579,24.712463\n", encoding="utf-8")
    out = tmp_path / "atlas.html"
    done = CliRunner().invoke(
        app, ["atlas", str(report_folder), "--points", str(stations), "--out", str(out)]
    )
    assert done.exit_code != 0
    assert "--include-sites" in done.output
    assert not out.exists()
