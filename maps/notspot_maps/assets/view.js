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

  open() {
    this.painter = new Painter(this);
    this.panel = new Panel(this);
    this.tip = el("div", { class: "ns-root ns-tip", "aria-hidden": "true" });
    this.map.getContainer().append(this.tip);
    this._read();
    this._fit();
    this.painter.addTo(this.map);
    if (!this.source.quiet) performance.mark("notspot-first-choropleth");
    this.handlers = {
      mousemove: (event) => this._hover(event), mouseout: () => this._leave(), click: (event) => this._click(event),
      movestart: () => this._hideTip(), moveend: () => this._write(),
    };
    this.map.on(this.handlers);
    this.panel.open();
    this.watch = new ResizeObserver(() => this.map.invalidateSize({ animate: false }));
    this.watch.observe(this.map.getContainer());
    if (this.source.fragment) window.addEventListener("hashchange", (this.onhash = () => this._read(true)));
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
    this._changed();
  }

  showLevel(level) {
    if (level === this.level || !this.model.n[level]) return;
    this.level = level;
    this.hidden.clear();
    this._changed();
  }

  toggle(c) {
    if (!this.hidden.delete(c)) this.hidden.add(c);
    this.painter.paint();
    this.panel.legend();
    this.panel.table();
    this._write();
  }

  speak(lang) {
    this.lang = lang;
    if (this.source.fragment) document.documentElement.lang = lang === "zh" ? "zh-Hant-TW" : "en";
    this._changed();
  }

  _changed() {
    this.painter.paint();
    this.panel.render();
    this._hideTip();
    this._write();
  }

  select(place, { move = false, say = true } = {}) {
    this.selected = place;
    this.painter.mark();
    this.panel.card(true);
    this.panel.table();
    if (move) this._goTo(place);
    if (say && place) this.panel.announce(this.sentence(place));
    this._write();
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

  /* ---- the address */

  _write() {
    if (!this.source.fragment || this.reading) return;
    const at = this.map.getCenter(), parts = [];
    if (this.indicator) parts.push("i=" + encodeURIComponent(this.indicator.id));
    parts.push("l=" + this.level);
    if (this.selected) parts.push("p=" + encodeURIComponent(this.model.code(this.selected.level, this.selected.index)));
    parts.push("m=" + this._where(at, this.map.getZoom()));
    if (this.hidden.size) parts.push("h=" + [...this.hidden].sort((a, b) => a - b).join(","));
    if (this.tab !== "place") parts.push("t=" + this.tab);
    if (this.lang !== "zh") parts.push("lang=" + this.lang);
    try {
      history.replaceState(null, "", "#" + parts.join("&"));
    } catch {
      /* inside a srcdoc frame there is no address to keep */
    }
  }

  /* Zoom and centre; those that were asked for as long as the map is within a pixel or two of them. */
  _where(at, zoom) {
    if (this.asked) {
      const off = this.map.project(at, zoom).distanceTo(this.map.project([this.asked[1], this.asked[2]], zoom));
      if (off < 2 && Math.abs(zoom - this.asked[0]) < 0.01) return `${this.asked[0]}/${this.asked[1].toFixed(4)}/${this.asked[2].toFixed(4)}`;
    }
    return `${+zoom.toFixed(2)}/${at.lat.toFixed(4)}/${at.lng.toFixed(4)}`;
  }

  _read(again = false) {
    if (!this.source.fragment) return;
    const given = new URLSearchParams(location.hash.slice(1));
    this.reading = true;
    this.lang = given.get("lang") === "en" ? "en" : given.get("lang") === "zh" || given.get("l") ? "zh" : this.lang;
    this.indicator = this.model.indicators.find((each) => each.id === given.get("i")) || this.indicator;
    const level = LEVELS.includes(given.get("l")) ? given.get("l") : this.level;
    this.level = this._levelOf(this.indicator, level);
    this.hidden = new Set((given.get("h") || "").split(",").filter((c) => /^-?\d+$/.test(c)).map(Number));
    this.selected = given.get("p") ? this.model.find(given.get("p")) : null;
    this.tab = given.get("t") === "table" ? "table" : "place";
    const [zoom, lat, lng] = (given.get("m") || "").split("/").map(Number);
    if ([zoom, lat, lng].every(Number.isFinite) && given.get("m")) {
      this.framed = true;
      this.asked = [zoom, lat, lng];
      this.map.setView([Math.max(-85, Math.min(85, lat)), lng], zoom, { animate: false });
    } else if (this.selected) {
      this.framed = true;
      this._goTo(this.selected);
    }
    this.reading = false;
    if (again) this._changed();
  }
}
