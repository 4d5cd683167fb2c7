/* The strip: the legend in one line over the map, there as long as the whole legend is out of sight. */

Object.assign(WORDS.zh, { stripHatched: "斜線", stripOf: (title, classes) => `圖例：${title}。${classes}` });
Object.assign(WORDS.en, { stripHatched: "hatched", stripOf: (title, classes) => `Legend: ${title}. ${classes}` });

const STRIP = { least: 26, gap: 7, lead: 64, frame: 18, beside: 20, besideZoom: 84, lowest: 320 }; // pixels: of a class, between figures, of a side's name; what the frame and the map take; of a window that has room for it
const stripWidth = (text) => [...text].reduce((sum, char) => sum + (char >= "\u2e80" ? 11 : 6.4), 0);

class Strip {
  constructor(legend) { Object.assign(this, { legend, view: legend.view }); }

  /* Anew for what is shown; `whole` is the legend that it stands in for, null where there is none. */
  draw(whole) {
    const { view } = this;
    if (!view.source.panel) return;
    this.watch ||= new IntersectionObserver((seen) => {
      this.away = seen.at(-1).intersectionRatio < 0.3;
      this._show();
    }, { threshold: [0, 0.3] });
    this.watch.disconnect();
    this.whole = whole;
    if (whole) this.watch.observe(whole);
    if (!this.control) {
      this.control = L.control({ position: "bottomleft" });
      this.control.onAdd = () => (this.node = el("div", { class: "ns-root ns-strip", role: "img", hidden: true }));
      this.control.addTo(view.map);
      view.map.on("resize", (this.resized = () => this.draw(this.whole)));
      this.sized = new ResizeObserver(() => this._room());
      this.sized.observe(this.node);
    }
    this.sides = whole && !view.plain ? view.sides.map((_, side) => side).filter((side) => !side || view.sides[1].indicator !== view.indicator).filter((side) => view.classes(side).known) : [];
    this.node.lang = view.lang === "zh" ? "zh-Hant-TW" : "en";
    this.node.setAttribute("aria-label", this.sides.map((side) => this._said(side)).join(" "));
    this.node.replaceChildren(...this.sides.map((side) => this._side(side)).flat().filter(Boolean));
    this._show();
  }

  close() {
    if (!this.control) return;
    for (const each of [this.watch, this.sized]) each.disconnect();
    this.view.map.off("resize", this.resized);
    this.control.remove();
    this.control = null;
    this.view.map.getContainer().style.removeProperty("--strip");
  }

  /* In a low window it would lie over half of the land; the legend is in the panel, a press away. */
  _show() { this.node.hidden = !this.away || !this.sides.length || window.innerHeight < STRIP.lowest; }

  /* What else stands at the foot of the map makes room. */
  _room() { this.view.map.getContainer().style.setProperty("--strip", this.node.offsetHeight ? this.node.offsetHeight + 8 + "px" : "0px"); }

  /* Classes from the lowest up, then what is not known and where there is nothing to measure. */
  _order(classes) { return [...classes.colours.keys(), -1, ...(classes.counts.get(-3) ? [-3] : [])]; }

  _unit(side) {
    const { indicator } = this.view.sides[side];
    return indicator.kind === "share" ? "%" : this.view.unit(indicator);
  }

  /* The year is left to the names of the sides where there are two. */
  _title(side) {
    const { view } = this, { indicator, year } = view.sides[side], zh = view.lang === "zh";
    const dated = view.sides.length < 2 && view.model.years.length > 1, inside = [dated ? year : "", this._unit(side)].filter(Boolean).join(zh ? "，" : ", ");
    return view.text(indicator.name) + (inside && (zh ? `（${inside}）` : ` (${inside})`));
  }

  _said(side) {
    const { view, legend } = this, { indicator } = view.sides[side], classes = view.classes(side);
    const said = this._order(classes).map((c) => legend._label(c, classes, indicator, side) + (c === -1 ? (view.lang === "zh" ? `（${view.words.stripHatched}）` : ` (${view.words.stripHatched})`) : ""));
    return view.words.stripOf(this._title(side), said.join(view.lang === "zh" ? "、" : ", "));
  }

  _side(side) {
    const { view, legend } = this, W = view.words, { indicator } = view.sides[side], classes = view.classes(side), { edges, colours, method } = classes;
    const each = method === "values" || !edges.length, texts = each ? [...colours.keys()].map((c) => legend._label(c, classes, indicator, side)) : edges.map((edge) => this._edge(edge));
    const two = view.sides.length > 1 && view.sides[1].indicator !== view.indicator; // their names stand beside the divider
    const apart = this._order(classes).slice(colours.length).map((c) => [c, legend._label(c, classes, indicator, side)]), map = view.map.getSize().x;
    const room = map - (window.innerWidth < 760 ? STRIP.besideZoom : STRIP.beside) - STRIP.frame - (two ? STRIP.lead : 0) - apart.reduce((sum, [, text]) => sum + 8 + Math.max(30, stripWidth(text)), 0);
    const widest = STRIP.gap + Math.max(...texts.map(stripWidth)), wide = Math.max(10, Math.min(Math.max(STRIP.least, widest), Math.floor(room / colours.length)));
    const every = Math.ceil(widest / wide); // where figures are wider than classes, not each one is said
    const patch = (c, text, kind, style = {}) => {
      const node = swatch(view, classes, c);
      if (side === 0 && view.hidden.has(c)) node.classList.add("ns-off");
      return el("span", { class: "ns-strip-class" + kind, style }, node, el("small", {}, text));
    };
    return [
      two ? null : el("p", { class: "ns-strip-title" }, this._title(side)),
      el("p", { class: "ns-strip-row" + (each ? " ns-strip-each" : "") },
        two ? el("span", { class: "ns-strip-lead" }, el("b", { class: "ns-which" }, side ? W.rightSide : W.leftSide), el("small", {}, this._unit(side))) : null,
        [...colours.keys()].map((c) => patch(c, c < texts.length && c % every === 0 ? texts[c] : "", "", { width: wide + "px" })),
        apart.map(([c, text]) => patch(c, text, " ns-strip-apart")))];
  }

  /* An edge as short as can be. */
  _edge(value) {
    const { lang } = this.view;
    if (Math.abs(value) < 10000) return figure(value, lang);
    return new Intl.NumberFormat(lang === "zh" ? "zh-TW" : "en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
  }
}
