/* The painter: all units on a canvas of a Leaflet renderer. */

const VILLAGE_ZOOM = 11.5; // from here on a village is several fingers wide
const INK = "#1f2933", FONT = '"Noto Sans TC","PingFang TC","Microsoft JhengHei",system-ui,sans-serif';

const Painter = L.Renderer.extend({
  options: { padding: 0.3, pane: "ns-shapes" },

  initialize(view) {
    L.Renderer.prototype.initialize.call(this, {});
    this.view = view;
  },

  getEvents() {
    return { ...L.Renderer.prototype.getEvents.call(this), move: this._strayed };
  },

  _initContainer() {
    this._container = L.DomUtil.create("div", "ns-canvas");
    this._container.setAttribute("aria-hidden", "true");
    [this.base, this.top] = [0, 1].map(() => {
      const canvas = L.DomUtil.create("canvas", "ns-canvas-part", this._container);
      return canvas.getContext("2d");
    });
    this.hatch = this.base.createPattern(PATTERNS.hatch(), "repeat");
    this.dots = this.base.createPattern(PATTERNS.dots(), "repeat");
  },

  _destroyContainer() {
    this._container.remove();
    delete this._container;
  },

  _updatePaths() {},

  /* A long drag leaves the painted part before it ends: paint anew then. */
  _strayed() {
    if (!this._bounds || this._map._animatingZoom) return;
    const size = this._map.getSize();
    const seen = L.bounds(this._map.containerPointToLayerPoint([0, 0]), this._map.containerPointToLayerPoint(size));
    if (this._zoom === this._map.getZoom() && !this._bounds.contains(seen)) this._update();
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const { min } = this._bounds, size = this._bounds.getSize(), ratio = Math.min(window.devicePixelRatio || 1, 2);
    L.DomUtil.setPosition(this._container, min);
    for (const ctx of [this.base, this.top]) {
      ctx.canvas.width = Math.round(size.x * ratio);
      ctx.canvas.height = Math.round(size.y * ratio);
      ctx.canvas.style.width = size.x + "px";
      ctx.canvas.style.height = size.y + "px";
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.size = size;
    const zoom = this._map.getZoom(), k = Math.pow(2, zoom), origin = this._map.getPixelOrigin().add(min);
    this.frame = { zoom, k, ox: origin.x, oy: origin.y, box: [origin.x / k, origin.y / k, (origin.x + size.x) / k, (origin.y + size.y) / k] };
    for (const pattern of [this.hatch, this.dots])
      pattern.setTransform(new DOMMatrix([0.5, 0, 0, 0.5, -(origin.x % 7), -(origin.y % 7)])); // so that it stays with the land
    this.paint();
    this.fire("update");
  },

  paint() {
    if (!this.frame) return;
    const ctx = this.base, { zoom, k, ox, oy, box } = this.frame, { model } = this.view, { shapes } = model;
    ctx.clearRect(0, 0, this.size.x, this.size.y);
    const points = shapes.thin(zoom), level = this.view.fill, classes = model.classes(this.view.indicator, level);
    const rings = model.rings(level), boxes = model.boxes(level), buckets = new Map(), unsure = [];
    for (let i = 0; i < rings.length; i++) {
      const b = boxes[i];
      if (b[0] > box[2] || b[2] < box[0] || b[1] > box[3] || b[3] < box[1]) continue;
      const c = this.view.hidden.has(classes.of[i]) ? -2 : classes.of[i];
      if (!buckets.has(c)) buckets.set(c, []);
      buckets.get(c).push(i);
      if (c >= 0 && classes.wide[i]) unsure.push(i);
    }
    const fill = (list, style) => {
      ctx.beginPath();
      for (const i of list) shapes.trace(ctx, rings[i], points, k, ox, oy);
      ctx.fillStyle = style;
      ctx.fill("evenodd");
    };
    for (const [c, list] of buckets) fill(list, c < -1 ? "#ffffff" : c === -1 ? this.hatch : classes.colours[c]);
    if (unsure.length) fill(unsure, this.dots);
    this._borders(ctx, points, level);
    this._labels(ctx);
    this.mark();
  },

  _borders(ctx, points, level) {
    const { zoom, k, ox, oy, box } = this.frame, { shapes, lines } = this.view.model;
    ctx.lineJoin = ctx.lineCap = "round";
    const stroke = (arcs, style, width) => {
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      shapes.stroke(ctx, arcs, points, k, ox, oy, box);
    };
    if (level === "village" || zoom >= VILLAGE_ZOOM) {
      stroke(lines.village, "rgba(255,255,255,.45)", 1.8);
      stroke(lines.village, "rgba(31,41,51,.6)", 0.7);
    }
    if (level !== "county" || zoom >= 9.5) stroke(lines.township, "rgba(31,41,51,.55)", zoom < 8.5 ? 0.35 : zoom < 10.5 ? 0.7 : 1.2);
    stroke(lines.county, "rgba(255,255,255,.5)", zoom < 8.5 ? 1.8 : 3);
    stroke(lines.county, INK, zoom < 8.5 ? 0.9 : 1.5);
    stroke(lines.coast, "#52606d", zoom < 8.5 ? 0.6 : 1);
  },

  /* Names where they fit: counties, then townships, then villages as one comes closer. */
  _labels(ctx) {
    const { zoom, k, ox, oy } = this.frame, { view } = this, taken = [];
    const wanted = zoom < 9.6 ? [["county", 13]] : zoom < 13 ? [["township", 12.5]] : [["village", 12], ["township", 14]];
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    for (const [level, size] of wanted.reverse()) {
      ctx.font = `600 ${zoom < 7 ? size - 2 : size}px ${FONT}`;
      for (let i = 0; i < view.model.n[level]; i++) {
        const box = view.model.boxes(level)[i];
        if (box[0] * k - ox > this.size.x || box[2] * k - ox < 0 || box[1] * k - oy > this.size.y || box[3] * k - oy < 0) continue;
        const at = view.model.middle(level, i);
        if (!at) continue;
        const x = at[0] * k - ox, y = at[1] * k - oy;
        const text = view.short(level, i), width = ctx.measureText(text).width;
        if ((box[2] - box[0]) * k < width * 0.62 && zoom >= 9.6) continue;
        const mine = [x - width / 2 - 3, y - size * 0.7, x + width / 2 + 3, y + size * 0.7];
        if (taken.some((b) => mine[0] < b[2] && mine[2] > b[0] && mine[1] < b[3] && mine[3] > b[1])) continue;
        taken.push(mine);
        ctx.strokeStyle = "rgba(255,255,255,.92)";
        ctx.lineWidth = 3.2;
        ctx.strokeText(text, x, y);
        ctx.fillStyle = INK;
        ctx.fillText(text, x, y);
      }
    }
  },

  /* Outlines of what is pointed at and what is selected. */
  mark() {
    if (!this.frame) return;
    const ctx = this.top, { zoom, k, ox, oy } = this.frame, { model, selected, hovered } = this.view;
    ctx.clearRect(0, 0, this.size.x, this.size.y);
    const points = model.shapes.thin(zoom);
    ctx.lineJoin = "round";
    for (const [place, style, width] of [[hovered, INK, 2], [selected, INK, 3]]) {
      if (!place) continue;
      ctx.beginPath();
      model.shapes.trace(ctx, model.rings(place.level)[place.index], points, k, ox, oy);
      ctx.lineWidth = width + 2.5;
      ctx.strokeStyle = "#ffffff";
      ctx.stroke();
      ctx.lineWidth = width;
      ctx.strokeStyle = style;
      ctx.stroke();
    }
  },
});
