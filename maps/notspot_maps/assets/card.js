/* The place: its figures in the panel and beside the pointer. */

Object.assign(WORDS.zh, { change: (from, to) => `差距（${to} − ${from}）`, points: "個百分點", inside: (n, level) => `看轄內 ${n} 個${level}`, });
Object.assign(WORDS.en, { change: (from, to) => `Difference (${to} − ${from})`, points: "points", inside: (n, level) => `Go into its ${n} ${level.toLowerCase()}`, });

class Card {
  constructor(panel) { Object.assign(this, { panel, view: panel.view, trend: new Trend(panel.view), cite: new Cite(panel) }); }

  draw(node, scroll = false) {
    const { view } = this, W = view.words, place = view.selected, focus = node.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    node.replaceChildren(...(place ? this._place(place) : this._nation()).filter(Boolean));
    const again = focus && node.querySelector(`[data-ns="${CSS.escape(focus)}"]`);
    if (again) again.focus({ preventScroll: true });
    if (scroll && place && view.tab === "place") node.scrollIntoView({ block: "nearest" });
  }

  _place(place) {
    const { view, panel } = this, W = view.words, { model } = view, path = model.path(place.level, place.index), { lent } = view.cell(place), town = path.at(-2);
    const other = view.lang === "zh" ? "en" : "zh", second = model.name(place.level, place.index, other), speaks = lent ? town : place;
    const children = model.children(place.level, place.index), below = LEVELS[LEVELS.indexOf(place.level) + 1];
    return [
      el("h2", { class: "ns-name" }, panel.name(place), second !== model.name(place.level, place.index, view.lang) ? el("span", { class: "ns-second", lang: other === "en" ? "en" : "zh-Hant-TW" }, " ", el("bdi", {}, second)) : null),
      lent ? el("p", { class: "ns-lent" }, W.noVillage, view.lang === "zh" ? "：" : ": ", el("b", {}, panel.name(town))) : null,
      ...this._sides((side) => view.cell(place, side).cell, speaks, model.name(speaks.level, speaks.index, view.lang)),
      children.length ? el("p", {}, el("button", { type: "button", class: "ns-into", "data-ns": "into", on: { click: () => view.drill(place) } }, W.inside(number(children.length, view.lang, 0), W[below]), el("span", { "aria-hidden": "true" }, " ›"))) : null,
      el("p", { class: "ns-code" }, `${W.code} `, el("code", {}, model.code(place.level, place.index))),
      this._about(),
      this.cite.draw(),
    ];
  }

  _nation() {
    const { view } = this, W = view.words, { indicator } = view;
    if (!indicator) return [el("h2", { class: "ns-name" }, W.nation)];
    const groups = view.year === view.model.year && indicator.groups.length ? el("table", { class: "ns-groups" }, el("caption", {}, W.groups), el("tbody", {}, indicator.groups.map(([name, v, low, high]) => {
      const bounds = view.bounds({ v, low, high });
      return el("tr", {}, el("th", { scope: "row" }, view.text(name)), el("td", {}, view.value(v), bounds ? el("small", {}, bounds) : null));
    }))) : null;
    return [el("h2", { class: "ns-name" }, W.nation), ...this._sides((side) => view.model.nation(view.sides[side].indicator, view.sides[side].year), { level: "nation" }, W.nation), groups, this._about(), this.cite.draw()];
  }

  /* The figures of every side, the difference between two years, the chart of the years. */
  _sides(cellOf, place, name) {
    const { view } = this, W = view.words, { sides } = view, out = [];
    if (!view.indicator) return out;
    sides.forEach(({ indicator }, side) => {
      if (side && indicator === sides[0].indicator) return;
      out.push(...this._figures(cellOf(side), place, side));
      const two = side === 0 && sides.length > 1 && sides[1].indicator === indicator;
      if (two) out.push(...this._figures(cellOf(1), place, 1, true), this._change(cellOf(0), cellOf(1)));
      out.push(this.trend.draw(indicator, place, name));
    });
    return out;
  }

  _change(first, second) {
    const { view } = this, W = view.words, { indicator } = view, change = changed(first, second);
    if (change === null) return null;
    const unit = indicator.kind === "share" ? W.points : view.unit(), [a, b] = view.sides;
    return el("p", { class: "ns-change" }, W.change(a.year, b.year) + (view.lang === "zh" ? "：" : ": "), el("b", {}, signed(change, view.lang, indicator.kind)), unit ? " " + unit : "");
  }

  /* `brief`: the other year of the same indicator, whose source and target stand there already. */
  _figures(cell, place, side = 0, brief = false) {
    const { view } = this, W = view.words, { indicator, year } = view.sides[side], out = [], two = view.sides.length > 1;
    const known = Boolean(cell && cell.v !== null && cell.v !== undefined), nothing = Boolean(cell && cell.nothing);
    out.push(el("p", { class: "ns-what" }, two ? el("b", { class: "ns-which" }, side ? W.rightSide : W.leftSide) : null, view.titleOf(side)));
    out.push(el("p", { class: "ns-big" }, known || nothing ? null : el("span", { class: "ns-swatch ns-hatch", "aria-hidden": "true" }), view.value(cell ? cell.v : null, nothing, indicator), known && view.unit(indicator) ? el("span", { class: "ns-unit" }, " " + view.unit(indicator)) : null));
    const rows = [], line = (word, ...text) => rows.push(el("dt", {}, word), el("dd", {}, ...text));
    const bounds = view.bounds(cell, indicator), ratio = view.ratio(cell, indicator);
    if (bounds) line(W.bounds, bounds);
    if (ratio) line(view.ratioName(indicator), ratio.join(view.lang === "zh" ? "／" : " / "));
    if (known && place.level !== "nation") {
      const { rank, known: all } = view.model.ranks(indicator, place.level, year);
      line(W.rank, W.rankOf(number(rank[place.index], view.lang, 0), number(all, view.lang, 0), W[place.level]));
    }
    if (indicator.official !== null && place.level === "nation" && !brief) line(W.official, view.value(indicator.official, false, indicator));
    if (indicator.target !== null && !brief) line(W.target, view.value(indicator.target, false, indicator));
    line(W.status, known ? (cell.s === "official" ? W.published : W.computed) : nothing ? W.nothing : W.unknown);
    if (!brief) {
      const { as_of, source, caveat } = view.model.told(indicator, place.level, year);
      line(W.asOf, as_of);
      line(W.source, view.text(source));
      if (caveat) line(W.caveat, view.text(caveat));
      if (indicator.needs && !known) line(W.needs, view.text(indicator.needs));
    }
    return [...out, el("dl", { class: "ns-figures" }, rows)];
  }

  /* What the indicators mean. */
  _about() {
    const { view } = this, W = view.words, own = [...new Set(view.sides.map((side) => side.indicator))].filter(Boolean);
    const line = (word, text) => text ? [el("dt", {}, word), el("dd", {}, text)] : null;
    const told = (indicator) => view.model.told(indicator, view.level, view.sides.find((side) => side.indicator === indicator).year);
    return own.length ? this.panel.fold("about", W.about, own.map((indicator) => [indicator, told(indicator)]).map(([indicator, { source, basis, caveat, as_of }]) => [
      own.length > 1 ? el("h3", {}, view.text(indicator.name)) : null,
      el("dl", {}, line(W.definition, view.text(indicator.definition)), line(view.ratioName(indicator), [indicator.numerator, indicator.denominator].map((text) => view.text(text)).filter(Boolean).join(view.lang === "zh" ? "／" : " / ")),
        line(W.source, view.text(source)), line(W.basis, W[basis] || basis), line(W.asOf, as_of),
        line(W.caveat, view.text(caveat)), line(W.needs, view.text(indicator.needs)))]).flat(Infinity)) : null;
  }

  /* What stands beside the pointer. */
  tip(place) {
    const { view } = this, W = view.words, { model, sides } = view, slash = view.lang === "zh" ? "／" : " / ", other = view.lang === "zh" ? "en" : "zh", second = model.name(place.level, place.index, other);
    const above = model.path(place.level, place.index).slice(0, -1);
    const lines = [el("p", { class: "ns-tip-name" }, el("b", {}, this.panel.name(place)), " ", second === model.name(place.level, place.index, view.lang) ? null : el("bdi", { lang: other === "en" ? "en" : "zh-Hant-TW" }, second)),
      above.length ? el("p", { class: "ns-tip-above" }, above.map((up, i) => [i ? (view.lang === "zh" ? " › " : ", ") : "", this.panel.name(up)]).flat()) : null];
    if (view.indicator && view.cell(place).lent) lines.push(el("p", { class: "ns-tip-lent" }, W.noVillage));
    sides.forEach(({ indicator, year }, side) => {
      if (!indicator) return;
      const { place: speaks, cell } = view.cell(place, side), ratio = view.ratio(cell, indicator), bounds = view.bounds(cell, indicator), known = cell && cell.v !== null;
      if (sides.length > 1) lines.push(el("p", { class: "ns-tip-which" }, el("b", { class: "ns-which" }, side ? W.rightSide : W.leftSide), view.titleOf(side)));
      lines.push(el("p", { class: "ns-tip-value" }, view.value(cell ? cell.v : null, cell && cell.nothing, indicator), known && view.unit(indicator) ? el("span", { class: "ns-unit" }, " " + view.unit(indicator)) : null),
        bounds ? el("p", {}, `${W.bounds} ${bounds}`) : null, ratio ? el("p", {}, indicator.numerator ? "" : view.ratioName(indicator) + (view.lang === "zh" ? "：" : " "), ratio.join(slash)) : null);
      if (side && indicator === sides[0].indicator) return;
      const years = this.trend.line(indicator, speaks);
      lines.push(years ? el("p", { class: "ns-tip-years" }, years) : null, el("p", { class: "ns-tip-source" }, view.text(model.told(indicator, speaks.level, year).source)));
    });
    return lines.filter(Boolean);
  }
}

/* Second less first, or null where one is not known. */
function changed(first, second) {
  return first && second && typeof first.v === "number" && typeof second.v === "number" ? second.v - first.v : null;
}

const signed = (change, lang, kind) => (change > 0 ? "+" : change < 0 ? "−" : "±") + figure(Math.abs(change), lang, kind);
