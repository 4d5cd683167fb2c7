"""
Writes docs/indicators.md from the definitions of the indicators: ``python scripts/build_docs.py``.

A test regenerates the page and compares, so that it never parts from the definitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from notspot_coverage.definitions import Indicator, Recipe, load_indicators, load_themes
from notspot_geodata.text import Text
from notspot_maps.words import BASIS, KINDS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "indicators.md"

_HEAD = """\
# 指標 · The indicators

Made from `official_2021.toml` and `measures_2021.toml` in `coverage/notspot_coverage/data` by
`python scripts/build_docs.py`; change those files, not this one. `notspot indicators` prints the list. A study adds
indicators of its own ([studies.md](studies.md)).

| 種類 · kind | 意義 · what its figure is |
|---|---|
| 比率 · share | 分子占分母之百分比 · numerator over denominator, in percent |
| 有無 · existence | 至少有一處之單位數，非人口比率 · how many units have at least one; never a share of people |
| 計數 · count | 數目 · a number of things |
| 量值 · measure | 有單位之數值，如每千人臺數 · a figure with a unit, such as stations per 1,000 people |

| 依據 · basis | 數字從何而來 · where a figure comes from |
|---|---|
| 登記 · register | 執照或戶籍登記 · a register of licences or households |
| 申報 · claim | 業者或機關申報 · what an operator or agency says |
| 量測 · measurement | 實地量測 · measured in the field |
| 推估 · model | 模型計算 · computed by a model |

「公布」為官方公布值；未列者無公布值。「計算」為 Notspot 由隨附資料計算之方式；
無此項者僅有公布值，「尚缺」說明計算所需之資料。

*Published* is the official figure, absent where none is. *Worked out* says how Notspot computes it from the data that
ship with it (Σ is over the townships where the columns are known); an indicator without it has only its published
figure, and *missing* says what would be needed."""


def as_markdown(indicators: Mapping[str, Indicator], themes: Mapping[str, Text]) -> str:
    """The whole page: how to read it, then every indicator in its theme, in the order of the definitions."""
    lines = [_HEAD]
    for theme, name in themes.items():
        members = [item for item in indicators.values() if item.theme == theme]
        if not members:
            continue
        lines += ["", f"## {_both(name)}", ""]
        lines += ["| id | 名稱 · name | 種類 · kind | 2021 | 2025 |", "|---|---|---|---|---|"]
        lines += [_row(item) for item in members]
        for item in members:
            lines += ["", *_section(item)]
    return "\n".join(lines) + "\n"


def _row(item: Indicator) -> str:
    published = _figure(item.official_2021, item.unit)
    target = _figure(item.target_2025, item.unit)
    return f"| `{item.id}` | {_both(item.name)} | {_both(KINDS[item.kind])} | {published} | {target} |"


def _section(item: Indicator) -> Iterator[str]:
    yield f"### {item.id}"
    yield ""
    yield f"**{_safe(item.name.zh)}** · {_safe(item.name.en)}"
    yield ""
    yield f"- 定義 · definition: {_both(item.definition)}"
    yield f"- 分子 · numerator: {_both(item.numerator)}"
    if item.denominator is not None:
        yield f"- 分母 · denominator: {_both(item.denominator)}"
    yield f"- 種類、單位 · kind, unit: {_both(KINDS[item.kind])}; {_both(item.unit)}"
    if item.official_2021 is not None:
        yield f"- 公布 · published 2021: {_published(item)}"
    for part in item.parts:
        yield f"  - {_both(part.name)}: {_figure(part.official_2021, part.unit)}"
    if item.target_2025 is not None:
        yield f"- 目標 · target 2025: {_figure(item.target_2025, item.unit)}"
    if item.recipe is not None:
        yield f"- 計算 · worked out: `{formula(item)}`"
    elif item.needs is not None:
        yield f"- 尚缺 · missing: {_both(item.needs)}"
    if item.caveat is not None:
        yield f"- 注意 · note: {_both(item.caveat)}"
    yield f"- 來源 · source: {_both(item.source)}"
    yield f"- 資料時間、依據 · as of, basis: {_safe(item.as_of)}; {_both(BASIS[item.basis])}"


def formula(item: Indicator) -> str:
    """How the figure of a set of units comes out of their columns, on one line."""
    assert item.recipe is not None
    recipe: Recipe = item.recipe
    where = "" if recipe.within is None else f", only where {recipe.within}"
    test = ""
    if recipe.condition is not None:
        at_least = recipe.condition.at_least
        test = recipe.condition.column + ("" if at_least is None else f" ≥ {at_least:g}")
    if item.kind == "share":
        return f"100 × Σ {recipe.weight} [{test}] / Σ {recipe.weight}{where}"
    if test:
        return f"number of {recipe.level}s [{test}]{where}"
    scale = "" if recipe.scale == 1 else f"{recipe.scale:g} × "
    if recipe.denominator is not None:
        return f"{scale}Σ {recipe.numerator} / Σ {recipe.denominator}{where}"
    if recipe.weight is not None:
        return f"{scale}Σ ({recipe.numerator} × {recipe.weight}) / Σ {recipe.weight}{where}"
    return f"{scale}Σ {recipe.numerator}{where}"


def _published(item: Indicator) -> str:
    out = _figure(item.official_2021, item.unit)
    if item.official_denominator is not None:
        top, bottom = item.official_numerator, item.official_denominator
        out += f" ({'–' if top is None else f'{top:,.10g}'} / {bottom:,.10g})"
    return out


def _figure(value: float | None, unit: Text) -> str:
    return "" if value is None else f"{value:,.10g} {_both(unit)}"


def _both(text: Text) -> str:
    """Both languages, once where they are the same."""
    return _safe(text.zh) if text.zh == text.en else f"{_safe(text.zh)} · {_safe(text.en)}"


def _safe(text: str) -> str:
    """Text as Markdown shows it: no cell ends early, nothing becomes markup."""
    for sign in "\\`*_<[|":
        text = text.replace(sign, f"\\{sign}")
    return text


def main() -> None:
    """Write the page."""
    PAGE.write_text(as_markdown(load_indicators(), load_themes()), encoding="utf-8", newline="\n")
    print(PAGE.relative_to(PAGE.parents[1]))


if __name__ == "__main__":
    main()
