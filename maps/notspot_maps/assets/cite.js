/* The citation: what is shown of a place as one plain text, for the clipboard. */

Object.assign(WORDS.zh, {
  cite: "複製引用", cited: "已複製引用資訊。", citeSelf: "瀏覽器不允許自動複製；下列文字已選取，請自行複製（Ctrl+C）。", citeField: "引用資訊", address: "網址",
});
Object.assign(WORDS.en, {
  cite: "Copy citation", cited: "The citation is copied.", citeSelf: "This browser does not allow copying by itself; the text below is selected, please copy it (Ctrl+C).", citeField: "Citation", address: "Address",
});

class Cite {
  constructor(panel) { Object.assign(this, { panel, view: panel.view }); }

  draw() {
    const node = el("div", { class: "ns-cite" }, el("button", { type: "button", "data-ns": "cite", on: { click: () => this._copy(node) } }, this.view.words.cite));
    return node;
  }

  async _copy(node) {
    const { view } = this, W = view.words, text = this.text();
    let allowed = false;
    try {
      await navigator.clipboard.writeText(text);
      allowed = true;
    } catch {
      /* no clipboard without https, none in a frame that is not granted it: the reader copies */
    }
    if (!node.isConnected) return; // another place has been chosen meanwhile
    const field = allowed ? null : el("textarea", { readonly: true, rows: 6, "aria-label": W.citeField, "data-ns": "citation" }, text);
    node.replaceChildren(...[node.querySelector("button"), el("p", {}, allowed ? W.cited : W.citeSelf), field].filter(Boolean));
    this.panel.announce(allowed ? W.cited : W.citeSelf);
    if (!field) return;
    field.focus();
    field.select();
  }

  /* Title, place and level, the figures of every side with year, source and status, run, address: a line each. */
  text() {
    const { view } = this, W = view.words, { data } = view.model, place = view.selected, colon = view.lang === "zh" ? "：" : ": ", lines = [];
    const line = (word, text) => text && lines.push(word + colon + String(text).replace(/\s+/g, " "));
    lines.push(view.text(data.title).replace(/\s+/g, " "));
    line(W.place, place ? this._place(place) : W.nation);
    view.sides.filter((side) => side.indicator).forEach(({ indicator, year }, side) => {
      const { cell, lent, place: speaks } = place ? view.cell(place, side) : { cell: view.model.nation(indicator, year), place: { level: "nation" } };
      line(W.indicator, view.lang === "zh" ? `${view.text(indicator.name)}（${year}）` : `${view.text(indicator.name)} (${year})`);
      if (lent) line(W.noVillage, this._place(speaks));
      line(W.value, view.figures(cell, indicator));
      line(W.status, cell && cell.v !== null && cell.v !== undefined ? (cell.s === "official" ? W.published : W.computed) : null);
      line(W.source, view.text(view.model.told(indicator, speaks.level, year).source));
    });
    line(W.run, data.run);
    line(W.address, this.address());
    return lines.join("\n");
  }

  _place(place) {
    const { view } = this, W = view.words, { model } = view, names = model.path(place.level, place.index).map((each) => model.name(each.level, each.index, view.lang));
    const code = model.code(place.level, place.index);
    return view.lang === "zh" ? `${names.join("")}（${W[place.level]}，代碼 ${code}）` : `${names.reverse().join(", ")} (${place.level}, code ${code})`;
  }

  /* Where the view is found again: in full from a web server, else by the name of the file, which others have at another place; "" on somebody's page. */
  address() {
    const { view } = this, fragment = "#" + view.address.text();
    if (!view.source.fragment) return "";
    if (/^https?:$/.test(location.protocol) && window.top === window) return location.href.replace(/#.*$/, "") + fragment;
    const name = /[^/]*\.html?$/i.exec(location.pathname); // a frame may have none
    try {
      return (name ? decodeURIComponent(name[0]) : "") + fragment;
    } catch {
      return fragment; // a name that is no UTF-8
    }
  }
}
