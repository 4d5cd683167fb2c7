/* The page on paper: A4, the map and its legend on the first page, all rows of the table after them. */

Object.assign(WORDS.zh, { leftBy: "篩選" });
Object.assign(WORDS.en, { leftBy: "Filters" });

const FOOT_LETTERS = 100; // of an address in a line of the foot, in 7 points; the foot breaks no word by itself

/* An address in lines, parted before an & where one is near enough. */
function addressLines(address) {
  const lines = [""];
  for (const part of address.split(/(?=&)/).flatMap((each) => each.match(new RegExp(`.{1,${FOOT_LETTERS}}`, "gu")) || [])) {
    if (lines.at(-1).length + part.length <= FOOT_LETTERS) lines.push(lines.pop() + part);
    else lines.push(part);
  }
  return lines.filter(Boolean);
}

class Paper {
  constructor(view) { this.view = view; }

  open() {
    if (!this.view.source.fragment) return; // a map on somebody's page is printed as that page says
    this.before = () => this._lay();
    this.after = () => this._lift();
    window.addEventListener("beforeprint", this.before);
    window.addEventListener("afterprint", this.after);
    document.adoptedStyleSheets.push((this.margins = new CSSStyleSheet()));
  }

  close() {
    window.removeEventListener("beforeprint", this.before);
    window.removeEventListener("afterprint", this.after);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== this.margins);
  }

  /* Beside the number of each page, below: whose page it is, should it part from the others; on the first also where the view is found again. */
  _foot(address) {
    const { view } = this, { data } = view.model;
    const text = (words) => `"${[...words].map((char) => (/[\p{L}\p{N} ]/u.test(char) ? char : `\\${char.codePointAt(0).toString(16)} `)).join("")}"`; // all else by number: nothing ends it early
    const all = text(`${view.text(data.title)} · ${view.words.run} ${data.run}`), lines = addressLines(address);
    const room = `margin-bottom: ${15 + 2.8 * Math.max(0, lines.length - 2)}mm;`, first = [all, ...lines.map(text)].join(' "\\a " ');
    this.margins.replaceSync(`@page { @bottom-left { content: ${all}; } } @page :first { ${room} @bottom-left { content: ${first}; white-space: pre; font-size: 7pt; padding-top: 2mm; } }`);
  }

  /* The map takes the size that it has on paper, with what is in view now still in view. */
  _lay() {
    const { view } = this, { map, panel } = view, box = map.getContainer();
    if (this.was) return;
    this.was = { center: map.getCenter(), zoom: map.getZoom(), patterns: view.patterns };
    const address = panel.drawn.card.cite.address();
    const seen = map.getBounds();
    view.printing = true;
    this._foot(address);
    box.classList.add("ns-paper-map");
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(seen, { animate: false });
    if (this._alike()) this._patterns(true);
    view.painter.paint();
    view.painter.finish(); // paper does not wait for the next frame
    this.pictures = Object.keys(PANES).map((name) => this._picture(name)).filter(Boolean);
    panel.printed();
    const fold = this.view.overlays && this.view.overlays.on.size ? panel.root.querySelector(".ns-fold-overlays:not([open])") : null;
    if (fold) (this.fold = fold).open = true; // the legend of what is drawn
    panel.drawn.table.print(true);
  }

  /* Whether two classes are the same grey to a printer without colours: the ends of a scale that parts in its middle. */
  _alike() { return this.view.sides.some((_, side) => this.view.classes(side).method === "diverging"); }

  _patterns(on) {
    if (this.view.patterns === on) return;
    this.view.patterns = on;
    this.view.painter.paint();
    this.view.panel.legend();
  }

  /* What a pane shows, as one fresh canvas: on paper browsers leave off images that are handed to a canvas, and where a canvas was cleared they blot out what lies under it. */
  _picture(name) {
    const { map } = this.view, pane = map.getPane(name), box = map.getContainer().getBoundingClientRect(), { x, y } = map.getSize(), fine = 2;
    if (!pane || !pane.querySelector("canvas")) return null;
    const picture = el("canvas", { class: "ns-paper-picture ns-canvas", "aria-hidden": "true", width: x * fine, height: y * fine, style: { width: x + "px", height: y + "px" } }), ctx = picture.getContext("2d");
    ctx.scale(fine, fine);
    for (const part of pane.children) {
      const clip = part.getBoundingClientRect();
      ctx.save();
      if (part.style.overflow === "hidden") {
        ctx.beginPath();
        ctx.rect(clip.x - box.x, clip.y - box.y, clip.width, clip.height);
        ctx.clip();
      }
      for (const square of (part.matches("canvas") ? [part] : part.querySelectorAll("canvas"))) {
        const at = square.getBoundingClientRect();
        if (at.width && square.width && getComputedStyle(square).visibility !== "hidden") ctx.drawImage(square, at.x - box.x, at.y - box.y, at.width, at.height);
      }
      ctx.restore();
    }
    pane.append(picture);
    L.DomUtil.setPosition(picture, map.containerPointToLayerPoint([0, 0]));
    return picture;
  }

  _lift() {
    const { map, panel } = this.view;
    if (!this.was) return;
    for (const picture of this.pictures) picture.remove();
    map.getContainer().classList.remove("ns-paper-map");
    map.invalidateSize({ animate: false, pan: false });
    map.setView(this.was.center, this.was.zoom, { animate: false });
    this._patterns(this.was.patterns);
    this.was = null;
    this.view.printing = false;
    if (this.fold) this.fold.open = false;
    this.fold = null;
    panel.drawn.table.print(false);
  }
}
