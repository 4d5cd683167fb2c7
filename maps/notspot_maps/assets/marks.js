/* Outlines of what is pointed at and what is selected: a small canvas each, no larger than the unit or the view. */

class Marks {
  constructor(view, pane, brush) {
    this.view = view;
    this.brush = brush;
    this.box = L.DomUtil.create("div", "ns-canvas leaflet-zoom-animated", pane);
    this.box.setAttribute("aria-hidden", "true");
    this.pens = ["hovered", "selected"].map((name) => [name, L.DomUtil.create("canvas", "ns-canvas-part", this.box).getContext("2d")]);
  }

  remove() { this.box.remove(); }

  /* Draw them for the map as it stands. */
  draw() {
    const { map } = this.view;
    this.zoom = map.getZoom();
    this.origin = map.getPixelOrigin();
    const middle = map.project(map.getCenter(), this.zoom), room = map.getSize().multiplyBy(0.9);
    this.room = [middle.x - room.x, middle.y - room.y, middle.x + room.x, middle.y + room.y];
    this.cut = false;
    for (const [name, ctx] of this.pens) this._draw(ctx, this.view[name], name === "hovered" ? 2 : 3);
    L.DomUtil.setTransform(this.box, L.point(0, 0), 1);
  }

  _draw(ctx, place, width) {
    const { canvas } = ctx, { model } = this.view, k = Math.pow(2, this.zoom), box = place && model.boxes(place.level)[place.index];
    const edge = [0, 1, 2, 3].map((i) => (box ? (i < 2 ? Math.max(Math.floor(box[i] * k) - 6, Math.floor(this.room[i])) : Math.min(Math.ceil(box[i] * k) + 6, Math.ceil(this.room[i]))) : 0));
    const w = edge[2] - edge[0], h = edge[3] - edge[1], ratio = Math.min(window.devicePixelRatio || 1, 2);
    canvas.style.display = w > 0 && h > 0 ? "" : "none";
    if (!(w > 0 && h > 0)) {
      canvas.width = canvas.height = 0;
      this.cut ||= Boolean(box) && box[0] <= box[2];
      return;
    }
    this.cut ||= box.some((value, i) => (i < 2 ? value * k < this.room[i] : value * k > this.room[i]));
    canvas.width = Math.round(w * ratio);
    canvas.height = Math.round(h * ratio);
    canvas.style.width = w + "px";
    canvas.style.height = h + "px";
    L.DomUtil.setPosition(canvas, L.point(edge[0], edge[1]).subtract(this.origin));
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.lineJoin = "round";
    ctx.beginPath();
    model.shapes.traceInside(ctx, model.rings(place.level)[place.index], model.shapes.thin(this.zoom), k, edge[0], edge[1], Math.max(w, h));
    for (const [style, wide] of [["#ffffff", width + 2.5], [INK, width]]) {
      ctx.lineWidth = wide;
      ctx.strokeStyle = style;
      ctx.stroke();
    }
    for (const names = this.brush.names(ctx, this.zoom, edge[0], edge[1], Math.max(w, h)); !names.next().done; ); // no outline runs through a name
  }

  /* The map moved: draw anew where part of an outline was left out and comes into view, or the zoom is another. */
  moved() {
    const { map } = this.view, size = map.getSize();
    if (map.getZoom() !== this.zoom || !map.getPixelOrigin().equals(this.origin)) return this.draw();
    if (!this.cut) return;
    const middle = map.project(map.getCenter(), this.zoom);
    if (middle.x - size.x / 2 < this.room[0] || middle.x + size.x / 2 > this.room[2] || middle.y - size.y / 2 < this.room[1] || middle.y + size.y / 2 > this.room[3]) this.draw();
  }

  /* Stay with the land while the zoom changes. */
  follow(center, zoom) {
    if (this.zoom === undefined) return;
    const scale = Math.pow(2, zoom - this.zoom);
    L.DomUtil.setTransform(this.box, this.origin.multiplyBy(scale).subtract(this.view.map._getNewPixelOrigin(center, zoom)).round(), scale);
  }
}
