/* The state of one atlas on the page: what is shown, compared, filtered, selected, hidden; the pointer. */

const COUNTY_ZOOM = 7; // below it counties are drawn, unless the reader has chosen a level

class View {
  constructor(map, model, source) {
    Object.assign(this, { map, model, source, lang: source.lang === "en" ? "en" : "zh" });
    const first = model.indicators.find((each) => each.id === model.data.first) || null;
    this.sides = [{ indicator: first, year: model.year }];
    this.split = 0.5;
    this.chosen = "auto";
    this.level = this.levelOf("township");
    this.hidden = new Set();
    this.filters = new Set(); // ids of tags, "below" (the target), "in:" and a code
    this.classing = new Map();
    this.selected = this.hovered = null;
    this.patterns = this.plain = false;
    this.tab = "place";
    this.wide = false; // the table with all its columns
    this.sort = { by: "value", down: true };
    this.left = new Map();
  }

  get indicator() { return this.sides[0].indicator; }
  get year() { return this.sides[0].year; }
  get words() { return WORDS[this.lang]; }
  text(pair) { return pair ? pair[this.lang === "zh" ? 0 : 1] || pair[0] : ""; }

  /* A name as it stands on the map: English without the kind of unit. */
  short(level, index) {
    const name = this.model.name(level, index, this.lang);
    return this.lang === "en" ? name.replace(/ (County|City|Township|District|Vil\.?)$/, "") : name;
  }

  open() {
    this.painter = new Painter(this);
    this.panel = new Panel(this);
    this.address = new Address(this);
    this.swipe = new Swipe(this);
    this.paper = new Paper(this);
    this.overlays = typeof Overlays === "undefined" ? null : new Overlays(this);
    this.tip = el("div", { class: "ns-root ns-tip", "aria-hidden": "true" });
    this.map.getContainer().append(this.tip);
    if (this.overlays) this.overlays.open();
    this.address.read();
    this._fit();
    this._settle();
    this.painter.addTo(this.map);
    if (!this.source.quiet) performance.mark("notspot-first-choropleth");
    this.handlers = {
      mousemove: (event) => this._hover(event), mouseout: () => this._leave(), click: (event) => this._click(event),
      dblclick: (event) => this._twice(event), movestart: () => this._hideTip(), moveend: () => this.write(), zoomend: () => this._zoomed(),
    };
    this.map.on(this.handlers);
    this.zoomsTwice = this.map.doubleClickZoom.enabled(); // a double click goes into the unit instead
    this.map.doubleClickZoom.disable();
    this.panel.open();
    this.swipe.open();
    this.paper.open();
    this.keys = typeof Keys === "undefined" ? null : new Keys(this);
    if (this.keys) this.keys.open();
    this.watch = new ResizeObserver(() => this.map.invalidateSize({ animate: false }));
    this.watch.observe(this.map.getContainer());
    if (this.source.fragment) window.addEventListener("hashchange", (this.onhash = () => this.address.read(true)));
    this._language();
    this.opened = true;
    if (this.source.fragment && window.parent !== window) window.parent.postMessage({ notspot: "atlas" }, "*"); // it came: no more is told
  }

  close() {
    this.map.off(this.handlers);
    if (this.zoomsTwice) this.map.doubleClickZoom.enable();
    for (const part of [this.keys, this.overlays, this.paper, this.swipe, this.panel]) if (part) part.close();
    this.painter.remove();
    this.tip.remove();
    this.watch.disconnect();
    if (this.onhash) window.removeEventListener("hashchange", this.onhash);
  }

  /* ---- what is shown */

  /* The level that can be drawn where one is wanted: units must be there, and figures of the indicator. */
  levelOf(wanted, indicator = this.indicator) {
    const { model } = this;
    if (!indicator || model.has(indicator, wanted)) return model.n[wanted] ? wanted : LEVELS.find((l) => model.n[l]) || "county";
    return ["township", "county", "village"].find((level) => model.has(indicator, level)) || (model.n.township ? "township" : "county");
  }

  /* Set the level from what is chosen and the zoom; true where it is another one. */
  _settle() {
    const level = this.levelOf(this.chosen === "auto" ? this._byZoom(this.map.getZoom()) : this.chosen), other = level !== this.level;
    this.level = level;
    return other;
  }

  _byZoom(zoom) { return zoom < COUNTY_ZOOM ? "county" : zoom < VILLAGE_ZOOM ? "township" : "village"; }

  _zoomed() {
    if (this.address.reading || this.printing || !this._settle()) return;
    this.hidden.clear();
    this.painter.paint();
    this.panel.render();
  }

  /* Class of every unit of a level on a side of the swipe; with filters, counts are of the units left. */
  classes(side = 0, level = this.level) {
    const { indicator, year } = this.sides[side] || this.sides[0];
    const all = this.model.classes(indicator, level, year, indicator ? this.classing.get(indicator.id) : null), dimmed = this.dimmed(level);
    if (!dimmed) return all;
    if (all.dimmed === dimmed) return all.left;
    const counts = new Map([...all.counts.keys()].map((c) => [c, 0]));
    let unsure = 0;
    for (let i = 0; i < dimmed.length; i++) {
      if (dimmed[i]) continue;
      counts.set(all.of[i], counts.get(all.of[i]) + 1);
      unsure += all.wide[i];
    }
    all.dimmed = dimmed;
    return (all.left = { ...all, counts, unsure });
  }

  /* The filters that are on and can be asked of what is shown. */
  asked() {
    return [...this.filters].filter((id) => (id === "below" ? this.indicator && this.indicator.target !== null : id.startsWith("in:") ? this.model.find(id.slice(3)) : this.model.tags.some((tag) => tag.id === id)));
  }

  /* 1 for every unit of a level that has what a filter asks for. */
  kept(id, level) {
    const { model, indicator } = this;
    if (id === "below") {
      const column = model.column(indicator, level, this.year), out = new Uint8Array(model.n[level]);
      if (column) column.v.forEach((v, i) => (out[i] = v !== null && (indicator.better === "lower" ? v > indicator.target : v < indicator.target)));
      return out;
    }
    if (id.startsWith("in:")) {
      const place = model.find(id.slice(3));
      return model.tagged(level, [place.index], place.level);
    }
    const tag = model.tags.find((each) => each.id === id);
    return model.tagged(level, tag.of, tag.level);
  }

  /* 1 where the filters leave a unit of a level out; null without filters. A unit stays that has all they ask for. */
  dimmed(level = this.level) {
    const asked = this.asked();
    if (!asked.length) return null;
    const key = [level, ...asked, asked.includes("below") ? this.indicator.id + this.year : ""].join("/");
    if (!this.left.has(key)) {
      const out = new Uint8Array(this.model.n[level]);
      for (const id of asked) this.kept(id, level).forEach((has, i) => (out[i] |= has ? 0 : 1));
      if (this.left.size > 20) this.left.clear();
      this.left.set(key, out);
    }
    return this.left.get(key);
  }

  show(id, side = 0) {
    const found = this.model.indicators.find((each) => each.id === id);
    if (!found || !this.sides[side] || found === this.sides[side].indicator) return;
    this.sides[side] = { ...this.sides[side], indicator: found };
    if (side === 0) this.hidden.clear();
    this._settle();
    this.changed();
  }

  showYear(year, side = 0) {
    if (!this.model.years.includes(year) || !this.sides[side]) return;
    this.sides[side] = { ...this.sides[side], year };
    this.changed();
  }

  /* Put a second side beside the first: the same indicator a year before, else the next that is drawn here. */
  compare(on) {
    if (!on) this.sides = [this.sides.length > 1 && this.sides[1].indicator === this.indicator && this.sides[1].year > this.sides[0].year ? this.sides[1] : this.sides[0]];
    else if (this.sides.length === 1 && this.indicator) {
      const { model, indicator, year } = this, years = model.yearsOf(indicator), before = years.filter((each) => each < year).at(-1) ?? years.find((each) => each !== year);
      const same = model.indicators.filter((each) => each !== indicator && model.has(each, this.level));
      const other = same.find((each) => each.theme === indicator.theme) || same[0];
      if (before !== undefined || !other) this.sides = [{ indicator, year: before ?? year }, { indicator, year }].sort((a, b) => a.year - b.year); // the older is left, so that right less left is what was gained
      else this.sides.push({ indicator: other, year });
    }
    if (!["name", "value", "low", "high", "width", "n", "d"].includes(this.sort.by)) this.sort = { by: "value", down: true };
    this.changed();
  }

  divide(split) {
    this.split = Math.max(0, Math.min(1, split));
    if (this.painter.shift) this.painter.shift();
    else this.painter.paint();
  }

  showLevel(level) {
    if (level !== "auto" && !this.model.n[level]) return;
    this.chosen = level;
    this.drilled = false;
    if (this._settle()) this.hidden.clear();
    this.changed();
  }

  filter(id, on) {
    if (on) this.filters.add(id);
    else this.filters.delete(id);
    this.changed();
    this.panel.announce(this.words.leftOf(number(this.count().left, this.lang, 0), number(this.model.n[this.level], this.lang, 0), this.words[this.level]));
  }

  /* How many units of the level are left by the filters. */
  count(level = this.level) {
    const dimmed = this.dimmed(level), all = this.model.n[level];
    return { all, left: dimmed ? dimmed.reduce((sum, out) => sum + (out ? 0 : 1), 0) : all };
  }

  toggle(c) {
    if (!this.hidden.delete(c)) this.hidden.add(c);
    this.painter.paint();
    this.panel.legend();
    this.panel.table();
    this.write();
  }

  classify(choice) {
    if (!this.indicator) return;
    if (choice) this.classing.set(this.indicator.id, choice);
    else this.classing.delete(this.indicator.id);
    this.hidden.clear();
    this.changed();
  }

  usePatterns(on) {
    this.patterns = on;
    this.changed();
  }

  speak(lang) {
    this.lang = lang;
    this._language();
    if (this.overlays) this.overlays.relabel();
    this.changed();
  }

  _language() {
    const name = this.lang === "zh" ? "zh-Hant-TW" : "en";
    if (this.source.fragment) document.documentElement.lang = name;
    for (const node of [this.panel.root, this.panel.jumpBox, this.tip]) if (node) node.lang = name;
  }

  changed() {
    this.painter.paint();
    this.panel.render();
    this.swipe.draw();
    this._hideTip();
    this.write();
  }

  /* The address was changed from without. */
  reread() {
    this._language();
    this._settle();
    if (this.overlays) this.overlays.relabel();
    this.changed();
    this.panel.reveal();
  }

  write() { this.address.write(); }

  /* ---- where */

  select(place, { move = false, say = true, stay = false } = {}) {
    this.selected = place;
    this.painter.mark();
    this.panel.chosen();
    if (this.overlays) this.overlays.placed();
    if (move) this.goTo(place, stay);
    if (say && place) this.panel.announce(this.sentence(place));
    this.write();
  }

  hover(place) {
    const old = this.hovered;
    if ((place && place.level + place.index) === (old && old.level + old.index)) return false;
    this.hovered = place;
    this.painter.mark();
    this.panel.pointed();
    return true;
  }

  /* Into a unit: all of it in view, and its children drawn where they have figures. */
  drill(place) {
    const below = LEVELS[LEVELS.indexOf(place.level) + 1];
    this.select(place, { move: true });
    if (!below || !this.model.n[below] || !this.model.has(this.indicator, below)) return;
    const view = this._extent(place), shown = this.chosen === "auto" && view ? this.levelOf(this._byZoom(view.zoom)) : this.level;
    if (LEVELS.indexOf(shown) >= LEVELS.indexOf(below)) return;
    const auto = this.chosen === "auto" || this.drilled;
    this.showLevel(below); // too large a unit for its children to be drawn by zoom
    this.drilled = auto;
  }

  /* Out of it again: to the unit above, at last to the nation. */
  up() {
    const at = this.selected, above = at ? this.model.path(at.level, at.index).at(-2) || null : null;
    if (this.drilled) this.showLevel("auto");
    this.select(above, { move: true });
    if (!above) this.panel.announce(this.words.nation);
  }

  /* Bounds of a unit, and the zoom at which they are in view, no closer than is of use. */
  _extent(place) {
    const box = this.model.boxes(place.level)[place.index];
    if (!box || box[0] > box[2]) return null;
    const corner = (x, y) => this.map.unproject(L.point(x, y), 0), bounds = L.latLngBounds(corner(box[0], box[1]), corner(box[2], box[3]));
    return { bounds, zoom: Math.min(this.map.getBoundsZoom(bounds, false, L.point(48, 48)), place.level === "village" ? 15 : place.level === "township" ? 13 : 11) };
  }

  /* With `stay` the zoom ends before another level is drawn. */
  goTo(place, stay = false) {
    if (!place) return this._fit(true);
    const to = this._extent(place), below = this.level === "county" ? "township" : "village";
    if (!to) return null;
    if (stay && this.chosen === "auto" && this.level !== "village" && this.model.has(this.indicator, below))
      to.zoom = Math.min(to.zoom, Math.max(this.map.getZoom(), (this.level === "county" ? COUNTY_ZOOM : VILLAGE_ZOOM) - 0.5));
    return this._move(to.bounds, { maxZoom: to.zoom, padding: [24, 24] });
  }

  jump(view) {
    const [west, south, east, north] = view.box;
    this._move([[south, west], [north, east]], { padding: [8, 8] });
  }

  /* A place that the address names is there at once: only a page that is open moves. */
  _move(bounds, options) {
    const still = !this.opened || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.fitBounds(bounds, { ...options, animate: !still });
  }

  _fit(animate = false) {
    const { views } = this.model.data, zoom = ([w, s, e, n]) => this.map.getBoundsZoom([[s, w], [n, e]], false, L.point(12, 12));
    if (!views.length || (this.framed && !animate) || this.source.keepView) return;
    const all = openingBox(views), [west, south, east, north] = zoom(all) >= zoom(views[0].box) - 0.25 ? all : views[0].box, still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.fitBounds([[south, west], [north, east]], { animate: animate && !still, padding: [6, 6] });
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
      const place = this.swipe.dragging ? null : this.under(event.latlng);
      if (this.hover(place)) this.tip.replaceChildren(...(place ? this.panel.tip(place) : []));
      this.tip.classList.toggle("ns-on", Boolean(place));
      if (!place) return;
      const size = this.map.getSize(), { x, y } = event.containerPoint, { offsetWidth: w, offsetHeight: h } = this.tip;
      this.tip.style.left = Math.max(4, x + 16 + w > size.x ? x - w - 12 : x + 16) + "px";
      this.tip.style.top = Math.max(4, y + 16 + h > size.y ? y - h - 12 : y + 16) + "px";
    });
  }

  _leave() {
    this.hover(null);
    this._hideTip();
  }

  _hideTip() { this.tip.classList.remove("ns-on"); }

  _click(event) {
    const place = this.under(event.latlng);
    cancelAnimationFrame(this.waiting); // a tap moves the pointer, too: its tooltip would stay
    this.waiting = 0;
    this._hideTip();
    this.select(place);
  }

  _twice(event) {
    const place = this.under(event.latlng);
    if (place) this.drill(place);
    else if (this.zoomsTwice) this.map.setZoomAround(event.containerPoint, this.map.getZoom() + (event.originalEvent.shiftKey ? -1 : 1));
  }
}

Object.assign(View.prototype, TELLING);
