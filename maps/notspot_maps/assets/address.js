/* The page's address keeps the view. */

class Address {
  constructor(view) { this.view = view; }

  write() {
    const { view } = this;
    if (!view.source.fragment || this.reading) return;
    const at = view.map.getCenter(), parts = [];
    if (view.indicator) parts.push("i=" + encodeURIComponent(view.indicator.id));
    parts.push("l=" + view.level);
    if (view.selected) parts.push("p=" + encodeURIComponent(view.model.code(view.selected.level, view.selected.index)));
    parts.push("m=" + this._where(at, view.map.getZoom()));
    if (view.hidden.size) parts.push("h=" + [...view.hidden].sort((a, b) => a - b).join(","));
    if (view.tab !== "place") parts.push("t=" + view.tab);
    if (view.lang !== "zh") parts.push("lang=" + view.lang);
    try {
      history.replaceState(null, "", "#" + parts.join("&"));
    } catch {
      /* inside a srcdoc frame there is no address to keep */
    }
  }

  /* Zoom and centre; those that were asked for as long as the map is within a pixel or two of them. */
  _where(at, zoom) {
    const { map } = this.view;
    if (this.asked) {
      const off = map.project(at, zoom).distanceTo(map.project([this.asked[1], this.asked[2]], zoom));
      if (off < 2 && Math.abs(zoom - this.asked[0]) < 0.01) return `${this.asked[0]}/${this.asked[1].toFixed(4)}/${this.asked[2].toFixed(4)}`;
    }
    return `${+zoom.toFixed(2)}/${at.lat.toFixed(4)}/${at.lng.toFixed(4)}`;
  }

  read(again = false) {
    const { view } = this;
    if (!view.source.fragment) return;
    const given = new URLSearchParams(location.hash.slice(1));
    this.reading = true;
    view.lang = given.get("lang") === "en" ? "en" : given.get("lang") === "zh" || given.get("l") ? "zh" : view.lang;
    view.indicator = view.model.indicators.find((each) => each.id === given.get("i")) || view.indicator;
    const level = LEVELS.includes(given.get("l")) ? given.get("l") : view.level;
    view.level = view._levelOf(view.indicator, level);
    view.hidden = new Set((given.get("h") || "").split(",").filter((c) => /^-?\d+$/.test(c)).map(Number));
    view.selected = given.get("p") ? view.model.find(given.get("p")) : null;
    view.tab = given.get("t") === "table" ? "table" : "place";
    const [zoom, lat, lng] = (given.get("m") || "").split("/").map(Number);
    if ([zoom, lat, lng].every(Number.isFinite) && given.get("m")) {
      view.framed = true;
      this.asked = [zoom, lat, lng];
      view.map.setView([Math.max(-85, Math.min(85, lat)), lng], zoom, { animate: false });
    } else if (view.selected) {
      view.framed = true;
      view._goTo(view.selected);
    }
    this.reading = false;
    if (again) view.changed();
  }
}
