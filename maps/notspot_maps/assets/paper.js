/* The page on paper: A4, the map and its legend on the first page, all rows of the table after them. */

Object.assign(WORDS.zh, { leftBy: "篩選" });
Object.assign(WORDS.en, { leftBy: "Filters" });

class Paper {
  constructor(view) { this.view = view; }

  open() {
    if (!this.view.source.fragment) return; // a map on somebody's page is printed as that page says
    this.before = () => this._lay();
    this.after = () => this._lift();
    window.addEventListener("beforeprint", this.before);
    window.addEventListener("afterprint", this.after);
  }

  close() {
    window.removeEventListener("beforeprint", this.before);
    window.removeEventListener("afterprint", this.after);
  }

  /* The map takes the size that it has on paper, with what is in view now still in view. */
  _lay() {
    const { map, panel } = this.view, box = map.getContainer();
    if (this.was) return;
    this.was = { center: map.getCenter(), zoom: map.getZoom() };
    const seen = map.getBounds();
    this.view.printing = true;
    box.classList.add("ns-paper-map");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(seen, { animate: false });
    this.view.painter.paint();
    this.view.painter._work(Infinity); // paper does not wait for the next frame
    panel.printed();
    panel.drawn.table.print(true);
  }

  _lift() {
    const { map, panel } = this.view;
    if (!this.was) return;
    map.getContainer().classList.remove("ns-paper-map");
    map.invalidateSize({ animate: false, pan: false });
    map.setView(this.was.center, this.was.zoom, { animate: false });
    this.was = null;
    this.view.printing = false;
    panel.drawn.table.print(false);
  }
}
