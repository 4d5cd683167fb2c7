/* What an address names and this atlas has not: said at the top of the panel, with what is shown instead. */

Object.assign(WORDS.zh, {
  lostNear: "網址", lostClose: "關閉這則提示",
  lost: {
    indicator: (asked, shown) => (shown ? `沒有「${asked}」這項指標，改顯示「${shown}」。` : `沒有「${asked}」這項指標。`),
    other: (asked) => `沒有「${asked}」這項可比較的指標，未作比較。`,
    year: (asked, shown) => `沒有「${asked}」這個年度，改顯示 ${shown} 年。`,
    level: (asked) => `沒有「${asked}」這個層級，改為依縮放顯示。`,
    levelFigures: (asked, shown) => `這項指標沒有${asked}的數值，改顯示${shown}。`,
    place: (asked) => `沒有代碼為「${asked}」的地點，改顯示全國。`,
    filter: (asked) => `沒有「${asked}」這項篩選條件，未套用。`,
    classes: (asked) => `無法辨識「${asked}」這種分級，改用預設分級。`,
    overlay: (asked) => `沒有「${asked}」這個疊加圖層，未顯示。`,
    more: (n) => `另有 ${n} 項也找不到。`,
  },
});
Object.assign(WORDS.en, {
  lostNear: "Address", lostClose: "Close this note",
  lost: {
    indicator: (asked, shown) => `There is no indicator “${asked}” here${shown ? `; “${shown}” is shown instead` : ""}.`,
    other: (asked) => `There is no indicator “${asked}” to compare with; nothing is compared.`,
    year: (asked, shown) => `There is no year “${asked}” here; ${shown} is shown instead.`,
    level: (asked) => `There is no level “${asked}” here; the level follows the zoom instead.`,
    levelFigures: (asked, shown) => `This indicator has no figures for ${asked.toLowerCase()}; ${shown.toLowerCase()} are shown instead.`,
    place: (asked) => `There is no place of the code “${asked}” here; the nation is shown instead.`,
    filter: (asked) => `There is no filter “${asked}” here; it is left out.`,
    classes: (asked) => `Classes “${asked}” cannot be read; those given are shown instead.`,
    overlay: (asked) => `There is no overlay “${asked}” here; it is left out.`,
    more: (n) => `${n} more are not here either.`,
  },
});

const ASKED_LONGEST = 40, LOST_MOST = 6; // characters of an address that are said again; lines of the note

class Lost {
  constructor(view) { Object.assign(this, { view, all: [], node: null }); }

  /* all: [kind, what was asked for, what is shown instead (called when it is said, in the language of then)]. */
  take(all) {
    this.all = all;
    this.state = null;
    if (all.length) setTimeout(() => this.all === all && this.view.panel.announce(this._texts().join(" ")), 200); // a live region that is new on the page is not read at once
  }

  _texts() {
    const { view } = this, cut = (text) => isolated(text.length > ASKED_LONGEST ? text.slice(0, ASKED_LONGEST) + "…" : text);
    const said = this.all.slice(0, LOST_MOST).map(([kind, asked, shown]) => view.words.lost[kind](typeof asked === "function" ? asked() : cut(asked), shown ? shown() : ""));
    return this.all.length > LOST_MOST ? [...said, view.words.lost.more(this.all.length - LOST_MOST)] : said;
  }

  /* The note as an element, null where there is nothing to say any more: it goes when something else is shown. */
  draw(state) {
    this.state ??= state;
    if (state !== this.state) this.all = [];
    if (!this.all.length) return (this.node = null);
    const W = this.view.words;
    return (this.node = el("div", { class: "ns-notice ns-lost" },
      el("ul", {}, this._texts().map((text, i) => el("li", {}, i ? null : el("b", {}, W.lostNear + (this.view.lang === "zh" ? "：" : ": ")), text))),
      el("button", { type: "button", class: "ns-quiet", "data-ns": "lost", "aria-label": W.lostClose, title: W.lostClose, on: { click: () => this._close() } }, el("span", { "aria-hidden": "true" }, "✕"))));
  }

  /* What is shown may have changed without the panel being built anew. */
  settle(state) {
    if (this.node && this.state !== null && state !== this.state) this._drop();
  }

  _drop() {
    this.all = [];
    if (this.node) this.node.remove();
    this.node = null;
  }

  _close() {
    this._drop();
    this.view.panel.root.focus();
  }
}
