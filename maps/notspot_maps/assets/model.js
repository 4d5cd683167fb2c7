/* What there is to show: units and their names, indicators and their values, classes. */

const LEVELS = ["county", "township", "village"];

class Model {
  constructor(data, shapes) {
    Object.assign(this, { data, shapes, indicators: data.indicators, classed: new Map(), made: new Map() });
    const { county, township, village } = data.units;
    this.n = { county: county.code.length, township: township.code.length, village: village.code.length };
    const fine = shapes.units.length;
    this.of = { village: new Int32Array(fine).fill(-1), township: new Int32Array(fine).fill(-1), county: new Int32Array(fine).fill(-1) };
    for (let u = 0; u < fine; u++) {
      if (u < this.n.village) {
        this.of.village[u] = u;
        this.of.township[u] = village.up[u];
      } else {
        const [level, index] = data.extra[u - this.n.village];
        this.of[level][u] = index;
      }
      const town = this.of.township[u];
      if (town >= 0) this.of.county[u] = township.up[town];
    }
    this.lines = this._lines();
    this.middles = { county: data.labels.county, township: data.labels.township };
  }

  /* Arcs by what they part: coast, counties, townships, villages. */
  _lines() {
    const out = { coast: [], county: [], township: [], village: [] };
    const { forward, backward, arcs } = this.shapes, { county, township } = this.of;
    for (let a = 0; a < arcs; a++) {
      const f = forward[a], b = backward[a];
      if (f < 0 || b < 0) out.coast.push(a);
      else if (county[f] !== county[b]) out.county.push(a);
      else if (township[f] !== township[b]) out.township.push(a);
      else out.village.push(a);
    }
    return out;
  }

  _level(level) {
    if (!this.made.has(level)) {
      const rings = level === "village" ? this.shapes.units.slice(0, this.n.village) : this.shapes.dissolve(this.of[level], this.n[level]);
      this.made.set(level, { rings, boxes: rings.map((each) => this.shapes.boxOf(each)) });
    }
    return this.made.get(level);
  }

  rings(level) { return this._level(level).rings; }
  boxes(level) { return this._level(level).boxes; }

  middle(level, index) {
    const known = this.middles[level];
    if (known) return known[index];
    const found = (this.middles.village ||= []);
    return (found[index] ||= this.shapes.middle(this.rings("village")[index]));
  }

  code(level, index) {
    const units = this.data.units, own = units[level].code[index];
    return level === "village" && !own.startsWith("=") ? units.township.code[units.village.up[index]] + own : own.replace(/^=/, "");
  }

  name(level, index, lang) {
    const names = this.data.units[level];
    return (lang === "en" && names.en[index]) || names.zh[index];
  }

  find(code) {
    for (const level of LEVELS)
      for (let i = 0; i < this.n[level]; i++) if (this.code(level, i) === code) return { level, index: i };
    return null;
  }

  /* The unit and all above it, from the county down. */
  path(level, index) {
    const out = [{ level, index }];
    for (let at = LEVELS.indexOf(level); at > 0 && index >= 0; at--) {
      index = this.data.units[LEVELS[at]].up[index];
      if (index >= 0) out.unshift({ level: LEVELS[at - 1], index });
    }
    return out;
  }

  has(indicator, level) { return Boolean(indicator && indicator.levels[level]); }

  /* {v, low, high, n, d, s} of a unit, numbers or null; null where the level has no rows. */
  cell(indicator, level, index) {
    const column = indicator && indicator.levels[level];
    if (!column) return null;
    const v = column.v[index], bound = column.bounds.get(index);
    return {
      v, low: bound ? bound[0] : v, high: bound ? bound[1] : v,
      n: column.n ? column.n[index] : null, d: column.d ? column.d[index] : null,
      s: v === null ? "unknown" : column.s, nothing: column.nothing.has(index),
    };
  }

  /* Class of every unit (-1 unknown, -3 nothing to measure), which are unsure, how many there are in each. */
  classes(indicator, level) {
    const key = (indicator ? indicator.id : "") + "/" + level;
    let found = this.classed.get(key);
    if (found) return found;
    const n = this.n[level], of = new Int16Array(n).fill(-1), wide = new Uint8Array(n), counts = new Map([[-1, 0]]);
    const column = indicator && indicator.levels[level];
    const edges = column ? column.edges : [], colours = column ? column.colours : [];
    const place = (v) => {
      let c = 0;
      while (c < edges.length && v > edges[c]) c++;
      return c;
    };
    colours.forEach((_, c) => counts.set(c, 0));
    let unsure = 0;
    for (let i = 0; i < n; i++) {
      const v = column ? column.v[i] : null;
      if (column && column.nothing.has(i)) of[i] = -3;
      if (v !== null && v !== undefined) {
        of[i] = place(v);
        const bound = column.bounds.get(i);
        if (bound && ((bound[0] !== null && place(bound[0]) !== of[i]) || (bound[1] !== null && place(bound[1]) !== of[i]))) unsure += wide[i] = 1;
      }
      counts.set(of[i], (counts.get(of[i]) || 0) + 1);
    }
    found = { of, wide, counts, edges, colours, unsure, method: column ? column.method : null, known: n - counts.get(-1) - (counts.get(-3) || 0) };
    this.classed.set(key, found);
    return found;
  }

  /* Units of a level that match every word of the query: exact names first, larger units first. */
  search(query, limit) {
    const words = query.trim().split(/\s+/).map(folded).filter(Boolean);
    if (!words.length) return { hits: [], total: 0 };
    this.index ||= this._index();
    const hits = [];
    for (const entry of this.index) {
      if (!words.every((word) => entry.all.includes(word))) continue;
      const own = words.map((w) => (entry.names.includes(w) ? 0 : entry.names.some((n) => n.startsWith(w)) ? 1 : entry.names.some((n) => n.includes(w)) ? 2 : 3));
      hits.push([Math.min(...own) * 4 + entry.rank, entry]);
    }
    hits.sort((a, b) => a[0] - b[0]);
    return { hits: hits.slice(0, limit).map(([, entry]) => entry), total: hits.length };
  }

  _index() {
    const out = [];
    LEVELS.forEach((level, rank) => {
      for (let index = 0; index < this.n[level]; index++) {
        const unit = this.data.units[level], code = this.code(level, index);
        const zh = folded(unit.zh[index]), en = folded(unit.en[index] || "");
        const bare = zh.replace(/[縣市鄉鎮區村里]$/, ""), bareEn = en.replace(/(county|city|township|district|vil)$/, "");
        const names = [zh, en, bare, bareEn, code].filter(Boolean);
        const above = this.path(level, index).slice(0, -1).map((up) => {
          const units = this.data.units[up.level];
          return folded(units.zh[up.index]) + "|" + folded(units.en[up.index] || "");
        }).join("|");
        const whole = this.path(level, index).map((up) => folded(this.data.units[up.level].zh[up.index])).join("");
        out.push({ level, index, rank, names, all: [...names, above, whole].join("|") });
      }
    });
    return out;
  }
}
