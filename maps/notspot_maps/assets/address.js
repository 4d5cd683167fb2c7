/* The page's address keeps the view: written as it changes, read when the page opens and when the address does. */

const CLOSEST = 20; // zoom: beyond it there is nothing to see, and at some thousand no number for it

class Address {
  constructor(view) { Object.assign(this, { view, lost: new Lost(view) }); }

  /* The note on what the last address named and is not there, or null. */
  note() { return this.lost.draw(this._shown()); }

  /* The parts of the address that say what is shown, without where the map stands and in which language. */
  _shown() { return this.text().split("&").filter((part) => /^(i|l|y|p|c|f|k|o)=/.test(part)).join("&"); }

  write() {
    this.lost.settle(this._shown());
    if (!this.view.source.fragment || this.reading || this.view.printing) return;
    if (location.hash !== this.hash) return; // a link was followed while the map moved: it is about to be read
    try {
      history.replaceState(null, "", "#" + this.text());
      this.hash = location.hash;
    } catch {
      /* inside a srcdoc frame there is no address to keep */
    }
  }

  /* The view as the part of an address after #; what is as it is without asking is left out. */
  text() {
    const { view } = this, { model, sides, sort } = view, parts = [], put = (key, text) => parts.push(`${key}=${encodeURIComponent(text).replace(/%(2C|3A|40|2F|3B)/g, decodeURIComponent)}`);
    if (view.indicator) put("i", view.indicator.id);
    put("l", view.chosen);
    if (view.year !== model.year) put("y", view.year);
    if (view.selected) put("p", model.code(view.selected.level, view.selected.index));
    put("m", this._where(view.map.getCenter(), view.map.getZoom()));
    if (sides.length > 1) {
      put("c", `${sides[1].indicator.id}@${sides[1].year}`);
      put("s", Math.round(view.split * 100));
    }
    if (view.filters.size) put("f", [...view.filters].join(","));
    const classes = sides.map(({ indicator }) => (indicator && view.classing.has(indicator.id) ? choiceText(view.classing.get(indicator.id)) : ""));
    if (sides.length > 1 && sides[1].indicator === sides[0].indicator) classes.pop();
    if (classes.some(Boolean)) put("k", classes.join(";").replace(/;$/, ""));
    if (view.hidden.size) put("h", [...view.hidden].sort((a, b) => a - b).join(","));
    if (view.patterns) put("pt", 1);
    const over = view.overlays ? view.overlays.write() : "";
    if (over) put("o", over);
    if (view.tab !== "place") put("t", view.wide ? "wide" : "table");
    if (sort.by !== "value" || !sort.down) put("q", sort.by + (sort.down ? "-" : "+"));
    if (view.lang !== "zh") put("lang", view.lang);
    return parts.join("&");
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

  /* What names nothing that is there is left out, and said; the rest that cannot be read is as if it were not there. */
  read(again = false) {
    const { view } = this, { model } = view, lost = [];
    if (!view.source.fragment) return;
    const given = new URLSearchParams(location.hash.slice(1)), get = (key) => given.get(key) || "";
    const missed = (kind, asked, shown) => lost.push([kind, asked, shown]), parts = (key, by) => get(key).split(by).filter(Boolean);
    const known = (id) => model.indicators.find((each) => each.id === id), year = (text) => {
      if (model.years.includes(Number(text))) return Number(text);
      if (text) missed("year", text, () => String(model.year));
      return model.year;
    };
    this.reading = true;
    this.hash = location.hash;
    view.lang = get("lang") === "en" ? "en" : get("lang") === "zh" || given.has("l") ? "zh" : view.lang;
    if (get("i") && !known(get("i"))) missed("indicator", get("i"), () => view.indicator && view.text(view.indicator.name));
    view.sides = [{ indicator: known(get("i")) || view.indicator, year: year(get("y")) }];
    const at = get("c").lastIndexOf("@"), other = known(at < 0 ? get("c") : get("c").slice(0, at));
    if (other && view.indicator) view.sides.push({ indicator: other, year: year(at < 0 ? "" : get("c").slice(at + 1)) });
    else if (get("c")) missed("other", get("c"));
    view.split = /^\d+$/.test(get("s")) ? Math.min(100, Number(get("s"))) / 100 : 0.5;
    view.chosen = this._level(get("l"), missed);
    const asked = parts("f", ","), filters = asked.filter((id) => id === "below" || (id.startsWith("in:") ? model.find(id.slice(3)) : model.tags.some((tag) => tag.id === id)));
    asked.filter((id) => !filters.includes(id)).forEach((id) => missed("filter", id));
    view.filters = new Set(filters);
    view.classing = new Map();
    get("k").split(";").forEach((text, side) => {
      const choice = choiceOf(text), own = view.sides[side] && view.sides[side].indicator;
      if (choice && own) view.classing.set(own.id, choice);
      else if (text) missed("classes", text);
    });
    view.hidden = new Set(get("h").split(",").filter((c) => /^-?\d{1,3}$/.test(c)).map(Number));
    view.patterns = get("pt") === "1";
    view.selected = get("p") ? model.find(get("p")) : null;
    if (get("p") && !view.selected) missed("place", get("p"));
    view.tab = ["table", "wide"].includes(get("t")) ? "table" : "place";
    view.wide = get("t") === "wide";
    const sort = /^(name|value|value2|change|low|high|width|n|d)([-+ ])$/.exec(get("q")); // a bare + is read as a blank
    view.sort = sort ? { by: sort[1], down: sort[2] === "-" } : { by: "value", down: true };
    if (view.overlays) {
      view.overlays.read(get("o"));
      for (const part of parts("o", ",")) if (!view.overlays.find(/^[a-z0-9_]*/.exec(part)[0])) missed("overlay", part);
    }
    const [zoom, lat, lng] = get("m").split("/").map(Number);
    if ([zoom, lat, lng].every(Number.isFinite) && get("m")) {
      const { map } = view;
      view.framed = true;
      this.asked = this._near(zoom, lat, lng);
      map.setView(this.asked.slice(1), this.asked[0], { animate: false });
    } else if (view.selected) {
      view.framed = true;
      view.goTo(view.selected);
    }
    this.reading = false;
    this.lost.take(lost);
    if (again) view.reread();
    else if (lost.length) setTimeout(() => this.write()); // when the view has opened: the address is that of what is shown
  }

  /* What was asked of the map; where neither land nor the sea around it would be in view, all of the land. */
  _near(zoom, lat, lng) {
    const { map, model } = this.view, within = (low, value, high) => Math.max(low, Math.min(high, value)), { views } = model.data;
    const asked = [within(map.getMinZoom(), zoom, Math.min(CLOSEST, map.getMaxZoom())), within(-85, lat, 85), within(-180, lng, 180)];
    if (!views.length) return asked;
    const land = views.reduce((sum, { box: [west, south, east, north] }) => sum.extend([[south, west], [north, east]]), L.latLngBounds([])), around = land.pad(0.5);
    const corner = (at) => map.project(at, asked[0]), seen = map.getPixelBounds(asked.slice(1), asked[0]);
    if (seen.intersects(L.bounds(corner(around.getNorthWest()), corner(around.getSouthEast())))) return asked;
    return [Math.min(asked[0], map.getBoundsZoom(land)), land.getCenter().lat, land.getCenter().lng];
  }

  /* The level asked for; where the indicator has figures of others only, the one that is drawn in its place. */
  _level(asked, missed) {
    const { view } = this, { model, indicator } = view;
    if (!LEVELS.includes(asked) || !model.n[asked]) {
      if (asked && asked !== "auto") missed("level", asked);
      return "auto";
    }
    if (!indicator || !Object.keys(indicator.levels).length || model.has(indicator, asked)) return asked;
    const drawn = view.levelOf(asked);
    missed("levelFigures", () => view.words[asked], () => view.words[drawn]);
    return drawn;
  }
}
