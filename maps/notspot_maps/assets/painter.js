/* The painter: keeps the picture of all units up to date in squares, a few milliseconds a frame.

   What is in view is painted first, then a ring around it. The old picture stays, moved and scaled with the land, until
   the new one is complete. Lines and names are kept by themselves and laid over the fills in the same square, as one
   layer costs the browser half of two; only where there are no fills (`plain`) do they stand on a pane of their own. */

const VILLAGE_ZOOM = 11.5; // from here on a village is several fingers wide
const FRAME_MS = { moving: 8, still: 14 }; // spent on painting in a frame
const AT_ONCE_MS = 60; // how long a change of what is shown may paint before the next frame

const Painter = L.Layer.extend({
  initialize(view) {
    this.view = view;
    this.brush = new Brush(view, new Labels(view));
    this.spare = [];
    this.queue = [];
    this.stamps = { fills0: 0, fills1: 0, lines: 0 };
  },

  getEvents() {
    return { viewreset: this._jumped, zoomanim: this._animated, zoom: this._zooming, zoomend: this._jumped, move: this._moved, moveend: this._moved, resize: this._jumped };
  },

  onAdd(map) {
    const shapes = map.getPane("ns-shapes"), part = (parent) => {
      const box = L.DomUtil.create("div", "ns-canvas", parent);
      box.setAttribute("aria-hidden", "true");
      return box;
    };
    this.clips = [part(shapes), part(shapes)];
    this.hosts = { fills0: part(this.clips[0]), fills1: part(this.clips[1]), lines: part(map.getPane("ns-lines")) };
    this.marks = new Marks(this.view, map.getPane("ns-marks"), this.brush);
    this._aim(map.getCenter(), map.getZoom());
    this._renew();
    this._work(Infinity);
    this._wake();
  },

  onRemove() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resting);
    for (const sheet of [this.shown, this.next]) if (sheet) sheet.remove(this.spare);
    for (const each of [...this.clips, this.hosts.lines, this.marks]) each.remove();
    this.shown = this.next = this.job = null;
    this.queue = [];
    this.frame = 0;
  },

  /* ---- what others call */

  /* Values, classes, filters or the level changed. */
  paint() {
    if (!this._map || !this.clips) return;
    this._renew();
    this._work(AT_ONCE_MS);
    this._wake();
  },

  /* What is pointed at or selected changed. */
  mark() {
    if (this._map && this.marks) this.marks.draw();
  },

  /* The divider between the two sides moved, or the map under it. */
  shift() {
    if (!this._map || !this.clips) return;
    const size = this._map.getSize(), two = this._sides() === 2, { split = 0.5 } = this.view, at = two ? Math.round(size.x * split) : 0;
    [[0, at], [at, size.x]].forEach(([from, to], side) => {
      const clip = this.clips[side], host = this.hosts["fills" + side], corner = two ? this._map.containerPointToLayerPoint([from, 0]) : L.point(0, 0);
      clip.style.overflow = two ? "hidden" : "";
      clip.style.width = two ? to - from + "px" : "";
      clip.style.height = two ? size.y + "px" : "";
      L.DomUtil.setPosition(clip, corner);
      L.DomUtil.setPosition(host, corner.multiplyBy(-1));
    });
  },

  /* ---- what is to be painted */

  _sides() { return this.view.sides ? Math.min(this.view.sides.length, 2) : 1; },

  _parts() {
    return this.view.plain ? ["lines"] : ["lines", "fills0", "fills1"].slice(0, 1 + this._sides());
  },

  /* Take what the view shows now, and see which squares that makes old. */
  _renew() {
    this.job = null;
    this.coats = [];
    for (let side = 0; side < this._sides(); side++) {
      this.coats.push(this.brush.coat(side));
      this.stamps["fills" + side]++;
    }
    this.clips.forEach((clip, side) => (clip.style.display = this.view.plain || side >= this._sides() ? "none" : ""));
    const dimmed = this.brush.dimmed(), { level, lang } = this.view, plain = Boolean(this.view.plain), over = this.brush.labels.over(), old = this.lined;
    const same = old && old.over === over && old.level === level && old.lang === lang && old.plain === plain && (old.dimmed === dimmed || (old.dimmed && dimmed && old.dimmed.length === dimmed.length && old.dimmed.every((v, i) => v === dimmed[i])));
    if (!same) {
      this.lined = { level, lang, plain, over, dimmed };
      this.stamps.lines++;
    }
    this.shift();
    this._plan();
    this.mark();
  },

  /* See that there is a picture, or one being painted, for a zoom. */
  _aim(center, zoom) {
    const ratio = Math.min(window.devicePixelRatio || 1, 2), fits = (sheet) => sheet && sheet.zoom === zoom && sheet.ratio === ratio;
    if (this.next && !fits(this.next)) {
      this.next.remove(this.spare);
      this.next = null;
      this.job = null;
    }
    if (fits(this.shown)) {
      if (this.next) this.next.remove(this.spare);
      this.next = null;
    } else if (!this.next) {
      this.next = new Sheet(this.hosts, zoom, this._map.project(center, zoom));
      if (!this.shown || this.shown.zoom > zoom) this.next.reveal("fills"); // farther out: land where there was none yet
      this.job = null;
      if (this.shown && this.shown.ratio !== ratio) this.spare = [];
    }
  },

  _place(center, zoom) {
    for (const sheet of [this.shown, this.next]) if (sheet) sheet.place(this._map, center, zoom);
  },

  /* List what is missing of the picture that is wanted: what is in view, then a ring of one square around it. */
  _plan() {
    const map = this._map, sheet = this.next || this.shown, { center, zoom } = this.anim || { center: map.getCenter(), zoom: map.getZoom() };
    const middle = map.project(center, sheet.zoom), half = map.getSize().multiplyBy(map.getZoomScale(sheet.zoom, zoom) / 2);
    const around = (pad) => [middle.x - half.x - pad, middle.y - half.y - pad, middle.x + half.x + pad, middle.y + half.y + pad];
    const [w, n, e, s] = around(2 * sheet.side);
    for (const square of [...sheet.squares.values()])
      if (square.x > e || square.x + sheet.side < w || square.y > s || square.y + sheet.side < n) sheet.drop(square, this.spare);
    const seen = sheet.touching(around(1)), inView = new Set(seen), ring = sheet.touching(around(sheet.side)).filter((square) => !inView.has(square));
    this.queue = [];
    this.seen = seen;
    for (const [squares, wanted] of [[seen, true], [ring, false]])
      for (const square of squares)
        for (const name of this._parts())
          if (!square.parts[name] || square.parts[name].stamp !== this.stamps[name]) this.queue.push({ sheet, square, name, wanted });
    this.job &&= this.queue.find((job) => job.square === this.job.square && job.name === this.job.name && job.sheet === this.job.sheet) ? this.job : null;
    if (this.job) this.queue = this.queue.filter((job) => job.square !== this.job.square || job.name !== this.job.name);
    this._settle();
    this._wake();
  },

  /* ---- painting */

  _wake() {
    if (this.frame || !(this.queue.length || this.job)) return;
    this.hosts.lines.classList.add("ns-busy");
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this._work(this.anim || this._map._panAnim?._inProgress || this._map.dragging?.moving() ? FRAME_MS.moving : FRAME_MS.still);
      this._wake();
    });
  },

  /* Paint for so many milliseconds; without end only what is in view. */
  _work(limit) {
    const until = performance.now() + limit;
    while ((this.job ||= this._begin()) && (this.job.wanted || limit < AT_ONCE_MS)) {
      const { value, done } = this.job.steps.next();
      if (done) this._finish(this.job, value);
      if (performance.now() > until) break;
    }
    if (this.queue.length || this.job) return;
    this.hosts.lines.classList.remove("ns-busy");
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this._rest(), 150);
  },

  /* Paint all that is in view now, for paper. */
  finish() { this._work(Infinity); },

  /* While nothing is to do: thin the arcs for the zooms next to this one. */
  _rest() {
    if (!this._map || this.queue.length) return;
    const { shapes } = this.view.model, zoom = Math.ceil(this._map.getZoom()), next = [zoom + 1, zoom - 1].find((each) => each <= 16 && each >= 5 && !shapes.thinned.has(each));
    if (next === undefined) return;
    shapes.thin(next);
    this.resting = setTimeout(() => this._rest(), 50);
  },

  _begin() {
    const job = this.queue.shift();
    if (!job) return null;
    job.steps = this._steps(job);
    job.stamp = this.stamps[job.name];
    return job;
  },

  *_steps({ sheet, square, name }) {
    if (this.brush.bare(square)) return null;
    const lines = name !== "lines" && square.parts.lines.image;
    this.easel ||= new OffscreenCanvas(1, 1);
    const ctx = this.easel.getContext("2d", { willReadFrequently: true }); // in memory: a thousand small paths are nothing for a graphics card
    this.easel.width = this.easel.height = sheet.pixels; // clears it too
    ctx.setTransform(sheet.ratio, 0, 0, sheet.ratio, 0, 0);
    const coat = this.coats[name === "fills1" ? 1 : 0];
    const steps = name === "lines" ? this.brush.lines(ctx, square, { level: this.lined.level, dimmed: this.lined.dimmed, ratio: sheet.ratio }) : this.brush.fills(ctx, square, coat);
    for (;;) {
      const { done, value } = steps.next();
      if (done) {
        if (lines) ctx.drawImage(lines, 0, 0, sheet.wide, sheet.wide);
        return value || lines ? this.easel.transferToImageBitmap() : null;
      }
      ctx.getImageData(0, 0, 1, 1); // paint now, not at the end of the frame: else the time would not be known
      yield;
    }
  },

  _finish(job, image) {
    const { sheet, square, name } = job, part = (square.parts[name] ||= {});
    this.job = null;
    if (part.fresh) part.fresh.close();
    part.fresh = image;
    part.stamp = job.stamp;
    if (!job.wanted || !part.canvas || sheet !== this.shown || (name === "lines" && !this.lined.plain)) this._show(sheet, square, name);
    this._settle();
  },

  _show(sheet, square, name) { sheet.show(square, name, this.spare, name !== "lines" || this.lined.plain); },

  /* When all that is in view is there, show it at once. */
  _settle() {
    if (this.queue.some((job) => job.wanted) || (this.job && this.job.wanted)) return;
    const sheet = this.next || this.shown;
    for (const square of this.seen) for (const name of this._parts()) this._show(sheet, square, name);
    if (!this.next) return;
    if (this.shown) this.shown.remove(this.spare);
    this.shown = this.next;
    this.next = null;
    this.shown.reveal();
    this._place(...(this.anim ? [this.anim.center, this.anim.zoom] : [this._map.getCenter(), this._map.getZoom()]));
  },

  /* ---- the map moves */

  _moved() {
    if (this._map._animatingZoom || !this.shown) return;
    this.shift();
    this._plan();
    this.marks.moved();
  },

  /* A zoom that Leaflet animates: the browser scales the picture, and the new one is begun beneath. */
  _animated({ center, zoom }) {
    if (!this.shown) return;
    const fresh = this.next;
    this._aim(center, zoom);
    if (this.next && this.next !== fresh) {
      this.next.place(this._map, this._map.getCenter(), this._map.getZoom());
      void this.next.boxes.lines.offsetWidth; // so that it, too, begins where the old one is
    }
    this.anim = { center, zoom };
    this._place(center, zoom);
    this.marks.follow(center, zoom);
    this._plan();
  },

  /* Fingers or a flight: each frame has another zoom. */
  _zooming() {
    if (!this.shown) return;
    const center = this._map.getCenter(), zoom = this._map.getZoom();
    this.anim = null;
    this.flown = true; // what comes at the end of it may take some frames
    if (Math.abs((this.next || this.shown).zoom - zoom) > 1) this._aim(center, zoom);
    this._place(center, zoom);
    this.marks.follow(center, zoom);
  },

  /* The map stands somewhere else, at another zoom or in another size. */
  _jumped() {
    if (!this.shown && !this.next) return;
    const map = this._map, { flown } = this;
    if (map._animatingZoom) return;
    this.anim = null;
    this.flown = false;
    this._aim(map.getCenter(), map.getZoom());
    this._place(map.getCenter(), map.getZoom());
    this.shift();
    this._plan();
    this.marks.moved();
    if (!flown) this._work(AT_ONCE_MS);
    this._wake();
  },
});
