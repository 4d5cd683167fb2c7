/* Overlays: footprints as rasters, places as points, trails and roads as lines. Switches, legends, what is pointed at. */

Object.assign(WORDS.zh, {
  overlays: "疊加圖層", overlaysOn: (n) => `疊加圖層（${n} 個開啟）`, overOpacity: "不透明度", overCellOf: (m) => `網格 ${m}`, overLineTo: (m) => `線形簡化至 ${m}`, overService: "服務", overStatuses: ["未涵蓋", "涵蓋", "無資料"],
  overBy: "涵蓋業者", overLost: (n) => `另有 ${n} 處座標不可用，未繪出`, overPlacesIn: (name) => `${name}內的地點`, overLinesIn: (name) => `經過${name}的路線`, overNothingIn: "此處沒有地點或路線", overChooseUnit: "選取一個鄉鎮市區或村里，即列出其中的地點與路線。",
  overMore200: (n) => `僅列前 200 處，共 ${n} 處；請選取較小的單位。`, overUnnamed: "（無名稱）", overKm: "公里", overRaster: "網格圖層", overPoints: "地點", overLines: "路線", overPicked: "選取的地點", overExact: "含敏感點位", overNoService: "此圖層沒有涵蓋狀態", overNoFill: "開啟時各行政區不填指標顏色",
});
Object.assign(WORDS.en, {
  overlays: "Overlays", overlaysOn: (n) => `Overlays (${n} on)`, overOpacity: "Opacity", overCellOf: (m) => `Cells of ${m}`, overLineTo: (m) => `Lines simplified to ${m}`, overService: "Service", overStatuses: ["Not covered", "Covered", "No data"],
  overBy: "Covered by", overLost: (n) => `${n} more have no usable point and are not drawn`, overPlacesIn: (name) => `Places in ${name}`, overLinesIn: (name) => `Routes through ${name}`, overNothingIn: "No place or route here", overChooseUnit: "Select a township or village to list the places and routes in it.",
  overMore200: (n) => `The first 200 of ${n}; select a smaller unit.`, overUnnamed: "(no name)", overKm: "km", overRaster: "Raster", overPoints: "Places", overLines: "Routes", overPicked: "Place chosen", overExact: "sensitive positions", overNoService: "This layer has no status", overNoFill: "while it is on, units carry no colour of the indicator",
});

const OPACITY = 100; // percent, where nothing else is chosen
const LISTED = 200; // places of a list

/* A colour as it looks through so much of it over the ground of the map. */
const GROUND = "#eef2f4";
function blended(colour, share) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  return "#" + [1, 3, 5].map((at) => Math.round(share * part(colour, at) + (1 - share) * part(GROUND, at)).toString(16).padStart(2, "0")).join("");
}

class Overlays {
  constructor(view) {
    this.view = view;
    this.all = view.model.data.overlays || [];
    this.on = new Map(); // id → {opacity, service}
    this.made = new Map(); // id → what is drawn of it
    this.picked = null; // {overlay, index} or null
  }

  open() {
    if (!this.all.length) return;
    const { map } = this.view;
    this.below = new Cover("ns-rasters", (ctx, frame) => this._rasters(ctx, frame));
    this.above = new Cover("ns-points", (ctx, frame) => this._marks(ctx, frame), true);
    this.tip = el("div", { class: "ns-root ns-tip", "aria-hidden": "true" });
    map.getContainer().append(this.tip);
    // before Leaflet hears of it: what lies above is meant, not the unit below
    this.heard = { mousemove: (event) => this._pointed(event), click: (event) => this._clicked(event), mouseleave: () => this._away() };
    for (const [name, handler] of Object.entries(this.heard)) map.getContainer().addEventListener(name, handler, true);
    this.moved = () => this._away();
    map.on("movestart", this.moved);
  }

  close() {
    if (!this.all.length) return;
    const { map } = this.view;
    this.gone = true;
    for (const [name, handler] of Object.entries(this.heard)) map.getContainer().removeEventListener(name, handler, true);
    map.off("movestart", this.moved);
    for (const cover of [this.below, this.above]) cover.remove();
    this.tip.remove();
    this.view.plain = false;
  }

  /* ---- state */

  find(id) { return this.all.find((each) => each.id === id); }
  shown(...kinds) { return this.all.filter((each) => this.on.has(each.id) && kinds.includes(each.kind)); }
  service(overlay) { return (overlay.services || []).find((each) => each.id === (this.on.get(overlay.id) || {}).service) || (overlay.services || [])[0] || null; }

  toggle(overlay, on) {
    if (on) this.on.set(overlay.id, { opacity: OPACITY, service: null });
    else this.on.delete(overlay.id);
    if (!on && this.picked && this.picked.overlay === overlay) this.picked = null;
    this._sync();
    this.view.changed();
  }

  read(text) {
    this.on.clear();
    for (const part of (text || "").split(",")) {
      const found = /^([a-z0-9_]+)(?:~(\d{1,3}))?(?:\.([A-Za-z0-9_]+))?$/.exec(part), overlay = found && this.find(found[1]);
      if (overlay) this.on.set(overlay.id, { opacity: found[2] ? Math.max(20, Math.min(100, Number(found[2]))) : OPACITY, service: found[3] || null });
    }
    if (this.picked && !this.on.has(this.picked.overlay.id)) this.picked = null;
    if (this.all.length) this._sync();
  }

  write() {
    return [...this.on].map(([id, { opacity, service }]) => id + (opacity === OPACITY ? "" : "~" + opacity) + (service ? "." + service : "")).join(",");
  }

  relabel() { this._away(); }

  /* The unit that is selected is another one. */
  placed() {
    if (this.node && this.shown("points", "lines").length) this.draw(this.node);
  }

  /* Canvases are on the map while there is something on them; what is on is unpacked once. */
  _sync() {
    const { map } = this.view;
    for (const overlay of this.all) if (this.on.has(overlay.id) && !this.made.has(overlay.id)) this._make(overlay);
    const plain = this.shown("raster").length > 0, changed = plain !== this.view.plain;
    this.view.plain = plain;
    if (changed && this.node) this.view.panel.legend(); // it says that units have no colour now
    for (const [cover, wanted] of [[this.below, this.view.plain], [this.above, this.shown("points", "lines").length > 0]]) {
      if (wanted && !cover._map) cover.addTo(map);
      else if (!wanted && cover._map) cover.remove();
    }
    this.paint();
  }

  _make(overlay) {
    if (overlay.kind === "points") this.made.set(overlay.id, new PointMarks(overlay));
    else if (overlay.kind === "lines") this.made.set(overlay.id, new LineMarks(overlay));
    else {
      this.made.set(overlay.id, null);
      inflate(overlay.cells).then((bytes) => {
        if (this.gone) return;
        this.made.set(overlay.id, new RasterCells(overlay, bytes));
        this.paint();
      });
    }
  }

  paint() {
    for (const cover of [this.below, this.above]) if (cover._map) cover.paint();
  }

  /* ---- drawing */

  /* Hatched is land of which the raster says nothing. One that is seen through is drawn on a sheet of its own, and laid on as opaque as asked for. */
  _rasters(ctx, frame) {
    const { model } = this.view, { k, ox, oy, ratio, w, h, zoom, box } = frame;
    for (const overlay of this.shown("raster")) {
      const cells = this.made.get(overlay.id), { opacity } = this.on.get(overlay.id);
      if (!cells) continue;
      const pen = opacity === OPACITY ? ctx : this._sheet(ctx.canvas, ratio), hatch = pen.createPattern(PATTERNS.hatch(), "repeat");
      hatch.setTransform(new DOMMatrix([0.5, 0, 0, 0.5, -(ox % PATTERN_SIDE.hatch), -(oy % PATTERN_SIDE.hatch)]));
      pen.beginPath();
      model.boxes("county").forEach(([west, north, east, south], i) => {
        if (west <= box[2] && east >= box[0] && north <= box[3] && south >= box[1]) model.shapes.traceInside(pen, model.rings("county")[i], model.shapes.thin(zoom), k, ox, oy, Math.max(w, h));
      });
      pen.fillStyle = hatch;
      pen.fill("evenodd");
      cells.draw(pen, frame);
      if (pen === ctx) continue;
      ctx.globalAlpha = opacity / 100;
      ctx.drawImage(pen.canvas, 0, 0, w, h);
      ctx.globalAlpha = 1;
    }
  }

  /* An empty canvas, as large as another. */
  _sheet({ width, height }, ratio) {
    const pen = (this.sheet ||= document.createElement("canvas").getContext("2d"));
    sized(pen.canvas, width, height);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    return pen;
  }

  _marks(ctx, frame) {
    for (const overlay of this.shown("lines")) {
      if (this.picked && this.picked.overlay === overlay) this.made.get(overlay.id).outline(ctx, frame, this.picked.index);
      this.made.get(overlay.id).draw(ctx, frame, this.service(overlay));
    }
    for (const overlay of this.shown("points")) this.made.get(overlay.id).draw(ctx, frame, this.service(overlay));
    if (!this.picked || this.picked.overlay.kind !== "points") return;
    const made = this.made.get(this.picked.overlay.id), { k, ox, oy, zoom } = frame, i = this.picked.index;
    for (const [style, width] of [["#ffffff", 5], [INK, 2.5]]) {
      ctx.beginPath();
      ctx.arc(made.x[i] * k - ox, made.y[i] * k - oy, made.size(zoom) + 6, 0, 7);
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      ctx.stroke();
    }
  }

  /* ---- the pointer */

  /* What lies under a mouse or finger: {overlay, index, status}. */
  _under(event, reach) {
    const { map } = this.view;
    if (!this.on.size || (event.target.closest && event.target.closest(".leaflet-control-container, .leaflet-popup-pane, .ns-swipe"))) return null;
    const at = map.project(map.containerPointToLatLng(map.mouseEventToContainerPoint(event)), 0), k = Math.pow(2, map.getZoom());
    this.here = at;
    for (const overlay of this.shown("points").reverse()) {
      const index = this.made.get(overlay.id).near(at.x, at.y, k, reach);
      if (index >= 0) return { overlay, index, status: this.made.get(overlay.id).status(this.service(overlay), index) };
    }
    for (const overlay of this.shown("lines").reverse()) {
      const found = this.made.get(overlay.id).near(at.x, at.y, k, Math.max(6, reach - 3), this.service(overlay));
      if (found) return { overlay, index: found.line, status: found.status };
    }
    return null;
  }

  _pointed(event) {
    if (event.buttons || !this.on.size) return;
    const found = this._under(event, 9), box = this.view.map.getContainer();
    this._class(found ? null : this.here);
    box.classList.toggle("ns-over-mark", Boolean(found));
    if (!found) return this._away(false);
    event.stopImmediatePropagation();
    this.view.hover(null);
    this.view.tip.classList.remove("ns-on");
    this.tip.replaceChildren(...this._said(found));
    this.tip.classList.add("ns-on");
    const { x, y } = this.view.map.mouseEventToContainerPoint(event), size = this.view.map.getSize(), { offsetWidth: w, offsetHeight: h } = this.tip;
    this.tip.style.left = Math.max(4, x + 16 + w > size.x ? x - w - 12 : x + 16) + "px";
    this.tip.style.top = Math.max(4, y + 16 + h > size.y ? y - h - 12 : y + 16) + "px";
    return null;
  }

  _away(all = true) {
    if (!this.tip) return;
    this.tip.classList.remove("ns-on");
    this.view.map.getContainer().classList.remove("ns-over-mark");
    if (all) this._class(null);
  }

  /* Point at the class of the legend that the pointer is on. */
  _class(at) {
    if (!this.node) return;
    for (const overlay of this.shown("raster")) {
      const cells = this.made.get(overlay.id), code = cells && at ? cells.at(at.x, at.y) : -1;
      for (const row of this.node.querySelectorAll(`[data-shades="${overlay.id}"] li`)) row.classList.toggle("ns-pointed", Number(row.dataset.code) === code);
    }
  }

  _clicked(event) {
    const { map } = this.view;
    if ((map.dragging && map.dragging.moved()) || map.boxZoom?.moved?.()) return;
    const found = this._under(event, event.pointerType === "touch" ? 20 : 11);
    if (!found) return;
    event.stopImmediatePropagation();
    this.pick(found, this.view.under(map.mouseEventToLatLng(event)));
  }

  /* Choose a place or line: ring it, say it, and select the unit that it lies in. */
  pick(found, unit, move = false) {
    const { view } = this, made = this.made.get(found.overlay.id);
    this.picked = found;
    if (unit) view.select(unit, { say: false });
    if (move && found.overlay.kind === "points") {
      const at = view.map.unproject(L.point(made.x[found.index], made.y[found.index]), 0), still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      view.map.setView(at, Math.max(view.map.getZoom(), 13), { animate: !still });
    } else if (move) {
      const [w, n, e, s] = made.box.subarray(4 * found.index, 4 * found.index + 4), corner = (x, y) => view.map.unproject(L.point(x, y), 0);
      view._move(L.latLngBounds(corner(w, n), corner(e, s)), { maxZoom: 14, padding: [30, 30] });
    }
    this.paint();
    if (this.node) this.draw(this.node);
    view.panel.announce(this._sentence(found));
  }

  /* ---- in words */

  _name({ overlay, index }) { return overlay.names[index] || this.view.words.overUnnamed; }
  _word(status) { return status === null ? "" : this.view.words.overStatuses[status]; }
  _km(v) { return `${number(v, this.view.lang, 1, 1)} ${this.view.words.overKm}`; }
  _metres(m) { return m >= 1000 ? `${number(m / 1000, this.view.lang, 2)} ${this.view.words.overKm}` : `${number(m, this.view.lang, 0)} ${this.view.lang === "zh" ? "公尺" : "m"}`; }

  _sentence(found) {
    const service = this.service(found.overlay), colon = this.view.lang === "zh" ? "：" : ": ";
    return `${isolated(this._name(found))}${colon}${[service && this.view.text(service.name), this._word(found.status)].filter(Boolean).join(" ") || this.view.text(found.overlay.name)}`;
  }

  /* Name, what it is, and how it stands to the service that is shown. */
  _said(found) {
    const { view } = this, W = view.words, { overlay, index, status } = found, service = this.service(overlay), made = this.made.get(overlay.id), colon = view.lang === "zh" ? "：" : ": ";
    const who = overlay.kind === "points" ? made.who(service, index) : "", lengths = overlay.kind === "lines" && service ? made.lengths(index, service) : null;
    return [
      el("p", { class: "ns-tip-name" }, el("b", {}, this._name(found))), el("p", { class: "ns-tip-above" }, view.text(overlay.name)),
      service ? el("p", { class: "ns-over-status" }, overlay.kind === "points" ? markIcon(status) : dashIcon(status), el("span", {}, `${view.text(service.name)}${colon}`, el("b", {}, this._word(status)))) : null,
      lengths ? el("p", {}, [1, 0, 2].filter((s) => lengths[s] > 0.05).map((s) => `${W.overStatuses[s]} ${this._km(lengths[s])}`).join(view.lang === "zh" ? "、" : ", ")) : null,
      who ? el("p", {}, `${W.overBy}${colon}${who}`) : null,
      el("p", { class: "ns-tip-source" }, this._source(overlay, service)),
    ].filter(Boolean);
  }

  _source(overlay, service = null) {
    const { view } = this, W = view.words, basis = (service && service.basis) || overlay.basis;
    return [overlay.source && view.text(overlay.source), W[basis] || basis, [...new Set([overlay.as_of, service && service.as_of])].filter(Boolean).join(", ")].filter(Boolean).join(" · ");
  }

  /* What is on, each with what it shows and where that is from: for paper. */
  names() {
    const { view } = this, zh = view.lang === "zh";
    return this.all.filter((overlay) => this.on.has(overlay.id)).map((overlay) => {
      const service = this.service(overlay), from = this._source(overlay, service), name = [view.text(overlay.name), service && view.text(service.name)].filter(Boolean).join(" · ");
      return from ? `${name}${zh ? "（" : " ("}${from}${zh ? "）" : ")"}` : name;
    });
  }

  /* ---- in the panel */

  draw(node) {
    this.node = node;
    if (!this.all.length) return node.replaceChildren();
    const { view } = this, W = view.words, focus = node.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    if (this.on.size && !this.unfolded) view.panel.unfolded.add("overlays");
    this.unfolded ||= this.on.size > 0;
    const list = el("ul", { class: "ns-over-list" }, this.all.map((overlay) => this._item(overlay)));
    node.replaceChildren(view.panel.fold("overlays", this.on.size ? W.overlaysOn(this.on.size) : W.overlays, this._chosen(), list, this._within()));
    const again = focus && node.querySelector(`[data-ns="${CSS.escape(focus)}"]`);
    if (again) again.focus({ preventScroll: true });
    return null;
  }

  _item(overlay) {
    const { view } = this, W = view.words, box = `${view.panel.id}-over-${overlay.id}`, on = this.on.has(overlay.id);
    return el("li", { class: "ns-over" },
      el("div", { class: "ns-over-row" },
        el("input", { type: "checkbox", id: box, checked: on, "data-ns": "over-" + overlay.id, on: { change: (event) => this.toggle(overlay, event.target.checked) } }),
        el("label", { for: box }, view.text(overlay.name), el("small", {}, W[{ raster: "overRaster", points: "overPoints", lines: "overLines" }[overlay.kind]] + (overlay.sensitive ? ` · ${W.overExact}` : "")))),
      on ? el("div", { class: "ns-over-body" }, this["_" + overlay.kind](overlay), overlay.note ? el("p", { class: "ns-note" }, view.text(overlay.note)) : null,
        this._source(overlay, this.service(overlay)) ? el("p", { class: "ns-tip-source" }, `${W.source} ${this._source(overlay, this.service(overlay))}`) : null) : null);
  }

  _raster(overlay) {
    const { view } = this, W = view.words, state = this.on.get(overlay.id), id = `${view.panel.id}-opacity-${overlay.id}`;
    const rows = overlay.shades.map(([zh, en, colour, kind], code) => {
      if (!zh) return null; // one of the colours of a name that stands above
      const same = [colour, ...overlay.shades.slice(code + 1).filter((each) => !each[0]).map((each) => each[2])], many = !overlay.shades[code + 1] || overlay.shades[code + 1][0] ? [colour] : same;
      return el("li", { "data-code": code }, el("span", { class: "ns-over-swatches" }, code === 0 ? el("span", { class: "ns-swatch ns-hatch", "aria-hidden": "true" }) : many.map((each) =>
        el("span", { class: "ns-swatch" + (many.length > 1 ? " ns-thin" : ""), style: { background: blended(each, state.opacity / 100) }, "aria-hidden": "true" }))), el("span", {}, view.text([zh, en])));
    });
    const output = el("output", { for: id }, `${state.opacity} %`);
    return [
      el("ul", { class: "ns-shades", "data-shades": overlay.id }, rows.slice(1), rows[0]),
      el("p", { class: "ns-method" }, `${W.overCellOf(this._metres(overlay.resolution))}${view.lang === "zh" ? "；" : "; "}${W.overNoFill}`),
      el("div", { class: "ns-opacity" }, el("label", { for: id }, W.overOpacity),
        el("input", { id, type: "range", min: 20, max: 100, step: 10, value: state.opacity, "data-ns": "opacity-" + overlay.id, on: {
          input: (event) => {
            state.opacity = Number(event.target.value);
            output.textContent = `${state.opacity} %`;
            this.paint();
          },
          change: () => {
            this.draw(this.node);
            view.write();
          },
        } }), output)];
  }

  _choice(overlay) {
    const { view } = this, W = view.words, id = `${view.panel.id}-service-${overlay.id}`, service = this.service(overlay);
    if (!service) return el("p", { class: "ns-method" }, W.overNoService);
    if (overlay.services.length === 1) return el("p", { class: "ns-over-service" }, view.text(service.name));
    return el("div", { class: "ns-field" }, el("label", { for: id }, W.overService),
      el("select", { id, "data-ns": "service-" + overlay.id, on: { change: (event) => {
        this.on.get(overlay.id).service = event.target.value;
        if (this.picked && this.picked.overlay === overlay) this.picked = null;
        this.paint();
        this.draw(this.node);
        view.write();
      } } }, overlay.services.map((each) => el("option", { value: each.id, selected: each === service }, view.text(each.name)))));
  }

  _points(overlay) {
    const { view } = this, W = view.words, service = this.service(overlay), counts = [0, 0, 0];
    if (service) for (const status of service.status) counts[Number(status)]++;
    const row = (status, count) => el("li", {}, markIcon(status), el("span", {}, status === null ? view.text(overlay.name) : W.overStatuses[status]), el("span", { class: "ns-count" }, number(count, view.lang, 0)));
    return [
      this._choice(overlay),
      el("ul", { class: "ns-shades" }, service ? [1, 0, 2].map((status) => row(status, counts[status])) : row(null, overlay.names.length)),
      overlay.lost ? el("p", { class: "ns-method" }, W.overLost(number(overlay.lost, view.lang, 0))) : null];
  }

  _lines(overlay) {
    const { view } = this, W = view.words, service = this.service(overlay), total = overlay.km.reduce((a, b) => a + b, 0);
    const row = (status, km) => el("li", {}, dashIcon(status), el("span", {}, status === null ? view.text(overlay.name) : W.overStatuses[status]), el("span", { class: "ns-count" }, this._km(km)));
    return [
      this._choice(overlay), el("ul", { class: "ns-shades" }, service ? [1, 0, 2].map((status) => row(status, service.lengths[status])) : row(null, total)),
      el("p", { class: "ns-method" }, W.overLineTo(this._metres(overlay.resolution)))];
  }

  _chosen() {
    const found = this.picked;
    if (!found) return null;
    const status = found.overlay.kind === "points" ? this.made.get(found.overlay.id).status(this.service(found.overlay), found.index) : found.status;
    return el("section", { class: "ns-over-picked", "aria-label": this.view.words.overPicked }, this._said({ ...found, status }));
  }

  /* Places and routes in the unit that is selected: the way to them without a mouse. */
  _within() {
    const { view } = this, W = view.words, unit = view.selected, marks = this.shown("points", "lines");
    if (!marks.length) return null;
    if (!unit) return el("p", { class: "ns-note" }, W.overChooseUnit);
    const name = isolated(view.model.name(unit.level, unit.index, view.lang)), [w, n, e, s] = view.model.boxes(unit.level)[unit.index];
    const inside = (x, y) => {
      if (x < w || x > e || y < n || y > s) return false;
      const at = view.model.shapes.at(x, y);
      return at >= 0 && view.model.of[unit.level][at] === unit.index;
    };
    const step = Math.min(e - w, s - n) / 8; // a route may cross the unit without a corner in it
    const out = [];
    for (const overlay of marks) {
      const made = this.made.get(overlay.id), service = this.service(overlay), found = [];
      for (let i = 0; i < made.n; i++) {
        if (overlay.kind === "points") {
          if (inside(made.x[i], made.y[i])) found.push({ overlay, index: i, status: made.status(service, i) });
        } else if (made.box[4 * i] <= e && made.box[4 * i + 2] >= w && made.box[4 * i + 1] <= s && made.box[4 * i + 3] >= n) {
          if (made.meets(i, [w, n, e, s], step, inside))
            found.push({ overlay, index: i, status: service ? made.pieces(service)[i].reduce((worst, piece) => (piece[0] === 0 || worst === 0 ? 0 : piece[0] === 2 ? 2 : worst), 1) : null });
        }
      }
      const order = { 0: 0, 2: 1, 1: 2, null: 3 }, collator = new Intl.Collator(view.lang === "zh" ? "zh-Hant-TW" : "en");
      found.sort((a, b) => order[a.status] - order[b.status] || collator.compare(this._name(a), this._name(b)) || a.index - b.index);
      if (!found.length) continue;
      out.push(el("h3", { class: "ns-h" }, `${view.text(overlay.name)} · ${number(found.length, view.lang, 0)}`),
        el("ul", { class: "ns-over-places" }, found.slice(0, LISTED).map((each) => this._entry(each, service, unit))),
        found.length > LISTED ? el("p", { class: "ns-method" }, W.overMore200(number(found.length, view.lang, 0))) : null);
    }
    const title = (this.shown("points").length ? W.overPlacesIn : W.overLinesIn)(name);
    return el("section", { class: "ns-over-within", "aria-label": title }, el("h3", { class: "ns-h" }, title), out.length ? out.filter(Boolean) : el("p", { class: "ns-method" }, W.overNothingIn));
  }

  _entry(found, service, unit) {
    const { view } = this, W = view.words, points = found.overlay.kind === "points", made = this.made.get(found.overlay.id);
    const chosen = this.picked && this.picked.overlay === found.overlay && this.picked.index === found.index;
    const said = points || !service ? this._word(found.status) : made.lengths(found.index, service).map((km, status) => (km > 0.05 ? `${W.overStatuses[status]} ${this._km(km)}` : "")).filter(Boolean).join(view.lang === "zh" ? "、" : ", ");
    return el("li", {}, el("button", { type: "button", class: chosen ? "ns-chosen" : null, "aria-pressed": String(Boolean(chosen)), "data-ns": `place-${found.overlay.id}-${found.index}`, on: { click: () => this.pick(found, unit, true) } },
      points ? markIcon(found.status) : dashIcon(found.status), el("span", {}, this._name(found), said ? el("small", {}, said) : null)));
  }
}
