"""
The fixed words of the report, in both languages: the page (assets/report.html.j2, account.html.j2) and the
documents for word processors (`document_of_results`) say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from notspot_geodata.text import Text

Lang = Literal["zh", "en"]

SAY: Mapping[str, Text] = {
    # the head
    "skip": Text("跳到內容", "Skip to content"),
    "contents": Text("目錄", "Contents"),
    "run": Text("執行代號", "run"),
    "boundaries": Text("界線", "boundaries"),
    "key": Text("三項重點", "Three key figures"),
    "no_map": Text(
        "各鄉鎮市區均無可計算之指標，故無地圖；所缺資料列於計分卡。",
        "No indicator can be computed for any township, so there is no map; the scorecard says what is missing.",
    ),
    # the atlas
    "map_note": Text("點選鄉鎮市區可開啟互動地圖。", "Select a township to open it in the interactive map."),
    "atlas_here": Text("在本頁開啟互動地圖", "Open the interactive map here"),
    "atlas_close": Text("收起互動地圖", "Close the interactive map"),
    "atlas_apart": Text(
        "另開互動地圖（單一檔案，離線可用）", "The interactive map by itself (one file, works offline)"
    ),
    "atlas_title": Text("互動地圖", "Interactive map"),
    "atlas_loading": Text("讀取互動地圖…", "Loading the interactive map …"),
    "atlas_absent": Text(
        "地圖沒有出現？互動地圖是另一個檔案，須與本頁放在同一資料夾：",
        "No map here? It is a file of its own and has to lie in the same folder as this page:",
    ),
    "in_atlas": Text("在互動地圖中查看", "See it in the interactive map"),
    "numbers": Text("圖中數字", "The numbers of this figure"),
    # the scorecard
    "scorecard": Text(
        "官方指標計分卡：2021 年成果與 2025 年目標",
        "Scorecard of the official indicators: 2021, and the target of 2025",
    ),
    "kinds_note": Text(
        "「有無」指有一處即計入的單位數，「比率」指人口或家戶之占比，兩者不可相互換算。",
        "An existence counts units that have at least one; a share is of people or households. Neither can be "
        "turned into the other.",
    ),
    "indicator": Text("指標", "Indicator"),
    "official": Text("官方 2021", "Official, 2021"),
    "target": Text("目標 2025", "Target, 2025"),
    "computed": Text("本次計算", "Computed here"),
    "missing": Text("計算所缺資料", "Missing to compute it"),
    "definition": Text("定義與來源", "Definition and source"),
    "definitions": Text("各指標之定義與來源", "Definitions and sources of the indicators"),
    "numerator": Text("分子", "Numerator"),
    "denominator": Text("分母", "Denominator"),
    "caveat": Text("注意", "Caveat"),
    # remote areas, the divide, ranks
    "readings": Text("其他讀法各得多少", "What other readings give"),
    "divide": Text("數位落差：一題一圖", "The digital divide: one chart a question"),
    "divide_note": Text(
        "各指標之不均程度，以其分母加權。吉尼係數 0 為完全均等；"
        "集中指數為正者，數值偏向人口稠密（或海拔較高）之鄉鎮市區。",
        "How unevenly each measure is spread, weighted by its denominator. A Gini of 0 is perfect equality; a "
        "positive concentration index means more in denser (or higher) townships.",
    ),
    "divide_table": Text("各指標之落差與不均", "Gaps and inequality by measure"),
    "more": Text("分布、空間群聚與名次", "Distribution, local clusters and ranking"),
    "ranking": Text("最好與最差的鄉鎮市區", "Best and worst townships"),
    "ranking_note": Text(
        "點選名稱可在互動地圖中查看。無資料之鄉鎮市區不列名次。",
        "Select a name to see it in the interactive map. Townships without data have no rank.",
    ),
    "unranked": Text("無資料之鄉鎮市區不列名次。", "Townships without data have no rank."),
    "highest": Text("最高", "Highest"),
    "lowest": Text("最低", "Lowest"),
    # the end
    "unknown": Text("無資料與資料缺漏", "What is unknown, and what is missing"),
    "method": Text("方法", "Method"),
    "sources": Text("資料來源", "Sources"),
    "files": Text("下載", "Downloads"),
    "repeat": Text("重作所需之一切載於", "all that is needed to repeat it is in"),
    "disclaimer": Text(
        "本報告非政府出版品。官方數字之來源已逐項註明。",
        "Not a government publication. The source of each official figure is named beside it.",
    ),
    # who is covered
    "account_note": Text(
        "涵蓋率為已知者中之比率；無資料者另列，計入上下限：下限視為未涵蓋，上限視為涵蓋。"
        "各列均為比率，分母見第一欄，不是有無，亦不是計數。",
        "A share is of those known. The unknown stand apart and are in the bounds: not covered in the low, covered "
        "in the high. Every row is a share of what its first column names, not an existence and not a count.",
    ),
    "account_table": Text("各服務之涵蓋率，全國", "Coverage by service, the nation"),
    "apart": Text("各類地區差多少", "How far apart areas are"),
    "apart_note": Text(
        "橫條為下限至上限（相差 10 個百分點以上加點），圓點或菱形（偏遠）為最佳估計，斜線為無資料之部分。",
        "A bar runs from low to high (dotted from 10 points apart), a circle or diamond (remote) is the best "
        "estimate, hatching is what nothing is known of.",
    ),
    "apart_more": Text("各對象、各類地區之涵蓋率與上下限", "Every subject by kind of area, with bounds"),
    "notspots": Text("訊號盲點與漫遊", "Not-spots, and what roaming would solve"),
    "notspots_note": Text(
        "依最佳估計。條中數字為有涵蓋之業者數，或占人口之百分比。",
        "Of the best estimate. The figure in a bar is the number of operators, or the percentage of people.",
    ),
    "gaps": Text("尚未涵蓋的偏遠村里與地點", "Remote villages and places that are not covered"),
    "gaps_note": Text(
        "村里依未涵蓋人數，地點依與最近有涵蓋者之距離排序，各列前 30；全部見",
        "Villages by people not covered, places by their distance to the nearest that is covered, the first 30 of "
        "each; all of them are in",
    ),
    "villages": Text("村里", "Villages"),
    "places": Text("地點", "Places"),
    "lowest_always": Text("無論如何假設都最低的地方", "Lowest, whatever is assumed"),
    "lowest_note": Text(
        "每一種假設（邊緣、人口分布、無資料視為涵蓋或未涵蓋等）各排一次名次。無資料之單位不列名次；同值同名次。",
        "Places are ranked once under every assumption (edges, where people are, the unknown covered or not …). "
        "Those of which nothing is known have no rank; equal shares have equal ranks.",
    ),
    "ranks": Text("名次", "Ranks"),
    "concluded": Text("計算時的認定", "What was concluded on the way"),
}


def said(text: Text, lang: Lang) -> str:
    """One of its two languages."""
    return text.zh if lang == "zh" else text.en


def year_of(year: int) -> Text:
    """A year as officials read it: '民國 110 年（2021）', in English the number alone."""
    return Text(f"民國 {year - 1911} 年（{year}）", str(year))
