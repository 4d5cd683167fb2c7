/* What is shown: indicator and year of each side, the level. */

Object.assign(WORDS.zh, {
  auto: "依縮放", year: "年度", left: "左側", right: "右側", noFigures: "無資料",
  autoHint: "隨地圖縮放切換縣市、鄉鎮市區、村里", noLevel: "這項指標沒有此層級的數值",
});
Object.assign(WORDS.en, {
  auto: "By zoom", year: "Year", left: "Left", right: "Right", noFigures: "no data",
  autoHint: "counties, townships, villages as one zooms in", noLevel: "No figures of this indicator at this level",
});

class Controls {
  constructor(panel) { Object.assign(this, { panel, view: panel.view, id: panel.id }); }

  /* A row for every side: its indicator, and its year where there are several. */
  sides() {
    const { view } = this, W = view.words;
    if (!view.indicator) return el("p", { class: "ns-note" }, W.empty);
    const two = view.sides.length > 1;
    return el("div", { class: "ns-sides" }, view.sides.map((_, side) => el("div", { class: "ns-side" },
      this._indicator(side, two ? `${W[side ? "right" : "left"]}${view.lang === "zh" ? "" : " "}${W.indicator.toLowerCase()}` : W.indicator),
      view.model.years.length > 1 ? this._year(side, two ? `${W[side ? "right" : "left"]}${view.lang === "zh" ? "" : " "}${W.year.toLowerCase()}` : W.year) : null)));
  }

  _indicator(side, label) {
    const { view } = this, W = view.words, id = `${this.id}-indicator${side || ""}`, shown = view.sides[side].indicator;
    const lacking = (each) => {
      if (Object.keys(each.levels).length) return "";
      const why = ofNation(each) ? W.nationOnly : W.noFigures;
      return view.lang === "zh" ? `（${why}）` : ` (${why})`;
    };
    const groups = view.model.data.themes.map(([theme, name]) => {
      const own = view.model.indicators.filter((each) => each.theme === theme);
      return own.length ? el("optgroup", { label: view.text(name) }, own.map((each) =>
        el("option", { value: each.id, selected: each === shown }, view.text(each.name) + lacking(each)))) : null;
    });
    const select = el("select", { id, "data-ns": "indicator" + (side || ""), on: { change: (event) => view.show(event.target.value, side) } }, groups);
    return el("div", { class: "ns-choice" }, el("label", { for: id }, label), select);
  }

  _year(side, label) {
    const { view } = this, W = view.words, { model } = view, id = `${this.id}-year${side || ""}`, { indicator, year } = view.sides[side], known = model.yearsOf(indicator);
    const has = (each) => known.includes(each) || model.nation(indicator, each);
    const select = el("select", { id, "data-ns": "year" + (side || ""), on: { change: (event) => view.showYear(Number(event.target.value), side) } },
      [...model.years].reverse().map((each) => el("option", { value: String(each), selected: each === year }, has(each) ? String(each) : view.lang === "zh" ? `${each}（${W.noFigures}）` : `${each} (${W.noFigures})`)));
    return el("div", { class: "ns-choice ns-choice-year" }, el("label", { for: id }, label), select);
  }

  /* The level. */
  shown() {
    const { view } = this, W = view.words, { n } = view.model, { indicator } = view;
    const has = (level) => !indicator || !Object.keys(indicator.levels).length || view.model.has(indicator, level);
    const levels = LEVELS.filter((level) => n[level] && (level !== "village" || (indicator && has(level) && Object.keys(indicator.levels).length)));
    const button = (level, text, title, on) => el("button", { type: "button", "aria-pressed": String(on), "data-ns": "level-" + level, title, disabled: level !== "auto" && !has(level), on: { click: () => view.showLevel(level) } }, text);
    const group = levels.length > 1 ? el("div", { class: "ns-levels", role: "group", "aria-label": W.level },
      button("auto", W.auto, W.autoHint, view.chosen === "auto"), levels.map((level) => button(level, W[level], has(level) ? null : W.noLevel, view.chosen === level))) : null;
    return group && el("div", { class: "ns-shown" }, group);
  }

  /* Filter and compare; of what level, unit and date the figures are. */
  tools() {
    const { view } = this, W = view.words, on = view.asked().length, two = view.sides.length > 1, open = this.panel.filtering, { indicator, year, model } = view, years = [...new Set(view.sides.map((side) => side.year))];
    if (!indicator) return null;
    const said = [view.chosen === "auto" && model.has(indicator, view.level) ? W[view.level] : null, view.unit(), years.length > 1 ? years.join(view.lang === "zh" ? "、" : ", ") : year === model.year ? indicator.as_of : String(year)].filter(Boolean);
    const once = said.filter((text, i) => said.findIndex((each) => each.toLowerCase() === text.toLowerCase()) === i); // townships may be counted by townships
    return el("div", { class: "ns-tools" },
      el("button", { type: "button", "data-ns": "filters", "aria-expanded": String(Boolean(open)), "aria-controls": this.id + "-filters", on: { click: () => this.panel.drawn.filters.toggle() } },
        W.filters, on ? el("b", { class: "ns-badge" }, String(on)) : null, el("span", { "aria-hidden": "true" }, open ? " ▴" : " ▾")),
      el("button", { type: "button", "data-ns": "compare", "aria-pressed": String(two), on: { click: () => view.compare(!two) } }, two ? W.stopComparing : W.compare),
      once.length ? el("p", { class: "ns-year" }, once.map((text, i) => [i ? " · " : "", el("span", {}, text)])) : null);
  }
}
