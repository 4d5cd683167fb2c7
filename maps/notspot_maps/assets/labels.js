/* Names on the map: where they fit, found once for a zoom and a language, so that they stay put while one pans. */

const FONT = '"Noto Sans TC","PingFang TC","Microsoft JhengHei",system-ui,sans-serif';

const ASIDE = [0, 1, -1, 2, -2, 3, -3], FARTHER = [...ASIDE, 4, -4, 5, -5, 6, -6]; // steps that a name goes up and down, and half of them to the sides, to keep clear of marks; and of a county's
const FEW_LINES = 11, LINE_STEP = 6; // zoom from which on there is land enough beside a line; pixels of it that are taken as one mark
const TEXTURE = 20000; // points, from which on marks lie everywhere, and names under them
const SPOT = 5; // pixels of a square that a mark covers or not
const BEARABLE = 0.12; // of a name that marks may cover where there is no better place for it

/* Where the map opens: all that is to be seen without it becoming smaller. [west, south, east, north] in degrees. */
function openingBox(views) {
  const [first, ...others] = views.map((each) => each.box), beside = others.filter((box) => box[1] >= first[1] && box[3] <= first[3]);
  return [Math.min(first[0], ...beside.map((box) => box[0])), first[1], Math.max(first[2], ...beside.map((box) => box[2])), first[3]];
}

const frame = (x, y, half, tall) => [x - half, y - tall, x + half, y + tall];

class Labels {
  constructor(view) {
    this.view = view;
    this.placed = new Map();
    this.advances = new Map();
  }

  /* Counties, then townships, then villages as one comes closer: [level, font size in pixels], the first goes first. */
  _wanted(zoom) {
    if (zoom < 9.6) return [["county", zoom < 7 ? 11 : 13]];
    return zoom < 13 ? [["township", 12.5]] : [["township", 14], ["village", 12]];
  }

  /* Width at a font size of 100: Chinese characters are square, the others are measured once each. */
  _width(text) {
    let sum = 0;
    for (const char of text) {
      if (char >= "\u2e80") {
        sum += 100;
        continue;
      }
      let own = this.advances.get(char);
      if (own === undefined) {
        this.pen ||= document.createElement("canvas").getContext("2d");
        this.pen.font = `600 100px ${FONT}`;
        this.advances.set(char, (own = this.pen.measureText(char).width));
      }
      sum += own;
    }
    return sum;
  }

  /* Marks that names give way to, as text: while it is the same, the names are. */
  over() {
    const { overlays } = this.view;
    return overlays ? overlays.shown("points", "lines").map((each) => each.id).join() : "";
  }

  /* {text, x, y, size, half} of all names that fit, in pixels of the world at this zoom. */
  all(zoom) {
    const { view } = this, key = `${zoom}/${view.lang}/${this.over()}`;
    let found = this.placed.get(key);
    if (found) return found;
    const k = Math.pow(2, zoom), taken = new Boxes(), marks = this._marks(zoom, k), edge = this._edge(k);
    found = [];
    for (const [level, size] of this._wanted(zoom)) {
      const boxes = view.model.boxes(level);
      for (let i = 0; i < view.model.n[level]; i++) {
        const room = (boxes[i][2] - boxes[i][0]) * k;
        if (!(room >= 0) || (zoom >= 9.6 && room < size)) continue;
        const text = view.short(level, i), half = (this._width(text) * size) / 200;
        if (zoom >= 9.6 && room < half * 1.24) continue;
        const at = view.model.middle(level, i);
        if (!at) continue;
        const [x, y] = this._aside([this._inside(at[0] * k, half, edge), at[1] * k], { level, i, k, half, size }, taken, marks);
        const box = frame(x, y, half + 3, size * 0.7);
        if (Number.isNaN(x) || taken.meet(box)) continue;
        taken.add(box);
        found.push({ text, x, y, size, half });
      }
    }
    if (this.placed.size > 5) this.placed.delete(this.placed.keys().next().value);
    this.placed.set(key, found);
    return found;
  }

  /* What is at the edge of the view that the map opens with has its name on the inner side. */
  _edge(k) {
    const views = this.view.model.data.views || [];
    if (!views.length) return null;
    const box = openingBox(views);
    return [worldX(box[0]) * k, worldX(box[2]) * k];
  }

  _inside(x, half, edge) { return !edge || x < edge[0] || x > edge[1] ? x : Math.max(edge[0] + half, Math.min(edge[1] - half, x)); }

  _marks(zoom, k) {
    const { overlays } = this.view, out = new Spots(), put = (x, y, r) => out.add(frame(x * k, y * k, r, r));
    for (const overlay of overlays ? overlays.shown("points", "lines") : []) {
      const made = overlays.made.get(overlay.id);
      const { x, y, start, n } = made;
      if (x.length > TEXTURE) continue;
      if (!start) for (let j = 0, r = made.size(zoom) + 1.5; j < n; j++) put(x[j], y[j], r);
      else if (zoom < FEW_LINES)
        for (let i = 0; i < n; i++)
          for (let j = start[i]; j < start[i + 1] - 1; j++) {
            const steps = Math.ceil((Math.hypot(x[j + 1] - x[j], y[j + 1] - y[j]) * k) / LINE_STEP) || 1;
            for (let s = 0; s < steps; s++) put(x[j] + ((x[j + 1] - x[j]) * (s + 0.5)) / steps, y[j] + ((y[j + 1] - y[j]) * (s + 0.5)) / steps, 2);
          }
    }
    return out;
  }

  /* The place nearest to where a name belongs, within its unit, that no mark and no other name has; NaN where there is none. */
  _aside([x, y], { level, i, k, half, size }, taken, marks) {
    const own = (px, py) => frame(px, py, half + 1, size * 0.55);
    if (!marks.share(own(x, y), 0)) return [x, y];
    const { shapes, of } = this.view.model;
    const steps = level === "county" ? FARTHER : ASIDE;
    const places = steps.flatMap((down) => steps.map((right) => [x + (right * half) / 2, y + down * size * 0.8])).sort((a, b) => Math.hypot(a[0] - x, a[1] - y) - Math.hypot(b[0] - x, b[1] - y));
    let best = [NaN, NaN], least = BEARABLE;
    for (const [px, py] of places) {
      const covered = marks.share(own(px, py), least);
      if (covered >= least || taken.meet(frame(px, py, half + 3, size * 0.7))) continue;
      const [there, ...way] = [1, 0.75, 0.5, 0.25].map((part) => shapes.at((x + part * (px - x)) / k, (y + part * (py - y)) / k)), other = (unit) => unit >= 0 && of[level][unit] !== i;
      if (other(there) || way.some(other) || (there < 0 && Math.abs(py - y) > size * 1.7)) continue; // in it, or at sea close by and beyond no other
      [best, least] = [[px, py], covered];
      if (!covered) break;
    }
    return best;
  }

  /* Those that reach into a square of the picture. */
  within(zoom, x, y, side) {
    return this.all(zoom).filter((each) => each.x + each.half + 4 > x && each.x - each.half - 4 < x + side && each.y + each.size > y && each.y - each.size < y + side);
  }
}

/* Boxes [west, north, east, south] in pixels, found by where they are. */
class Boxes {
  constructor() { this.cells = new Map(); }

  *_keys([w, n, e, s], cell = 96) {
    for (let cx = Math.floor(w / cell); cx <= Math.floor(e / cell); cx++) for (let cy = Math.floor(n / cell); cy <= Math.floor(s / cell); cy++) yield cx * 0x4000000 + cy;
  }

  add(box) {
    for (const key of this._keys(box)) {
      const there = this.cells.get(key);
      if (there) there.push(box);
      else this.cells.set(key, [box]);
    }
  }

  /* Whether one of them overlaps another. */
  meet(box) {
    const [w, n, e, s] = box;
    for (const key of this._keys(box)) if ((this.cells.get(key) || []).some((b) => w < b[2] && e > b[0] && n < b[3] && s > b[1])) return true;
    return false;
  }
}

/* What marks cover, in small squares: thousands of them may lie on one another. */
class Spots {
  constructor() { this.columns = new Map(); }

  add([w, n, e, s]) {
    const top = Math.floor(n / SPOT), bottom = Math.floor(s / SPOT);
    for (let cx = Math.floor(w / SPOT); cx <= Math.floor(e / SPOT); cx++) {
      let column = this.columns.get(cx);
      if (!column) this.columns.set(cx, (column = new Set()));
      for (let cy = top; cy <= bottom; cy++) column.add(cy);
    }
  }

  /* The part of a box that is covered, from 0 to 1; counted no further than to be more than `enough`. */
  share([w, n, e, s], enough) {
    const [left, top, right, bottom] = [w, n, e, s].map((edge) => Math.floor(edge / SPOT)), all = (right - left + 1) * (bottom - top + 1);
    let covered = 0;
    for (let cx = left; cx <= right; cx++) {
      const column = this.columns.get(cx);
      for (let cy = top; column && cy <= bottom; cy++) if (column.has(cy) && ++covered > enough * all) return covered / all;
    }
    return covered / all;
  }
}
