/* The map by keyboard: arrow keys move the selection from unit to unit, Enter and Backspace go down and up. */

Object.assign(WORDS.zh, {
  map: "地圖", keysHint: "方向鍵：移到相鄰單位　Enter：往下一級　?：所有按鍵", keysTitle: "地圖按鍵", noNeighbour: "此方向沒有其他單位", bottom: "已是最下一級",
  keys: [
    ["↑ ↓ ← →", "選取該方向的相鄰單位"], ["Enter", "往下一級（縣市、鄉鎮市區、村里）"], ["Backspace、Esc", "往上一級"], ["Home", "全國"],
    ["Shift + 方向鍵", "移動地圖"], ["+ −", "放大、縮小"], ["Tab", "離開地圖"], ["?", "顯示或關閉本說明"],
  ],
});
Object.assign(WORDS.en, {
  map: "Map", keysHint: "Arrow keys: to the next unit · Enter: one level down · ?: all keys", keysTitle: "Keys of the map", noNeighbour: "No unit further that way", bottom: "There is no level below",
  keys: [
    ["↑ ↓ ← →", "select the neighbouring unit in that direction"], ["Enter", "one level down (county, township, village)"], ["Backspace, Esc", "one level up"], ["Home", "the whole nation"],
    ["Shift + arrow", "move the map"], ["+ −", "zoom in and out"], ["Tab", "leave the map"], ["?", "show or close this list"],
  ],
});

const ARROWS = { ArrowUp: 0, ArrowRight: 1, ArrowDown: 2, ArrowLeft: 3 };
const AHEAD = [[0, -1], [1, 0], [0, 1], [-1, 0]]; // of each of them, in pixels of the map

/*
 * Where the four arrows lead from each unit of a level: to[4 * unit + arrow], or -1.
 *
 * The neighbour across a shared border whose middle lies within 45 degrees of the arrow and is the least out of the
 * way; without one the nearest middle in that quarter, so that islands are reached. Every unit can be reached from
 * every other: the few that no arrow would lead to take the place of a target that is reached otherwise.
 */
class Moves {
  constructor(model, level) {
    const n = (this.n = model.n[level]);
    this.at = model.rings(level).map((rings) => model.shapes.middle(rings)); // names stand elsewhere, where there is room
    this.there = this.at.flatMap((at, i) => (at ? [i] : []));
    [this.x, this.y] = [0, 1].map((axis) => Float64Array.from(this.at, (at) => (at ? at[axis] : NaN)));
    this.beside = this._beside(model, model.of[level]);
    this.to = new Int32Array(4 * n).fill(-1);
    const orders = [0, 1].map((axis) => Int32Array.from(this.there).sort((a, b) => this.at[a][axis] - this.at[b][axis]));
    const places = orders.map((order) => order.reduce((places, unit, place) => ((places[unit] = place), places), new Int32Array(n)));
    for (const unit of this.there)
      for (let arrow = 0; arrow < 4; arrow++) {
        const axis = arrow % 2 ? 0 : 1;
        const near = this._across(unit, arrow);
        this.to[4 * unit + arrow] = near >= 0 ? near : this._nearest(unit, arrow, orders[axis], places[axis][unit]);
      }
    this._join();
  }

  _beside(model, of) {
    const { forward, backward, arcs } = model.shapes, beside = Array.from({ length: this.n }, () => new Set());
    for (let arc = 0; arc < arcs; arc++) {
      const one = forward[arc] < 0 ? -1 : of[forward[arc]], other = backward[arc] < 0 ? -1 : of[backward[arc]];
      if (one < 0 || other < 0 || one === other || !this.at[one] || !this.at[other]) continue;
      beside[one].add(other);
      beside[other].add(one);
    }
    return beside;
  }

  /* How far a unit's middle is ahead of another's, NaN where it is not within 45 degrees of the arrow; and aside. */
  _ahead(from, to, arrow) {
    const right = this.x[to] - this.x[from], down = this.y[to] - this.y[from];
    const ahead = arrow === 0 ? -down : arrow === 1 ? right : arrow === 2 ? down : -right;
    return ahead > 0 && (this.aside = Math.abs(arrow % 2 ? down : right)) <= ahead ? ahead : NaN;
  }

  _across(unit, arrow) {
    let best = -1, least = Infinity;
    for (const other of this.beside[unit]) {
      const far = this._ahead(unit, other, arrow) + 2 * this.aside;
      if (far < least) [best, least] = [other, far];
    }
    return best;
  }

  /* Units in the order of the arrow's axis, from the unit's own place on, as long as one can still be nearer. */
  _nearest(unit, arrow, order, place) {
    const step = arrow === 1 || arrow === 2 ? 1 : -1, axis = arrow % 2 ? this.x : this.y;
    let best = -1, least = Infinity;
    for (let i = place + step; i >= 0 && i < order.length; i += step) {
      const other = order[i];
      if (Math.abs(axis[other] - axis[unit]) >= least) break;
      const ahead = this._ahead(unit, other, arrow), far = Math.sqrt(ahead * ahead + this.aside * this.aside);
      if (far < least) [best, least] = [other, far];
    }
    return best;
  }

  /* Which units are reached from one, by arrows as they are or (back) against them. */
  _reached(root, back) {
    let next = this.to, first = null;
    if (back) {
      first = new Int32Array(this.n + 1);
      for (const to of this.to) if (to >= 0) first[to + 1]++;
      for (let i = 0; i < this.n; i++) first[i + 1] += first[i];
      const at = first.slice();
      next = new Int32Array(first[this.n]);
      this.to.forEach((to, i) => to >= 0 && (next[at[to]++] = i >> 2));
    }
    const seen = new Uint8Array(this.n), open = [root];
    seen[root] = 1;
    while (open.length) {
      const unit = open.pop(), from = back ? first[unit] : 4 * unit, end = back ? first[unit + 1] : from + 4;
      for (let i = from; i < end; i++)
        if (next[i] >= 0 && !seen[next[i]]) {
          seen[next[i]] = 1;
          open.push(next[i]);
        }
    }
    return seen;
  }

  /* Lead an arrow to each unit that none leads to, and one out of each that none leads out of. */
  _join() {
    if (this.there.length < 2) return;
    const into = new Int32Array(this.n);
    for (const to of this.to) if (to >= 0) into[to]++;
    const root = this.there.reduce((best, unit) => (into[unit] > into[best] ? unit : best));
    const state = () => {
      const ahead = this._reached(root, false), back = this._reached(root, true);
      return { ahead, back, both: this.there.filter((unit) => ahead[unit] && back[unit]).length };
    };
    let now = state();
    for (let tries = 0, left = null; now.both < this.there.length && tries < 500; ) {
      left = this.there.filter((unit) => !(now.ahead[unit] && now.back[unit]));
      const mended = left.some((unit) => {
        const others = this.there.filter((other) => other !== unit && (now.ahead[unit] ? now.back[other] : now.ahead[other]));
        const far = (other) => (this.beside[unit].has(other) ? 0 : 1e6) + Math.hypot(this.at[other][0] - this.at[unit][0], this.at[other][1] - this.at[unit][1]);
        const pairs = others.map((other) => [far(other), other]).sort((a, b) => a[0] - b[0]).slice(0, 12);
        return pairs.some(([, other]) => [0, 1, 2, 3].some((arrow) => {
          const [from, to] = now.ahead[unit] ? [unit, other] : [other, unit];
          if (!(this._ahead(from, to, arrow) > 0)) return false;
          const old = this.to[4 * from + arrow];
          this.to[4 * from + arrow] = to;
          tries++;
          const then = state();
          if (then.both > now.both) {
            now = then;
            return true;
          }
          this.to[4 * from + arrow] = old;
          return false;
        }));
      });
      if (!mended) break;
    }
  }
}

/* The unit an arrow (0 up, 1 right, 2 down, 3 left) leads to from a unit of a level, or -1. */
Model.prototype.neighbour = function (level, index, arrow) {
  this.moves ||= new Map();
  if (!this.moves.has(level)) this.moves.set(level, new Moves(this, level));
  return this.moves.get(level).to[4 * index + arrow];
};

class Keys {
  constructor(view) {
    this.view = view;
    this.box = view.map.getContainer();
    this.help = el("div", { class: "ns-root ns-keys", id: view.panel.id + "-keys" });
  }

  open() {
    const { map } = this.view;
    if (map.keyboard) map.keyboard.disable(); // or arrows would pan as well
    this.box.tabIndex = 0;
    this.box.setAttribute("aria-describedby", this.help.id);
    this.box.append(this.help);
    this.onkey = (event) => this._key(event);
    this.onfocus = () => this.relabel();
    this.onblur = () => this._list(false);
    this.box.addEventListener("keydown", this.onkey);
    this.box.addEventListener("focus", this.onfocus);
    this.box.addEventListener("blur", this.onblur);
    this.relabel();
  }

  close() {
    this.box.removeEventListener("keydown", this.onkey);
    this.box.removeEventListener("focus", this.onfocus);
    this.box.removeEventListener("blur", this.onblur);
    this.box.removeAttribute("aria-describedby");
    this.help.remove();
    if (this.view.map.keyboard) this.view.map.keyboard.enable();
  }

  /* The hint, or the list of all keys, in the language of the page. */
  relabel() {
    const W = this.view.words;
    this.help.replaceChildren(...(this.listed
      ? [el("b", {}, W.keysTitle), el("dl", {}, W.keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]))]
      : [W.keysHint]));
    this.help.lang = this.view.lang === "zh" ? "zh-Hant-TW" : "en";
    this.help.classList.toggle("ns-on", Boolean(this.listed));
  }

  _list(on) {
    if (Boolean(this.listed) === on) return;
    this.listed = on;
    this.relabel();
    if (on) this._say(this.view.words.keys.map(([key, what]) => `${key} ${what}`).join("；"));
  }

  _say(text) { this.view.panel.announce(text); }

  _key(event) {
    if (event.target !== this.box || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const { view } = this, { map } = view, arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      if (event.shiftKey) map.panBy(AHEAD[arrow].map((each) => each * 120), { animate: !this._still() });
      else this._move(arrow);
    } else if (event.key === "Enter") this._down();
    else if (event.key === "Escape" && this.listed) this._list(false);
    else if ((event.key === "Escape" || event.key === "Backspace") && view.selected) view.up();
    else if (event.key === "Home") this._nation();
    else if (event.key === "+" || event.key === "=") this._zoom(1);
    else if (event.key === "-" || event.key === "_") this._zoom(-1);
    else if (event.key === "?") this._list(!this.listed);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  _still() { return window.matchMedia("(prefers-reduced-motion: reduce)").matches; }

  _move(arrow) {
    const { view } = this, { model, selected } = view;
    if (!selected) return this._take(this._central());
    const to = model.neighbour(selected.level, selected.index, arrow);
    return to < 0 ? this._say(view.words.noNeighbour) : this._take({ level: selected.level, index: to });
  }

  /* The unit of the drawn level whose middle is nearest to the middle of the map. */
  _central() {
    const { view } = this, { x, y } = view.map.project(view.map.getCenter(), 0);
    return this._nearest(view.level, Array.from({ length: view.model.n[view.level] }, (_, i) => i), x, y);
  }

  _nearest(level, units, x, y) {
    let best = null, least = Infinity;
    for (const index of units) {
      const at = this.view.model.middle(level, index);
      if (at && Math.hypot(at[0] - x, at[1] - y) < least) [best, least] = [{ level, index }, Math.hypot(at[0] - x, at[1] - y)];
    }
    return best;
  }

  /* Select a unit, bring it into the picture if it is not, and say it. */
  _take(place, follow = true) {
    const { view } = this;
    if (!place) return;
    view.select(place, { move: false, say: false });
    if (follow) this._follow(place);
    this._say(view.sentence(place));
  }

  /* Move the map as little as shows the whole unit, or, where it is larger than the map, its middle. */
  _follow({ level, index }) {
    const { map, model } = this.view, size = map.getSize(), margin = Math.min(48, size.x / 6, size.y / 6);
    const [west, north, east, south] = model.boxes(level)[index], middle = model.middle(level, index);
    const seen = (x, y) => map.latLngToContainerPoint(map.unproject(L.point(x, y), 0));
    const from = seen(west, north), to = seen(east, south), at = seen(...middle);
    const off = ["x", "y"].map((axis) => {
      const most = size[axis] - margin, [low, high] = to[axis] - from[axis] > most - margin ? [at[axis], at[axis]] : [from[axis], to[axis]];
      return low < margin ? low - margin : high > most ? high - most : 0;
    });
    if (off[0] || off[1]) map.panBy(off, { animate: !this._still() });
  }

  /* Into the unit: all of it in the picture, and the child in its middle selected. */
  _down() {
    const { view } = this, { model, selected } = view;
    if (!selected) return this._take(this._central());
    const level = LEVELS[LEVELS.indexOf(selected.level) + 1], children = level ? model.children(selected.level, selected.index) : [];
    if (!children.length) return this._say(view.words.bottom);
    view.drill(selected);
    return this._take(this._nearest(level, children, ...model.middle(selected.level, selected.index)), false);
  }

  _nation() {
    this.view.select(null, { move: true });
    this._say(this.view.sentence(null));
  }

  /* Zoom about what is selected. */
  _zoom(by) {
    const { view } = this, { map, selected } = view, zoom = map.getZoom() + by;
    const at = selected && view.model.middle(selected.level, selected.index);
    const point = at && map.unproject(L.point(at), 0), seen = point && map.getBounds().contains(point);
    if (seen) map.setZoomAround(point, zoom, { animate: !this._still() });
    else map.setZoom(zoom, { animate: !this._still() });
  }
}
