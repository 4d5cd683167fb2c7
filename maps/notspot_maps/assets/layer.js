/* The Leaflet layer: unpacks what the page holds, opens the view when it stands. */

// over tiles, under everybody's own layers: fills, rasters, borders and names, points, outlines
const PANES = { "ns-shapes": 350, "ns-rasters": 355, "ns-lines": 360, "ns-points": 380, "ns-marks": 390 };

Object.assign(WORDS.zh, { failed: "網頁程式發生錯誤，無法顯示地圖；內嵌資料完整，檔案並未損壞。請將以下訊息回報給提供這份地圖的單位：" });
Object.assign(WORDS.en, { failed: "The script of this page failed, so there is no map; the data inside are whole and the file is not damaged. Please report this to those who published it: " });

/* What the page holds cannot be unpacked. */
class Cut extends Error {}

/* {geometry, data, panel, lang, fragment, quiet, keepView}: see atlas/layer.py. */
const AtlasLayer = L.Layer.extend({
  initialize(source) {
    this.source = source;
    this.ready = Promise.all([inflate(source.geometry), inflate(source.data)]).then(([shapes, text]) => {
      const data = JSON.parse(new TextDecoder().decode(text));
      return [data, unpack(shapes, data.grid)];
    }).catch((error) => { throw new Cut(String(error), { cause: error }); }).then(([data, shapes]) => new Model(data, shapes));
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
    const words = typeof DecompressionStream === "undefined" ? WORDS[lang].unreadable : error instanceof Cut ? `${WORDS[lang].broken} (${error.message})` : WORDS[lang].failed + error;
    const place = (this.source.panel && document.getElementById(this.source.panel)) || map.getContainer();
    const wait = place.querySelector(".ns-wait"); // nothing more is to be waited for
    wait?.querySelector("p:not(.ns-error)")?.remove();
    (wait || place).append(el("p", { class: "ns-root ns-error", role: "alert" }, words));
    if (typeof DecompressionStream !== "undefined") console.error(error);
  },
});

L.notspot = (source) => new AtlasLayer(source);
