/* What is shown: the indicator, the level. */

class Controls {
  constructor(panel) { Object.assign(this, { panel, view: panel.view, id: panel.id }); }

  choice() {
    const { view } = this, W = view.words, { indicator } = view;
    if (!indicator) return el("p", { class: "ns-note" }, W.empty);
    const groups = view.model.data.themes.map(([id, name]) => {
      const own = view.model.indicators.filter((each) => each.theme === id);
      return own.length ? el("optgroup", { label: view.text(name) }, own.map((each) =>
        el("option", { value: each.id, selected: each === indicator }, view.text(each.name) + (Object.keys(each.levels).length ? "" : `（${W.nationOnly}）`)))) : null;
    });
    const select = el("select", { id: this.id + "-indicator", "data-ns": "indicator", on: { change: (event) => view.show(event.target.value) } }, groups);
    return el("div", { class: "ns-choice" }, el("label", { for: this.id + "-indicator" }, W.indicator), select);
  }

  levels() {
    const { view } = this, W = view.words;
    const levels = LEVELS.filter((level) => view.model.n[level] && (level !== "village" || view.model.has(view.indicator, "village")));
    return el("div", { class: "ns-levels", role: "group", "aria-label": W.level }, levels.map((level) =>
      el("button", { type: "button", "aria-pressed": String(view.level === level), "data-ns": "level-" + level, on: { click: () => view.showLevel(level) } }, W[level])));
  }

  about() {
    const { view } = this, W = view.words, { indicator } = view;
    if (!indicator) return null;
    const line = (word, text) => text ? [el("dt", {}, word), el("dd", {}, text)] : null;
    return el("details", { class: "ns-about" }, el("summary", {}, W.about), el("dl", {},
      line(W.definition, view.text(indicator.definition)), line(W.source, view.text(indicator.source)),
      line(W.basis, W[indicator.basis] || indicator.basis), line(W.asOf, indicator.as_of),
      line(W.caveat, view.text(indicator.caveat)), line(W.needs, view.text(indicator.needs))));
  }
}
