"""
What a finding of remoteness says in words, in both languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notspot_geodata.text import Text

if TYPE_CHECKING:
    from notspot_coverage.rulebook import Rule
    from notspot_coverage.rules import RemoteFinding, Variant

_AREA_WORDS = {
    "official": Text("全國平均以公布之土地面積計", "national average over the published land area"),
    "units": Text("全國平均以各鄉鎮市區界線面積合計計", "national average over the sum of the units' areas"),
}
_OFFSHORE_WORDS = {
    "reach": Text(
        "離島鄉鎮市有陸地距縣政府 {km} 公里以上（縣政府所在鄉鎮市除外）",
        "offshore townships with land at least {km} km from the county seat (not the seat's own)",
    ),
    "centroid": Text(
        "離島鄉鎮市形心距縣政府 {km} 公里以上（縣政府所在鄉鎮市除外）",
        "offshore townships whose centroid is at least {km} km from the county seat (not the seat's own)",
    ),
    "nearest": Text(
        "離島鄉鎮市全境距縣政府 {km} 公里以上，且不在縣政府所在之島",
        "offshore townships wholly at least {km} km from the county seat and not on the seat's island",
    ),
    "all_but_seat": Text(
        "所有離島鄉鎮市（縣政府所在鄉鎮市除外），不計距離",
        "every offshore township but the seat's own, whatever the distance",
    ),
    "all": Text("所有離島鄉鎮市，不計距離", "every offshore township, whatever the distance"),
    "none": Text("僅依人口密度", "density only"),
}


def describe(variant: Variant, offshore_km: float = 7.5) -> Text:
    """A reading of the rule in words."""
    area, island = _AREA_WORDS[variant.average_area], _OFFSHORE_WORDS[variant.offshore]
    zh, en = f"{area.zh}；{island.zh}", f"{area.en}; {island.en}"
    if variant.inclusive:
        zh, en = f"{zh}；密度等於門檻者亦計入", f"{en}; a density at the threshold counts"
    return Text(zh.format(km=f"{offshore_km:g}"), en.format(km=f"{offshore_km:g}"))


def _outside(rule: Rule, year: int) -> bool:
    """Whether the rule was in force on no day of `year`."""
    return year < rule.in_force.year or (rule.until is not None and year > rule.until.year)


def remarks(finding: RemoteFinding) -> tuple[Text, ...]:
    """What was found, how the rule was read and what is open, a sentence each."""
    rule, words = finding.rule, describe(finding.variant, finding.rule.offshore_km)
    others = finding.alternatives
    counts = others["found"]
    out = []
    if finding.published is None:
        out.append(
            Text(
                f"計得 {finding.found} 個偏遠鄉鎮市區；{finding.year} 年無公布數。",
                f"{finding.found} remote townships are found; no count was published for {finding.year}.",
            )
        )
    else:
        out.append(
            Text(
                f"計得 {finding.found} 個偏遠鄉鎮市區；{finding.year} 年公布數為 {finding.published} 個。"
                f"公布名單不在本資料內，無法逐一比對。",
                f"{finding.found} remote townships are found; {finding.published} were published for "
                f"{finding.year}. The published list is not in the data, so the two "
                "cannot be compared name by name.",
            )
        )
    if _outside(rule, finding.year):
        out.append(
            Text(
                f"此規定自 {rule.in_force} 起{f'至 {rule.until} 止' if rule.until else ''}施行，"
                f"不適用於 {finding.year} 年。",
                f"This rule was in force from {rule.in_force}"
                f"{f' to {rule.until}' if rule.until else ''}, which does not fit {finding.year}.",
            )
        )
    out.append(
        Text(
            f"門檻：全國平均每平方公里 {finding.national_density:,.1f} 人之 {100 * rule.density_below:.0f} %，"
            f"即 {finding.threshold:,.1f} 人。",
            f"Threshold: {100 * rule.density_below:.0f} % of the national average of {finding.national_density:,.1f} "
            f"people per km², that is {finding.threshold:,.1f}.",
        )
    )
    out.append(
        Text(
            f"讀法：{words.zh}。其他讀法得 {counts.min()} 至 {counts.max()} 個。",
            f"Reading: {words.en}. Other readings give {counts.min()} to {counts.max()}.",
        )
    )
    near = finding.near_threshold
    if len(near):
        listed = [f"{r.county}{r.town}（{r.density_per_km2:,.1f}）" for r in near.itertuples()]
        english = [f"{r.town_en} ({r.density_per_km2:,.1f})" for r in near.itertuples()]
        out.append(
            Text(
                f"密度與門檻相差 2% 以內，結果易受面積與人口基準影響：{'、'.join(listed)}。",
                f"Within 2 % of the threshold, so that the area or date used decides: {', '.join(english)}.",
            )
        )
    if rule.deemed is not None and finding.deemed is not None and len(finding.deemed):
        share = f"{100 * rule.deemed.from_density:.0f}–{100 * rule.deemed.to_density:.0f} %"
        out.append(
            Text(
                f"另有 {len(finding.deemed)} 個鄉鎮市區與偏遠地區相鄰，密度在全國平均之 {share} 之間，"
                "經核准方視為偏遠，未計入。",
                f"Another {len(finding.deemed)} adjoin a remote township and have {share} of the average; "
                "they count only once approved, and are not counted.",
            )
        )
    return tuple(out)
