/* Shapes: unpack the shared arcs, dissolve them into townships and counties, draw them, find what is under a point. */
const WORLD = 256; // side of the whole Mercator world at zoom 0, in pixels

async function inflate(base64) {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const worldX = (lon) => WORLD * (0.5 + lon / 360);
const worldY = (lat) => WORLD * (0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI));

/* Packed numbers one after another: `next` of seven bits a byte, `take` so many bytes as they are. */
function packedNumbers(bytes) {
  let at = 0;
  return {
    next() {
      let value = bytes[at++], place = 128, byte;
      if (value < 128) return value;
      value -= 128;
      do {
        byte = bytes[at++];
        value += (byte & 127) * place;
        place *= 128;
      } while (byte > 127);
      return value;
    },
    take: (count) => bytes.subarray(at, (at += count)),
  };
}

/* The units' rings as lists of arcs (arc i forwards is i, backwards ~i) over points in world pixels. */
function unpack(bytes, grid) {
  const { next } = packedNumbers(bytes);
  const zigzag = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);
  const arcs = next();
  const start = new Int32Array(arcs + 1);
  for (let i = 0; i < arcs; i++) start[i + 1] = start[i] + next() + 2;
  const count = start[arcs];
  const x = new Float64Array(count), y = new Float64Array(count), ends = new Float64Array(2 * arcs); // where arcs begin and end: one number a place
  for (let a = 0, i = 0, sum = 0; a < arcs; a++)
    for (const last = start[a + 1] - 1; i <= last; i++) {
      x[i] = worldX((sum += zigzag(next())) * grid.scale[0] + grid.translate[0]);
      if (i === start[a] || i === last) ends[2 * a + (i === last)] = 0x8000000 * sum;
    }
  for (let a = 0, i = 0, sum = 0; a < arcs; a++)
    for (const last = start[a + 1] - 1; i <= last; i++) {
      y[i] = worldY((sum += zigzag(next())) * grid.scale[1] + grid.translate[1]);
      if (i === start[a] || i === last) ends[2 * a + (i === last)] += sum;
    }
  const units = [];
  let fresh = 0;
  for (let left = next(); left > 0; left--) {
    const rings = [];
    for (let polygons = next(); polygons > 0; polygons--) {
      for (let inner = next(); inner > 0; inner--) {
        const ring = new Int32Array(next());
        for (let i = 0; i < ring.length; i++) {
          const code = next();
          const arc = fresh - (code >> 1);
          if (arc === fresh) fresh++;
          ring[i] = code & 1 ? ~arc : arc;
        }
        rings.push(ring);
      }
    }
    units.push(rings);
  }
  return new Shapes(x, y, start, units, ends);
}

class Shapes {
  constructor(x, y, start, units, ends) {
    this.x = x;
    this.y = y;
    this.start = start;
    this.units = units;
    this.arcs = start.length - 1;
    this.thinned = new Map();
    this.arcBox = this._arcBoxes();
    this.box = units.map((rings) => this.boxOf(rings));
    this._sides(ends);
  }

  /* [west, north, east, south] in world pixels. */
  boxOf(rings) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings)
      for (const ref of ring) {
        const at = 4 * (ref < 0 ? ~ref : ref);
        box[0] = Math.min(box[0], this.arcBox[at]);
        box[1] = Math.min(box[1], this.arcBox[at + 1]);
        box[2] = Math.max(box[2], this.arcBox[at + 2]);
        box[3] = Math.max(box[3], this.arcBox[at + 3]);
      }
    return box;
  }

  _arcBoxes() {
    const boxes = new Float64Array(4 * this.arcs);
    for (let a = 0; a < this.arcs; a++) {
      let w = Infinity, n = Infinity, e = -Infinity, s = -Infinity;
      for (let i = this.start[a]; i < this.start[a + 1]; i++) {
        if (this.x[i] < w) w = this.x[i];
        if (this.x[i] > e) e = this.x[i];
        if (this.y[i] < n) n = this.y[i];
        if (this.y[i] > s) s = this.y[i];
      }
      boxes.set([w, n, e, s], 4 * a);
    }
    return boxes;
  }

  /* Which unit lies on each side of an arc (-1: none), and where it begins and ends. */
  _sides(ends) {
    this.forward = new Int32Array(this.arcs).fill(-1);
    this.backward = new Int32Array(this.arcs).fill(-1);
    this.units.forEach((rings, unit) => {
      for (const ring of rings)
        for (const ref of ring) {
          if (ref < 0) this.backward[~ref] = unit;
          else this.forward[ref] = unit;
        }
    });
    const nodes = new Map();
    const node = (end) => {
      let found = nodes.get(end);
      if (found === undefined) nodes.set(end, (found = nodes.size));
      return found;
    };
    this.from = new Int32Array(this.arcs);
    this.to = new Int32Array(this.arcs);
    for (let a = 0; a < this.arcs; a++) {
      this.from[a] = node(ends[2 * a]);
      this.to[a] = node(ends[2 * a + 1]);
    }
  }

  /* Rings of the groups of units: the arcs whose other side is of another group, chained. */
  dissolve(groupOf, groups) {
    const edges = Array.from({ length: groups }, () => []);
    this.units.forEach((rings, unit) => {
      const group = groupOf[unit];
      if (group < 0) return;
      for (const ring of rings)
        for (const ref of ring) {
          const other = ref < 0 ? this.forward[~ref] : this.backward[ref];
          if (other < 0 || groupOf[other] !== group) edges[group].push(ref);
        }
    });
    return edges.map((refs) => this._chain(refs));
  }

  _chain(refs) {
    const leaving = new Map();
    for (const ref of refs) {
      const from = ref < 0 ? this.to[~ref] : this.from[ref];
      const there = leaving.get(from);
      if (there) there.push(ref);
      else leaving.set(from, [ref]);
    }
    const rings = [];
    for (const [begin, there] of leaving) {
      while (there.length) {
        const ring = [];
        for (let at = begin, more = there; more && more.length; more = leaving.get(at)) {
          const ref = more.pop();
          ring.push(ref);
          at = ref < 0 ? this.from[~ref] : this.to[ref];
          if (at === begin) break;
        }
        rings.push(Int32Array.from(ring));
      }
    }
    return rings;
  }

  /* The points worth drawing at a zoom: those at least `gap` pixels from the one before, and every arc's ends. */
  thin(zoom) {
    const level = Math.min(Math.ceil(zoom), 16);
    let found = this.thinned.get(level);
    if (found) return found;
    const gap = 0.7 / Math.pow(2, level), least = gap * gap;
    const x = new Float64Array(this.x.length), y = new Float64Array(this.x.length), start = new Int32Array(this.arcs + 1);
    let n = 0;
    for (let a = 0; a < this.arcs; a++) {
      const last = this.start[a + 1] - 1;
      let px = NaN, py = NaN;
      for (let i = this.start[a]; i <= last; i++) {
        const dx = this.x[i] - px, dy = this.y[i] - py;
        if (i === this.start[a] || i === last || dx * dx + dy * dy >= least) {
          px = x[n] = this.x[i];
          py = y[n++] = this.y[i];
        }
      }
      start[a + 1] = n;
    }
    found = { x: x.slice(0, n), y: y.slice(0, n), start };
    if (this.thinned.size > 8) this.thinned.delete(this.thinned.keys().next().value);
    this.thinned.set(level, found);
    return found;
  }

  /* Add rings to the context's path; pixel = world * k - origin. Gives how many points that took. */
  trace(ctx, rings, points, k, ox, oy) {
    const { x, y, start } = points;
    let count = 0;
    for (const ring of rings) {
      let first = true;
      for (const ref of ring) {
        const arc = ref < 0 ? ~ref : ref;
        let i = ref < 0 ? start[arc + 1] - 1 : start[arc];
        const step = ref < 0 ? -1 : 1, end = ref < 0 ? start[arc] - 1 : start[arc + 1];
        if (first) ctx.moveTo(x[i] * k - ox, y[i] * k - oy);
        first = false;
        count += start[arc + 1] - start[arc];
        for (i += step; i !== end; i += step) ctx.lineTo(x[i] * k - ox, y[i] * k - oy);
      }
      ctx.closePath();
    }
    return count;
  }

  /* The same for a picture of a part, `side` pixels square: of points in a row that are all beyond one side of it
     only the last is kept, which changes nothing inside. */
  traceInside(ctx, rings, points, k, ox, oy, side) {
    const { x, y, start } = points, low = -4, high = side + 4;
    let count = 0;
    for (const ring of rings) {
      let first = true, beyond = 0, held = false, heldBeyond = 0, hx = 0, hy = 0;
      for (const ref of ring) {
        const arc = ref < 0 ? ~ref : ref;
        let i = ref < 0 ? start[arc + 1] - 1 : start[arc];
        const step = ref < 0 ? -1 : 1, end = ref < 0 ? start[arc] - 1 : start[arc + 1];
        for (; i !== end; i += step) {
          const px = x[i] * k - ox, py = y[i] * k - oy;
          const out = (px < low ? 1 : px > high ? 2 : 0) | (py < low ? 4 : py > high ? 8 : 0);
          if (first) {
            ctx.moveTo(px, py);
            first = false;
            beyond = out;
            continue;
          }
          if (!(out & beyond) && held) {
            ctx.lineTo(hx, hy);
            count++;
            beyond = heldBeyond;
            held = false;
          }
          if (out & beyond) {
            held = true;
            heldBeyond = out;
            beyond &= out;
            hx = px;
            hy = py;
          } else {
            ctx.lineTo(px, py);
            count++;
            beyond = out;
          }
        }
      }
      if (held) ctx.lineTo(hx, hy);
      ctx.closePath();
    }
    return count;
  }

  /* Add the arcs of a list that touch the view (world pixels) to the context's path, but for stretches beyond it. */
  traceArcs(ctx, arcs, points, k, ox, oy, view) {
    const { x, y, start } = points, box = this.arcBox, [west, north, east, south] = view;
    let count = 0;
    for (const a of arcs) {
      const b = 4 * a;
      if (box[b] > east || box[b + 2] < west || box[b + 1] > south || box[b + 3] < north) continue;
      let i = start[a], pen = false;
      const end = start[a + 1], whole = box[b] >= west && box[b + 2] <= east && box[b + 1] >= north && box[b + 3] <= south;
      for (i++; i < end; i++) {
        const x0 = x[i - 1], y0 = y[i - 1], x1 = x[i], y1 = y[i];
        if (!whole && ((x0 < west && x1 < west) || (x0 > east && x1 > east) || (y0 < north && y1 < north) || (y0 > south && y1 > south))) {
          pen = false;
          continue;
        }
        if (!pen) ctx.moveTo(x0 * k - ox, y0 * k - oy);
        pen = true;
        ctx.lineTo(x1 * k - ox, y1 * k - oy);
        count++;
      }
    }
    return count;
  }

  /* Which units may lie under each cell of a grid over the world. */
  _cells() {
    let west = Infinity, north = Infinity, width = 0;
    for (const [w, n] of this.box) west = Math.min(west, w), north = Math.min(north, n);
    for (const [, , e, s] of this.box) width = Math.max(width, e - west, s - north);
    const per = Math.min(16, 256 / width), cells = new Map();
    this.box.forEach(([w, n, e, s], unit) => {
      for (let cx = Math.floor((w - west) * per); cx <= Math.floor((e - west) * per); cx++)
        for (let cy = Math.floor((n - north) * per); cy <= Math.floor((s - north) * per); cy++) {
          const key = cx * 65536 + cy, there = cells.get(key);
          if (there) there.push(unit);
          else cells.set(key, [unit]);
        }
    });
    return { find: (px, py) => cells.get(Math.floor((px - west) * per) * 65536 + Math.floor((py - north) * per)) || [] };
  }

  /* The unit at a point in world pixels, or -1. */
  at(px, py) {
    this.cells ||= this._cells();
    for (const u of this.cells.find(px, py)) {
      const box = this.box[u];
      if (px < box[0] || px > box[2] || py < box[1] || py > box[3]) continue;
      let inside = false;
      for (const ring of this.units[u])
        for (const ref of ring) {
          const arc = ref < 0 ? ~ref : ref;
          for (let i = this.start[arc] + 1; i < this.start[arc + 1]; i++) {
            const y1 = this.y[i - 1], y2 = this.y[i];
            if (y1 > py !== y2 > py && px < ((this.x[i] - this.x[i - 1]) * (py - y1)) / (y2 - y1) + this.x[i - 1])
              inside = !inside;
          }
        }
      if (inside) return u;
    }
    return -1;
  }

  /* Middle of the largest ring, in world pixels. */
  middle(rings) {
    let best = null, most = -1;
    for (const ring of rings) {
      let area = 0, cx = 0, cy = 0, x0 = NaN, y0 = NaN, px = 0, py = 0;
      for (const ref of ring) {
        const arc = ref < 0 ? ~ref : ref;
        const n = this.start[arc + 1] - this.start[arc];
        for (let j = 0; j < n; j++) {
          const i = ref < 0 ? this.start[arc + 1] - 1 - j : this.start[arc] + j;
          if (Number.isNaN(x0)) [x0, y0] = [this.x[i], this.y[i]];
          const qx = this.x[i] - x0, qy = this.y[i] - y0;
          const cross = px * qy - qx * py;
          area += cross;
          cx += (px + qx) * cross;
          cy += (py + qy) * cross;
          [px, py] = [qx, qy];
        }
      }
      if (Math.abs(area) > most) {
        most = Math.abs(area);
        best = area ? [x0 + cx / (3 * area), y0 + cy / (3 * area)] : [x0, y0];
      }
    }
    return best;
  }
}
