/* The picture at one zoom, in squares: those of the fills on each side of the swipe, and those of lines and names. */

const SQUARE = 256; // CSS pixels, at most
const EASY = 495; // pixels of a square's picture: from a megabyte on the browser asks the system for each one anew, at a millisecond
const OVERLAP = 1; // of a square and the next: between pixels of the screen an edge would shine through

class Sheet {
  /* hosts: elements by the name of a part; near: a point of the world's picture at this zoom, in pixels. */
  constructor(hosts, zoom, near) {
    this.zoom = zoom;
    this.k = Math.pow(2, zoom);
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    const most = (this.side = Math.min(SQUARE, Math.floor(EASY / this.ratio) - OVERLAP));
    const whole = (side) => Math.abs(side * this.ratio - Math.round(side * this.ratio)) < 0.01;
    while (!whole(this.side) && this.side > most / 2) this.side--; // no square ends within a pixel of the screen where that can be
    this.pixels = Math.ceil((this.side + OVERLAP) * this.ratio);
    this.wide = this.pixels / this.ratio; // as wide as a square is drawn
    this.origin = L.point(Math.round(near.x / this.side) * this.side, Math.round(near.y / this.side) * this.side);
    this.squares = new Map();
    this.boxes = {};
    for (const [name, host] of Object.entries(hosts)) {
      this.boxes[name] = L.DomUtil.create("div", "ns-canvas leaflet-zoom-animated", host);
      this.boxes[name].style.willChange = "transform"; // one layer that the browser moves and scales by itself
      this.boxes[name].style.visibility = "hidden"; // until all of it is there
      host.prepend(this.boxes[name]);
    }
  }

  /* Seen from now on: all of it, or only the parts of a kind. */
  reveal(kind = "") {
    for (const [name, box] of Object.entries(this.boxes)) if (name.startsWith(kind)) box.style.visibility = "";
  }

  remove(spare) {
    for (const square of this.squares.values()) this.drop(square, spare);
    for (const box of Object.values(this.boxes)) box.remove();
  }

  drop(square, spare) {
    for (const { canvas, image, fresh } of Object.values(square.parts)) {
      if (canvas) this._off(canvas, spare);
      for (const each of [image, fresh]) if (each) each.close();
    }
    this.squares.delete(square.key);
  }

  _off(canvas, spare) {
    canvas.remove();
    if (spare.length < 48) spare.push(canvas);
  }

  /* Put it where it belongs when the map shows this centre at this zoom. */
  place(map, center, zoom) {
    const scale = map.getZoomScale(zoom, this.zoom);
    const at = this.origin.multiplyBy(scale).subtract(map._getNewPixelOrigin(center, zoom)).round();
    for (const box of Object.values(this.boxes)) L.DomUtil.setTransform(box, at, scale);
  }

  /* The squares that touch a rectangle of the picture, nearest to its middle first. */
  touching([w, n, e, s]) {
    const { side } = this, found = [], mx = (w + e) / 2 / side - 0.5, my = (n + s) / 2 / side - 0.5;
    for (let i = Math.floor(w / side); i * side < e; i++)
      for (let j = Math.floor(n / side); j * side < s; j++) {
        const key = `${i}:${j}`;
        let square = this.squares.get(key);
        if (!square) this.squares.set(key, (square = { key, x: i * side, y: j * side, side: this.wide, zoom: this.zoom, k: this.k, parts: {} }));
        square.far = Math.hypot(i - mx, j - my);
        found.push(square);
      }
    return found.sort((a, b) => a.far - b.far);
  }

  /* Put a square's new image (null: nothing there) in the place of the old one, on the page or only at hand. A canvas that
     shows an image costs nothing while it moves; one that was drawn on would be copied in each frame. */
  show(square, name, spare, onPage) {
    const part = square.parts[name];
    if (!part || part.fresh === undefined) return;
    const { canvas, image, fresh } = part;
    part.fresh = undefined;
    part.image = part.canvas = null;
    if (image) image.close();
    if (fresh && onPage) {
      part.canvas = canvas || spare.pop() || L.DomUtil.create("canvas", "ns-canvas-part");
      part.canvas.width = fresh.width;
      part.canvas.height = fresh.height;
      part.canvas.getContext("bitmaprenderer").transferFromImageBitmap(fresh);
      Object.assign(part.canvas.style, { left: square.x - this.origin.x + "px", top: square.y - this.origin.y + "px", width: this.wide + "px", height: this.wide + "px" });
      if (!canvas) this.boxes[name].append(part.canvas);
    } else {
      part.image = fresh;
      if (canvas) this._off(canvas, spare);
    }
  }
}
