/* The ranked table. */

class Table {
  constructor(panel) { Object.assign(this, { panel, view: panel.view }); }

  draw(node) {
    const { view } = this, W = view.words, { model, indicator, level, sort } = view;
    if (view.tab !== "table") return;
    if (!indicator || !model.has(indicator, level)) return node.replaceChildren(el("p", { class: "ns-note" }, indicator ? W.onlyNation : W.empty));
    const { v } = indicator.levels[level], classes = view.classes(), rows = [];
    for (let i = 0; i < model.n[level]; i++) if (!view.hidden.has(classes.of[i])) rows.push(i);
    const known = v.filter((x) => x !== null).sort((a, b) => b - a);
    const collator = new Intl.Collator(view.lang === "zh" ? "zh-Hant-TW" : "en");
    const name = (i) => model.path(level, i).map((p) => model.name(p.level, p.index, view.lang)).join(" ");
    rows.sort((a, b) => {
      if (sort.by === "name") return (sort.down ? -1 : 1) * collator.compare(name(a), name(b));
      if (v[a] === null || v[b] === null) return (v[a] === null) - (v[b] === null) || a - b; // unknown is neither high nor low
      return (sort.down ? v[b] - v[a] : v[a] - v[b]) || a - b;
    });
    const head = (by, text, kind) => el("th", { scope: "col", class: kind, "aria-sort": sort.by === by ? (sort.down ? "descending" : "ascending") : null },
      el("button", { type: "button", "data-ns": "sort-" + by, "aria-label": W.sortBy(text), on: { click: () => this._sort(by) } }, text, el("span", { "aria-hidden": "true" }, sort.by === by ? (sort.down ? " ▼" : " ▲") : " ⇅")));
    const chosen = view.selected && view.selected.level === level ? view.selected.index : -1;
    const body = rows.map((i, at) => {
      const cell = model.cell(indicator, level, i), up = model.path(level, i).at(-2), bounds = view.bounds(cell), c = classes.of[i];
      return el("tr", { class: i === chosen ? "ns-chosen" : null, "data-index": i },
        el("td", { class: "ns-rank" }, v[i] === null ? "–" : number(1 + known.indexOf(v[i]), view.lang, 0)),
        el("th", { scope: "row" }, el("button", { type: "button", tabindex: at === Math.max(0, rows.indexOf(chosen)) ? "0" : "-1", on: { click: () => view.select({ level, index: i }, { move: true }) } },
          el("span", { class: "ns-swatch" + (c === -1 ? " ns-hatch" : ""), style: c < 0 ? {} : { background: classes.colours[c] }, "aria-hidden": "true" }),
          el("span", {}, model.name(level, i, view.lang), up ? el("small", {}, model.name(up.level, up.index, view.lang)) : null))),
        el("td", { class: "ns-value" }, view.value(v[i], cell.nothing), bounds ? el("small", {}, bounds) : null));
    });
    const before = node.querySelector("tbody"), kept = before && before.contains(document.activeElement) ? Number(document.activeElement.closest("tr").dataset.index) : null;
    const scroll = this.panel.root.querySelector(".ns-body").scrollTop;
    const focus = document.activeElement && document.activeElement.dataset.ns;
    node.replaceChildren(
      view.hidden.size ? el("p", { class: "ns-note" }, W.hidden) : "",
      el("table", { class: "ns-ranking" },
        el("caption", {}, `${view.text(indicator.name)}${view.unit() ? ` (${view.unit()})` : ""} · ${W[level]} ${number(rows.length, view.lang, 0)}`),
        el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "ns-rank" }, W.rank), head("name", W.place, ""), head("value", W.value, "ns-value"))),
        el("tbody", { on: { keydown: (event) => this._walk(event) } }, body)));
    this.panel.root.querySelector(".ns-body").scrollTop = scroll;
    const again = kept !== null ? node.querySelector(`tr[data-index="${kept}"] button`) : focus && node.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus({ preventScroll: kept !== null });
    return null;
  }

  _sort(by) {
    const { sort } = this.view;
    this.view.sort = { by, down: sort.by === by ? !sort.down : by === "value" };
    this.draw(this.panel.parts.table);
  }

  /* Arrow keys, Home and End move between the rows; Tab leaves the table. */
  _walk(event) {
    const row = event.target.closest("tr");
    const rows = row && row.parentElement.children;
    const to = { ArrowDown: row && row.nextElementSibling, ArrowUp: row && row.previousElementSibling, Home: rows && rows[0], End: rows && rows[rows.length - 1] }[event.key];
    if (!to) return;
    event.preventDefault();
    row.querySelector("button").tabIndex = -1;
    const button = to.querySelector("button");
    button.tabIndex = 0;
    button.focus();
  }
}
