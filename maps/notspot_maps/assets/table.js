/* The ranked table. Only the rows in view are in the page; all of them are counted, sorted, printed and saved. */

Object.assign(WORDS.zh, {
  sort: "排序", up2: "由低到高", down2: "由高到低", low: "下限", high: "上限", width: "上下限差距", n: "分子", d: "分母", ofYear: (year) => `${year} 年`, changeOf: (left, right) => `差距（${right} − ${left}）`, change2: "差距（右−左）",
  nameDown: "順序", nameUp: "倒序", wideTable: "展開欄位", narrowTable: "收合欄位", noneLeft: "沒有符合篩選的單位。",
  printedOnly: (some, all) => `僅列印前 ${some} 列，共 ${all} 列；其餘請用 CSV 或以篩選縮小範圍。`, noYear: (year) => `${year} 年沒有這項指標的數值。`,
});
Object.assign(WORDS.en, {
  sort: "Sort by", up2: "Lowest first", down2: "Highest first", low: "Low", high: "High", width: "Width of bounds", n: "Numerator", d: "Denominator", ofYear: (year) => String(year), changeOf: (left, right) => `Difference (${right} − ${left})`, change2: "Difference (right − left)",
  nameDown: "In order", nameUp: "Reversed", wideTable: "More columns", narrowTable: "Fewer columns", noneLeft: "The filters leave no unit.",
  printedOnly: (some, all) => `Only the first ${some} of ${all} rows are printed; take the CSV for the rest, or filter.`, noYear: (year) => `No figures of this indicator for ${year}.`,
});

const MOST_PRINTED = 1000, SPARE = 8; // rows; and rows drawn above and below what is seen

class Table {
  constructor(panel) {
    Object.assign(this, { panel, view: panel.view, rows: [], drawn: new Map(), active: -1, height: 48 });
  }

  open() {
    this.scrolled = () => {
      this.waiting ||= requestAnimationFrame(() => {
        this.waiting = 0;
        this.fill();
      });
    };
    this.panel.root.addEventListener("scroll", this.scrolled, { capture: true, passive: true });
    this.sized = new ResizeObserver(this.scrolled);
    this.sized.observe(this.panel.root);
  }

  close() {
    this.panel.root.removeEventListener("scroll", this.scrolled, { capture: true });
    this.sized.disconnect();
  }

  /* Whether the keyboard is in the rows: it comes back there when they are drawn anew. */
  get focused() { return Boolean(this.body && this.body.contains(document.activeElement)); }

  draw(node) {
    const { view } = this, W = view.words, { model, indicator, level, sort } = view, again = this.focused || this.refocus, focus = node.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    this.refocus = false;
    this.drawn.clear();
    this.node = node;
    this.rows = [];
    if (!indicator || !model.has(indicator, level)) return node.replaceChildren(el("p", { class: "ns-note" }, indicator ? whyPlain(view) : W.empty));
    this.rows = this._order();
    this.place = new Map(this.rows.map((i, at) => [i, at]));
    this.columns = this._columns();
    this.classes = view.classes();
    const there = Boolean(model.column(indicator, level, view.year)), head = this.columns.map((column) => this._head(column));
    const direction = sort.by === "name" ? (sort.down ? W.nameUp : W.nameDown) : sort.down ? W.down2 : W.up2;
    const tools = el("div", { class: "ns-table-tools" },
      el("label", { class: "ns-sorting" }, el("span", {}, W.sort), el("select", { "data-ns": "sort", on: { change: (event) => this._sort(event.target.value, event.target.value !== "name") } },
        this._sortable().map((by) => el("option", { value: by, selected: by === sort.by }, this._title(by))))),
      el("button", { type: "button", "data-ns": "direction", "aria-label": direction, title: direction, on: { click: () => this._sort(sort.by, !sort.down) } }, el("span", { "aria-hidden": "true" }, sort.down === (sort.by !== "name") ? "▼" : "▲")),
      el("button", { type: "button", class: "ns-widen", "data-ns": "wide", "aria-pressed": String(view.wide), on: { click: () => this._widen() } }, view.wide ? W.narrowTable : W.wideTable),
      el("button", { type: "button", "data-ns": "csv", on: { click: () => saveTable(view, this.rows, this.saved) } }, W.download));
    this.saved = el("div", { class: "ns-saved" });
    this.body = el("tbody", { on: { keydown: (event) => this._key(event), click: (event) => this._click(event), dblclick: (event) => this._click(event, true),
      mouseover: (event) => view.hover(this._placeAt(event)), mouseleave: () => view.hover(null) } });
    const chosen = this._chosen();
    this.active = this.place.has(chosen) ? this.place.get(chosen) : this.rows.length ? Math.max(0, Math.min(this.active, this.rows.length - 1)) : -1;
    node.replaceChildren(...[
      tools, this.saved, view.hidden.size ? el("p", { class: "ns-note" }, W.hidden) : null, there ? null : el("p", { class: "ns-note" }, W.noYear(view.year)),
      this.rows.length ? null : el("p", { class: "ns-note" }, W.noneLeft),
      this.printing && this.rows.length > MOST_PRINTED ? el("p", { class: "ns-note" }, W.printedOnly(number(MOST_PRINTED, view.lang, 0), number(this.rows.length, view.lang, 0))) : null,
      el("table", { class: "ns-ranking" + (this._wide ? " ns-all-columns" : ""), style: this._wide && !this.printing ? { minWidth: 210 + 86 * (this.columns.length - 2) + "px" } : {}, "aria-rowcount": String(this.rows.length + 1) },
        el("caption", {}, this._caption()), el("colgroup", {}, this.columns.map(({ by }) => el("col", { class: "ns-col-" + by }))),
        el("thead", {}, el("tr", { "aria-rowindex": "1" }, head)), this.body)].filter(Boolean));
    this._measure();
    this.fill();
    if (again) this._focus(this.active);
    else if (focus) {
      const old = node.querySelector(`[data-ns="${CSS.escape(focus)}"]`);
      if (old) old.focus({ preventScroll: true });
    }
    return null;
  }

  get _wide() { return this.printing || this.view.wide; }

  /* ---- columns and order */

  /* While two sides are compared each column says whose it is: the year's, where that is what parts them. */
  _title(by) {
    const { words: W, sides, lang } = this.view, own = { name: W.place, value2: W.value, d: this.view.indicator.numerator ? W.d : W.weight }[by] || W[by];
    if (sides.length < 2 || by === "name") return own;
    const years = sides.map((side) => side.year), apart = sides[0].indicator === sides[1].indicator && years[0] !== years[1];
    if (by === "change") return apart ? W.changeOf(...years) : W.change2;
    const side = by === "value2" ? 1 : 0, which = apart ? W.ofYear(years[side]) : W[side ? "right" : "left"];
    if (apart && own === W.value) return which;
    return lang === "zh" ? which + own : `${which} ${own.toLowerCase()}`;
  }

  /* Of what the table is: indicators, years, unit, and how many units. */
  _caption() {
    const { view } = this, { sides, model, lang, level } = view, same = sides.every((side) => side.indicator === sides[0].indicator), zh = lang === "zh";
    const told = (indicator, years) => {
      const inside = [model.years.length > 1 ? years.join(zh ? "、" : ", ") : "", view.unit(indicator)].filter(Boolean).join(zh ? "，" : ", ");
      return view.text(indicator.name) + (inside && (zh ? `（${inside}）` : ` (${inside})`));
    };
    const shown = same ? [told(sides[0].indicator, [...new Set(sides.map((side) => side.year))])] : sides.map(({ indicator, year }) => told(indicator, [year]));
    return `${shown.join(zh ? "；" : "; ")} · ${view.words[level]} ${number(this.rows.length, lang, 0)}`;
  }

  _sortable() {
    const { view } = this, column = view.model.column(view.indicator, view.level, view.year) || {};
    return ["name", "value", ...(view.sides.length > 1 ? ["value2", ...(view.sides[1].indicator === view.indicator ? ["change"] : [])] : []), "low", "high", "width", ...(column.n && column.d && view.indicator.numerator ? ["n"] : []), ...(column.d ? ["d"] : [])]; // of a mean no sum, and no count twice
  }

  _columns() {
    const { sort } = this.view, sortable = this._sortable();
    const shown = this._wide ? sortable : sortable.filter((by) => by === "name" || by === "value" || by === "value2" || (by === sort.by && sortable.includes(by)));
    return [{ by: "rank" }, ...shown.map((by) => ({ by }))];
  }

  _head({ by }) {
    const { view } = this, W = view.words, { sort } = view;
    if (by === "rank") return el("th", { scope: "col", class: "ns-rank" }, W.rank);
    const text = this._title(by), on = sort.by === by;
    if (this.printing) return el("th", { scope: "col", class: by === "name" ? null : "ns-number" }, text);
    return el("th", { scope: "col", class: by === "name" ? null : "ns-number", "aria-sort": on ? (sort.down ? "descending" : "ascending") : null },
      el("button", { type: "button", "data-ns": "sort-" + by, "aria-label": W.sortBy(text), on: { click: () => this._sort(by, on ? !sort.down : by !== "name") } }, text, el("span", { "aria-hidden": "true" }, on ? (sort.down ? " ▼" : " ▲") : " ⇅")));
  }

  /* What a column holds for a unit, a number or null. */
  _number(by, i) {
    const { view } = this, { level } = view, cell = view.model.cell(view.indicator, level, i, view.year);
    if (by === "value") return cell.v;
    if (by === "width") return cell.low === null || cell.high === null ? null : cell.high - cell.low;
    if (by === "value2" || by === "change") {
      const other = view.sides[1] && view.cell({ level, index: i }, 1).cell;
      return by === "value2" ? (other ? other.v : null) : changed(cell, other);
    }
    return cell[by] ?? null;
  }

  /* The units that the filters and the legend leave, in order; unknown is neither high nor low and stands last. */
  _order() {
    const { view } = this, { model, level, sort } = view, { of } = view.classes(), dimmed = view.dimmed(), n = model.n[level], rows = [];
    for (let i = 0; i < n; i++) if (!(dimmed && dimmed[i]) && !view.hidden.has(of[i])) rows.push(i);
    const by = this._sortable().includes(sort.by) ? sort.by : "value", sign = sort.down ? -1 : 1;
    if (by === "name") {
      const rank = this._names(level);
      return rows.sort((a, b) => sign * (rank[a] - rank[b]));
    }
    const key = new Float64Array(n).fill(NaN), column = by === "value" ? model.column(view.indicator, level, view.year) : null;
    for (const i of rows) {
      const found = column ? column.v[i] : this._number(by, i);
      if (found !== null) key[i] = found;
    }
    return rows.sort((a, b) => {
      const unknown = Number.isNaN(key[a]) - Number.isNaN(key[b]);
      return unknown || (Number.isNaN(key[a]) ? a - b : sign * (key[a] - key[b]) || a - b);
    });
  }

  /* Place of every unit in the order of names: by county, then township, then village. */
  _names(level) {
    const { view } = this, { model } = view, key = level + view.lang;
    this.named ||= new Map();
    if (!this.named.has(key)) {
      const collator = new Intl.Collator(view.lang === "zh" ? "zh-Hant-TW" : "en", { numeric: true }), at = LEVELS.indexOf(level), { up } = model.data.units[level];
      const above = at ? this._names(LEVELS[at - 1]) : null, name = [...Array(model.n[level]).keys()].map((i) => model.name(level, i, view.lang));
      const order = [...name.keys()].sort((a, b) => (above ? (above[up[a]] ?? -1) - (above[up[b]] ?? -1) : 0) || collator.compare(name[a], name[b]) || a - b), rank = new Int32Array(name.length);
      order.forEach((i, place) => (rank[i] = place));
      this.named.set(key, rank);
    }
    return this.named.get(key);
  }

  _sort(by, down) {
    this.view.sort = { by, down };
    const { scroller, body } = this.panel;
    scroller.scrollTop = Math.min(scroller.scrollTop, scroller === body ? 0 : body.offsetTop - this.panel.root.offsetTop);
    this.draw(this.node);
    this.view.write();
  }

  _widen() {
    this.view.wide = !this.view.wide;
    this.panel.showTab("table", true);
  }

  /* ---- rows */

  _row(at) {
    const i = this.rows[at], { view } = this, { level } = view;
    let node = this.drawn.get(i);
    if (node) return node;
    const up = view.model.path(level, i).at(-2), cell = view.model.cell(view.indicator, level, i, view.year);
    node = el("tr", { "data-index": i, "aria-rowindex": at + 2 }, this.columns.map(({ by }) => {
      if (by === "rank") {
        const rank = view.model.ranks(view.indicator, level, view.year).rank[i];
        return el("td", { class: "ns-rank" }, rank ? number(rank, view.lang, 0) : "–");
      }
      if (by === "name")
        return el("th", { scope: "row" }, el("button", { type: "button", tabindex: at === this.active ? "0" : "-1" }, swatch(view, this.classes, this.classes.of[i]),
          el("span", { class: "ns-row-name" }, this.panel.name({ level, index: i }), up ? el("small", {}, this.panel.name(up)) : null)));
      if (by === "value") {
        const bounds = this._wide ? null : view.bounds(cell);
        return el("td", { class: "ns-number ns-value" }, view.value(cell.v, cell.nothing), bounds ? el("small", {}, bounds) : null);
      }
      return el("td", { class: "ns-number" }, this._text(by, i));
    }));
    this.drawn.set(i, node);
    return node;
  }

  _text(by, i) {
    const { view } = this, found = this._number(by, i), { kind } = view.indicator;
    if (by === "value2") {
      const { cell } = view.cell({ level: view.level, index: i }, 1);
      return view.value(found, Boolean(cell && cell.nothing), view.sides[1].indicator);
    }
    if (found === null) return "–";
    if (by === "n" || by === "d") return figure(found, view.lang);
    if (by === "change") return signed(found, view.lang, kind);
    return by === "width" ? figure(found, view.lang, kind) : view.value(found);
  }

  _measure() {
    if (!this.rows.length) return;
    this.body.replaceChildren(this._row(0));
    this.height = this.body.firstChild.getBoundingClientRect().height || this.height;
  }

  /* Put the rows in view into the page and take the others out; a row that has the keyboard stays. */
  fill() {
    if (!this.body || !this.body.isConnected) return;
    const [first, last] = this._range(), wanted = [];
    const held = this.focused ? this.place.get(Number(document.activeElement.closest("tr").dataset.index)) : undefined;
    for (let at = first; at < last; at++) wanted.push(at);
    if (held !== undefined && held < first) wanted.unshift(held);
    if (held !== undefined && held >= last) wanted.push(held);
    const keep = new Set(wanted.map((at) => this.rows[at]));
    for (const [i, node] of this.drawn) if (!keep.has(i)) node.remove(), this.drawn.delete(i);
    for (const gap of this.body.querySelectorAll(".ns-gap")) gap.remove();
    let next = this.body.firstChild, done = 0;
    const put = (node) => (node === next ? (next = next.nextSibling) : this.body.insertBefore(node, next)), gap = (rows) => rows > 0 && this.body.insertBefore(this._gap(rows), next);
    for (const at of wanted) {
      gap(at - done);
      put(this._row(at));
      done = at + 1;
    }
    if (!this.printing) gap(this.rows.length - done);
    this.mark();
  }

  _range() {
    const all = this.rows.length;
    if (this.printing) return [0, Math.min(all, MOST_PRINTED)];
    if (all <= 60) return [0, all];
    const seen = this.panel.scroller.getBoundingClientRect(), frame = this.panel.root.getBoundingClientRect(), box = this.body.getBoundingClientRect();
    const top = Math.max(seen.top, frame.top, 0) - box.top, bottom = Math.min(seen.bottom, frame.bottom, window.innerHeight) - box.top;
    const first = Math.max(0, Math.min(all - 1, Math.floor(top / this.height) - SPARE));
    return [first, Math.max(first, Math.min(all, Math.ceil(bottom / this.height) + SPARE))];
  }

  _gap(rows) {
    return el("tr", { class: "ns-gap", "aria-hidden": "true" }, el("td", { colspan: String(this.columns.length), style: { height: rows * this.height + "px" } }));
  }

  /* ---- linked to the map */

  /* The unit of the level drawn that is, or holds, a place; -1 where there is none. */
  _own(place) {
    const { view } = this;
    if (!place) return -1;
    const up = view.model.path(place.level, place.index).find((each) => each.level === view.level);
    return up ? up.index : -1;
  }

  _chosen() { return this._own(this.view.selected); }

  /* What is selected and pointed at, told in the rows; with `show` the selected one is brought into view. */
  mark(show = false) {
    if (!this.body) return;
    const chosen = this._chosen(), pointed = this._own(this.view.hovered);
    if (show && this.place && this.place.has(chosen)) {
      this._roam(this.place.get(chosen));
      if (!this.focused) this._reveal(this.active);
    }
    for (const [i, node] of this.drawn) {
      node.classList.toggle("ns-chosen", i === chosen);
      node.classList.toggle("ns-pointed", i === pointed);
      const button = node.querySelector("button");
      if (i === chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  /* Scroll a row into the part of the panel that is seen, and draw it. */
  _reveal(at) {
    const { scroller } = this.panel, box = this.body.getBoundingClientRect(), seen = scroller.getBoundingClientRect(), head = scroller === this.panel.body ? 44 : 90;
    const top = box.top + at * this.height - seen.top - head, bottom = box.top + (at + 1) * this.height - seen.bottom;
    if (top < 0) scroller.scrollTop += top;
    else if (bottom > 0) scroller.scrollTop += bottom;
    this.fill();
    const row = this.drawn.get(this.rows[at]), off = row && [row.getBoundingClientRect().bottom - seen.bottom, row.getBoundingClientRect().top - seen.top - head];
    if (off && off[0] > 0 && scroller.scrollTop + off[0] <= scroller.scrollHeight) scroller.scrollTop += off[0]; // rows are not of whole pixels
    else if (off && off[1] < 0) scroller.scrollTop += off[1];
  }

  _roam(at) {
    const old = this.drawn.get(this.rows[this.active]);
    if (old) old.querySelector("button").tabIndex = -1;
    this.active = at;
    const now = this.drawn.get(this.rows[at]);
    if (now) now.querySelector("button").tabIndex = 0;
  }

  _focus(at) {
    if (at < 0 || at >= this.rows.length) return;
    this._roam(at);
    this._reveal(at);
    if (!this.drawn.has(this.rows[at])) this.body.append(this._row(at)); // a panel that is folded shows no rows
    this.drawn.get(this.rows[at]).querySelector("button").focus({ preventScroll: true });
  }

  _placeAt(event) {
    const row = event.target.closest("tr[data-index]");
    return row ? { level: this.view.level, index: Number(row.dataset.index) } : null;
  }

  _click(event, twice = false) {
    const place = this._placeAt(event);
    if (!place) return;
    if (twice) this.view.drill(place);
    else this.view.select(place, { move: true, stay: true });
  }

  /* Arrow keys, Home, End and a page up or down move between the rows; Enter on the selected one goes into it. */
  _key(event) {
    const row = event.target.closest("tr[data-index]");
    if (!row) return;
    const at = this.place.get(Number(row.dataset.index)), page = Math.max(1, Math.floor(this.panel.scroller.clientHeight / this.height) - 2), end = this.rows.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: end, PageDown: at + page, PageUp: at - page }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this._focus(Math.max(0, Math.min(end, to)));
    } else if (event.key === "Enter" && this._chosen() === this.rows[at] && this.view.selected.level === this.view.level) {
      event.preventDefault();
      this.refocus = true;
      this.view.drill({ level: this.view.level, index: this.rows[at] });
    }
  }

  /* ---- on paper */

  print(on) {
    this.printing = on;
    if (on || this.view.tab === "table") this.draw(this.panel.parts.table);
    else this.panel.parts.table.replaceChildren();
  }
}
