/* Search for a place: a combobox over names and codes. */

class Search {
  constructor(panel) { Object.assign(this, { panel, view: panel.view, id: panel.id }); }

  draw(node) {
    const { view } = this, W = view.words, list = this.id + "-hits", query = this.query ? this.query.value : "";
    this.node = node;
    this.query = el("input", { id: this.id + "-search", type: "search", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: W.searchHint, "data-ns": "search",
      "aria-expanded": "false", "aria-controls": list, "aria-autocomplete": "list",
      on: { input: () => this._hits(), keydown: (event) => this._keys(event) } });
    this.query.value = query;
    this.hits = el("ul", { id: list, class: "ns-hits", role: "listbox", "aria-label": W.search, hidden: true });
    node.replaceChildren(el("label", { for: this.id + "-search" }, W.search), this.query, this.hits);
  }

  _hits() {
    const { view } = this, W = view.words, { hits, total } = view.model.search(this.query.value, 12);
    this.at = -1;
    this.found = hits;
    const some = this.query.value.trim() !== "";
    this.hits.hidden = !some || !hits.length;
    this.query.setAttribute("aria-expanded", String(!this.hits.hidden));
    this.query.removeAttribute("aria-activedescendant");
    this.hits.replaceChildren(...hits.map((hit, i) => {
      const above = view.model.path(hit.level, hit.index).slice(0, -1).reverse().map((up) => view.model.name(up.level, up.index, view.lang)).join(view.lang === "zh" ? "，" : ", ");
      return el("li", { id: `${this.id}-hit${i}`, role: "option", "aria-selected": "false", on: { mousedown: (event) => { event.preventDefault(); this._take(hit); } } },
        el("b", {}, this.panel.name(hit)), " ", el("span", {}, el("bdi", {}, above)));
    }));
    this.panel.announce(some ? (total ? `${number(total, view.lang, 0)} ${W.found}` : W.none) : "");
    let note = this.node.querySelector(".ns-note");
    if (note) note.remove();
    if (some && !total) this.node.append(el("p", { class: "ns-note" }, W.none));
  }

  _keys(event) {
    if (event.key === "Escape") {
      this.query.value = "";
      this._hits();
    } else if (event.key === "Enter" && this.found && this.found.length) {
      this._take(this.found[Math.max(this.at, 0)]);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && this.found && this.found.length) {
      event.preventDefault();
      const all = this.found.length;
      this.at = (this.at + (event.key === "ArrowDown" ? 1 : this.at < 0 ? 0 : -1) + all) % all;
      [...this.hits.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === this.at)));
      const item = this.hits.children[this.at];
      this.query.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }
  }

  _take(hit) {
    this.hits.hidden = true;
    this.query.setAttribute("aria-expanded", "false");
    this.query.value = this.view.model.name(hit.level, hit.index, this.view.lang);
    this.view.select({ level: hit.level, index: hit.index }, { move: true });
  }
}
