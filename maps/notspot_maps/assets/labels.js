/* Names on the map: where they fit, found once for a zoom and a language, so that they stay put while one pans. */

const FONT = '"Noto Sans TC","PingFang TC","Microsoft JhengHei",system-ui,sans-serif';

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

  /* {text, x, y, size, half} of all names that fit, in pixels of the world at this zoom. */
  all(zoom) {
    const { view } = this, key = `${zoom}/${view.lang}`;
    let found = this.placed.get(key);
    if (found) return found;
    const k = Math.pow(2, zoom), taken = new Map(), cell = 96;
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
        const x = at[0] * k, y = at[1] * k, w = x - half - 3, n = y - size * 0.7, e = x + half + 3, s = y + size * 0.7;
        const keys = [];
        for (let cx = Math.floor(w / cell); cx <= Math.floor(e / cell); cx++) for (let cy = Math.floor(n / cell); cy <= Math.floor(s / cell); cy++) keys.push(cx * 0x4000000 + cy);
        if (keys.some((each) => taken.has(each) && taken.get(each).some((b) => w < b[2] && e > b[0] && n < b[3] && s > b[1]))) continue;
        for (const each of keys) {
          if (taken.has(each)) taken.get(each).push([w, n, e, s]);
          else taken.set(each, [[w, n, e, s]]);
        }
        found.push({ text, x, y, size, half });
      }
    }
    if (this.placed.size > 5) this.placed.delete(this.placed.keys().next().value);
    this.placed.set(key, found);
    return found;
  }

  /* Those that reach into a square of the picture. */
  within(zoom, x, y, side) {
    return this.all(zoom).filter((each) => each.x + each.half + 4 > x && each.x - each.half - 4 < x + side && each.y + each.size > y && each.y - each.size < y + side);
  }
}
