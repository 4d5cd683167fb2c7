/* What lies over the units: unpacked from the page's data, drawn on canvases of its own. */

const STATUS_COLOURS = ["#d55e00", "#0072b2", "#52606d"]; // not covered, covered, unknown: Okabe–Ito, told apart by shape too
const DASHES = [[7, 4], [], [1.5, 4.5]];
const RASTER_TILE = 512; // cells a side that are turned into pixels at once
const AFTER_MS = 30; // from the end of a zoom until what lies over the units is drawn anew

/* Give a canvas a size, if it has another: a new one is tens of megabytes to lay out in memory. */
const sized = (canvas, width, height) => canvas.width === width && canvas.height === height ? canvas : Object.assign(canvas, { width, height });

/* A canvas of a pane that covers the view and a margin; Leaflet moves and scales it with the map. With `keeps` what stays
   in it while one pans is moved, and only the rest drawn: of use where that takes longer than to move it. */
const Cover = L.Renderer.extend({
  initialize(pane, draw, keeps = false) {
    L.Renderer.prototype.initialize.call(this, { pane, padding: 0.15 });
    Object.assign(this, { draw, keeps });
  },

  getEvents() { return { ...L.Renderer.prototype.getEvents.call(this), move: this._strayed, zoomanim: this._zooming }; },

  _initContainer() {
    this._container = L.DomUtil.create("canvas", "ns-canvas");
    this._container.setAttribute("aria-hidden", "true");
    this.ctx = this._container.getContext("2d");
  },

  _destroyContainer() {
    clearTimeout(this.waiting);
    this._container.remove();
    delete this._container;
    this.frame = null;
  },

  _updatePaths() {},

  /* A long drag leaves the painted part before it ends. */
  _strayed() {
    if (!this._bounds || this._map._animatingZoom || this._zoom !== this._map.getZoom()) return;
    const seen = L.bounds(this._map.containerPointToLayerPoint([0, 0]), this._map.containerPointToLayerPoint(this._map.getSize()));
    if (!this._bounds.contains(seen)) this._update();
  },

  _zooming(event) {
    this.zoomed = true;
    this._onAnimZoom(event);
  },

  /* After a zoom that was seen the old picture, as large as the land, may stay for a moment: the units come first. */
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    clearTimeout(this.waiting);
    if (this.zoomed) this.waiting = setTimeout(() => this._update(), AFTER_MS);
    else this._renew();
    this.zoomed = false;
  },

  _renew() {
    L.Renderer.prototype._update.call(this);
    const { min } = this._bounds, size = this._bounds.getSize(), ratio = Math.min(window.devicePixelRatio || 1, 2), canvas = this._container, old = this.frame;
    L.DomUtil.setTransform(canvas, min, 1);
    sized(canvas, Math.round(size.x * ratio), Math.round(size.y * ratio));
    Object.assign(canvas.style, { width: size.x + "px", height: size.y + "px" });
    const zoom = this._map.getZoom(), k = Math.pow(2, zoom), origin = this._map.getPixelOrigin().add(min);
    this.frame = { zoom, k, ratio, ox: origin.x, oy: origin.y, w: size.x, h: size.y };
    this.frame.box = this._box(0, 0, size.x, size.y);
    if (!this.keeps || !this._moved(old)) this.paint();
    this.fire("update");
  },

  /* A part of the frame, in CSS pixels from its corner, in pixels of the world. */
  _box(left, top, right, bottom) {
    const { ox, oy, k } = this.frame;
    return [(ox + left) / k, (oy + top) / k, (ox + right) / k, (oy + bottom) / k];
  },

  /* Move what an old frame has in common with the new one, and draw what it had not; false where nothing can be kept. */
  _moved(old) {
    const { ctx, frame } = this, { ratio, w, h } = frame;
    if (!old || ["zoom", "ratio", "w", "h"].some((key) => old[key] !== frame[key])) return false;
    const x = old.ox - frame.ox, y = old.oy - frame.oy;
    if (![x * ratio, y * ratio].every(Number.isInteger) || Math.abs(x) >= w || Math.abs(y) >= h) return false;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = "copy";
    if (x || y) ctx.drawImage(ctx.canvas, x * ratio, y * ratio);
    ctx.globalCompositeOperation = "source-over";
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const strips = [[x > 0 ? 0 : w + x, 0, x > 0 ? x : w, h], [Math.max(0, x), y > 0 ? 0 : h + y, Math.min(w, w + x), y > 0 ? y : h]];
    for (const [left, top, right, bottom] of strips) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, right - left, bottom - top);
      ctx.clip();
      this.draw(ctx, { ...frame, box: this._box(left, top, right, bottom) });
      ctx.restore();
    }
    return true;
  },

  paint() {
    if (!this.frame) return;
    const { ctx, frame } = this;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    ctx.setTransform(frame.ratio, 0, 0, frame.ratio, 0, 0);
    this.draw(ctx, frame);
  },
});

/* ---- rasters: classes of square cells */

class RasterCells {
  constructor(data, bytes) {
    Object.assign(this, { data, tiles: new Map() });
    const { next, take } = packedNumbers(bytes), runs = next(), codes = take(runs);
    this.cells = new Uint8Array(data.rows * data.columns);
    for (let i = 0, from = 0; i < runs; i++) {
      const to = from + next();
      if (codes[i]) this.cells.fill(codes[i], from, to);
      from = to;
    }
    this.colours = new Uint32Array(data.shades.map(([, , colour]) => {
      const n = parseInt(colour.slice(1), 16);
      return 0xff000000 | ((n & 255) << 16) | (n & 0xff00) | (n >> 16);
    }));
    this.colours[0] = 0; // unknown is hatched, where there is land
  }

  /* Class at a point in world pixels; -1 beyond the raster. */
  at(x, y) {
    const { west, north, step, columns, rows } = this.data, c = Math.floor((x - west) / step), r = Math.floor((y - north) / step);
    return c < 0 || r < 0 || c >= columns || r >= rows ? -1 : this.cells[r * columns + c];
  }

  _tile(tx, ty) {
    const key = tx + "/" + ty, { columns, rows } = this.data;
    if (!this.tiles.has(key)) {
      const w = Math.min(RASTER_TILE, columns - tx * RASTER_TILE), h = Math.min(RASTER_TILE, rows - ty * RASTER_TILE);
      const canvas = el("canvas", { width: w, height: h }), ctx = canvas.getContext("2d"), image = ctx.createImageData(w, h), pixels = new Uint32Array(image.data.buffer);
      for (let y = 0, i = 0; y < h; y++) {
        let cell = (ty * RASTER_TILE + y) * columns + tx * RASTER_TILE;
        for (let x = 0; x < w; x++) pixels[i++] = this.colours[this.cells[cell++]];
      }
      ctx.putImageData(image, 0, 0);
      this.tiles.set(key, canvas);
    }
    return this.tiles.get(key);
  }

  /* Cells as they are, with sharp edges; neighbours meet on whole pixels of the screen. */
  draw(ctx, { k, ox, oy, box, ratio }) {
    const { west, north, step, columns, rows } = this.data, side = RASTER_TILE * step, snap = (v) => Math.round(v * ratio) / ratio;
    ctx.imageSmoothingEnabled = false;
    for (let ty = Math.max(0, Math.floor((box[1] - north) / side)); ty * RASTER_TILE < rows && north + ty * side < box[3]; ty++)
      for (let tx = Math.max(0, Math.floor((box[0] - west) / side)); tx * RASTER_TILE < columns && west + tx * side < box[2]; tx++) {
        const tile = this._tile(tx, ty), x = west + tx * side, y = north + ty * side;
        const left = snap(x * k - ox), top = snap(y * k - oy), right = snap((x + tile.width * step) * k - ox), bottom = snap((y + tile.height * step) * k - oy);
        ctx.drawImage(tile, left, top, right - left, bottom - top);
      }
  }
}

/* ---- points and lines */

function worldOf({ x, y, grid }) {
  const n = x.length, out = { x: new Float64Array(n), y: new Float64Array(n) };
  for (let i = 0, sx = 0, sy = 0; i < n; i++) {
    out.x[i] = worldX((sx += x[i]) * grid);
    out.y[i] = worldY((sy += y[i]) * grid);
  }
  return out;
}

/* How a status looks, whatever the language: ● covered, ▲ not covered, ○ unknown; ◆ where there is none. */
function drawMark(ctx, status, x, y, r) {
  ctx.beginPath();
  if (status === 0) {
    ctx.moveTo(x, y - 1.25 * r);
    ctx.lineTo(x + 1.2 * r, y + 0.9 * r);
    ctx.lineTo(x - 1.2 * r, y + 0.9 * r);
  } else if (status === null) {
    ctx.moveTo(x, y - 1.2 * r);
    ctx.lineTo(x + 1.2 * r, y);
    ctx.lineTo(x, y + 1.2 * r);
    ctx.lineTo(x - 1.2 * r, y);
  } else ctx.arc(x, y, r, 0, 7);
  ctx.closePath();
  ctx.lineJoin = "round";
  ctx.lineWidth = r < 2.5 ? (status === 2 ? 2.4 : 0.9) : status === 2 ? 3.6 : 2.4;
  ctx.strokeStyle = "#ffffff";
  ctx.stroke();
  ctx.fillStyle = status === 2 ? "#ffffff" : status === null ? INK : STATUS_COLOURS[status];
  ctx.fill();
  ctx.lineWidth = r < 2.5 ? (status === 2 ? 1.2 : 0.5) : status === 2 ? 1.8 : 0.8;
  ctx.strokeStyle = status === 2 ? STATUS_COLOURS[2] : INK;
  ctx.stroke();
}

/* A mark of a legend or list: decoration beside its word. */
function markIcon(status) {
  const canvas = el("canvas", { width: 36, height: 36, class: "ns-mark", "aria-hidden": "true" }), ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  drawMark(ctx, status, 9, status === 0 ? 9.8 : 9, 5.4);
  return canvas;
}

function dashIcon(status) {
  const canvas = el("canvas", { width: 72, height: 36, class: "ns-mark ns-dash", "aria-hidden": "true" }), ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  ctx.moveTo(2, 9);
  ctx.lineTo(34, 9);
  ctx.lineCap = status === 2 ? "round" : "butt";
  ctx.setLineDash(DASHES[status] || []);
  ctx.lineWidth = 3;
  ctx.strokeStyle = status === null ? INK : STATUS_COLOURS[status];
  ctx.stroke();
  return canvas;
}

class PointMarks {
  constructor(data) {
    Object.assign(this, { data, ...worldOf(data) });
    this.n = this.x.length;
    this.sprites = new Map();
  }

  status(service, i) { return service ? Number(service.status[i]) : null; }
  who(service, i) { return service && service.by ? service.who[service.by[i]] : ""; }

  /* Thousands of marks are small until one comes closer, so that land is seen between them. */
  size(zoom) {
    const many = this.n > 1500 && zoom < 10 ? 0.6 : 1;
    return many * (zoom < 8 ? 3 : zoom < 9.5 ? 4 : zoom < 12 ? 5 : 6.5);
  }

  _sprite(status, r, ratio) {
    const key = [status, r, ratio].join("/");
    if (!this.sprites.has(key)) {
      const side = Math.ceil(2.5 * r + 4), canvas = new OffscreenCanvas(side * ratio, side * ratio), ctx = canvas.getContext("2d");
      ctx.scale(ratio, ratio);
      drawMark(ctx, status, side / 2, side / 2, r);
      this.sprites.set(key, { image: canvas.transferToImageBitmap(), side });
    }
    return this.sprites.get(key);
  }

  /* Those that lack coverage last: nothing may hide them. Each begins on a pixel of the screen, which is half the work,
     and of those that look alike and stand on one pixel one is drawn. */
  draw(ctx, { zoom, k, ox, oy, box, ratio }, service) {
    const r = this.size(zoom), pad = (1.25 * r + 3) / k, { x, y, n } = this;
    for (const status of service ? [1, 2, 0] : [null]) {
      const { image, side } = this._sprite(status, r, ratio), half = side / 2, there = new Set();
      for (let i = 0; i < n; i++) {
        if (x[i] < box[0] - pad || x[i] > box[2] + pad || y[i] < box[1] - pad || y[i] > box[3] + pad || this.status(service, i) !== status) continue;
        const left = x[i] * k - ox - half, top = y[i] * k - oy - half, pixel = Math.round(left) * 0x20000 + Math.round(top);
        if (there.has(pixel)) continue;
        there.add(pixel);
        ctx.drawImage(image, Math.round(left * ratio) / ratio, Math.round(top * ratio) / ratio, side, side);
      }
    }
  }

  /* The nearest within some pixels of a point in world pixels, or -1. */
  near(px, py, k, reach) {
    let best = -1, least = (reach / k) ** 2;
    for (let i = 0; i < this.n; i++) {
      const off = (this.x[i] - px) ** 2 + (this.y[i] - py) ** 2;
      if (off < least) [least, best] = [off, i];
    }
    return best;
  }
}

class LineMarks {
  constructor(data) {
    Object.assign(this, { data, ...worldOf(data), n: data.counts.length, cut: new Map() });
    this.start = new Int32Array(this.n + 1);
    this.box = new Float64Array(4 * this.n);
    for (let i = 0; i < this.n; i++) {
      this.start[i + 1] = this.start[i] + data.counts[i];
      const xs = this.x.subarray(this.start[i], this.start[i + 1]), ys = this.y.subarray(this.start[i], this.start[i + 1]);
      this.box.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], 4 * i);
    }
  }

  /* Pieces of one status by line: [status, x, y, x, y, …]. */
  pieces(service) {
    const key = service ? service.id : "";
    if (!this.cut.has(key)) this.cut.set(key, Array.from({ length: this.n }, (_, i) => this._cut(i, service ? service.pieces[i] : [null])));
    return this.cut.get(key);
  }

  _cut(i, said) {
    const { cut } = this.data, first = this.start[i], last = this.start[i + 1] - first - 1, out = [];
    const at = (place) => {
      const whole = Math.min(Math.floor(place), last - 1), share = place - whole, a = first + whole;
      return [this.x[a] + share * (this.x[a + 1] - this.x[a]), this.y[a] + share * (this.y[a + 1] - this.y[a])];
    };
    for (let j = 0, from = 0; j < said.length; j += 2) {
      const to = j + 1 < said.length ? said[j + 1] / cut : last, piece = [said[j], ...at(from)];
      for (let v = Math.floor(from) + 1; v < to; v++) piece.push(this.x[first + v], this.y[first + v]);
      piece.push(...at(to));
      out.push(piece);
      from = to;
    }
    return out;
  }

  _trace(ctx, piece, { k, ox, oy }) {
    ctx.moveTo(piece[1] * k - ox, piece[2] * k - oy);
    for (let j = 3; j < piece.length; j += 2) ctx.lineTo(piece[j] * k - ox, piece[j + 1] * k - oy);
  }

  draw(ctx, frame, service) {
    const { zoom, box } = frame, width = zoom < 9 ? 2 : zoom < 12 ? 3 : 4, groups = new Map();
    this.pieces(service).forEach((pieces, i) => {
      const b = this.box.subarray(4 * i, 4 * i + 4);
      if (b[0] > box[2] || b[2] < box[0] || b[1] > box[3] || b[3] < box[1]) return;
      for (const piece of pieces) groups.has(piece[0]) ? groups.get(piece[0]).push(piece) : groups.set(piece[0], [piece]);
    });
    const stroke = (list, style, wide, dash, cap) => {
      ctx.beginPath();
      for (const piece of list) this._trace(ctx, piece, frame);
      ctx.setLineDash(dash.map((d) => (d * width) / 3));
      ctx.lineCap = cap;
      ctx.lineJoin = "round";
      ctx.strokeStyle = style;
      ctx.lineWidth = wide;
      ctx.stroke();
    };
    for (const list of groups.values()) stroke(list, "rgba(255,255,255,.9)", width + 2.5, [], "round");
    for (const status of [1, 2, 0, null])
      if (groups.has(status)) stroke(groups.get(status), status === null ? INK : STATUS_COLOURS[status], width, DASHES[status] || [], status === 2 ? "round" : "butt");
    ctx.setLineDash([]);
  }

  /* One line as a whole, to mark it. */
  outline(ctx, frame, i) {
    ctx.beginPath();
    for (const piece of this.pieces(null)[i] ? [this.pieces(null)[i][0]] : []) this._trace(ctx, piece, frame);
    ctx.lineWidth = 9;
    ctx.lineJoin = ctx.lineCap = "round";
    ctx.strokeStyle = "rgba(31,41,51,.45)";
    ctx.stroke();
  }

  /* {line, status} nearest to a point in world pixels, within some pixels of it; else null. */
  near(px, py, k, reach, service) {
    const far = reach / k;
    let found = null, least = far * far;
    this.pieces(service).forEach((pieces, i) => {
      const b = this.box.subarray(4 * i, 4 * i + 4);
      if (b[0] - far > px || b[2] + far < px || b[1] - far > py || b[3] + far < py) return;
      for (const piece of pieces)
        for (let j = 3; j < piece.length; j += 2) {
          const x = piece[j - 2], y = piece[j - 1], dx = piece[j] - x, dy = piece[j + 1] - y, long = dx * dx + dy * dy;
          const t = long ? Math.max(0, Math.min(1, ((px - x) * dx + (py - y) * dy) / long)) : 0, off = (x + t * dx - px) ** 2 + (y + t * dy - py) ** 2;
          if (off < least) {
            least = off;
            found = { line: i, status: piece[0] };
          }
        }
    });
    return found;
  }

  /* Whether a point of a line, asked for at most `step` apart within a box, lies inside. */
  meets(i, [w, n, e, s], step, inside) {
    for (let v = this.start[i]; v < this.start[i + 1]; v++) {
      const x = this.x[v], y = this.y[v];
      if (inside(x, y)) return true;
      if (v + 1 === this.start[i + 1]) break;
      const dx = this.x[v + 1] - x, dy = this.y[v + 1] - y;
      let from = 0, to = 1; // the part of the stretch that lies in the box
      for (const [at, by, low, high] of [[x, dx, w, e], [y, dy, n, s]]) {
        if (by) [from, to] = [Math.max(from, Math.min((low - at) / by, (high - at) / by)), Math.min(to, Math.max((low - at) / by, (high - at) / by))];
        else if (at < low || at > high) to = -1;
      }
      const parts = to > from ? Math.ceil((Math.hypot(dx, dy) * (to - from)) / step) + 1 : 0;
      for (let j = 0; j < parts; j++) {
        const t = from + ((j + 0.5) / parts) * (to - from);
        if (inside(x + t * dx, y + t * dy)) return true;
      }
    }
    return false;
  }

  /* km of a line by status: not covered, covered, unknown. */
  lengths(i, service) {
    const out = [0, 0, 0], pieces = this.pieces(service)[i], long = (piece) => {
      let sum = 0;
      for (let j = 3; j < piece.length; j += 2) sum += Math.hypot(piece[j] - piece[j - 2], piece[j + 1] - piece[j - 1]);
      return sum;
    };
    const all = pieces.map(long), total = all.reduce((a, b) => a + b, 0) || 1;
    pieces.forEach((piece, j) => (out[piece[0]] += (all[j] / total) * this.data.km[i]));
    return out;
  }
}
