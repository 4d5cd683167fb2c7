/* A small chart of the years of one unit, with its numbers as a table. */

Object.assign(WORDS.zh, { trend: "歷年變化", trendOf: (name, said) => `${name}歷年變化：${said}`, numbers: "歷年數字", bounds2: "上下限", nationLine: "虛線為全國" });
Object.assign(WORDS.en, { trend: "Over the years", trendOf: (name, said) => `${name} over the years: ${said}`, numbers: "The numbers", bounds2: "Bounds", nationLine: "dashed: the nation" });

const TREND = { width: 300, height: 112, left: 8, right: 8, top: 20, bottom: 22 };

class Trend {
  constructor(view) { this.view = view; }

  /* `place` may be {level: "nation"}; null where fewer than two years are known. */
  draw(indicator, place, name) {
    const { view } = this, W = view.words, { model } = view;
    const at = (year) => (place.level === "nation" ? model.nation(indicator, year) : model.cell(indicator, place.level, place.index, year));
    const cells = model.years.map((year) => ({ year, cell: at(year) })).map(({ year, cell }) => ({ year, cell: cell || { v: null, low: null, high: null }, known: Boolean(cell && cell.v !== null) }));
    if (cells.filter((each) => each.known).length < 2) return null;
    const nation = place.level === "nation" || indicator.kind === "count" ? [] : model.years.map((year) => (model.nation(indicator, year) || { v: null }).v);
    const said = cells.map(({ year, cell }) => `${year} ${view.value(cell.v, cell.nothing, indicator)}`).join(view.lang === "zh" ? "、" : ", ");
    const rows = cells.map(({ year, cell }) => el("tr", {}, el("th", { scope: "row" }, String(year)), el("td", {}, view.value(cell.v, cell.nothing, indicator)), el("td", {}, view.bounds(cell, indicator) || "–")));
    return el("figure", { class: "ns-trend" },
      el("figcaption", {}, W.trend, nation.some((v) => v !== null) ? el("span", { class: "ns-hint" }, W.nationLine) : null),
      this._chart(indicator, cells, nation, W.trendOf(isolated(name), said)),
      this.view.panel.fold("trend", W.numbers, el("table", { class: "ns-groups" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, W.year), el("th", { scope: "col" }, W.value), el("th", { scope: "col" }, W.bounds2))), el("tbody", {}, rows))));
  }

  /* The last years of a unit in a line of text; null where fewer than two are known. */
  line(indicator, place) {
    const { view } = this, cells = view.model.years.slice(-4).map((year) => [year, view.model.cell(indicator, place.level, place.index, year)]);
    if (cells.filter(([, cell]) => cell && cell.v !== null).length < 2) return null;
    return cells.map(([year, cell]) => `${year} ${view.value(cell.v, cell.nothing, indicator)}`).join(" → ");
  }

  _chart(indicator, cells, nation, label) {
    const { view } = this, { width, height, left, right, top, bottom } = TREND, svg = (tag, attributes, ...text) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...text);
      return node;
    };
    const numbers = [...cells.flatMap(({ cell }) => [cell.v, cell.low, cell.high]), ...nation].filter((v) => v !== null && v !== undefined);
    let low = Math.min(...numbers), high = Math.max(...numbers);
    if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.05, high + Math.abs(high || 1) * 0.05];
    const years = cells.map((each) => each.year), span = years.at(-1) - years[0] || 1;
    const x = (year) => left + 12 + ((year - years[0]) / span) * (width - left - right - 24), y = (v) => top + (1 - (v - low) / (high - low)) * (height - top - bottom);
    const runs = (known) => cells.reduce((out, each, i) => { // years in a row that are known
      if (known(each, i)) (i && known(cells[i - 1], i - 1) ? out.at(-1) : out[out.push([]) - 1]).push([each, i]);
      return out;
    }, []);
    const path = (points) => points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
    const out = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "ns-chart" });
    for (const run of runs(({ cell }) => cell.low !== null && cell.high !== null && cell.low !== undefined && cell.low !== cell.high && cell.v !== undefined))
      out.append(run.length > 1
        ? svg("path", { class: "ns-chart-band", d: path([...run.map(([{ year, cell }]) => [x(year), y(cell.high)]), ...[...run].reverse().map(([{ year, cell }]) => [x(year), y(cell.low)])]) + "Z" })
        : svg("path", { class: "ns-chart-bar", d: path(run.flatMap(([{ year, cell }]) => [[x(year), y(cell.high)], [x(year), y(cell.low)]])) }));
    for (const run of runs((_, i) => nation[i] !== null && nation[i] !== undefined)) out.append(svg("path", { class: "ns-chart-nation", d: path(run.map(([{ year }, i]) => [x(year), y(nation[i])])) }));
    for (const run of runs((each) => each.known)) out.append(svg("path", { class: "ns-chart-line", d: path(run.map(([{ year, cell }]) => [x(year), y(cell.v)])) }));
    const ends = cells.filter((each) => each.known), few = cells.length <= 4;
    for (const { year, cell, known } of cells) {
      const anchor = year === years[0] ? "start" : year === years.at(-1) ? "end" : "middle", tx = anchor === "start" ? x(year) - 8 : anchor === "end" ? x(year) + 8 : x(year);
      if (known) out.append(svg("circle", { cx: x(year), cy: y(cell.v), r: 3.5, class: year === view.year ? "ns-chart-now" : "ns-chart-dot" }));
      if (known && (few || year === ends[0].year || year === ends.at(-1).year || year === view.year))
        out.append(svg("text", { x: tx, y: Math.max(12, y(cell.v) - 8), "text-anchor": anchor }, view.value(cell.v, false, indicator)));
      if (few || year === years[0] || year === years.at(-1) || year === view.year) out.append(svg("text", { x: tx, y: height - 5, "text-anchor": anchor, class: "ns-chart-year" }, String(year)));
    }
    return out;
  }
}
