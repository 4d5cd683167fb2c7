/* The panel: frame, breadcrumb, tabs. What stands in it is drawn by its own parts, anew when the state changes. */

let serial = 0;
const SHEETS = ["ns-bar", "", "ns-tall"]; // a bar, half of a phone's height, nearly all of it

Object.assign(WORDS.zh, {
  up: "上一層", upToName: (name) => `回到上一層：${name}`, more: "展開面板", less: "收合面板", filters: "篩選", compare: "比較", stopComparing: "結束比較",
  skipPanel: "跳到指標、圖例與搜尋", skipTable: "跳到排名表", notice: "注意",
});
Object.assign(WORDS.en, {
  up: "Up", upToName: (name) => `Up to ${name}`, more: "Open the panel further", less: "Fold the panel", filters: "Filter", compare: "Compare", stopComparing: "Stop comparing",
  skipPanel: "Skip to indicator, legend and search", skipTable: "Skip to the ranking", notice: "Note",
});

class Panel {
  constructor(view) {
    this.view = view;
    this.id = "ns" + ++serial;
    const { source } = view;
    this.root = source.panel ? document.getElementById(source.panel) : el("section", { "aria-label": view.text(view.model.data.title) });
    this.root.classList.add("ns-root", "ns-panel");
    if (!source.panel) this.root.classList.add("ns-compact");
    this.drawn = { controls: new Controls(this), filters: new Filters(this), legend: new Legend(this), search: new Search(this), card: new Card(this), table: new Table(this) };
    this.unfolded = new Set(); // of what opens and closes: the ids of those that are open
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
    this.sheet = 1;
    if (source.panel && window.matchMedia("(max-width: 759px) and (max-height: 559px)").matches) this.sheet = this.view.tab === "table" ? 2 : 0;
    this.drawn.table.open();
    this.render();
    this.reveal();
  }

  close() {
    this.drawn.table.close();
    this.drawn.legend.close();
    this.root.replaceChildren();
    this.root.classList.remove("ns-bar", "ns-tall", "ns-wide");
    this.jumps.remove();
    if (this.control) this.control.remove();
  }

  /* What scrolls: the part under the tabs, or on a phone the whole panel. */
  get scroller() { return getComputedStyle(this.body).overflowY === "visible" ? this.root : this.body; }

  announce(text) { this.live.textContent = text; }

  render() {
    const { view } = this, W = view.words, { data } = view.model, focus = this.root.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    const before = this.body ? this.scroller.scrollTop : 0, { controls } = this.drawn;
    this.parts = Object.fromEntries(["path", "brief", "printed", "filter", "legend", "overlays", "find", "card", "table"].map((name) => [name, el("div", { class: "ns-" + name })]));
    const button = (name, text, attributes, click) => el("button", { type: "button", class: "ns-quiet", "data-ns": name, ...attributes, on: { click } }, text);
    const sheets = view.source.panel ? [
      button("less", el("span", { "aria-hidden": "true" }, "▼"), { class: "ns-quiet ns-sheet ns-less", "aria-label": W.less }, () => this._resize(-1)),
      button("more", el("span", { "aria-hidden": "true" }, "▲"), { class: "ns-quiet ns-sheet ns-more", "aria-label": W.more }, () => this._resize(1))] : [];
    const language = button("lang", W.other, { lang: view.lang === "zh" ? "en" : "zh-Hant-TW", "aria-label": W.language }, () => view.speak(view.lang === "zh" ? "en" : "zh"));
    const title = el(view.source.panel ? "h1" : "h2", { class: "ns-title" }, view.text(data.title));
    const panel = (name, ...parts) => el("div", { id: `${this.id}-${name}`, role: "tabpanel", "aria-labelledby": `${this.id}-tab-${name}`, class: "ns-tabpanel", "data-tab": name }, parts);
    const colon = view.lang === "zh" ? "：" : ": ";
    const foot = el("footer", { class: "ns-foot" }, el("p", {}, `${W.run} `, el("code", {}, data.run)), el("p", {}, `${W.data}${colon}${view.text(data.credit)}`));
    this.body = el("div", { class: "ns-body" }, this.parts.filter,
      panel("place", this.parts.legend, this.parts.overlays, this.parts.find, this.parts.card), panel("table", this.parts.table), foot);
    this.root.replaceChildren(...[
      view.address ? view.address.note() : null,
      data.notice ? el("p", { class: "ns-notice", role: "note" }, el("b", {}, W.notice + colon), view.text(data.notice)) : null,
      el("header", { class: "ns-head" }, el("div", { class: "ns-headline" }, title, language, sheets), this.parts.brief, this.parts.printed,
        el("div", { class: "ns-asked" }, controls.sides(), controls.shown(), controls.tools())),
      this.parts.path, this._tabs(), this.body, this.live].filter(Boolean));
    if (title.scrollHeight > title.clientHeight + 1) title.tabIndex = 0; // a long one scrolls, by keys, too
    this._sheet();
    this._skips();
    this._map();
    this.path();
    this.drawn.filters.draw(this.parts.filter);
    this.legend();
    if (view.overlays) view.overlays.draw(this.parts.overlays);
    this.drawn.search.draw(this.parts.find);
    this.card();
    this.showTab(view.tab);
    this.scroller.scrollTop = before;
    if (view.source.fragment) document.title = view.text(data.title);
    const again = focus && this.root.querySelector(`[data-ns="${CSS.escape(focus)}"]`);
    if (again) again.focus({ preventScroll: true });
  }

  /* Something that opens and closes, and stays so when the panel is built anew. */
  fold(name, summary, ...content) {
    const node = el("details", { class: "ns-fold ns-fold-" + name, open: this.unfolded.has(name) }, el("summary", { "data-ns": "fold-" + name }, summary), content);
    node.addEventListener("toggle", () => this.unfolded[node.open ? "add" : "delete"](name));
    return node;
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

  /* The links before everything: to the panel and to the table, where the page has them. */
  _skips() {
    if (!this.view.source.fragment) return;
    const table = document.getElementById("ns-skip-table"), first = document.getElementById("ns-skip");
    if (first) first.textContent = this.view.words.skipPanel;
    if (table) table.textContent = this.view.words.skipTable;
    if (table) table.onclick = (event) => {
      event.preventDefault();
      if (this.sheet === 0) this._resize(1);
      this.showTab("table", true);
      (this.parts.table.querySelector("tbody button[tabindex='0']") || this.root.querySelector("[role=tab][data-tab=table]")).focus();
    };
  }

  /* ---- the sheet of a phone: a bar, half, or nearly all of the height */

  _resize(by) {
    const short = window.innerHeight < 560;
    this.sheet = Math.max(0, Math.min(2, this.sheet + by));
    if (short && this.sheet === 1) this.sheet += by;
    this._sheet();
    const other = this.root.querySelector(`[data-ns=${by > 0 ? (this.sheet === 2 ? "less" : "more") : this.sheet ? "less" : "more"}]`);
    if (other) other.focus();
    this.drawn.table.fill();
  }

  _sheet() {
    SHEETS.forEach((name, at) => name && this.root.classList.toggle(name, Boolean(this.view.source.panel) && at === this.sheet));
    this.root.classList.toggle("ns-wide", this.view.wide && this.view.tab === "table");
  }

  /* ---- where one is */

  path() {
    const { view } = this, W = view.words, at = view.selected, { model } = view, path = at ? model.path(at.level, at.index) : [], above = path.at(-2);
    const crumb = (text, place, last) => el("li", {}, el("button", { type: "button", "aria-current": last ? "location" : null, "data-ns": "crumb" + (place ? place.level : ""), on: { click: () => view.select(place, { move: true }) } }, text));
    const name = above ? model.name(above.level, above.index, view.lang) : W.nation, focus = document.activeElement && this.parts.path.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    this.parts.path.replaceChildren(el("nav", { "aria-label": W.path },
      el("button", { type: "button", class: "ns-up", "data-ns": "up", disabled: !at, "aria-label": at ? W.upToName(name) : W.up, title: at ? W.upToName(name) : W.up, on: { click: () => view.up() } }, el("span", { "aria-hidden": "true" }, "↑")),
      el("ol", {}, crumb(W.nation, null, !at), path.map((each, i) => crumb(this.name(each), each, i === path.length - 1)))));
    const again = focus && (this.parts.path.querySelector(`[data-ns="${focus}"]:not(:disabled)`) || this.parts.path.querySelector("[aria-current]"));
    if (again) again.focus({ preventScroll: true });
    this.parts.brief.replaceChildren(...this._brief(at));
  }

  /* What stands over the map on paper, in place of what is chosen from. */
  printed() {
    const { view } = this, W = view.words, { model } = view, colon = view.lang === "zh" ? "：" : ": ", on = this.drawn.filters.names(), over = view.overlays ? view.overlays.names() : [];
    this.parts.printed.replaceChildren(...[
      ...view.sides.filter((side) => side.indicator).map((_, side) => el("p", { class: "ns-printed-title" }, view.sides.length > 1 ? el("b", { class: "ns-which" }, side ? W.rightSide : W.leftSide) : null, view.titleOf(side))),
      on.length ? el("p", {}, W.leftBy + colon + on.join(view.lang === "zh" ? "、" : ", ")) : null,
      over.length ? el("p", {}, W.overlays + colon + over.join(view.lang === "zh" ? "；" : "; ")) : null,
      el("p", {}, [view.indicator ? W.source + colon + [...new Set(view.sides.map(({ indicator, year }) => view.text(model.told(indicator, view.level, year).source)))].join(view.lang === "zh" ? "；" : "; ") : null, `${W.run} ${model.data.run}`].filter(Boolean).join(" · "))].filter(Boolean));
  }

  /* What a folded panel still says: the place with its value, and of what. */
  _brief(at) {
    const { view } = this;
    if (!view.indicator) return [view.words.empty];
    const { cell, lent, place } = at ? view.cell(at) : { cell: view.model.nation(view.indicator, view.year) };
    const value = [view.value(cell ? cell.v : null, Boolean(cell && cell.nothing)), cell && cell.v !== null ? view.unit() : ""].join(" ").trim();
    return [el("b", {}, at ? this.name(at) : view.words.nation, lent && cell ? [" (", this.name(place), ")"] : null, " ", value), el("small", {}, view.titleOf(0))];
  }

  /* A unit's name as an element of its own language and direction. */
  name({ level, index }, lang = this.view.lang) {
    const { model } = this.view, english = lang === "en" && model.data.units[level].en[index];
    return el("bdi", { lang: english ? "en" : this.view.lang === "en" || lang !== this.view.lang ? "zh-Hant-TW" : null }, model.name(level, index, lang));
  }

  /* ---- tabs */

  _tabs() {
    const { view } = this, W = view.words;
    const tab = (name, text) => el("button", {
      type: "button", role: "tab", id: `${this.id}-tab-${name}`, "aria-controls": `${this.id}-${name}`, "data-tab": name, "data-ns": "tab-" + name,
      on: { click: () => this.showTab(name, true), keydown: (event) => {
        const to = { ArrowLeft: name === "place" ? "table" : "place", ArrowRight: name === "place" ? "table" : "place", Home: "place", End: "table" }[event.key];
        if (!to) return;
        event.preventDefault();
        this.showTab(to, true);
        this.root.querySelector(`[role=tab][data-tab=${to}]`).focus();
      } },
    }, text);
    return el("div", { class: "ns-tabs", role: "tablist", "aria-label": W.tab }, tab("place", W.tabPlace), tab("table", W.tabTable));
  }

  showTab(name, write = false) {
    const other = this.view.tab !== name;
    this.view.tab = name;
    for (const tab of this.root.querySelectorAll("[role=tab]")) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    for (const panel of this.root.querySelectorAll(".ns-tabpanel")) panel.hidden = panel.dataset.tab !== name;
    if (other) this.scroller.scrollTop = Math.min(this.scroller.scrollTop, this.scroller === this.body ? 0 : this.body.offsetTop - this.root.offsetTop);
    if (write && name === "table" && this.sheet === 1 && window.matchMedia("(max-width: 759px)").matches) this.sheet = 2; // half a phone has no room for rows
    this._sheet();
    this.table();
    if (other && write) this.reveal();
    if (write) this.view.write();
  }

  /* ---- the parts, each from its own file */

  legend() { this.drawn.legend.draw(this.parts.legend); }
  card(scroll = false) { this.drawn.card.draw(this.parts.card, scroll); }
  tip(place) { return this.drawn.card.tip(place); }
  table() { if (this.view.tab === "table") this.drawn.table.draw(this.parts.table); }

  /* Another unit is selected. */
  chosen() {
    this.path();
    this.card(true);
    this.drawn.filters.draw(this.parts.filter);
    this.reveal();
  }

  /* The selected row, where the table is what is seen. */
  reveal() { if (this.view.tab === "table") this.drawn.table.mark(true); }

  /* Another unit is pointed at. */
  pointed() { if (this.view.tab === "table") this.drawn.table.mark(); }
}
