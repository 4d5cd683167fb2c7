/* What there is to show: units and their names, indicators and their values, classes. */

const LEVELS = ["county", "township", "village"];

/* A column as it is packed, with what is asked of it often made fast to ask. */
function prepare(column) {
  column.nothing ||= new Set(column.o || []);
  column.bounds ||= new Map((column.b || []).map(([i, low, high]) => [i, [low, high]]));
}

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
    for (const indicator of data.indicators)
      for (const column of Object.values(indicator.levels)) [column, ...Object.values(column.past || {})].forEach(prepare);
    this.years = data.years && data.years.length ? data.years : [data.year];
    this.year = this.years.at(-1);
    this.tags = data.tags || [];
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
      const { shapes } = this, n = this.n[level], fine = level === "village", rings = fine ? shapes.units.slice(0, n) : shapes.dissolve(this.of[level], n);
      this.made.set(level, { rings, boxes: fine ? shapes.box.slice(0, n) : rings.map((each) => shapes.boxOf(each)) });
    }
    return this.made.get(level);
  }

  rings(level) { return this._level(level).rings; }
  boxes(level) { return this._level(level).boxes; }

  middle(level, index) {
    const known = this.middles[level];
    if (known) return known[index];
    const found = (this.found ||= []);
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

  /* Figures of a level in a year (the latest without one): {v, b, n, d, …}; null where there are none. */
  column(indicator, level, year = this.year) {
    const column = indicator && indicator.levels[level];
    if (!column) return null;
    return year === this.year ? column : (column.past && column.past[year]) || null;
  }

  /* The years in which an indicator has figures by unit. */
  yearsOf(indicator) {
    return this.years.filter((year) => LEVELS.some((level) => this.column(indicator, level, year)));
  }

  /* {v, low, high, n, d, s} of a unit, numbers or null; null where the level has no rows. */
  cell(indicator, level, index, year = this.year) {
    if (!this.has(indicator, level)) return null;
    const column = this.column(indicator, level, year);
    if (!column) return { v: null, low: null, high: null, n: null, d: null, s: "unknown", nothing: false };
    const v = column.v[index], bound = column.bounds.get(index);
    return {
      v, low: bound ? bound[0] : v, high: bound ? bound[1] : v,
      n: column.n ? column.n[index] : null, d: column.d ? column.d[index] : null,
      s: v === null ? "unknown" : column.s || indicator.levels[level].s, nothing: column.nothing.has(index),
    };
  }

  /* What an indicator says of itself in a year, where that year's run said it otherwise: {source, basis, caveat, as_of}. */
  told(indicator, level, year = this.year) {
    const past = year === this.year ? null : (level !== "nation" && this.column(indicator, level, year)) || this.nation(indicator, year);
    const own = (key) => (past && past[key] !== undefined ? past[key] : indicator[key]);
    return { source: own("source"), basis: own("basis"), caveat: own("caveat"), as_of: year === this.year ? indicator.as_of : (past && past.as_of) || String(year) };
  }

  /* The nation's cell of a year, or null. */
  nation(indicator, year = this.year) {
    const own = indicator && indicator.nation;
    return year === this.year ? own || null : (own && own.past && own.past[year]) || null;
  }

  /*
   * Class of every unit (-1 unknown, -3 nothing to measure), which are unsure, how many there are in each.
   * The edges are those of the latest year, so that years compare; `choice` is the reader's own classes.
   */
  classes(indicator, level, year = this.year, choice = null) {
    const key = [indicator ? indicator.id : "", level, year, choice ? JSON.stringify(choice) : ""].join("/");
    let found = this.classed.get(key);
    if (found) return found;
    const n = this.n[level], of = new Int16Array(n).fill(-1), wide = new Uint8Array(n), counts = new Map([[-1, 0]]);
    const latest = indicator && indicator.levels[level], column = this.column(indicator, level, year);
    const made = latest && choice && typeof classify !== "undefined" ? classify(latest.v, completed(choice, indicator)) : latest;
    const { edges, colours, method } = made || { edges: [], colours: [], method: null };
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
        const bound = column.bounds.get(i); // one that is not known may lie anywhere
        if (bound && ((bound[0] === null ? 0 : place(bound[0])) !== of[i] || (bound[1] === null ? edges.length : place(bound[1])) !== of[i])) unsure += wide[i] = 1;
      }
      counts.set(of[i], (counts.get(of[i]) || 0) + 1);
    }
    found = { of, wide, counts, edges, colours, unsure, method, known: n - counts.get(-1) - (counts.get(-3) || 0) };
    if (this.classed.size > 60) this.classed.clear();
    this.classed.set(key, found);
    return found;
  }

  /* 1 + how many units stand higher, for every unit of a level (0: unknown), and how many are known. */
  ranks(indicator, level, year = this.year) {
    const key = `rank/${indicator.id}/${level}/${year}`;
    let found = this.classed.get(key);
    if (found) return found;
    const column = this.column(indicator, level, year), rank = new Int32Array(this.n[level]);
    const order = column ? [...rank.keys()].filter((i) => column.v[i] !== null).sort((a, b) => column.v[b] - column.v[a]) : [];
    order.forEach((i, at) => (rank[i] = at && column.v[order[at - 1]] === column.v[i] ? rank[order[at - 1]] : at + 1));
    this.classed.set(key, (found = { rank, known: order.length }));
    return found;
  }

  /* The units under a unit, one level down. */
  children(level, index) {
    const below = LEVELS[LEVELS.indexOf(level) + 1], out = [];
    if (below) this.data.units[below].up.forEach((up, i) => up === index && out.push(i));
    return out;
  }

  /*
   * Which units of a level have a tag (or, with `within`, lie in that unit): their own, or inherited from the unit
   * above that has it; a unit above the tag's own level has it where one of its units does.
   */
  tagged(level, of, tagLevel) {
    const has = new Uint8Array(this.n[level]), own = new Uint8Array(this.n[tagLevel]);
    for (const i of of) own[i] = 1;
    const at = LEVELS.indexOf(level), to = LEVELS.indexOf(tagLevel);
    if (at >= to)
      for (let i = 0; i < has.length; i++) {
        let up = i;
        for (let l = at; l > to && up >= 0; l--) up = this.data.units[LEVELS[l]].up[up];
        if (up >= 0) has[i] = own[up];
      }
    else
      for (let i = 0; i < own.length; i++) {
        if (!own[i]) continue;
        let up = i;
        for (let l = to; l > at && up >= 0; l--) up = this.data.units[LEVELS[l]].up[up];
        if (up >= 0) has[up] = 1;
      }
    return has;
  }

  /*
   * Units that match every word of the query: exact names first, larger units first. Where none does, words are
   * taken apart, so that 「臺東蘭嶼」 and 「紅頭蘭嶼」 find what 「臺東縣蘭嶼鄉紅頭村」 is called.
   */
  search(query, limit) {
    const words = query.trim().split(/\s+/).map(folded).filter(Boolean);
    if (!words.length) return { hits: [], total: 0 };
    this.index ||= this._index();
    const apart = (word, all) => {
      if (all.includes(word)) return true;
      for (let at = 2; at <= word.length - 2; at++) if (all.includes(word.slice(0, at)) && apart(word.slice(at), all)) return true;
      return false;
    };
    let fits = this.index.filter((entry) => words.every((word) => entry.all.includes(word)));
    if (!fits.length) fits = this.index.filter((entry) => words.every((word) => apart(word, entry.all)));
    const near = (names, w) => (names.includes(w) ? 0 : names.some((n) => n.startsWith(w)) ? 1 : names.some((n) => n.includes(w)) ? 2 : names.some((n) => n.length > 1 && (w.endsWith(n) || w.startsWith(n))) ? 3 : 4);
    const hits = fits.map((entry) => [Math.min(...words.map((w) => near(entry.names, w))) * 4 + entry.rank, entry]);
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
