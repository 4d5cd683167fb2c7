/* Overlays in the panel: switches, legends, the places and routes of the unit that is selected. */

const LISTED = 200; // places of a list

Object.assign(Overlays.prototype, {
  draw(node) {
    this.node = node;
    if (!this.all.length) return node.replaceChildren();
    const { view } = this, W = view.words, focus = node.contains(document.activeElement) ? document.activeElement.dataset.ns : null;
    const open = this.on.size > 0 || this.all.some((overlay) => overlay.given);
    if (open && !this.unfolded) view.panel.unfolded.add("overlays");
    this.unfolded ||= open;
    const list = el("ul", { class: "ns-over-list" }, this.listed.map((overlay) => this._item(overlay)));
    node.replaceChildren(view.panel.fold("overlays", W.overlaysOf(this.all.length, this.on.size), this._chosen(), list, this._within()));
    const again = focus && node.querySelector(`[data-ns="${CSS.escape(focus)}"]`);
    if (again) again.focus({ preventScroll: true });
    return null;
  },

  _item(overlay) {
    const { view } = this, W = view.words, box = `${view.panel.id}-over-${overlay.id}`, on = this.on.has(overlay.id), kind = W[{ raster: "overRaster", points: "overPoints", lines: "overLines" }[overlay.kind]];
    return el("li", { class: "ns-over" },
      el("div", { class: "ns-over-row" },
        el("input", { type: "checkbox", id: box, checked: on, "data-ns": "over-" + overlay.id, on: { change: (event) => this.toggle(overlay, event.target.checked) } }),
        el("label", { for: box }, el("small", { style: { margin: 0 } }, kind + (view.lang === "zh" ? "：" : ": ")), view.text(overlay.name), overlay.sensitive ? el("small", { style: { margin: 0 } }, view.lang === "zh" ? `（${W.overExact}）` : ` (${W.overExact})`) : null)),
      on ? el("div", { class: "ns-over-body" }, this["_" + overlay.kind](overlay), overlay.note ? el("p", { class: "ns-note" }, view.text(overlay.note)) : null,
        this._source(overlay, this.service(overlay)) ? el("p", { class: "ns-tip-source" }, `${W.source} ${this._source(overlay, this.service(overlay))}`) : null) : null);
  },

  _raster(overlay) {
    const { view } = this, W = view.words, state = this.on.get(overlay.id), id = `${view.panel.id}-opacity-${overlay.id}`;
    const rows = overlay.shades.map(([zh, en, colour, kind], code) => {
      if (!zh) return null; // one of the colours of a name that stands above
      const same = [colour, ...overlay.shades.slice(code + 1).filter((each) => !each[0]).map((each) => each[2])], many = !overlay.shades[code + 1] || overlay.shades[code + 1][0] ? [colour] : same;
      return el("li", { "data-code": code }, el("span", { class: "ns-over-swatches" }, code === 0 ? el("span", { class: "ns-swatch ns-hatch", "aria-hidden": "true" }) : many.map((each) =>
        el("span", { class: "ns-swatch" + (many.length > 1 ? " ns-thin" : ""), style: { background: blended(each, state.opacity / 100) }, "aria-hidden": "true" }))), el("span", {}, view.text([zh, en])));
    });
    const output = el("output", { for: id }, `${state.opacity} %`);
    return [
      el("ul", { class: "ns-shades", "data-shades": overlay.id }, rows.slice(1), rows[0]),
      el("p", { class: "ns-method" }, `${W.overCellOf(this._metres(overlay.resolution))}${view.lang === "zh" ? "；" : "; "}${W.overNoFill}`),
      el("div", { class: "ns-opacity" }, el("label", { for: id }, W.overOpacity),
        el("input", { id, type: "range", min: 20, max: 100, step: 10, value: state.opacity, "data-ns": "opacity-" + overlay.id, on: {
          input: (event) => {
            state.opacity = Number(event.target.value);
            output.textContent = `${state.opacity} %`;
            this.paint();
          },
          change: () => {
            this.draw(this.node);
            view.write();
          },
        } }), output)];
  },

  _choice(overlay) {
    const { view } = this, W = view.words, id = `${view.panel.id}-service-${overlay.id}`, service = this.service(overlay);
    if (!service) return el("p", { class: "ns-method" }, W.overNoService);
    if (overlay.services.length === 1) return el("p", { class: "ns-over-service" }, view.text(service.name));
    return el("div", { class: "ns-field" }, el("label", { for: id }, W.overService),
      el("select", { id, "data-ns": "service-" + overlay.id, on: { change: (event) => {
        this.on.get(overlay.id).service = event.target.value;
        if (this.picked && this.picked.overlay === overlay) this.picked = null;
        this.paint();
        this.draw(this.node);
        view.write();
      } } }, overlay.services.map((each) => el("option", { value: each.id, selected: each === service }, view.text(each.name)))));
  },

  _points(overlay) {
    const { view } = this, W = view.words, service = this.service(overlay), counts = [0, 0, 0];
    if (service) for (const status of service.status) counts[Number(status)]++;
    const row = (status, count) => el("li", {}, markIcon(status), el("span", {}, status === null ? view.text(overlay.name) : W.overStatuses[status]), el("span", { class: "ns-count" }, number(count, view.lang, 0)));
    return [
      this._choice(overlay),
      el("ul", { class: "ns-shades" }, service ? [1, 0, 2].map((status) => row(status, counts[status])) : row(null, overlay.names.length)),
      overlay.lost ? el("p", { class: "ns-method" }, W.overLost(number(overlay.lost, view.lang, 0))) : null];
  },

  _lines(overlay) {
    const { view } = this, W = view.words, service = this.service(overlay), total = overlay.km.reduce((a, b) => a + b, 0);
    const row = (status, km) => el("li", {}, dashIcon(status), el("span", {}, status === null ? view.text(overlay.name) : W.overStatuses[status]), el("span", { class: "ns-count" }, this._km(km)));
    return [
      this._choice(overlay), el("ul", { class: "ns-shades" }, service ? [1, 0, 2].map((status) => row(status, service.lengths[status])) : row(null, total)),
      el("p", { class: "ns-method" }, W.overLineTo(this._metres(overlay.resolution)))];
  },

  _chosen() {
    const found = this.picked;
    if (!found) return null;
    const status = found.overlay.kind === "points" ? this.made.get(found.overlay.id).status(this.service(found.overlay), found.index) : found.status;
    return el("section", { class: "ns-over-picked", "aria-label": this.view.words.overPicked }, this._said({ ...found, status }));
  },

  /* Places and routes in the unit that is selected: the way to them without a mouse. */
  _within() {
    const { view } = this, W = view.words, unit = view.selected, marks = this.shown("points", "lines");
    if (!marks.length) return null;
    if (!unit) return el("p", { class: "ns-note" }, W.overChooseUnit);
    const name = isolated(view.model.name(unit.level, unit.index, view.lang)), [w, n, e, s] = view.model.boxes(unit.level)[unit.index];
    const inside = (x, y) => {
      if (x < w || x > e || y < n || y > s) return false;
      const at = view.model.shapes.at(x, y);
      return at >= 0 && view.model.of[unit.level][at] === unit.index;
    };
    const step = Math.min(e - w, s - n) / 8; // a route may cross the unit without a corner in it
    const out = [];
    for (const overlay of marks) {
      const made = this.made.get(overlay.id), service = this.service(overlay), found = [];
      for (let i = 0; i < made.n; i++) {
        if (overlay.kind === "points") {
          if (inside(made.x[i], made.y[i])) found.push({ overlay, index: i, status: made.status(service, i) });
        } else if (made.box[4 * i] <= e && made.box[4 * i + 2] >= w && made.box[4 * i + 1] <= s && made.box[4 * i + 3] >= n) {
          if (made.meets(i, [w, n, e, s], step, inside))
            found.push({ overlay, index: i, status: service ? made.pieces(service)[i].reduce((worst, piece) => (piece[0] === 0 || worst === 0 ? 0 : piece[0] === 2 ? 2 : worst), 1) : null });
        }
      }
      const order = { 0: 0, 2: 1, 1: 2, null: 3 }, collator = new Intl.Collator(view.lang === "zh" ? "zh-Hant-TW" : "en");
      found.sort((a, b) => order[a.status] - order[b.status] || collator.compare(this._name(a), this._name(b)) || a.index - b.index);
      if (!found.length) continue;
      out.push(el("h3", { class: "ns-h" }, `${view.text(overlay.name)} · ${number(found.length, view.lang, 0)}`),
        el("ul", { class: "ns-over-places" }, found.slice(0, LISTED).map((each) => this._entry(each, service, unit))),
        found.length > LISTED ? el("p", { class: "ns-method" }, W.overMore200(number(found.length, view.lang, 0))) : null);
    }
    const title = (this.shown("points").length ? W.overPlacesIn : W.overLinesIn)(name);
    return el("section", { class: "ns-over-within", "aria-label": title }, el("h3", { class: "ns-h" }, title), out.length ? out.filter(Boolean) : el("p", { class: "ns-method" }, W.overNothingIn));
  },

  _entry(found, service, unit) {
    const { view } = this, W = view.words, points = found.overlay.kind === "points", made = this.made.get(found.overlay.id);
    const chosen = this.picked && this.picked.overlay === found.overlay && this.picked.index === found.index;
    const said = points || !service ? this._word(found.status) : made.lengths(found.index, service).map((km, status) => (km > 0.05 ? `${W.overStatuses[status]} ${this._km(km)}` : "")).filter(Boolean).join(view.lang === "zh" ? "、" : ", ");
    return el("li", {}, el("button", { type: "button", class: chosen ? "ns-chosen" : null, "aria-pressed": String(Boolean(chosen)), "data-ns": `place-${found.overlay.id}-${found.index}`, on: { click: () => this.pick(found, unit, true) } },
      points ? markIcon(found.status) : dashIcon(found.status), el("span", {}, this._name(found), said ? el("small", {}, said) : null)));
  },
});
