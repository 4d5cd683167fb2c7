/* The place: its figures in the panel and beside the pointer. */

class Card {
  constructor(panel) { Object.assign(this, { panel, view: panel.view }); }

  draw(node, scroll = false) {
    const { view } = this, W = view.words, place = view.selected, { model, indicator } = view;
    if (!place) node.replaceChildren(...this._nation());
    else {
      const path = model.path(place.level, place.index), { cell, lent } = view.cell(place);
      const zh = model.name(place.level, place.index, "zh"), en = model.name(place.level, place.index, "en");
      const [first, second] = view.lang === "zh" ? [zh, en] : [en, zh];
      node.replaceChildren(...[
        this._path(path),
        el("h2", { class: "ns-name" }, first, second !== first ? el("span", { class: "ns-second", lang: view.lang === "zh" ? "en" : "zh-Hant-TW" }, " " + second) : null),
        lent ? el("p", { class: "ns-lent" }, W.noVillage, view.lang === "zh" ? "：" : ": ", el("b", {}, model.name(path.at(-2).level, path.at(-2).index, view.lang))) : null,
        ...(indicator ? this._figures(cell, lent ? path.at(-2) : place) : []),
        el("p", { class: "ns-code" }, `${W.code} `, el("code", {}, model.code(place.level, place.index))),
      ].filter(Boolean));
    }
    if (scroll && place && view.tab === "place") node.scrollIntoView({ block: "nearest" });
  }

  _path(path) {
    const { view } = this, W = view.words;
    const crumb = (text, place, last) => el("li", {}, el("button", { type: "button", "aria-current": last ? "location" : null, "data-ns": "crumb" + (place ? place.level : ""), on: { click: () => view.select(place, { move: true }) } }, text));
    return el("nav", { class: "ns-path", "aria-label": W.path }, el("ol", {},
      crumb(W.nation, null, !path.length), path.map((at, i) => crumb(view.model.name(at.level, at.index, view.lang), at, i === path.length - 1))));
  }

  _figures(cell, place) {
    const { view } = this, W = view.words, { indicator } = view, out = [];
    const known = cell && cell.v !== null && cell.v !== undefined;
    out.push(el("p", { class: "ns-what" }, view.text(indicator.name)));
    out.push(el("p", { class: "ns-big" }, known || (cell && cell.nothing) ? null : el("span", { class: "ns-swatch ns-hatch", "aria-hidden": "true" }), view.value(cell ? cell.v : null, cell && cell.nothing), known && view.unit() ? el("span", { class: "ns-unit" }, " " + view.unit()) : null));
    const rows = [], line = (word, ...text) => rows.push(el("dt", {}, word), el("dd", {}, ...text));
    const bounds = view.bounds(cell), ratio = view.ratio(cell);
    if (bounds) line(W.bounds, bounds);
    if (ratio) line(W.ratio, ratio.join(view.lang === "zh" ? "／" : " / "));
    if (known && place && place.level !== "nation") {
      const column = indicator.levels[place.level].v, all = column.filter((v) => v !== null);
      line(W.rank, W.rankOf(1 + all.filter((v) => v > cell.v).length, all.length, W[place.level]));
    }
    if (indicator.official !== null && place && place.level === "nation") line(W.official, view.value(indicator.official));
    if (indicator.target !== null) line(W.target, view.value(indicator.target));
    line(W.status, known ? (cell.s === "official" ? W.published : W.computed) : W.unknown);
    line(W.asOf, indicator.as_of);
    line(W.source, view.text(indicator.source));
    if (indicator.caveat) line(W.caveat, view.text(indicator.caveat));
    if (indicator.needs && !known) line(W.needs, view.text(indicator.needs));
    return [...out, el("dl", { class: "ns-figures" }, rows)];
  }

  _nation() {
    const { view } = this, W = view.words, { indicator } = view;
    if (!indicator) return [el("h2", { class: "ns-name" }, W.nation)];
    const groups = indicator.groups.length ? el("table", { class: "ns-groups" }, el("caption", {}, W.groups), el("tbody", {}, indicator.groups.map(([name, v, low, high]) => {
      const bounds = view.bounds({ v, low, high });
      return el("tr", {}, el("th", { scope: "row" }, view.text(name)), el("td", {}, view.value(v), bounds ? el("small", {}, bounds) : null));
    }))) : null;
    return [el("h2", { class: "ns-name" }, W.nation), ...this._figures(indicator.nation, { level: "nation" }), groups].filter(Boolean);
  }

  /* What stands beside the pointer. */
  tip(place) {
    const { view } = this, W = view.words, { model, indicator } = view, { cell, lent } = view.cell(place);
    const zh = model.name(place.level, place.index, "zh"), en = model.name(place.level, place.index, "en");
    const above = model.path(place.level, place.index).slice(0, -1).map((up) => model.name(up.level, up.index, view.lang));
    const lines = [el("p", { class: "ns-tip-name" }, el("b", {}, view.lang === "zh" ? zh : en), " ", zh === en ? null : view.lang === "zh" ? en : zh), above.length ? el("p", { class: "ns-tip-above" }, above.join(view.lang === "zh" ? "" : ", ")) : null];
    if (indicator) {
      const ratio = view.ratio(cell), bounds = view.bounds(cell);
      lines.push(lent ? el("p", { class: "ns-tip-lent" }, W.noVillage) : null,
        el("p", { class: "ns-tip-value" }, view.value(cell ? cell.v : null, cell && cell.nothing), cell && cell.v !== null && view.unit() ? " " + view.unit() : null),
        bounds ? el("p", {}, `${W.bounds} ${bounds}`) : null, ratio ? el("p", {}, ratio.join(view.lang === "zh" ? "／" : " / ")) : null,
        el("p", { class: "ns-tip-source" }, view.text(indicator.source)));
    }
    return lines.filter(Boolean);
  }
}
