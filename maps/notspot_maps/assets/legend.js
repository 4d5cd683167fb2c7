/* The legend, which is also the class filter. */

class Legend {
  constructor(panel) { Object.assign(this, { panel, view: panel.view }); }

  draw(node) {
    const { view } = this, W = view.words, { indicator } = view;
    const focus = document.activeElement && document.activeElement.dataset.ns;
    if (!indicator) return node.replaceChildren();
    const classes = view.classes(), { edges, colours } = classes;
    if (!classes.known) {
      node.replaceChildren(el("p", { class: "ns-note" }, W.onlyNation));
      return null;
    }
    const edge = (v) => figure(v, view.lang) + (indicator.kind === "share" ? " %" : "");
    const only = [...classes.counts.keys()].filter((c) => c >= 0).length;
    const label = (c) => {
      if (c < 0) return c === -3 ? W.nothing : W.unknown;
      if (classes.method === "values") {
        const at = classes.of.indexOf(c);
        const v = at < 0 ? null : view.model.cell(indicator, view.level, at).v;
        return at < 0 ? "–" : indicator.kind === "existence" && view.level !== "county" && v <= 1 ? (v ? W.yes : W.no) : view.value(v);
      }
      if (only === 1) return W.all;
      return c === 0 ? `≤ ${edge(edges[0])}` : c === edges.length ? `> ${edge(edges[c - 1])}` : `${edge(edges[c - 1])} – ${edge(edges[c])}`;
    };
    const row = (c) => el("li", {}, el("button", {
      type: "button", class: "ns-class", "aria-pressed": String(!view.hidden.has(c)), "data-class": c, "data-ns": "class" + c, on: { click: () => view.toggle(c) },
    }, el("span", { class: "ns-swatch" + (c === -1 ? " ns-hatch" : ""), style: c < 0 ? {} : { background: colours[c] }, "aria-hidden": "true" }),
    el("span", { class: "ns-range" }, label(c)), el("span", { class: "ns-count" }, number(classes.counts.get(c) || 0, view.lang, 0))));
    const order = [...colours.keys()].reverse();
    const method = view.text(view.model.data.methods[classes.method]) + (classes.method === "values" ? "" : `；${W.upTo}`.replace("；", view.lang === "zh" ? "；" : "; "));
    node.replaceChildren(...[
      el("h2", { class: "ns-h" }, view.unit() ? `${W.legend}（${view.unit()}）`.replace("（", view.lang === "zh" ? "（" : " (").replace("）", view.lang === "zh" ? "）" : ")") : W.legend,
        el("span", { class: "ns-hint" }, W.legendHint)),
      el("ul", { class: "ns-classes" }, order.map(row), row(-1), ...(classes.counts.get(-3) ? [row(-3)] : [])),
      classes.unsure ? el("p", { class: "ns-unsure" }, el("span", { class: "ns-swatch ns-dots", "aria-hidden": "true" }), `${W.wide} ${classes.unsure}`) : null,
      el("p", { class: "ns-method" }, method)].filter(Boolean));
    const again = focus && node.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus();
    return null;
  }
}
