/* Filters: what units must have to be left on the map and in the table. */

Object.assign(WORDS.zh, {
  filterHint: "同時符合所勾選的全部條件；其餘單位變淡，也不列入排名表", belowOf: (target) => `未達目標（${target}）`, aboveOf: (target) => `高於目標（${target}）`,
  within: (name) => `僅${name}轄內`, noFilters: "這份結果沒有可用的分類；選取一個縣市或鄉鎮市區，可只看其轄內。", clearFilters: "清除篩選",
  leftOf: (left, all, level) => `符合篩選：${left}／${all} 個${level}`, inCounties: "縣市只要有一個鄉鎮市區符合即保留。",
});
Object.assign(WORDS.en, {
  filterHint: "Units that meet every condition ticked stay; the others fade and leave the ranking", belowOf: (target) => `Below target (${target})`, aboveOf: (target) => `Above target (${target})`,
  within: (name) => `Only within ${name}`, noFilters: "These results know no groups of units; select a county or township to see only what lies in it.", clearFilters: "Clear filters",
  leftOf: (left, all, level) => `Left by the filters: ${left} of ${all} ${level.toLowerCase()}`, inCounties: "A county stays where one of its townships does.",
});

class Filters {
  constructor(panel) { Object.assign(this, { panel, view: panel.view, id: panel.id }); }

  toggle() {
    this.panel.filtering = !this.panel.filtering;
    this.panel.render();
    if (this.panel.filtering) this.panel.parts.filter.scrollIntoView({ block: "nearest" });
  }

  /* The line that says what is left stands as long as a filter is on; the boxes while they are asked for. */
  draw(node) {
    const { view, panel } = this, W = view.words, on = view.asked(), focus = node.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    if (!view.indicator || (!panel.filtering && !on.length)) return node.replaceChildren();
    const { left, all } = view.count(), said = el("p", { class: "ns-left" }, W.leftOf(number(left, view.lang, 0), number(all, view.lang, 0), W[view.level]),
      on.length ? el("button", { type: "button", class: "ns-quiet", "data-ns": "clear-filters", on: { click: () => this._clear() } }, W.clearFilters) : null);
    const boxes = panel.filtering ? this._boxes(on) : null;
    node.replaceChildren(...[
      panel.filtering ? el("section", { class: "ns-filters", id: this.id + "-filters", "aria-label": W.filters },
        boxes.length ? el("p", { class: "ns-hint" }, W.filterHint) : el("p", { class: "ns-note" }, W.noFilters), boxes,
        view.level === "county" && on.length ? el("p", { class: "ns-hint" }, W.inCounties) : null) : null,
      on.length ? said : null].filter(Boolean));
    const again = focus && node.querySelector(`[data-ns="${CSS.escape(focus)}"]`);
    if (again) again.focus({ preventScroll: true });
    return null;
  }

  /* Names of the filters that are on. */
  names() {
    const on = this.view.indicator ? this.view.asked() : [];
    return on.length ? this._choices().filter(([id]) => on.includes(id)).map(([, text]) => text) : [];
  }

  /* [id, words, note] of what can be asked for: tags, the target, the units above what is selected. */
  _choices() {
    const { view } = this, W = view.words, { model, indicator } = view;
    const choices = model.tags.map((tag) => [tag.id, view.text(tag.name), view.text(tag.note)]);
    if (indicator.target !== null && Object.keys(indicator.levels).length)
      choices.push(["below", (indicator.better === "lower" ? W.aboveOf : W.belowOf)(view.value(indicator.target) + (view.unit() ? " " + view.unit() : "")), ""]);
    const inside = new Set([...view.filters].filter((id) => id.startsWith("in:")).map((id) => id.slice(3)));
    if (view.selected)
      for (const at of model.path(view.selected.level, view.selected.index)) if (at.level !== "village") inside.add(model.code(at.level, at.index));
    for (const code of inside) {
      const at = model.find(code);
      if (at) choices.push(["in:" + code, W.within(isolated(model.name(at.level, at.index, view.lang))), ""]);
    }
    return choices;
  }

  _boxes(on) {
    const { view } = this, dimmed = view.dimmed();
    return this._choices().map(([id, text, note], i) => {
      const kept = view.kept(id, view.level);
      let count = 0; // those that would be left with it
      for (let u = 0; u < kept.length; u++) count += kept[u] && !(dimmed && dimmed[u]) ? 1 : 0;
      const box = `${this.id}-filter${i}`;
      return el("div", { class: "ns-filter-row" },
        el("input", { type: "checkbox", id: box, "data-ns": "filter-" + id, checked: on.includes(id), "aria-describedby": note ? box + "-note" : null, on: { change: (event) => view.filter(id, event.target.checked) } }),
        el("label", { for: box }, text, note ? el("small", { id: box + "-note" }, note) : null), el("span", { class: "ns-count" }, number(count, view.lang, 0)));
    });
  }

  _clear() {
    this.view.filters.clear();
    this.view.changed();
    const next = this.panel.root.querySelector("[data-ns=filters]");
    if (next) next.focus();
  }
}
