/* The swipe: a divider over the map between two sides, and the names of what they show. */

Object.assign(WORDS.zh, {
  divider: "左右比較分隔線", dividerAt: (left, share) => `左側「${left}」占 ${share} %`, leftSide: "左", rightSide: "右",
});
Object.assign(WORDS.en, {
  divider: "Divider between the two sides", dividerAt: (left, share) => `left side, ${left}, has ${share} %`, leftSide: "Left", rightSide: "Right",
});

class Swipe {
  constructor(view) { this.view = view; }

  open() {
    this.names = [0, 1].map((side) => el("p", { class: "ns-side-name ns-side-" + side }));
    this.handle = el("div", { class: "ns-handle", role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal", "data-ns": "divider",
      on: { keydown: (event) => this._key(event) } }, el("span", { class: "ns-knob", "aria-hidden": "true" }, "↔"));
    this.node = el("div", { class: "ns-root ns-swipe", hidden: true }, this.names, this.handle);
    L.DomEvent.disableClickPropagation(this.handle);
    L.DomEvent.on(this.handle, "mousedown touchstart pointerdown dblclick", L.DomEvent.stopPropagation);
    this.handle.addEventListener("pointerdown", (event) => this._grab(event));
    this.view.map.getContainer().append(this.node);
    this.draw();
  }

  close() { this.node.remove(); }

  /* Names and words anew; where there is one side there is nothing to see. */
  draw() {
    const { view } = this, W = view.words, two = view.sides.length > 1;
    this.node.hidden = !two;
    if (!two) return;
    this.node.lang = view.lang === "zh" ? "zh-Hant-TW" : "en";
    [W.leftSide, W.rightSide].forEach((word, side) => this.names[side].replaceChildren(el("b", {}, word), " " + view.titleOf(side)));
    this.handle.setAttribute("aria-label", W.divider);
    this._place();
  }

  _place() {
    const { view } = this, share = Math.round(view.split * 100);
    this.handle.style.left = view.split * 100 + "%";
    this.node.style.setProperty("--split", view.split * 100 + "%");
    this.handle.setAttribute("aria-valuenow", String(share));
    this.handle.setAttribute("aria-valuetext", view.words.dividerAt(view.titleOf(0), share));
  }

  _to(split) {
    this.view.divide(split);
    this._place();
  }

  _grab(event) {
    if (event.button) return;
    const box = this.view.map.getContainer().getBoundingClientRect(), off = event.clientX - box.left - this.view.split * box.width;
    const move = (at) => this._to((at.clientX - off - box.left) / box.width);
    const end = () => {
      this.dragging = false;
      this.handle.removeEventListener("pointermove", move);
      this.view.write();
    };
    this.dragging = true;
    this.handle.setPointerCapture(event.pointerId);
    this.handle.focus({ preventScroll: true });
    this.handle.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.handle.addEventListener(name, end, { once: true });
    event.preventDefault();
  }

  _key(event) {
    const { split } = this.view;
    const to = { ArrowLeft: split - 0.02, ArrowDown: split - 0.02, ArrowRight: split + 0.02, ArrowUp: split + 0.02, PageDown: split - 0.1, PageUp: split + 0.1, Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this._to(to);
    this.view.write();
  }
}
