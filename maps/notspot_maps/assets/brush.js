/* The brush: paints one square of the picture. Its methods are generators that stop every few milliseconds of work, and
   tell in the end whether anything is on the square. */

const INK = "#1f2933", PALE = "#f8f8f6"; // PALE: what the filters leave out
const STINT = 1500; // points of paths between two stops: about 2 ms
const TOGETHER = 100; // points of a path, from which on it is filled
const NEAR = 4; // pixels beyond a square from which a line may reach into it
const [UNKNOWN, WHITE, LEFT_OUT] = [-1, -2, -3]; // how a unit looks that has no colour of a class
const FINEST = ""; // in place of a level: the villages, and the units that have none

class Brush {
  constructor(view, labels) {
    this.view = view;
    this.labels = labels;
    const pen = document.createElement("canvas").getContext("2d");
    this.repeat = (canvas) => pen.createPattern(canvas, "repeat");
    this.hatch = this.repeat(PATTERNS.hatch());
    this.dots = this.repeat(PATTERNS.dots());
    this.tiles = new Map();
    this.flat = new Map();
  }

  /* What a side of the view is filled with, as it is now. */
  coat(side) {
    const { view } = this, { level } = view;
    const classes = view.classes ? view.classes(side, level) : view.model.classes(view.indicator, level);
    return { level, classes, hidden: side === 0 ? new Set(view.hidden) : new Set(), dimmed: this.dimmed(), patterns: Boolean(view.patterns) };
  }

  dimmed() { return (this.view.dimmed && this.view.dimmed(this.view.level)) || null; }

  /* Boxes of a level's units, four numbers each in a row. */
  _boxes(level) {
    const { model } = this.view;
    if (!this.flat.has(level)) this.flat.set(level, Float64Array.from((level === FINEST ? model.shapes.box : model.boxes(level)).flat()));
    return this.flat.get(level);
  }

  _pattern(c, count) {
    const key = `${c}/${count}`;
    if (!this.tiles.has(key)) this.tiles.set(key, this.repeat(PATTERNS.tile(c, count)));
    return this.tiles.get(key);
  }

  /* Patterns stay with the land wherever a square begins. */
  _lay(pattern, name, x, y) {
    const period = PATTERN_SIDE[name];
    pattern.setTransform(new DOMMatrix([0.5, 0, 0, 0.5, -(x % period), -(y % period)]));
    return pattern;
  }

  /* The units of a level that reach into a square, or nearly; kept with the square. */
  units(square, level) {
    const kept = (square.units ||= {});
    if (kept[level]) return kept[level];
    const { k, x, y, side } = square, boxes = this._boxes(level), found = (kept[level] = []);
    const w = (x - NEAR) / k, n = (y - NEAR) / k, e = (x + side + NEAR) / k, s = (y + side + NEAR) / k;
    for (let b = 0; b < boxes.length; b += 4) if (boxes[b] <= e && boxes[b + 2] >= w && boxes[b + 1] <= s && boxes[b + 3] >= n) found.push(b / 4);
    return found;
  }

  /* Whether there is nothing to paint on a square: neither land nor a name. */
  bare(square) { return !this.units(square, FINEST).length && !this.labels.within(square.zoom, square.x, square.y, square.side).length; }

  /* Fill the units of a square at (x, y) of the picture at a zoom. Those that look alike share a path, a few at a time:
     one path for each takes a third longer, one path for all ten times as long. */
  *fills(ctx, square, coat) {
    const { zoom, k, x, y, side } = square, { shapes } = this.view.model, { level, classes, hidden, dimmed } = coat, { of, wide, colours } = classes;
    const points = shapes.thin(zoom), rings = this.view.model.rings(level), boxes = this._boxes(level), units = this.units(square, level);
    const w = (x - 1) / k, n = (y - 1) / k, e = (x + side + 1) / k, s = (y + side + 1) / k, count = colours.length, alike = new Map();
    this._lay(this.hatch, "hatch", x, y);
    this._lay(this.dots, "dots", x, y);
    for (let c = 1; coat.patterns && c < count; c++) this._lay(this._pattern(c, count), "tile", x, y);
    for (const i of units) {
      const c = of[i], look = dimmed && dimmed[i] ? LEFT_OUT : hidden.has(c) || c < -1 ? WHITE : c < 0 ? UNKNOWN : 2 * c + wide[i];
      const same = alike.get(look);
      if (same) same.push(i);
      else alike.set(look, [i]);
    }
    let work = 0, held = 0; // points since the last stop, and in the path
    for (const [look, same] of alike) {
      const c = look >> 1, styles = look < 0 ? [{ [LEFT_OUT]: PALE, [WHITE]: "#ffffff", [UNKNOWN]: this.hatch }[look]] : [colours[c]];
      if (look > 1 && coat.patterns) styles.push(this._pattern(c, count));
      if (look > 0 && look % 2) styles.push(this.dots);
      ctx.beginPath();
      for (let at = 0; at < same.length; at++) {
        const i = same[at], b = 4 * i, inside = boxes[b] >= w && boxes[b + 2] <= e && boxes[b + 1] >= n && boxes[b + 3] <= s;
        held += 2 + (inside ? shapes.trace(ctx, rings[i], points, k, x, y) : shapes.traceInside(ctx, rings[i], points, k, x, y, side));
        if (held < TOGETHER && at < same.length - 1) continue;
        for (const style of styles) {
          ctx.fillStyle = style;
          ctx.fill("evenodd");
        }
        ctx.beginPath();
        work += held + 10;
        held = 0;
        if (work < STINT) continue;
        work = 0;
        yield;
      }
    }
    return units.length > 0;
  }

  /* Borders and names. Lines up to one pixel of the screen wide are many times as quick as wider ones. */
  *lines(ctx, { zoom, k, x, y, side }, { level, dimmed, ratio }) {
    const { model } = this.view, { shapes, lines } = model, points = shapes.thin(zoom), pad = 4 / k;
    const view = [x / k - pad, y / k - pad, (x + side) / k + pad, (y + side) / k + pad], hair = 1 / ratio;
    let drawn = false;
    ctx.lineJoin = ctx.lineCap = "round";
    const stroke = (arcs, ...passes) => {
      ctx.beginPath();
      if (!shapes.traceArcs(ctx, arcs, points, k, x, y, view)) return;
      drawn = true;
      for (const [style, width] of passes) {
        ctx.strokeStyle = style;
        ctx.lineWidth = width;
        ctx.stroke();
      }
    };
    const halves = (arcs) => (dimmed ? this._halves(arcs, level, dimmed) : [arcs, []]);
    if (level === "village" || zoom >= VILLAGE_ZOOM) {
      const [kept, left] = halves(lines.village), thin = Math.min(0.7, hair);
      ctx.lineCap = zoom < VILLAGE_ZOOM ? "butt" : "round";
      if (zoom >= VILLAGE_ZOOM) stroke(kept, ["rgba(255,255,255,.45)", 1.8], ["rgba(31,41,51,.6)", 0.7]);
      else stroke(kept, [`rgba(31,41,51,${zoom < 8.5 ? 0.3 : zoom < 10 ? 0.4 : 0.5})`, zoom < 8.5 ? thin * 0.6 : thin]);
      stroke(left, ["rgba(31,41,51,.22)", thin]);
      ctx.lineCap = "round";
      yield;
    }
    if (level !== "county" || zoom >= 9.5) {
      const [kept, left] = halves(lines.township);
      stroke(kept, ["rgba(31,41,51,.55)", zoom < 8.5 ? 0.35 : zoom < 10.5 ? 0.7 : 1.2]);
      stroke(left, ["rgba(31,41,51,.3)", Math.min(0.7, hair)]);
      yield;
    }
    const [kept, left] = halves(lines.county);
    stroke(kept, ["rgba(255,255,255,.5)", zoom < 8.5 ? 1.8 : 3], [INK, zoom < 8.5 ? 0.9 : 1.5]);
    stroke(left, ["rgba(31,41,51,.55)", zoom < 8.5 ? 0.6 : 0.9]);
    stroke(lines.coast, ["#52606d", zoom < 8.5 ? 0.6 : 1]);
    yield;
    return (yield* this.names(ctx, zoom, x, y, side)) || drawn;
  }

  /* Arcs with a unit that the filters leave on one side at least, and the others. */
  _halves(arcs, level, dimmed) {
    this.halved ||= new Map();
    const known = this.halved.get(arcs);
    if (known && known.level === level && known.dimmed === dimmed) return known.parts;
    const { forward, backward } = this.view.model.shapes, of = this.view.model.of[level], parts = [[], []];
    const out = (unit) => unit < 0 || of[unit] < 0 || dimmed[of[unit]];
    for (const a of arcs) parts[out(forward[a]) && out(backward[a]) ? 1 : 0].push(a);
    this.halved.set(arcs, { level, dimmed, parts });
    return parts;
  }

  /* Names within a square, a dozen a step. */
  *names(ctx, zoom, x, y, side) {
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.strokeStyle = "rgba(255,255,255,.92)";
    ctx.lineWidth = 3.2;
    ctx.fillStyle = INK;
    let done = 0;
    for (const each of this.labels.within(zoom, x, y, side)) {
      ctx.font = `600 ${each.size}px ${FONT}`;
      ctx.strokeText(each.text, each.x - x, each.y - y);
      ctx.fillText(each.text, each.x - x, each.y - y);
      if (++done % 12 === 0) yield;
    }
    return done > 0;
  }
}
