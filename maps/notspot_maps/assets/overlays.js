/* Overlays: footprints as rasters, places as points, trails and roads as lines. What is on, how it is drawn, what is pointed at. */

Object.assign(WORDS.zh, {
  overlays: "疊加圖層", overlaysOf: (all, on) => `疊加圖層（共 ${all} 個，${on ? `開啟 ${on} 個` : "均未開啟"}）`, overOpacity: "不透明度", overCellOf: (m) => `網格 ${m}`, overLineTo: (m) => `線形簡化至 ${m}`, overService: "服務", overStatuses: ["未涵蓋", "涵蓋", "無資料"],
  overBy: "涵蓋業者", overLost: (n) => `另有 ${n} 處座標不可用，未繪出`, overPlacesIn: (name) => `${name}內的地點`, overLinesIn: (name) => `經過${name}的路線`, overNothingIn: "此處沒有地點或路線", overChooseUnit: "選取一個鄉鎮市區或村里，即列出其中的地點與路線。",
  overMore200: (n) => `僅列前 200 處，共 ${n} 處；請選取較小的單位。`, overUnnamed: "（無名稱）", overKm: "公里", overRaster: "網格圖層", overPoints: "地點", overLines: "路線", overPicked: "選取的地點", overExact: "含敏感點位", overNoService: "此圖層沒有涵蓋狀態", overNoFill: "開啟時各行政區不填指標顏色",
});
Object.assign(WORDS.en, {
  overlays: "Overlays", overlaysOf: (all, on) => `Overlays (${all}, ${on || "none"} on)`, overOpacity: "Opacity", overCellOf: (m) => `Cells of ${m}`, overLineTo: (m) => `Lines simplified to ${m}`, overService: "Service", overStatuses: ["Not covered", "Covered", "No data"],
  overBy: "Covered by", overLost: (n) => `${n} more have no usable point and are not drawn`, overPlacesIn: (name) => `Places in ${name}`, overLinesIn: (name) => `Routes through ${name}`, overNothingIn: "No place or route here", overChooseUnit: "Select a township or village to list the places and routes in it.",
  overMore200: (n) => `The first 200 of ${n}; select a smaller unit.`, overUnnamed: "(no name)", overKm: "km", overRaster: "Raster", overPoints: "Places", overLines: "Routes", overPicked: "Place chosen", overExact: "sensitive positions", overNoService: "This layer has no status", overNoFill: "while it is on, units carry no colour of the indicator",
});

const OPACITY = 100; // percent, where nothing else is chosen

/* A colour as it looks through so much of it over the ground of the map. */
const GROUND = "#eef2f4";
function blended(colour, share) {
  const part = (text, at) => parseInt(text.slice(at, at + 2), 16);
  return "#" + [1, 3, 5].map((at) => Math.round(share * part(colour, at) + (1 - share) * part(GROUND, at)).toString(16).padStart(2, "0")).join("");
}

class Overlays {
  constructor(view) {
    this.view = view;
    this.all = view.model.data.overlays || []; // the last lies on top
    this.listed = [...this.all.filter((each) => each.given), ...this.all.filter((each) => !each.given)];
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
    return this.listed.filter((overlay) => this.on.has(overlay.id)).map((overlay) => {
      const service = this.service(overlay), from = this._source(overlay, service), name = [view.text(overlay.name), service && view.text(service.name)].filter(Boolean).join(" · ");
      return from ? `${name}${zh ? "（" : " ("}${from}${zh ? "）" : ")"}` : name;
    });
  }
}
