/* The state of one atlas on the page: what is shown, selected, hidden; the pointer; the address. */

class View {
  constructor(map, model, source) {
    Object.assign(this, { map, model, source, lang: source.lang === "en" ? "en" : "zh" });
    this.indicator = model.indicators.find((each) => each.id === model.data.first) || null;
    this.level = this._levelOf(this.indicator, "township");
    this.hidden = new Set();
    this.selected = this.hovered = null;
    this.tab = "place";
    this.sort = { by: "value", down: true };
  }

  get words() { return WORDS[this.lang]; }
  get fill() { return this.level; }
  text(pair) { return pair ? pair[this.lang === "zh" ? 0 : 1] || pair[0] : ""; }

  /* A name as it stands on the map: English without the kind of unit. */
  short(level, index) {
    const name = this.model.name(level, index, this.lang);
    return this.lang === "en" ? name.replace(/ (County|City|Township|District|Vil\.?)$/, "") : name;
  }

  _levelOf(indicator, wanted) {
    if (this.model.has(indicator, wanted) || !indicator) return this.model.n[wanted] ? wanted : LEVELS.find((l) => this.model.n[l]) || "county";
    return ["township", "county", "village"].find((level) => this.model.has(indicator, level)) || (this.model.n.township ? "township" : "county");
  }

  /* Class of every unit of a level on a side of the swipe, and how many are in each. */
  classes(side = 0, level = this.level) { return this.model.classes(this.indicator, level); }

  write() { this.address.write(); }

  open() {
    this.painter = new Painter(this);
    this.address = new Address(this);
    this.panel = new Panel(this);
    this.tip = el("div", { class: "ns-root ns-tip", "aria-hidden": "true" });
    this.map.getContainer().append(this.tip);
    this.address.read();
    this._fit();
    this.painter.addTo(this.map);
    if (!this.source.quiet) performance.mark("notspot-first-choropleth");
    this.handlers = {
      mousemove: (event) => this._hover(event), mouseout: () => this._leave(), click: (event) => this._click(event),
      movestart: () => this._hideTip(), moveend: () => this.write(),
    };
    this.map.on(this.handlers);
    this.panel.open();
    this.watch = new ResizeObserver(() => this.map.invalidateSize({ animate: false }));
    this.watch.observe(this.map.getContainer());
    if (this.source.fragment) window.addEventListener("hashchange", (this.onhash = () => this.address.read(true)));
    if (this.source.fragment) document.documentElement.lang = this.lang === "zh" ? "zh-Hant-TW" : "en";
  }

  close() {
    this.map.off(this.handlers);
    this.painter.remove();
    this.panel.close();
    this.tip.remove();
    this.watch.disconnect();
    if (this.onhash) window.removeEventListener("hashchange", this.onhash);
  }

  /* ---- what is shown */

  show(id) {
    const found = this.model.indicators.find((each) => each.id === id);
    if (!found || found === this.indicator) return;
    this.indicator = found;
    this.level = this._levelOf(found, this.level);
    this.hidden.clear();
    this.changed();
  }

  showLevel(level) {
    if (level === this.level || !this.model.n[level]) return;
    this.level = level;
    this.hidden.clear();
    this.changed();
  }

  toggle(c) {
    if (!this.hidden.delete(c)) this.hidden.add(c);
    this.painter.paint();
    this.panel.legend();
    this.panel.table();
    this.write();
  }

  speak(lang) {
    this.lang = lang;
    if (this.source.fragment) document.documentElement.lang = lang === "zh" ? "zh-Hant-TW" : "en";
    this.changed();
  }

  changed() {
    this.painter.paint();
    this.panel.render();
    this._hideTip();
    this.write();
  }

  select(place, { move = false, say = true } = {}) {
    this.selected = place;
    this.painter.mark();
    this.panel.card(true);
    this.panel.table();
    if (move) this._goTo(place);
    if (say && place) this.panel.announce(this.sentence(place));
    this.write();
  }

  _goTo(place) {
    if (!place) return this._fit(true);
    const box = this.model.boxes(place.level)[place.index];
    if (!box || box[0] > box[2]) return;
    const corner = (x, y) => this.map.unproject(L.point(x, y), 0);
    const bounds = L.latLngBounds(corner(box[0], box[1]), corner(box[2], box[3]));
    const most = place.level === "village" ? 15 : place.level === "township" ? 13 : 11;
    this._move(bounds, { maxZoom: most, padding: [24, 24] });
  }

  jump(view) {
    const [west, south, east, north] = view.box;
    this._move([[south, west], [north, east]], { padding: [8, 8] });
  }

  _move(bounds, options) {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.fitBounds(bounds, { ...options, animate: !still });
  }

  _fit(animate = false) {
    const first = this.model.data.views[0];
    if (!first || (this.framed && !animate) || this.source.keepView) return;
    const [west, south, east, north] = first.box;
    this.map.fitBounds([[south, west], [north, east]], { animate, padding: [6, 6] });
  }

  /* ---- the pointer */

  under(latlng) {
    const point = this.map.project(latlng, 0), unit = this.model.shapes.at(point.x, point.y);
    if (unit < 0) return null;
    const { of } = this.model;
    const wanted = this.level === "township" && this.map.getZoom() >= VILLAGE_ZOOM ? "village" : this.level;
    const level = of[wanted][unit] >= 0 ? wanted : of.township[unit] >= 0 ? "township" : "county";
    return of[level][unit] >= 0 ? { level, index: of[level][unit] } : null;
  }

  _hover(event) {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const place = this.under(event.latlng), old = this.hovered;
      if ((place && place.level + place.index) !== (old && old.level + old.index)) {
        this.hovered = place;
        this.painter.mark();
        this.tip.replaceChildren(...(place ? this.panel.tip(place) : []));
      }
      this.tip.classList.toggle("ns-on", Boolean(place));
      if (!place) return;
      const size = this.map.getSize(), { x, y } = event.containerPoint, { offsetWidth: w, offsetHeight: h } = this.tip;
      this.tip.style.left = Math.max(4, x + 16 + w > size.x ? x - w - 12 : x + 16) + "px";
      this.tip.style.top = Math.max(4, y + 16 + h > size.y ? y - h - 12 : y + 16) + "px";
    });
  }

  _leave() {
    this.hovered = null;
    this.painter.mark();
    this._hideTip();
  }

  _hideTip() { this.tip.classList.remove("ns-on"); }

  _click(event) {
    const place = this.under(event.latlng);
    this._hideTip();
    this.select(place);
    this.panel.showTab("place");
  }

  /* ---- figures in words */

  /* The cell that speaks for a place: its own, or its township's where villages have none. */
  cell(place) {
    const own = this.model.cell(this.indicator, place.level, place.index);
    if (own || place.level !== "village") return { place, cell: own, lent: false };
    const town = this.model.path(place.level, place.index).at(-2);
    return { place: town, cell: town ? this.model.cell(this.indicator, town.level, town.index) : null, lent: true };
  }

  value(v, nothing) {
    if (nothing) return this.words.nothing;
    if (v === null || v === undefined) return this.words.unknown;
    const share = this.indicator.kind === "share";
    return figure(v, this.lang, this.indicator.kind) + (share ? " %" : "");
  }

  unit() { return this.indicator.kind === "share" ? "" : this.text(this.indicator.unit); }

  bounds(cell) {
    if (!cell || (cell.low === cell.v && cell.high === cell.v) || (cell.low === null && cell.high === null)) return null;
    return `${cell.low === null ? "?" : this.value(cell.low)} – ${cell.high === null ? "?" : this.value(cell.high)}`;
  }

  ratio(cell) {
    if (!cell || (cell.n === null && cell.d === null)) return null;
    const part = (text, v) => `${this.text(text)} ${v === null ? this.words.unknown : figure(v, this.lang)}`;
    const { numerator, denominator } = this.indicator;
    return [numerator && part(numerator, cell.n), denominator && cell.d !== null ? part(denominator, cell.d) : null].filter(Boolean);
  }

  sentence(place) {
    const name = this.model.name(place.level, place.index, this.lang);
    if (!this.indicator) return name;
    const { cell, lent } = this.cell(place);
    return `${name}${lent ? "，" + this.words.noVillage : ""}：${this.text(this.indicator.name)} ${cell && cell.v !== null ? this.value(cell.v) + " " + this.unit() : this.value(null, cell && cell.nothing)}`;
  }
}
