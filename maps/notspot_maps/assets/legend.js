/* The legend: what the colours mean and how many units have each; also the filter by class, and the choice of classes. */

Object.assign(WORDS.zh, {
  patterns: "圖樣", patternsHint: "各級除顏色外另以圖樣區分", classing: "分級", usual: (name) => `預設（${name}）`, howMany: "級數", ownEdges: "分級界線", ownHint: "由小到大，以逗號或空格分開，1 至 6 個數字",
  notEdges: "請輸入 1 至 6 個數字", apply: "套用", fewer: (n) => `數值只足以分成 ${n} 級`, leftOut: (n) => `篩選條件排除 ${n} 個單位`, nClasses: (name, n) => `${name}，${n} 級`, otherSide: "右側圖例", thisSide: "左側圖例", uncoloured: "網格圖層開啟中：行政區不著色，本圖例僅供對照。",
});
Object.assign(WORDS.en, {
  patterns: "Patterns", patternsHint: "Tell the classes apart by pattern as well as by colour", classing: "Classes", usual: (name) => `As given (${name})`, howMany: "How many", ownEdges: "Edges between classes", ownHint: "1 to 6 rising numbers, with commas or blanks between them",
  notEdges: "1 to 6 numbers are needed", apply: "Apply", fewer: (n) => `The values bear no more than ${n} classes`, leftOut: (n) => `${n} units are left out by the filters`, nClasses: (name, n) => `${name}, ${n} classes`, otherSide: "Legend, right side", thisSide: "Legend, left side", uncoloured: "A raster is on: units are not coloured, and this legend is for reference only.",
});

const pictured = new Map();
function patternImage(c, count) {
  const key = c + "/" + count;
  if (!pictured.has(key)) pictured.set(key, PATTERNS.css(c, count));
  return pictured.get(key);
}

/* A patch of a class as the map fills it: colour, pattern, hatch, and round it a line that is 3:1 from the colour. */
function swatch(view, classes, c) {
  const colour = c >= 0 ? classes.colours[c] : null;
  return el("span", {
    class: "ns-swatch" + (c === -1 ? " ns-hatch" : "") + (colour && rimOf(colour) === RIM.paper ? " ns-rim" : ""), "aria-hidden": "true",
    style: colour ? { backgroundColor: colour, ...(view.patterns ? { backgroundImage: patternImage(c, classes.colours.length), backgroundSize: PATTERN_SIDE.tile + "px" } : {}) } : {},
  });
}

const isKnown = (cell) => Boolean(cell) && [cell.v, cell.low, cell.high].some((each) => each !== null);

/* Whether anything is known of the nation, in any year. */
const ofNation = ({ nation }) => Boolean(nation) && [nation, ...Object.values(nation.past || {})].some(isKnown);

/* Why no unit has a figure to colour it by. */
function whyPlain({ words, model, indicator, year }) {
  if (isKnown(model.nation(indicator, year))) return words.onlyNation;
  return Object.keys(indicator.levels).length || ofNation(indicator) ? words.noYear(year) : words.noneAtAll;
}

class Legend {
  constructor(panel) {
    Object.assign(this, { panel, view: panel.view, open: false });
    this.strip = new Strip(this);
  }

  close() { this.strip.close(); }

  draw(node) {
    this._draw(node);
    this.strip.draw(node.querySelector(".ns-classes"));
  }

  _draw(node) {
    const { view } = this, W = view.words, { indicator } = view;
    const focus = document.activeElement && document.activeElement.dataset.ns;
    if (!indicator) return node.replaceChildren();
    const classes = view.classes(), two = view.sides && view.sides.length > 1;
    if (!classes.known) {
      node.replaceChildren(...[el("p", { class: "ns-note" }, whyPlain(view)), two ? this._other() : null].filter(Boolean));
      return null;
    }
    const same = two && view.sides[1].indicator === indicator, columns = same ? [classes, view.classes(1)] : [classes];
    const nothing = columns.some((each) => each.counts.get(-3)), count = view.count ? view.count() : null;
    const order = [...[...classes.colours.keys()].reverse(), -1, ...(nothing ? [-3] : [])];
    node.replaceChildren(...[
      el("div", { class: "ns-legend-head" },
        el("h2", { class: "ns-h" }, this._title(two && !same ? W.thisSide : W.legend, indicator), el("span", { class: "ns-hint" }, W.legendHint)),
        el("button", { type: "button", class: "ns-quiet ns-patterns", "aria-pressed": String(Boolean(view.patterns)), title: W.patternsHint, "data-ns": "patterns", on: { click: () => view.usePatterns(!view.patterns) } }, W.patterns)),
      same ? el("p", { class: "ns-columns", "aria-hidden": "true" }, view.sides.map((side) => el("span", {}, String(side.year)))) : null,
      view.plain ? el("p", { class: "ns-note" }, W.uncoloured) : null,
      el("ul", { class: "ns-classes" }, order.map((c) => this._row(c, columns, indicator))),
      this._unsure(classes),
      count && count.left < count.all ? el("p", { class: "ns-unsure" }, W.leftOut(number(count.all - count.left, view.lang, 0))) : null,
      this._classing(classes),
      two && !same ? this._other() : null].filter(Boolean));
    const again = focus && node.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus();
    return null;
  }

  _title(word, indicator) {
    const { view } = this, unit = view.unit(indicator);
    return unit ? (view.lang === "zh" ? `${word}（${unit}）` : `${word} (${unit})`) : word;
  }

  _unsure(classes) {
    const { view } = this;
    return classes.unsure ? el("p", { class: "ns-unsure" }, el("span", { class: "ns-swatch ns-dots", "aria-hidden": "true" }), `${view.words.wide} ${number(classes.unsure, view.lang, 0)}`) : null;
  }

  _row(c, columns, indicator) {
    const { view } = this, counts = columns.map((each) => number(each.counts.get(c) || 0, view.lang, 0));
    const counted = el("span", { class: "ns-count" }, counts.map((text) => el("span", {}, text)));
    return el("li", {}, el("button", {
      type: "button", class: "ns-class", "aria-pressed": String(!view.hidden.has(c)), "data-class": c, "data-ns": "class" + c, on: { click: () => view.toggle(c) },
    }, swatch(view, columns[0], c), el("span", { class: "ns-range" }, this._label(c, columns[0], indicator)), counted));
  }

  /* What a class holds, in words. */
  _label(c, classes, indicator, side = 0) {
    const { view } = this, W = view.words, { edges } = classes;
    if (c < 0) return c === -3 ? W.nothing : W.unknown;
    if (classes.method === "values") {
      const at = classes.of.indexOf(c);
      if (at < 0) return "–";
      const v = view.cell({ level: view.level, index: at }, side).cell.v;
      return indicator.kind === "existence" && view.level !== "county" && v <= 1 ? (v ? W.yes : W.no) : view.value(v, false, indicator);
    }
    if (!edges.length) return W.all;
    const edge = (v) => figure(v, view.lang) + (indicator.kind === "share" ? " %" : "");
    return c === 0 ? `≤ ${edge(edges[0])}` : c === edges.length ? `> ${edge(edges[c - 1])}` : `${edge(edges[c - 1])} – ${edge(edges[c])}`;
  }

  /* The right side's legend, where it shows another indicator: to read, not to press. */
  _other() {
    const { view } = this, W = view.words, { indicator } = view.sides[1], classes = view.classes(1);
    if (!classes.known) return null;
    const order = [...[...classes.colours.keys()].reverse(), -1, ...(classes.counts.get(-3) ? [-3] : [])];
    return el("section", { class: "ns-second-legend" },
      el("h2", { class: "ns-h" }, this._title(W.otherSide, indicator), el("span", { class: "ns-legend-side" }, view.titleOf(1))),
      el("ul", { class: "ns-classes" }, order.map((c) => el("li", { class: "ns-class" }, swatch(view, classes, c),
        el("span", { class: "ns-range" }, this._label(c, classes, indicator, 1)), el("span", { class: "ns-count" }, number(classes.counts.get(c) || 0, view.lang, 0))))),
      this._unsure(classes));
  }

  /* ---- the choice of classes */

  _classing(classes) {
    const { view } = this, W = view.words, { indicator } = view, id = this.panel.id + "-classing";
    const choice = (view.classing && view.classing.get(indicator.id)) || null, kind = this._kind(choice), given = indicator.levels[view.level];
    const { target, nation } = centres(indicator), rule = ruleEdges(indicator), many = classes.colours.length;
    const kinds = ["", "quantiles", "natural", ...(rule.length ? ["fixed"] : []), ...(target === null ? [] : ["target"]), ...(nation === null ? [] : ["nation"]), "own"];
    const named = (name) => W.methods[name] || view.text(view.model.data.methods[name]);
    const usual = given ? (given.method === "diverging" ? "target" : given.method) : "quantiles";
    const shown = !choice || classes.method === "values" ? (classes.method === "diverging" ? "target" : classes.method) : kind;
    const method = el("select", { id: id + "-method", "data-ns": "classing-method", on: { change: (event) => this._choose(event.target.value, choice) } },
      kinds.map((each) => el("option", { value: each, selected: each === kind }, each ? named(each) : W.usual(named(usual)))));
    const count = el("select", { id: id + "-count", "data-ns": "classing-count", on: { change: (event) => this._choose(kind, { ...choice, count: Number(event.target.value) }) } },
      [3, 4, 5, 6, 7].map((each) => el("option", { value: each, selected: each === (choice && choice.count) }, String(each))));
    const own = kind === "own" ? this._own(id, choice) : null;
    const counted = ["quantiles", "natural", "target", "nation"].includes(kind);
    return el("details", { class: "ns-classing", open: this.open, on: { toggle: (event) => (this.open = event.target.open) } },
      el("summary", { "data-ns": "classing" }, el("span", {}, W.classing), view.lang === "zh" ? "：" : ": ", W.nClasses(named(shown), many), classes.method === "values" ? "" : (view.lang === "zh" ? "；" : "; ") + W.upTo),
      el("div", { class: "ns-classing-body" },
        el("div", { class: "ns-field" }, el("label", { for: id + "-method" }, W.classing), method),
        counted ? el("div", { class: "ns-field ns-narrow" }, el("label", { for: id + "-count" }, W.howMany), count) : null,
        own, counted && many < choice.count && choice.method !== "diverging" ? el("p", { class: "ns-unsure" }, W.fewer(many)) : null));
  }

  _kind(choice) {
    if (!choice) return "";
    const { target, nation } = centres(this.view.indicator), rule = ruleEdges(this.view.indicator);
    if (choice.method === "fixed") return this.own !== this.view.indicator && rule.length && (!choice.edges.length || choice.edges.join() === rule.join()) ? "fixed" : "own";
    if (choice.method === "diverging") return nation !== null && (choice.centre === nation || target === null) ? "nation" : "target";
    return choice.method;
  }

  _choose(kind, before) {
    const { view } = this, { indicator } = view, { target, nation } = centres(indicator), { edges } = view.classes();
    const count = before && before.count ? before.count : kind === "target" ? 6 : USUAL;
    const made = {
      quantiles: { method: "quantiles", count }, natural: { method: "natural", count }, fixed: { method: "fixed", edges: ruleEdges(indicator) },
      target: { method: "diverging", count, centre: target }, nation: { method: "diverging", count, centre: nation },
      own: { method: "fixed", edges: edges.length ? edges.map((edge) => readable(edge, 4)) : ruleEdges(indicator) },
    }[kind];
    this.own = kind === "own" ? indicator : null; // even where the edges are those of the rule
    view.classify(made || null);
  }

  _own(id, choice) {
    const { view } = this, W = view.words, wrong = el("p", { id: id + "-wrong", class: "ns-unsure", role: "alert" });
    const input = el("input", { id: id + "-edges", type: "text", inputmode: "text", autocomplete: "off", "data-ns": "classing-edges", "aria-describedby": `${id}-hint ${id}-wrong`, on: {
      change: () => apply(), keydown: (event) => event.key === "Enter" && apply(),
    } });
    let sent = (choice.edges || []).join();
    const apply = () => {
      const parts = input.value.normalize("NFKC").replace(/%/g, "").split(/[\s,;、]+/).filter(Boolean), edges = soundEdges(parts.map(Number));
      const bad = !edges.length || parts.length > MOST - 1 || parts.some((part) => !Number.isFinite(Number(part)));
      input.setAttribute("aria-invalid", String(bad));
      wrong.textContent = bad ? W.notEdges : "";
      if (!bad && edges.join() !== sent) {
        sent = edges.join(); // the field changes once more as it leaves the page
        this.own = view.indicator;
        view.classify({ method: "fixed", edges });
      }
    };
    input.value = (choice.edges || []).join(", ");
    return el("div", { class: "ns-field" }, el("label", { for: id + "-edges" }, W.ownEdges), el("div", { class: "ns-edges" }, input, el("button", { type: "button", "data-ns": "classing-apply", on: { click: () => apply() } }, W.apply)),
      el("p", { id: id + "-hint", class: "ns-hint" }, W.ownHint), wrong);
  }
}
