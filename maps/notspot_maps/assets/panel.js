/* The panel: indicator, legend, search, the place, the table. Built anew from the state when that changes. */

let serial = 0;

class Panel {
  constructor(view) {
    this.view = view;
    this.id = "ns" + ++serial;
    const { source } = view;
    this.root = source.panel ? document.getElementById(source.panel) : el("section", {});
    this.root.classList.add("ns-root", "ns-panel");
    if (!source.panel) this.root.classList.add("ns-compact");
    this.live = el("div", { class: "ns-hidden", role: "status", "aria-live": "polite" });
  }

  open() {
    const { map, source } = this.view;
    if (!source.panel) {
      const control = L.control({ position: "topright" });
      control.onAdd = () => {
        L.DomEvent.disableClickPropagation(this.root);
        L.DomEvent.disableScrollPropagation(this.root);
        return this.root;
      };
      this.control = control.addTo(map);
    }
    this.jumps = L.control({ position: "topleft" });
    this.jumps.onAdd = () => {
      this.jumpBox = el("div", { class: "ns-root ns-jumps", role: "group" });
      L.DomEvent.disableClickPropagation(this.jumpBox);
      return this.jumpBox;
    };
    this.jumps.addTo(map);
    this.render();
  }

  close() {
    this.root.replaceChildren();
    this.jumps.remove();
    if (this.control) this.control.remove();
  }

  announce(text) { this.live.textContent = text; }

  render() {
    const { view } = this, W = view.words, { data, n } = view.model, focus = document.activeElement && document.activeElement.dataset.ns;
    const query = this.query ? this.query.value : "";
    this.parts = Object.fromEntries(["legend", "find", "card", "table"].map((name) => [name, el("div", { class: "ns-" + name })]));
    const languages = el("button", { type: "button", class: "ns-quiet", lang: view.lang === "zh" ? "en" : "zh-Hant-TW", "aria-label": W.language, "data-ns": "lang", on: { click: () => view.speak(view.lang === "zh" ? "en" : "zh") } }, W.other);
    const sheet = this.view.source.panel && el("button", { type: "button", class: "ns-quiet ns-sheet", "aria-label": W.sheet, "aria-expanded": String(this.root.classList.contains("ns-tall")), "data-ns": "sheet", on: { click: (event) => this._grow(event.currentTarget) } }, el("span", { "aria-hidden": "true" }, this.root.classList.contains("ns-tall") ? "▼" : "▲"));
    const title = view.source.panel ? el("h1", { class: "ns-title" }, view.text(data.title)) : el("h2", { class: "ns-title" }, view.text(data.title));
    const tabs = this._tabs();
    const place = el("div", { id: this.id + "-place", role: "tabpanel", "aria-labelledby": this.id + "-tab-place", class: "ns-tabpanel", "data-tab": "place" }, this.parts.legend, this.parts.find, this.parts.card);
    const table = el("div", { id: this.id + "-table", role: "tabpanel", "aria-labelledby": this.id + "-tab-table", class: "ns-tabpanel", "data-tab": "table" }, this.parts.table);
    const foot = el("footer", { class: "ns-foot" },
      el("p", {}, `${W.run} `, el("code", {}, data.run)), el("p", {}, `${W.data}：${view.text(data.credit)}`.replace("：", view.lang === "zh" ? "：" : ": ")));
    this.root.replaceChildren(
      el("header", { class: "ns-head" }, el("div", { class: "ns-headline" }, title, languages, sheet), this._choice(),
        el("div", { class: "ns-shown" }, n.county && n.township ? this._levels() : null, view.indicator ? el("p", { class: "ns-year" }, [view.unit(), view.indicator.as_of].filter(Boolean).join(" · ")) : null)),
      tabs, el("div", { class: "ns-body" }, place, table, foot), this.live);
    this._map();
    this.legend();
    this._find(query);
    this.card();
    this.showTab(view.tab);
    if (view.source.fragment) document.title = view.text(data.title);
    const again = focus && this.root.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus();
  }

  _map() {
    const { view } = this, W = view.words, box = view.map.getContainer();
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", W.map);
    for (const [name, label] of [["in", W.zoomIn], ["out", W.zoomOut]])
      for (const button of box.querySelectorAll(".leaflet-control-zoom-" + name)) {
        button.title = label;
        button.setAttribute("aria-label", label);
      }
    this.jumpBox.setAttribute("aria-label", W.jumps);
    this.jumpBox.replaceChildren(...view.model.data.views.map((each) =>
      el("button", { type: "button", "data-view": each.id, on: { click: () => view.jump(each) } }, view.text(each.name))));
  }

  _grow(button) {
    const tall = this.root.classList.toggle("ns-tall");
    button.setAttribute("aria-expanded", String(tall));
    button.firstElementChild.textContent = tall ? "▼" : "▲";
  }

  /* ---- what is shown */

  _choice() {
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

  _about() {
    const { view } = this, W = view.words, { indicator } = view;
    if (!indicator) return null;
    const line = (word, text) => text ? [el("dt", {}, word), el("dd", {}, text)] : null;
    return el("details", { class: "ns-about" }, el("summary", {}, W.about), el("dl", {},
      line(W.definition, view.text(indicator.definition)), line(W.source, view.text(indicator.source)),
      line(W.basis, W[indicator.basis] || indicator.basis), line(W.asOf, indicator.as_of),
      line(W.caveat, view.text(indicator.caveat)), line(W.needs, view.text(indicator.needs))));
  }

  _levels() {
    const { view } = this, W = view.words;
    const levels = LEVELS.filter((level) => view.model.n[level] && (level !== "village" || view.model.has(view.indicator, "village")));
    return el("div", { class: "ns-levels", role: "group", "aria-label": W.level }, levels.map((level) =>
      el("button", { type: "button", "aria-pressed": String(view.level === level), "data-ns": "level-" + level, on: { click: () => view.showLevel(level) } }, W[level])));
  }

  /* ---- tabs */

  _tabs() {
    const { view } = this, W = view.words;
    const tab = (name, text) => el("button", {
      type: "button", role: "tab", id: `${this.id}-tab-${name}`, "aria-controls": `${this.id}-${name}`, "data-tab": name, "data-ns": "tab-" + name,
      on: { click: () => this.showTab(name, true), keydown: (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        this.showTab(name === "place" ? "table" : "place", true);
        this.root.querySelector(`[role=tab][data-tab=${view.tab}]`).focus();
      } },
    }, text);
    return el("div", { class: "ns-tabs", role: "tablist", "aria-label": W.tab }, tab("place", W.tabPlace), tab("table", W.tabTable));
  }

  showTab(name, write = false) {
    this.view.tab = name;
    for (const tab of this.root.querySelectorAll("[role=tab]")) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    for (const panel of this.root.querySelectorAll(".ns-tabpanel")) panel.hidden = panel.dataset.tab !== name;
    if (name === "table") this.table();
    if (write) this.view._write();
  }

  /* ---- legend */

  legend() {
    const { view } = this, W = view.words, { indicator } = view;
    const focus = document.activeElement && document.activeElement.dataset.ns;
    if (!indicator) return this.parts.legend.replaceChildren();
    const classes = view.model.classes(indicator, view.level), { edges, colours } = classes;
    if (!classes.known) {
      this.parts.legend.replaceChildren(el("p", { class: "ns-note" }, W.onlyNation), this._about());
      return null;
    }
    const edge = (v) => figure(v, view.lang) + (indicator.kind === "share" ? " %" : "");
    const only = [...classes.counts.keys()].filter((c) => c >= 0).length;
    const label = (c) => {
      if (c < 0) return c === -3 ? W.nothing : W.unknown;
      if (classes.method === "values") {
        const at = classes.of.indexOf(c);
        const v = at < 0 ? null : view.model.cell(indicator, view.level, at).v;
        return at < 0 ? "–" : indicator.kind === "existence" && view.level !== "county" && v <= 1 ? (v ? W.yes : W.no) : view.value(v);
      }
      if (only === 1) return W.all;
      return c === 0 ? `≤ ${edge(edges[0])}` : c === edges.length ? `> ${edge(edges[c - 1])}` : `${edge(edges[c - 1])} – ${edge(edges[c])}`;
    };
    const row = (c) => el("li", {}, el("button", {
      type: "button", class: "ns-class", "aria-pressed": String(!view.hidden.has(c)), "data-class": c, "data-ns": "class" + c, on: { click: () => view.toggle(c) },
    }, el("span", { class: "ns-swatch" + (c === -1 ? " ns-hatch" : ""), style: c < 0 ? {} : { background: colours[c] }, "aria-hidden": "true" }),
    el("span", { class: "ns-range" }, label(c)), el("span", { class: "ns-count" }, number(classes.counts.get(c) || 0, view.lang, 0))));
    const order = [...colours.keys()].reverse();
    const method = view.text(view.model.data.methods[classes.method]) + (classes.method === "values" ? "" : `；${W.upTo}`.replace("；", view.lang === "zh" ? "；" : "; "));
    this.parts.legend.replaceChildren(...[
      el("h2", { class: "ns-h" }, view.unit() ? `${W.legend}（${view.unit()}）`.replace("（", view.lang === "zh" ? "（" : " (").replace("）", view.lang === "zh" ? "）" : ")") : W.legend,
        el("span", { class: "ns-hint" }, W.legendHint)),
      el("ul", { class: "ns-classes" }, order.map(row), row(-1), ...(classes.counts.get(-3) ? [row(-3)] : [])),
      classes.unsure ? el("p", { class: "ns-unsure" }, el("span", { class: "ns-swatch ns-dots", "aria-hidden": "true" }), `${W.wide} ${classes.unsure}`) : null,
      el("p", { class: "ns-method" }, method), this._about()].filter(Boolean));
    const again = focus && this.parts.legend.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus();
    return null;
  }

  /* ---- search */

  _find(query) {
    const { view } = this, W = view.words, list = this.id + "-hits";
    this.query = el("input", { id: this.id + "-search", type: "search", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: W.searchHint, "data-ns": "search",
      "aria-expanded": "false", "aria-controls": list, "aria-autocomplete": "list",
      on: { input: () => this._hits(), keydown: (event) => this._keys(event) } });
    this.query.value = query;
    this.hits = el("ul", { id: list, class: "ns-hits", role: "listbox", "aria-label": W.search, hidden: true });
    this.parts.find.replaceChildren(el("label", { for: this.id + "-search" }, W.search), this.query, this.hits);
  }

  _hits() {
    const { view } = this, W = view.words, { hits, total } = view.model.search(this.query.value, 12);
    this.at = -1;
    this.found = hits;
    const some = this.query.value.trim() !== "";
    this.hits.hidden = !some || !hits.length;
    this.query.setAttribute("aria-expanded", String(!this.hits.hidden));
    this.query.removeAttribute("aria-activedescendant");
    this.hits.replaceChildren(...hits.map((hit, i) => {
      const above = view.model.path(hit.level, hit.index).slice(0, -1).reverse().map((up) => view.model.name(up.level, up.index, view.lang)).join(view.lang === "zh" ? "，" : ", ");
      return el("li", { id: `${this.id}-hit${i}`, role: "option", "aria-selected": "false", on: { mousedown: (event) => { event.preventDefault(); this._take(hit); } } },
        el("b", {}, view.model.name(hit.level, hit.index, view.lang)), " ", el("span", {}, above));
    }));
    this.announce(some ? (total ? `${number(total, view.lang, 0)} ${W.found}` : W.none) : "");
    let note = this.parts.find.querySelector(".ns-note");
    if (note) note.remove();
    if (some && !total) this.parts.find.append(el("p", { class: "ns-note" }, W.none));
  }

  _keys(event) {
    if (event.key === "Escape") {
      this.query.value = "";
      this._hits();
    } else if (event.key === "Enter" && this.found && this.found.length) {
      this._take(this.found[Math.max(this.at, 0)]);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.found && this.found.length) {
      event.preventDefault();
      const all = this.found.length;
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : this.at < 0 ? 0 : -1) + all) % all;
      [...this.hits.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === this.at)));
      const item = this.hits.children[this.at];
      this.query.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }
  }

  _take(hit) {
    this.hits.hidden = true;
    this.query.setAttribute("aria-expanded", "false");
    this.query.value = this.view.model.name(hit.level, hit.index, this.view.lang);
    this.view.select({ level: hit.level, index: hit.index }, { move: true });
  }

  /* ---- the place */

  card(scroll = false) {
    const { view } = this, W = view.words, place = view.selected, { model, indicator } = view;
    const node = this.parts.card;
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

  /* ---- the table */

  table() {
    const { view } = this, W = view.words, { model, indicator, level, sort } = view, node = this.parts.table;
    if (view.tab !== "table") return;
    if (!indicator || !model.has(indicator, level)) return node.replaceChildren(el("p", { class: "ns-note" }, indicator ? W.onlyNation : W.empty));
    const { v } = indicator.levels[level], classes = model.classes(indicator, level), rows = [];
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
    const scroll = this.root.querySelector(".ns-body").scrollTop;
    const focus = document.activeElement && document.activeElement.dataset.ns;
    node.replaceChildren(
      view.hidden.size ? el("p", { class: "ns-note" }, W.hidden) : "",
      el("table", { class: "ns-ranking" },
        el("caption", {}, `${view.text(indicator.name)}${view.unit() ? ` (${view.unit()})` : ""} · ${W[level]} ${number(rows.length, view.lang, 0)}`),
        el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "ns-rank" }, W.rank), head("name", W.place, ""), head("value", W.value, "ns-value"))),
        el("tbody", { on: { keydown: (event) => this._walk(event) } }, body)));
    this.root.querySelector(".ns-body").scrollTop = scroll;
    const again = kept !== null ? node.querySelector(`tr[data-index="${kept}"] button`) : focus && node.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus({ preventScroll: kept !== null });
    return null;
  }

  _sort(by) {
    const { sort } = this.view;
    this.view.sort = { by, down: sort.by === by ? !sort.down : by === "value" };
    this.table();
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
