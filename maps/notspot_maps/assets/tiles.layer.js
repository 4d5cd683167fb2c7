/* Tiles on canvases: cells with their share covered, points or hexagons with a mark for each status; what lies at a place. */

const TILE = 512; // side of a tile in CSS pixels: a tile of zoom z is shown at the map's zoom z + 1
const MARGIN = 16; // of a canvas beyond its tile, so that marks at the edge are whole
const KEPT = 80; // decoded tiles in memory
const FRAME_MS = 10; // of a frame, for decoding and drawing
const NAMES = ["not_covered", "covered", "unknown"];
const NO = 0, YES = 1, UNSURE = 2;
const SHARES = [0, 0.5, 0.8, 0.95, 1]; // classes: none, below each, all

/* Class of a cell: 0 none is covered … 5 all are, -1 more than half is unknown. */
function classOf(no, yes, unsure) {
  const known = no + yes;
  if (unsure > known || !(known > 0)) return -1;
  if (!yes) return 0;
  if (!no) return SHARES.length;
  const share = yes / known;
  let at = 1;
  while (share >= SHARES[at]) at++;
  return at;
}

const STYLE = {
  ink: "#1f2933",
  cells: JSON.parse(TILE_COLOURS), // from palette.py
  unsure: "#ededed",
  hatch: "#7b7b7b",

  /* A pattern for a class, one stroke a cell: falling where most is not covered, rising where most is unknown. */
  stroke(ctx, kind, side, ratio) {
    const canvas = document.createElement("canvas"), size = side * ratio;
    canvas.width = canvas.height = size;
    const pen = canvas.getContext("2d");
    pen.strokeStyle = kind < 0 ? STYLE.hatch : STYLE.ink;
    pen.lineWidth = Math.max(0.9, side / 6.5) * ratio;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
      if (kind >= 0) pen.moveTo(shift - 1, -1), pen.lineTo(shift + size + 1, size + 1);
      if (kind < 0) pen.moveTo(shift - 1, size + 1), pen.lineTo(shift + size + 1, -1);
      if (kind === 0 && side > 4) pen.moveTo(shift - 1, size + 1), pen.lineTo(shift + size + 1, -1);
    }
    pen.stroke();
    return ctx.createPattern(canvas, "repeat");
  },

  /* Fill what is traced as a hexagon: plain, crossed strokes where not covered, rising ones where unknown. */
  hexagon(ctx, status, side, ratio, outlined) {
    ctx.fillStyle = status === UNSURE ? STYLE.unsure : STYLE.cells[status === YES ? 5 : 0];
    ctx.fill();
    if (status !== YES) {
      ctx.fillStyle = STYLE.stroke(ctx, status === NO ? 0 : -1, side, ratio);
      ctx.fill();
    }
    if (!outlined) return;
    ctx.lineWidth = ratio;
    ctx.strokeStyle = status === UNSURE ? STYLE.hatch : "#fff";
    ctx.stroke();
  },

  /* A disc, a cross in a square or a ring, of a radius. */
  mark(status, radius, ratio) {
    const canvas = document.createElement("canvas"), half = Math.ceil((radius + 1.5) * ratio);
    canvas.width = canvas.height = 2 * half;
    const pen = canvas.getContext("2d");
    pen.translate(half, half);
    pen.scale(ratio, ratio);
    pen.beginPath();
    if (status === NO) {
      const side = radius * 0.95;
      pen.rect(-side, -side, 2 * side, 2 * side);
      pen.fillStyle = STYLE.cells[radius < 3 ? 1 : 0];
      pen.fill();
      pen.lineWidth = radius < 3 ? 0.9 : radius / 4;
      pen.strokeStyle = radius < 3 ? STYLE.ink : "#fff";
      const arm = side * 0.62;
      if (radius >= 3) {
        pen.beginPath();
        pen.moveTo(-arm, -arm), pen.lineTo(arm, arm), pen.moveTo(-arm, arm), pen.lineTo(arm, -arm);
      }
      pen.stroke();
    } else {
      pen.arc(0, 0, radius * (status === YES ? 0.92 : 0.85), 0, 7);
      pen.fillStyle = status === YES ? STYLE.cells[5] : "#fff";
      pen.fill();
      pen.lineWidth = status === YES ? 0.6 : Math.max(0.9, radius / 3.5);
      pen.strokeStyle = status === YES ? "#fff" : "#616e7c";
      pen.stroke();
    }
    return canvas;
  },
};

const TilesLayer = L.GridLayer.extend({
  options: { tileSize: TILE, updateWhenIdle: false, keepBuffer: 1, minZoom: 5, maxZoom: 20 },

  initialize(archive, options) {
    L.setOptions(this, options);
    this.archive = archive;
    this.info = archive.metadata.notspot;
    this.decoded = new Map();
    this.marks = new Map();
    this.shown = [true, true, true];
    this.by = ""; // or "weight_"
    this.times = [];
    this.jobs = [];
  },

  createTile(coords, done) {
    const tile = L.DomUtil.create("div"), canvas = L.DomUtil.create("canvas", "ns-t-canvas", tile);
    tile.coords = coords;
    this._load(coords).then((data) => this._work(() => this._draw(canvas, coords, data))).then(
      () => done(null, tile),
      (error) => {
        if (error.name !== "AbortError") this.fire("failed", { error });
        done(error, tile);
      },
    );
    return tile;
  },

  /* The tile of the archive that one of the map is (a part of). */
  _source({ z, x, y }) {
    const more = Math.max(0, z - 1 - this.info.points_zoom);
    return { z: z - 1 - more, x: x >> more, y: y >> more, more };
  },

  _load(coords) {
    const { z, x, y } = this._source(coords), key = `${z}/${x}/${y}`;
    let found = this.decoded.get(key);
    this.decoded.delete(key);
    if (!found) {
      const size = 2 ** z;
      found = x < 0 || y < 0 || x >= size || y >= size ? Promise.resolve(null) : this.archive.tile(z, x, y).then((bytes) => this._work(() => this._decode(bytes)));
      found.then((data) => (found.data = data), () => this.decoded.delete(key));
    }
    this.decoded.set(key, found);
    if (this.decoded.size > KEPT) this.decoded.delete(this.decoded.keys().next().value);
    return found;
  },

  /* Do something as soon as a frame has time for it, so that dragging does not stop for tiles. */
  _work(job) {
    return new Promise((resolve, reject) => {
      this.jobs.push(() => {
        try {
          resolve(job());
        } catch (error) {
          reject(error);
        }
      });
      if (this.jobs.length === 1) this._next();
    });
  },

  _next() {
    const run = () => {
      const start = performance.now();
      while (this.jobs.length && performance.now() - start < FRAME_MS) {
        this.jobs[0]();
        this.jobs.shift();
      }
      if (this.jobs.length) this._next();
    };
    if (document.hidden) setTimeout(run, 0);
    else requestAnimationFrame(run);
  },

  _decode(bytes) {
    const start = performance.now(), data = bytes && decodeTile(bytes);
    this._spent("decode", start, data);
    return data;
  },

  _spent(what, start, data) {
    if (data) this.times.push({ what, ms: performance.now() - start, count: data.count });
    if (this.times.length > 2000) this.times.splice(0, 1000);
  },

  _draw(canvas, coords, data) {
    const exact = Math.min(2, window.devicePixelRatio || 1), side = TILE + 2 * MARGIN;
    canvas.drawn = [coords, data];
    if (!data) return;
    const ratio = data.name === HEXAGONS ? Math.ceil(exact) : exact; // hexagons go on from tile to tile: whole pixels
    const start = performance.now();
    canvas.width = canvas.height = side * ratio;
    const ctx = canvas.getContext("2d");
    ctx.translate(MARGIN * ratio, MARGIN * ratio);
    if (data.name === "cells") this._drawCells(ctx, data, ratio);
    else if (data.name === HEXAGONS) new HexagonTile(this, coords, data, ratio).draw(ctx);
    else this._drawPoints(ctx, coords, data, ratio);
    this._spent("draw", start, data);
  },

  _drawCells(ctx, data, ratio) {
    const grid = data.extent / 2, side = TILE / grid, { x, y } = data, sums = this.sums(data);
    const of = new Int8Array(data.count).fill(-2);
    const has = NAMES.map((name) => data.columns[name]);
    for (let i = 0; i < data.count; i++)
      if (this.shown.some((on, s) => on && has[s][i] > 0)) of[i] = classOf(sums[NO][i], sums[YES][i], sums[UNSURE][i]);
    const trace = (c) => {
      ctx.beginPath();
      for (let i = 0; i < data.count; i++) if (of[i] === c) ctx.rect(((x[i] - 1) / 2) * side * ratio, ((y[i] - 1) / 2) * side * ratio, side * ratio, side * ratio);
    };
    for (let c = -1; c < STYLE.cells.length; c++) {
      if (!of.includes(c)) continue;
      trace(c);
      ctx.fillStyle = c < 0 ? STYLE.unsure : STYLE.cells[c];
      ctx.fill();
      if (c < 2) {
        ctx.fillStyle = STYLE.stroke(ctx, c, side, ratio);
        ctx.fill();
      }
    }
  },

  /* What shares are made of: points, or their weight. */
  sums(data) {
    return NAMES.map((name) => data.columns[this.by + name] || data.columns[name]);
  },

  /* Of a mark: the same in all tiles of a zoom, and larger the nearer. */
  radius(zoom) {
    return Math.min(6.5, 2.4 * 1.28 ** Math.max(0, zoom - 1 - this.info.points_zoom));
  },

  /* The pixels of a mark: tens of thousands are set faster one by one than as pictures. */
  _mark(status, radius, ratio) {
    const key = `${status}/${radius}/${ratio}`;
    if (!this.marks.has(key)) {
      const canvas = STYLE.mark(status, radius, ratio), side = canvas.width, { data } = canvas.getContext("2d").getImageData(0, 0, side, side);
      const spots = [];
      for (let i = 0; i < side * side; i++) if (data[4 * i + 3]) spots.push({ dx: i % side, dy: Math.floor(i / side), r: data[4 * i], g: data[4 * i + 1], b: data[4 * i + 2], a: data[4 * i + 3] / 255 });
      this.marks.set(key, { half: side / 2, spots });
    }
    return this.marks.get(key);
  },

  _drawPoints(ctx, coords, data, ratio) {
    const { k, left, top } = this._frame(coords, data), { x, y, count } = data, status = this._status(data), radius = this.radius(coords.z);
    const side = ctx.canvas.width, image = ctx.createImageData(side, side), out = image.data;
    for (const which of [YES, UNSURE, NO]) {
      if (!this.shown[which]) continue;
      const { half, spots } = this._mark(which, radius, ratio);
      const dx = spots.map((spot) => spot.dx), dy = spots.map((spot) => spot.dy), r = spots.map((spot) => spot.r), g = spots.map((spot) => spot.g), b = spots.map((spot) => spot.b), a = spots.map((spot) => spot.a);
      for (let i = 0; i < count; i++) {
        if (status[i] !== which) continue;
        const px = (x[i] + 0.5) * k - left, py = (y[i] + 0.5) * k - top;
        if (px < -MARGIN || py < -MARGIN || px > TILE + MARGIN || py > TILE + MARGIN) continue;
        const cx = Math.round((px + MARGIN) * ratio - half), cy = Math.round((py + MARGIN) * ratio - half);
        for (let s = 0; s < dx.length; s++) {
          const ox = cx + dx[s], oy = cy + dy[s];
          if (ox < 0 || oy < 0 || ox >= side || oy >= side) continue;
          const at = 4 * (oy * side + ox), over = a[s], under = (out[at + 3] / 255) * (1 - over), all = over + under;
          out[at] = (r[s] * over + out[at] * under) / all;
          out[at + 1] = (g[s] * over + out[at + 1] * under) / all;
          out[at + 2] = (b[s] * over + out[at + 2] * under) / all;
          out[at + 3] = all * 255;
        }
      }
    }
    ctx.putImageData(image, 0, 0);
  },

  /* pixel = position * k - (left, top), in the pixels of a tile of the map. */
  _frame(coords, data) {
    const { x, y, more } = this._source(coords), scale = 2 ** more;
    return { k: (TILE * scale) / data.extent, left: (coords.x - x * scale) * TILE, top: (coords.y - y * scale) * TILE };
  },

  _status(data) {
    if (!data.status) {
      const { texts, which } = data.columns.status, number = texts.map((text) => NAMES.indexOf(text));
      data.status = Int8Array.from(which, (at) => number[at]);
    }
    return data.status;
  },

  /* Draw again what is loaded: a status is hidden, or shares are of something else. */
  repaint() {
    for (const { el } of Object.values(this._tiles)) {
      const canvas = el.firstChild;
      if (canvas && canvas.drawn) this._draw(canvas, ...canvas.drawn);
    }
  },

  /*
   * The cell, hexagon or point at a place, or the nearest one within so many pixels: {data, index, latlng, ring, bounds}, with
   * `all` of those that lie there, of which it is the first; or null.
   */
  at(latlng, within = 0) {
    const map = this._map, zoom = map.getZoom(), at = map.project(latlng, zoom);
    let best = null, least = Infinity;
    const near = new Set();
    for (const dx of [-within, 0, within]) for (const dy of [-within, 0, within]) near.add(`${Math.floor((at.x + dx) / TILE)}/${Math.floor((at.y + dy) / TILE)}`);
    for (const each of near) {
      const [x, y] = each.split("/").map(Number), coords = { x, y, z: zoom }, source = this._source(coords);
      const found = this.decoded.get(`${source.z}/${source.x}/${source.y}`);
      if (!found || !found.data) continue;
      const px = at.x - x * TILE, py = at.y - y * TILE;
      const here = found.data.name === HEXAGONS ? new HexagonTile(this, coords, found.data, 1).nearest(px, py, within) : this._nearest(found.data, coords, px, py, within);
      if (here && here.distance < least) [least, best] = [here.distance, here.all.map((one) => ({ ...one, coords }))];
    }
    return best && this.step(best, 0);
  },

  /* One of those that lie at a place, as `at` gives it. */
  step(all, which) {
    return { ...this._place(all[which]), all, which };
  },

  _nearest(data, coords, px, py, within) {
    const { k, left, top } = this._frame(coords, data), cells = data.name === "cells", half = cells ? k : 0;
    const status = cells ? null : this._status(data), has = cells && NAMES.map((name) => data.columns[name]);
    let index = -1, least = within;
    for (let i = 0; i < data.count; i++) {
      const dx = Math.abs((data.x[i] + (cells ? 0 : 0.5)) * k - left - px) - half, dy = Math.abs((data.y[i] + (cells ? 0 : 0.5)) * k - top - py) - half;
      if (dx > least || dy > least) continue;
      if (!(cells ? this.shown.some((on, s) => on && has[s][i] > 0) : this.shown[status[i]])) continue;
      const distance = Math.hypot(Math.max(0, dx), Math.max(0, dy));
      if (distance <= least && (index < 0 || distance < least)) [least, index] = [distance, i];
    }
    if (index < 0) return null;
    const all = [{ data, index }], { x, y } = data;
    if (!cells) for (let i = index + 1; i < data.count; i++) if (x[i] === x[index] && y[i] === y[index] && this.shown[status[i]]) all.push({ data, index: i });
    return { distance: least, all };
  },

  _place({ data, index, coords }) {
    const { k, left, top } = this._frame(coords, data), cells = data.name === "cells", map = this._map;
    const corner = (x, y) => map.unproject([coords.x * TILE + x * k - left, coords.y * TILE + y * k - top], coords.z);
    if (data.rings) {
      const { corners, starts } = data.rings, ring = [];
      for (let c = starts[index]; c < starts[index + 1]; c += 2) ring.push(corner(corners[c], corners[c + 1]));
      return { data, index, ring };
    }
    const x = data.x[index] + (cells ? 0 : 0.5), y = data.y[index] + (cells ? 0 : 0.5);
    return { data, index, latlng: corner(x, y), bounds: cells ? L.latLngBounds(corner(x - 1, y - 1), corner(x + 1, y + 1)) : null };
  },
});
