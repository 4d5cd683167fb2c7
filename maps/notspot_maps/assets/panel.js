/* The panel: indicator, legend, search, the place, the table. Built anew from the state when that changes. */

let serial = 0;

class Panel {
  constructor(view) {
    this.view = view;
    this.id = "ns" + ++serial;
    const { source } = view;
    this.root = source.panel ? document.getElementById(source.panel) : el("section", {});
    this.root.classList.add("ns-root", "ns-panel");
    if (!source.panel) this.root.classList.add("ns-compact");
    this.drawn = { controls: new Controls(this), legend: new Legend(this), search: new Search(this), card: new Card(this), table: new Table(this) };
    this.live = el("div", { class: "ns-hidden", role: "status", "aria-live": "polite" });
  }

  open() {
    const { map, source } = this.view;
    if (!source.panel) {
      const control = L.control({ position: "topright" });
      control.onAdd = () => {
        L.DomEvent.disableClickPropagation(this.root);
        L.DomEvent.disableScrollPropagation(this.root);
        return this.root;
      };
      this.control = control.addTo(map);
    }
    this.jumps = L.control({ position: "topleft" });
    this.jumps.onAdd = () => {
      this.jumpBox = el("div", { class: "ns-root ns-jumps", role: "group" });
      L.DomEvent.disableClickPropagation(this.jumpBox);
      return this.jumpBox;
    };
    this.jumps.addTo(map);
    this.render();
  }

  close() {
    this.root.replaceChildren();
    this.jumps.remove();
    if (this.control) this.control.remove();
  }

  announce(text) { this.live.textContent = text; }

  render() {
    const { view } = this, W = view.words, { data, n } = view.model, focus = document.activeElement && document.activeElement.dataset.ns;
    this.parts = Object.fromEntries(["legend", "meaning", "find", "card", "table"].map((name) => [name, el("div", { class: "ns-" + name })]));
    const languages = el("button", { type: "button", class: "ns-quiet", lang: view.lang === "zh" ? "en" : "zh-Hant-TW", "aria-label": W.language, "data-ns": "lang", on: { click: () => view.speak(view.lang === "zh" ? "en" : "zh") } }, W.other);
    const sheet = this.view.source.panel && el("button", { type: "button", class: "ns-quiet ns-sheet", "aria-label": W.sheet, "aria-expanded": String(this.root.classList.contains("ns-tall")), "data-ns": "sheet", on: { click: (event) => this._grow(event.currentTarget) } }, el("span", { "aria-hidden": "true" }, this.root.classList.contains("ns-tall") ? "▼" : "▲"));
    const title = view.source.panel ? el("h1", { class: "ns-title" }, view.text(data.title)) : el("h2", { class: "ns-title" }, view.text(data.title));
    const tabs = this._tabs();
    const place = el("div", { id: this.id + "-place", role: "tabpanel", "aria-labelledby": this.id + "-tab-place", class: "ns-tabpanel", "data-tab": "place" }, this.parts.legend, this.parts.meaning, this.parts.find, this.parts.card);
    const table = el("div", { id: this.id + "-table", role: "tabpanel", "aria-labelledby": this.id + "-tab-table", class: "ns-tabpanel", "data-tab": "table" }, this.parts.table);
    const foot = el("footer", { class: "ns-foot" },
      el("p", {}, `${W.run} `, el("code", {}, data.run)), el("p", {}, `${W.data}：${view.text(data.credit)}`.replace("：", view.lang === "zh" ? "：" : ": ")));
    this.root.replaceChildren(
      el("header", { class: "ns-head" }, el("div", { class: "ns-headline" }, title, languages, sheet), this.drawn.controls.choice(),
        el("div", { class: "ns-shown" }, n.county && n.township ? this.drawn.controls.levels() : null, view.indicator ? el("p", { class: "ns-year" }, [view.unit(), view.indicator.as_of].filter(Boolean).join(" · ")) : null)),
      tabs, el("div", { class: "ns-body" }, place, table, foot), this.live);
    this._map();
    this.legend();
    this.drawn.search.draw(this.parts.find);
    this.card();
    this.showTab(view.tab);
    if (view.source.fragment) document.title = view.text(data.title);
    const again = focus && this.root.querySelector(`[data-ns="${focus}"]`);
    if (again) again.focus();
  }

  _map() {
    const { view } = this, W = view.words, box = view.map.getContainer();
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", W.map);
    for (const [name, label] of [["in", W.zoomIn], ["out", W.zoomOut]])
      for (const button of box.querySelectorAll(".leaflet-control-zoom-" + name)) {
        button.title = label;
        button.setAttribute("aria-label", label);
      }
    this.jumpBox.setAttribute("aria-label", W.jumps);
    this.jumpBox.replaceChildren(...view.model.data.views.map((each) =>
      el("button", { type: "button", "data-view": each.id, on: { click: () => view.jump(each) } }, view.text(each.name))));
  }

  _grow(button) {
    const tall = this.root.classList.toggle("ns-tall");
    button.setAttribute("aria-expanded", String(tall));
    button.firstElementChild.textContent = tall ? "▼" : "▲";
  }

  /* ---- tabs */

  _tabs() {
    const { view } = this, W = view.words;
    const tab = (name, text) => el("button", {
      type: "button", role: "tab", id: `${this.id}-tab-${name}`, "aria-controls": `${this.id}-${name}`, "data-tab": name, "data-ns": "tab-" + name,
      on: { click: () => this.showTab(name, true), keydown: (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        this.showTab(name === "place" ? "table" : "place", true);
        this.root.querySelector(`[role=tab][data-tab=${view.tab}]`).focus();
      } },
    }, text);
    return el("div", { class: "ns-tabs", role: "tablist", "aria-label": W.tab }, tab("place", W.tabPlace), tab("table", W.tabTable));
  }

  showTab(name, write = false) {
    this.view.tab = name;
    for (const tab of this.root.querySelectorAll("[role=tab]")) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    for (const panel of this.root.querySelectorAll(".ns-tabpanel")) panel.hidden = panel.dataset.tab !== name;
    if (name === "table") this.table();
    if (write) this.view.write();
  }

  /* ---- the parts, each from its own file */

  legend() {
    this.drawn.legend.draw(this.parts.legend);
    this.parts.meaning.replaceChildren(...[this.drawn.controls.about()].filter(Boolean));
  }

  card(scroll = false) { this.drawn.card.draw(this.parts.card, scroll); }
  tip(place) { return this.drawn.card.tip(place); }
  table() { if (this.view.tab === "table") this.drawn.table.draw(this.parts.table); }
}
