"""Analytic profiles with known answers, and the logs of the reference cases."""

from __future__ import annotations

import math
from pathlib import Path as File

import numpy as np

from notspot_coverage.propagation import Path

N0 = 325.0


def analytic(name: str, tx_height_m: float, rx_height_m: float) -> Path:
    """HILL, HILL75, SLOPE, FLAT, SEA or COAST, profiles that are formulas."""
    tx, rx = (121.0, 24.0), (121.1, 24.05)
    coast = None
    if name.startswith("HILL"):
        i = np.arange(401)
        d = 0.03 * i
        h = 200 + 60 * np.sin(2 * math.pi * d / 3.1) + 25 * np.sin(2 * math.pi * d / 0.83) - 8 * d
        clutter, zone = np.where(i // 33 % 2 == 1, 15.0, 0.0), np.full(401, 4)
        if name == "HILL75":
            tx, rx = (121.0, 75.0), (121.1, 75.05)
    elif name == "SLOPE":
        i = np.arange(151)
        d = 0.03 * i
        h, clutter = 120 - 18 * d + 2 * np.sin(2 * math.pi * d / 1.7), np.zeros(151)
        zone, rx = np.where(i < 100, 4, 3), (121.04, 24.0)
    elif name == "FLAT":
        d = 0.03 * np.arange(334)
        h, clutter, zone, rx = np.full(334, 10.0), np.zeros(334), np.full(334, 4), (121.1, 24.0)
    else:
        i = np.arange(241)
        d = 0.25 * i
        tx, rx = (121.0, 25.0), (121.3, 25.5)
        h, clutter, zone = np.zeros(241), np.zeros(241), np.ones(241)
        if name == "COAST":
            h, zone = np.where(i < 9, 5.0, 0.0), np.where(i < 9, 3, 1)
            clutter = np.where((i >= 1) & (i <= 7), 10.0, 0.0)
            coast = (2.125, 0.0)
    return Path(d, h, tx_height_m, rx_height_m, clutter, zone, tx, rx, delta_n=45.0, n0=N0, coast_km=coast)


# profile, f GHz, p %, htg, hrg, polarisation, θ mrad, β0 %, Ld50, Ldp, Lba, Lbs, Lb, location % and σ
ANSWERS = [
    ("HILL", 0.7, 50, 30, 1.5, 2, 160.457808, 17.061928, 51.973101, 51.973101, 250.38198, 250.48372, 162.8594725),
    ("HILL", 0.7, 1, 30, 1.5, 2, 160.457808, 17.061928, 51.973101, 51.946469, 182.87477, 235.81051, 162.0285010),
    ("HILL", 2.1, 10, 30, 1.5, 2, 160.457808, 17.061928, 56.761055, 56.734476, 230.13133, 255.05049, 176.8323611),
    ("HILL", 3.5, 50, 30, 1.5, 2, 160.457808, 17.061928, 58.984611, 58.984611, 304.68326, 268.32998, 183.8503825),
    ("HILL", 6.0, 50, 30, 1.5, 1, 160.457808, 17.061928, 61.329504, 61.329504, 326.68406, 273.76062, 190.8769397),
    ("HILL", 0.03, 50, 10, 10, 2, 263.577332, 17.061928, 51.049890, 51.049890, 227.74295, 267.57486, 134.5764728),
    ("SLOPE", 0.7, 50, 25, 1.5, 2, 0.000280, 19.176973, 16.387596, 16.387596, 162.97143, 150.02218, 118.7562192),
    ("SLOPE", 3.5, 50, 25, 1.5, 2, 0.000280, 19.176973, 9.124692, 9.124692, 180.42622, 167.86844, 125.4727170),
    ("SLOPE", 3.5, 1, 25, 1.5, 2, 0.000280, 19.176973, 9.124692, 8.914095, 128.27513, 153.19524, 123.6614041),
    ("FLAT", 0.7, 50, 30, 1.5, 2, 0.000009, 17.657348, 18.114714, 18.114714, 163.86953, 156.94908, 127.4080170),
    ("FLAT", 3.5, 50, 30, 1.5, 1, 0.000009, 17.657348, 4.787998, 4.787998, 180.62192, 174.79535, 128.0607038),
    ("FLAT", 0.7, 1, 30, 1.5, 2, 0.000009, 17.657348, 18.114714, 17.607493, 109.21996, 142.27587, 124.0885764),
    ("FLAT", 0.05, 50, 10, 3, 2, 0.000001, 17.657348, 39.807972, 39.807972, 176.48616, 122.39907, 122.0481058),
    ("SEA", 0.7, 50, 30, 10, 2, 2.629813, 19.563291, 39.255260, 39.255260, 174.39100, 174.02767, 164.0977032),
    ("SEA", 0.7, 1, 30, 10, 2, 2.629813, 19.563291, 39.255260, 27.344499, 107.40454, 159.35447, 120.6429698),
    ("SEA", 2.1, 10, 30, 10, 1, 2.629813, 19.563291, 43.057678, 23.737702, 129.00822, 178.59445, 133.2207453),
    ("COAST", 0.7, 1, 30, 10, 2, 2.422161, 18.972098, 37.499683, 25.700742, 111.58461, 159.23548, 120.6759029),
    ("COAST", 3.5, 50, 30, 10, 2, 2.422161, 18.972098, 43.922345, 43.922345, 192.66083, 191.75496, 182.7324019),
    ("HILL75", 0.7, 10, 30, 1.5, 2, 160.457808, 2.590591, 51.973101, 51.955552, 219.95222, 242.60390, 162.5110117),
]  # fmt: skip

LOGGED = {
    ("R2", ""): "", ("Rn-1", ""): "", ("d", ""): "d", ("dlt", "78"): "dlt", ("dlr", "81a"): "dlr",
    ("th_t", "76-78"): "th_t", ("th_r", "79-81"): "th_r", ("th", "82"): "th", ("hts", ""): "hts",
    ("hrs", ""): "hrs", ("htc", "Table 5"): "hts", ("hrc", "Table 5"): "hrs", ("w", "Table 5"): "w",
    ("dtm", "Sec 3.6"): "dtm", ("dlm", "Sec 3.6"): "dlm", ("phi", "4"): "phi", ("b0", "5"): "b0",
    ("ae", "7a"): "ae", ("hst", "85"): "hst", ("hsr", "86"): "hsr", ("hst", "90a"): "hs1",
    ("hsr", "90b"): "hs2", ("hstd", "89"): "hstd", ("hsrd", "89"): "hsrd", ("htc", "37a"): "h1",
    ("hrc", "37b"): "h2", ("hte", "92a"): "hte", ("hre", "92b"): "hre", ("hm", "93"): "hm",
    ("Fi", "40"): "Fi", ("Fj", "57"): "Fj", ("Fk", "58"): "Fk", ("Lbfs", "8"): "Lbfs",
    ("Lb0p", "10"): "Lb0p", ("Lb0b", "11"): "Lb0b", ("Lbulla", "21"): "Lbulla", ("Lbulls", "21"): "Lbulls",
    ("Ldsph", "27"): "Ldsph", ("Ld50", "39"): "Ld50", ("Ldb", "39"): "Ldb", ("Ldp", "41"): "Ldp",
    ("Lbd50", "42"): "Lbd50", ("Lbd", "43"): "Lbda", ("Lminb0p", "59"): "Lminb0p", ("Lba", "46"): "Lba",
    ("Lminbap", "60"): "Lminbap", ("Lbda", "61"): "Lbda", ("Lbam", "62"): "Lbam", ("Lbs", "44"): "Lbs",
    ("Lbc", "63"): "Lbc", ("Lb", "69"): "Lb", ("Ep", "70"): "Ep",
}  # fmt: skip
# name and equation in a log → our symbol. [43] is overwritten by [61] in the logs.


def logged(file: File) -> dict[str, float]:
    """Our symbol → value of a log, for every quantity in it that is not an input."""
    out: dict[str, float] = {}
    for line in file.read_text().splitlines():
        cells = line.split(",")
        if len(cells) < 5 or not cells[0] or cells[0].startswith("#"):
            continue
        name = cells[0].split("(")[0].strip()
        equation = cells[1].replace("Eqs", "").replace("Eq", "").strip(" ()")
        symbol = LOGGED.get((name, equation), "")
        if symbol:
            out[symbol] = float(cells[-2])
    return out
