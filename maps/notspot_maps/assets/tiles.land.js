/* The land under the tiles, and the borders and names of counties and townships over them. */

const LandLayer = L.Layer.extend({
  initialize(source, lang) {
    this.source = source;
    this.lang = lang;
  },

  onAdd(map) {
    const pane = (name, z) => {
      const made = map.getPane(name) || map.createPane(name);
      made.style.zIndex = z;
      made.style.pointerEvents = "none";
      return L.DomUtil.create("canvas", "ns-t-canvas", made);
    };
    this.land = pane("ns-t-land", 150);
    this.lines = pane("ns-t-lines", 350);
    map.on("moveend zoomend resize", this.draw, this);
    map.on("zoomstart", this._hide, this);
    map.on("move", this._follow, this);
    this._open();
  },

  onRemove(map) {
    map.off("moveend zoomend resize", this.draw, this);
    map.off("zoomstart", this._hide, this);
    map.off("move", this._follow, this);
    this.land.remove();
    this.lines.remove();
  },

  async _open() {
    const { packed, grid, codes } = this.source;
    this.shapes = unpack(await inflate(packed), grid);
    const counties = [...new Set(codes.map((code) => code.slice(0, 5)))], of = codes.map((code) => counties.indexOf(code.slice(0, 5)));
    this.counties = this.shapes.dissolve(Int32Array.from(of), counties.length);
    this.arcs = { coast: [], county: [], township: [] };
    for (let a = 0; a < this.shapes.arcs; a++) {
      const one = this.shapes.forward[a], other = this.shapes.backward[a];
      const kind = one < 0 || other < 0 ? "coast" : of[one] !== of[other] ? "county" : "township";
      this.arcs[kind].push(a);
    }
    const middles = (rings) => rings.map((each) => this.shapes.middle(each));
    this.spots = { county: middles(this.counties), township: middles(this.shapes.units) };
    this.draw();
    this.fire("drawn");
  },

  _hide() {
    this.land.style.visibility = this.lines.style.visibility = "hidden";
  },

  /* Draw again where a drag leaves what is painted. */
  _follow() {
    const at = this.origin && this._map.containerPointToLayerPoint([0, 0]).subtract(this.origin);
    if (at && this.drawnZoom === this._map.getZoom() && (at.x < 0 || at.y < 0 || at.x > 2 * this.pad.x || at.y > 2 * this.pad.y)) this.draw();
  },

  draw() {
    const map = this._map;
    if (!map || !this.shapes) return;
    const size = map.getSize(), pad = size.multiplyBy(0.25).round(), zoom = map.getZoom(), ratio = Math.min(2, window.devicePixelRatio || 1);
    const origin = map.containerPointToLayerPoint(pad.multiplyBy(-1)), corner = map.getPixelOrigin().add(origin);
    const full = size.add(pad.multiplyBy(2)), k = 2 ** zoom, points = this.shapes.thin(zoom);
    [this.origin, this.pad, this.drawnZoom] = [origin, pad, zoom];
    const view = [corner.x / k, corner.y / k, (corner.x + full.x) / k, (corner.y + full.y) / k];
    for (const canvas of [this.land, this.lines]) {
      canvas.width = full.x * ratio;
      canvas.height = full.y * ratio;
      canvas.style.width = full.x + "px";
      canvas.style.height = full.y + "px";
      canvas.style.visibility = "";
      L.DomUtil.setPosition(canvas, origin);
    }
    const ground = this.land.getContext("2d"), pen = this.lines.getContext("2d");
    ground.scale(ratio, ratio);
    pen.scale(ratio, ratio);
    ground.fillStyle = "#fff";
    ground.beginPath();
    for (const rings of this.counties) this.shapes.trace(ground, rings, points, k, corner.x, corner.y);
    ground.fill("evenodd");
    const line = (arcs, colour, width) => {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      this._trace(pen, arcs, points, k, corner, view);
      pen.stroke();
    };
    pen.lineJoin = "round";
    if (zoom >= 9) line(this.arcs.township, "rgba(82,96,109,.45)", 0.8);
    line(this.arcs.coast, "rgba(82,96,109,.7)", 0.8);
    line(this.arcs.county, "rgba(31,41,51,.75)", 1.2);
    this._names(pen, zoom, k, corner, full);
  },

  /* Those of a list of arcs that touch the view. */
  _trace(pen, arcs, { x, y, start }, k, corner, view) {
    const box = this.shapes.arcBox;
    pen.beginPath();
    for (const a of arcs) {
      const b = 4 * a;
      if (box[b] > view[2] || box[b + 2] < view[0] || box[b + 1] > view[3] || box[b + 3] < view[1]) continue;
      pen.moveTo(x[start[a]] * k - corner.x, y[start[a]] * k - corner.y);
      for (let i = start[a] + 1; i < start[a + 1]; i++) pen.lineTo(x[i] * k - corner.x, y[i] * k - corner.y);
    }
  },

  _names(pen, zoom, k, corner, full) {
    const level = zoom < 10 ? "county" : "township", at = this.lang() === "en" ? 1 : 0, taken = [];
    pen.font = `600 ${level === "county" ? 13 : 12}px "Noto Sans TC", "PingFang TC", "Microsoft JhengHei", system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3.5;
    pen.strokeStyle = "rgba(255,255,255,.92)";
    pen.fillStyle = "#1f2933";
    this.source[level].forEach((names, i) => {
      const [mx, my] = this.spots[level][i], x = mx * k - corner.x, y = my * k - corner.y;
      if (x < 0 || y < 0 || x > full.x || y > full.y) return;
      const half = pen.measureText(names[at]).width / 2 + 4;
      if (taken.some(([left, right, row]) => left < x + half && right > x - half && Math.abs(row - y) < 18)) return;
      taken.push([x - half, x + half, y]);
      pen.strokeText(names[at], x, y);
      pen.fillText(names[at], x, y);
    });
  },
});
