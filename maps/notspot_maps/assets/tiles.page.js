/* The page: panel, legend with totals, what is under the pointer, jumps, address. */

const VIEWS = {
  taiwan: [[21.85, 119.9], [25.35, 122.1]],
  penghu: [[23.17, 119.28], [23.82, 119.75]],
  kinmen: [[24.35, 118.1], [24.56, 118.52]],
  matsu: [[25.9, 119.85], [26.42, 120.55]],
};

class TilesPage {
  constructor(given) {
    this.given = given; // {file, title, land}
    this.lang = given.lang;
    this.read();
    this.map = L.map("ns-t-map", { zoomControl: false, attributionControl: false, minZoom: 6, maxZoom: 19, zoomSnap: 1, worldCopyJump: false, maxBounds: [[10, 108], [36, 132]], fadeAnimation: false });
    this.zoom = L.control.zoom({ position: "topright" }).addTo(this.map);
    this.scale = L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    this.land = new LandLayer(given.land, () => this.lang).addTo(this.map);
    if (this.asked) this.map.setView([this.asked[1], this.asked[2]], this.asked[0]);
    else this.map.fitBounds(VIEWS.taiwan);
    this.frame();
    this.listen();
    if (typeof DecompressionStream === "undefined") this.fail(new ArchiveError("browser"));
    else if (location.protocol === "file:") this.fail(new ArchiveError("disk")); // asking would only fill the console
    else this.open(new UrlSource(new URL(given.file, location.href).href), given.file);
  }

  get words() {
    return this.info && this.info.hexagons ? { ...TILE_WORDS[this.lang], ...HEXAGON_WORDS[this.lang] } : TILE_WORDS[this.lang];
  }

  say(pair) {
    return pair[this.lang === "en" ? 1 : 0] || pair[0] || pair[1];
  }

  async open(source, file) {
    this.file = file;
    this.error = null;
    this.draw();
    try {
      const archive = await Archive.open(source);
      this.close();
      this.archive = archive;
      this.info = archive.metadata.notspot;
      this.layer = new TilesLayer(archive).addTo(this.map);
      if (this.by && this.info.weight) this.layer.by = this.by;
      this.layer.on("loading", () => {
        if (!this.soft) return;
        this.soft = this.error = null;
        this.draw();
      });
      this.layer.on("failed", ({ error }) => this.fail(error, true));
      this.layer.on("load", () => {
        performance.mark("notspot-tiles-loaded");
        this.map.getContainer().dataset.loaded = "1";
        this.look(true);
      });
      this.draw();
    } catch (error) {
      this.close(); // or what is half open would be drawn
      this.fail(error);
    }
  }

  close() {
    if (this.layer) this.layer.remove();
    delete this.map.getContainer().dataset.loaded;
    this.layer = this.archive = this.info = this.found = null;
    this.point(null);
  }

  fail(error, kept = false) {
    this.error = error.kind ? error : new ArchiveError("format", error.message);
    this.soft = kept && !["changed", "short", "format"].includes(this.error.kind);
    this.draw();
  }

  listen() {
    const { map } = this, box = map.getContainer();
    map.on("mousemove", ({ latlng }) => (this.pointer = latlng, this.soon()));
    map.on("mouseout", () => (this.pointer = null, this.tip.hidden = true));
    map.on("click", ({ latlng }) => this.choose(latlng, L.Browser.mobile ? 22 : 8));
    map.on("moveend", () => (this.write(), this.look(true)));
    box.addEventListener("keydown", () => (this.keys = true, box.classList.add("ns-t-keys")));
    box.addEventListener("pointerdown", () => (this.keys = false, box.classList.remove("ns-t-keys")));
    box.addEventListener("blur", () => box.classList.remove("ns-t-keys"));
    window.addEventListener("hashchange", () => {
      const lang = this.lang;
      this.read();
      if (this.asked) map.setView([this.asked[1], this.asked[2]], this.asked[0], { animate: false });
      if (lang !== this.lang) this.draw();
    });
  }

  soon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      if (this.pointer && this.layer) this.hover(this.pointer);
    });
  }

  hover(latlng) {
    const found = this.layer.at(latlng, 4);
    this.tip.hidden = !found;
    if (!found) return this.point(this.found);
    const at = this.map.latLngToContainerPoint(latlng), size = this.map.getSize();
    this.tip.replaceChildren(...this.facts(found, true));
    this.tip.style.left = Math.max(6, at.x > size.x - 240 ? at.x - 12 - this.tip.offsetWidth : at.x + 14) + "px";
    this.tip.style.top = Math.min(at.y + 14, size.y - this.tip.offsetHeight - 6) + "px";
    this.point(found);
  }

  choose(latlng, within) {
    if (!this.layer) return;
    this.found = this.layer.at(latlng, within);
    this.point(this.found);
    this.card(!this.found);
  }

  /* With the keyboard the place is the middle of the map. */
  look() {
    if (this.keys && this.layer) this.choose(this.map.getCenter(), 12);
    else if (this.found && this.foundZoom !== this.map.getZoom()) {
      this.found = null;
      this.point(null);
      this.card();
    }
  }

  /* A rim around a cell, hexagon or point. */
  point(found) {
    if (this.rim) this.rim.remove();
    this.rim = null;
    this.foundZoom = this.map.getZoom();
    if (!found) return;
    const style = { color: "#1f2933", weight: 2, fill: false, interactive: false };
    this.rim = found.ring ? L.polygon(found.ring, style) : found.bounds ? L.rectangle(found.bounds, style) : L.circleMarker(found.latlng, { ...style, radius: this.layer.radius(this.map.getZoom()) + 4 });
    this.rim.addTo(this.map);
  }

  // ---------------------------------------------------------------- the address

  read() {
    const given = new URLSearchParams(location.hash.slice(1)), at = (given.get("m") || "").split("/").map(Number);
    this.asked = at.length === 3 && at.every(Number.isFinite) && Math.abs(at[1]) < 85 ? [Math.min(19, Math.max(6, Math.round(at[0]))), at[1], at[2]] : null;
    if (given.get("lang") === "en" || given.get("lang") === "zh") this.lang = given.get("lang");
    this.by = given.get("w") === "1" ? "weight_" : "";
  }

  write() {
    const at = this.map.getCenter(), parts = [`m=${this.map.getZoom()}/${at.lat.toFixed(5)}/${at.lng.toFixed(5)}`];
    if (this.layer ? this.layer.by : this.by) parts.push("w=1");
    if (this.lang !== this.given.lang) parts.push("lang=" + this.lang);
    try {
      history.replaceState(null, "", "#" + parts.join("&"));
    } catch {
      /* inside a srcdoc frame there is no address to keep */
    }
  }

  // ---------------------------------------------------------------- the panel

  frame() {
    const box = this.map.getContainer();
    this.panel = document.getElementById("ns-panel");
    this.tip = node("div", { class: "ns-t-tip", hidden: true, "aria-hidden": "true" });
    this.cross = node("div", { class: "ns-t-cross", "aria-hidden": "true" });
    this.jumps = node("div", { class: "ns-t-jumps", role: "group" });
    box.append(this.tip, this.cross);
    box.parentNode.append(this.jumps);
    box.setAttribute("role", "application");
    this.here = node("div", { class: "ns-t-card", "aria-live": "polite" });
    this.chooser = node("input", { type: "file", id: "ns-t-file", accept: ".pmtiles", class: "ns-t-away", tabindex: "-1", "aria-hidden": "true" });
    this.chooser.addEventListener("change", () => {
      const [file] = this.chooser.files;
      if (file) this.open(new BlobSource(file), file.name);
      this.chooser.value = "";
    });
  }

  draw() {
    const W = this.words, { info } = this, cells = info && info.points_zoom >= this.map.getMinZoom(); // else never in view
    document.documentElement.lang = W.lang;
    this.map.getContainer().setAttribute("aria-label", W.map);
    for (const [side, words] of [["in", W.zoomIn], ["out", W.zoomOut]]) {
      const button = this.zoom.getContainer().querySelector(`.leaflet-control-zoom-${side}`);
      button.setAttribute("aria-label", words);
      button.title = words;
    }
    this.jumps.setAttribute("aria-label", W.jumps);
    this.jumps.replaceChildren(...Object.entries(VIEWS).map(([key, box]) => node("button", { type: "button", onclick: () => this.map.fitBounds(box) }, W.places[key])));
    const title = (info && this.say(info.title)) || this.say(this.given.title);
    document.title = title;
    const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.key : "";
    this.panel.replaceChildren(
      node("div", { class: "ns-t-head" },
        node("h1", {}, title),
        node("button", { type: "button", class: "ns-t-quiet", "data-key": "lang", lang: this.lang === "en" ? "zh-Hant-TW" : "en", title: W.change, onclick: () => this.turn() }, W.other)),
      node("div", { class: "ns-t-body", tabindex: "0", role: "group", "aria-label": W.legend },
        this.error ? this.trouble() : null,
        info ? [this.legend(), cells && info.weight ? this.measure() : null, this.here, cells ? this.classes() : null, this.about()] : this.error && !this.soft ? null : node("p", {}, W.loading),
        this.opener()),
    );
    this.card();
    if (focused) {
      const again = this.panel.querySelector(`[data-key="${focused}"]`);
      if (again) again.focus();
    }
    this.land.draw();
  }

  turn() {
    this.lang = this.lang === "en" ? "zh" : "en";
    this.draw();
    this.write();
  }

  trouble() {
    const W = this.words, said = this.soft ? W.failed : W.errors[this.error.kind](this.file || this.given.file);
    return node("div", { class: "ns-t-note", role: "alert" }, node("p", {}, said));
  }

  legend() {
    const W = this.words, { info, layer } = this, { counts, weight } = info, all = info.points;
    const row = (name, s) =>
      node("button", { type: "button", class: "ns-t-row", "data-key": name, "aria-pressed": String(layer.shown[s]), onclick: () => this.toggle(s) },
        this.swatch((pen) => (info.hexagons ? this.hexagon(pen, s) : pen.drawImage(STYLE.mark(s, 6.5, 2), 15 - 8, 10 - 8, 16, 16))),
        node("span", { class: "ns-t-name" }, W[name]),
        node("span", { class: "ns-t-sums" },
          node("b", {}, W.count(figure(counts[name]))), ` ${percent(counts[name], all)}`,
          weight ? node("small", {}, `${this.say(weight.name)} ${figure(weight.sums[name])}`) : null));
    const total = weight && Object.values(weight.sums).reduce((sum, each) => sum + each, 0);
    return node("section", {},
      node("h2", {}, W.legend, node("small", {}, W.legendHint)),
      row("covered", YES), row("not_covered", NO), row("unknown", UNSURE),
      node("p", { class: "ns-t-total" }, `${W.total} `, node("b", {}, W.count(figure(all))), weight ? `，${this.say(weight.name)} ${figure(total)}`.replace("，", this.lang === "en" ? ", " : "，") : ""),
      weight && weight.missing ? node("p", { class: "ns-t-small" }, W.missing(figure(weight.missing), this.say(weight.name))) : null,
      info.refused ? node("p", { class: "ns-t-small" }, W.refused(figure(info.refused))) : null);
  }

  hexagon(pen, s) {
    pen.scale(0.5, 0.5);
    pen.beginPath();
    for (let corner = 0; corner < 6; corner++) pen.lineTo(30 + 20 * Math.sin((corner * Math.PI) / 3), 20 + 20 * Math.cos((corner * Math.PI) / 3));
    pen.closePath();
    STYLE.hexagon(pen, s, 8, 2, true);
  }

  toggle(s) {
    this.layer.shown[s] = !this.layer.shown[s];
    this.layer.repaint();
    this.draw();
  }

  /* Whether the shares of cells are of points or of people. */
  measure() {
    const W = this.words, choice = (by, text) =>
      node("button", { type: "button", "data-key": "by" + by, "aria-pressed": String(this.layer.by === by), onclick: () => this.measureBy(by) }, text);
    return node("div", { class: "ns-t-by", role: "group", "aria-label": W.by },
      node("span", {}, W.by), choice("", W.points), choice("weight_", this.say(this.info.weight.name)));
  }

  measureBy(by) {
    this.layer.by = by;
    this.layer.repaint();
    this.draw();
    this.write();
  }

  classes() {
    const W = this.words, one = (c, text) =>
      node("li", {}, this.swatch((pen) => {
        pen.fillStyle = c < 0 ? STYLE.unsure : STYLE.cells[c];
        pen.fillRect(0, 0, 30, 20);
        if (c < 2) pen.fillStyle = STYLE.stroke(pen, c, 8, 2), pen.scale(0.5, 0.5), pen.fillRect(0, 0, 60, 40);
      }, true), node("span", {}, text));
    return node("section", {},
      node("h2", {}, W.cells),
      node("ol", { class: "ns-t-classes" }, W.classes.map((text, c) => one(c, text)), one(-1, W.unsure)),
      node("p", { class: "ns-t-small" }, W.cellHint, ` (${W.nearer}: ${this.info.points_zoom + 1})`));
  }

  swatch(draw, rim = false) {
    const canvas = node("canvas", { width: 60, height: 40, class: "ns-t-swatch" + (rim ? " ns-t-rim" : ""), "aria-hidden": "true" });
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    draw(pen);
    return canvas;
  }

  about() {
    const W = this.words, { info } = this, source = this.say(info.source);
    return node("section", {}, node("h2", {}, W.about),
      source ? node("p", {}, `${W.source}: ${source}`) : null,
      node("p", { class: "ns-t-small" }, W.private));
  }

  opener() {
    const W = this.words;
    return node("p", { class: "ns-t-open" },
      node("button", { type: "button", "data-key": "open", onclick: () => this.chooser.click() }, W.open), this.chooser,
      node("small", {}, W.openHint));
  }

  // ---------------------------------------------------------------- a cell or a point

  card(empty = false) {
    const W = this.words;
    if (this.found) this.here.replaceChildren(...this.facts(this.found));
    else this.here.replaceChildren(node("p", { class: "ns-t-small" }, empty ? W.none : W.pick));
  }

  facts(found, short = false) {
    const { data, index } = found;
    const told = data.name === "cells" ? this.cellFacts(data, index, short) : this.pointFacts(data.columns, index);
    return found.all.length > 1 ? [...told, this.several(found, short)] : told;
  }

  /* How many lie at a place, and the way from one to the next. */
  several({ all, which }, short) {
    const W = this.words, said = node("span", {}, W.several(figure(which + 1), figure(all.length)));
    if (short) return node("p", { class: "ns-t-small" }, said);
    const go = (key, step, text) => node("button", { type: "button", "data-key": key, onclick: () => this.step(step, key) }, text);
    return node("div", { class: "ns-t-by" }, said, go("before", -1, W.before), go("after", 1, W.after));
  }

  step(by, key) {
    const { all, which } = this.found;
    this.found = this.layer.step(all, (which + by + all.length) % all.length);
    this.point(this.found);
    this.card();
    this.here.querySelector(`[data-key="${key}"]`).focus();
  }

  cellFacts(data, i, short) {
    const W = this.words, { info } = this, { columns } = data, counts = NAMES.map((name) => columns[name][i]);
    const sums = this.layer.sums(data).map((each) => each[i]), known = sums[NO] + sums[YES]; // of what the cell is coloured by
    const weights = info.weight && columns.weight_covered ? NAMES.map((name) => columns["weight_" + name][i]) : null;
    const row = (name, s) => node("tr", {}, node("th", { scope: "row" }, W[name]), node("td", {}, figure(counts[s])), weights ? node("td", {}, figure(weights[s])) : null);
    const extra = [];
    if (columns.value_count && columns.value_count[i] > 0) extra.push([`${this.say(info.value.name)} (${W.mean})`, figure(+(columns.value_sum[i] / columns.value_count[i]).toPrecision(4))]);
    for (const operator of info.operators || []) extra.push([operator, figure(columns["by:" + operator][i])]);
    return [
      node("p", { class: "ns-t-big" }, node("b", {}, percent(sums[YES], known)), ` ${W.known}`, node("small", {}, [`${figure(sums[YES])}／${figure(known)}`, weights ? (this.layer.by ? this.say(info.weight.name) : W.points) : ""].join(" ").trim())),
      node("table", {},
        node("thead", {}, node("tr", {}, node("td", {}), node("th", { scope: "col" }, W.points), weights ? node("th", { scope: "col" }, this.say(info.weight.name)) : null)),
        node("tbody", {}, row("covered", YES), row("not_covered", NO), row("unknown", UNSURE))),
      !short && extra.length ? node("dl", {}, extra.map(([term, value]) => [node("dt", {}, term), node("dd", {}, value)])) : null,
    ].filter(Boolean);
  }

  pointFacts(columns, i) {
    const W = this.words, { info } = this, of = ({ texts, which }) => (which[i] < 0 ? "" : texts[which[i]]), rows = [], status = of(columns.status);
    const has = (column) => column && !Number.isNaN(column[i]);
    if (columns.h3) rows.push([W.h3, of(columns.h3)]);
    if (info.weight) rows.push([this.say(info.weight.name), has(columns.weight) ? figure(columns.weight[i]) : W.unknown]);
    if (info.value) rows.push([this.say(info.value.name), has(columns.value) ? figure(+columns.value[i].toPrecision(6)) : W.unknown]);
    if (info.operators) rows.push([W.operators, (columns.operators && of(columns.operators).replaceAll(";", "、")) || (status === "unknown" ? W.unknown : W.nobody)]);
    return [node("p", { class: "ns-t-big" }, node("b", {}, W[status])), rows.length ? node("dl", {}, rows.map(([term, value]) => [node("dt", {}, term), node("dd", {}, value)])) : null].filter(Boolean);
  }
}
