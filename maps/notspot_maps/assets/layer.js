/* The Leaflet layer: unpacks what the page holds, opens the view when it stands. */

// over tiles, under everybody's own layers: fills, rasters, borders and names, points, outlines
const PANES = { "ns-shapes": 350, "ns-rasters": 355, "ns-lines": 360, "ns-points": 380, "ns-marks": 390 };

/* {geometry, data, panel, lang, fragment, quiet, keepView}: see atlas/layer.py. */
const AtlasLayer = L.Layer.extend({
  initialize(source) {
    this.source = source;
    this.ready = Promise.all([inflate(source.geometry), inflate(source.data)]).then(([shapes, text]) => {
      const data = JSON.parse(new TextDecoder().decode(text));
      return new Model(data, unpack(shapes, data.grid));
    });
  },

  onAdd(map) {
    for (const [name, z] of Object.entries(PANES)) {
      if (map.getPane(name)) continue;
      map.createPane(name).style.zIndex = z;
      map.getPane(name).style.pointerEvents = "none";
    }
    this.there = true;
    this.ready.then((model) => this.there && this._open(map, model)).catch((error) => this._fail(map, error));
    return this;
  },

  onRemove() {
    this.there = false;
    if (this.view) this.view.close();
    this.view = null;
    return this;
  },

  _open(map, model) {
    this.view = new View(map, model, this.source);
    this.view.open();
  },

  _fail(map, error) {
    const lang = this.source.lang === "en" ? "en" : "zh";
    const words = typeof DecompressionStream === "undefined" ? WORDS[lang].unreadable : `${WORDS[lang].broken} (${error})`;
    const place = (this.source.panel && document.getElementById(this.source.panel)) || map.getContainer();
    place.append(el("p", { class: "ns-root ns-error", role: "alert" }, words));
    if (typeof DecompressionStream !== "undefined") console.error(error);
  },
});

L.notspot = (source) => new AtlasLayer(source);
