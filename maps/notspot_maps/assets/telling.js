/* Figures in words, as the view tells them. */

Object.assign(WORDS.zh, { weight: "權數" });
Object.assign(WORDS.en, { weight: "Weight" });

const TELLING = {
  /* The cell that speaks for a place on a side: its own, or its township's where villages have none. */
  cell(place, side = 0) {
    const { indicator, year } = this.sides[side] || this.sides[0], { model } = this;
    const own = model.cell(indicator, place.level, place.index, year);
    if (own || place.level !== "village") return { place, cell: own, lent: false };
    const town = model.path(place.level, place.index).at(-2);
    return town ? { place: town, cell: model.cell(indicator, town.level, town.index, year), lent: true } : { place, cell: null, lent: false };
  },

  value(v, nothing = false, indicator = this.indicator) {
    if (nothing) return this.words.nothing;
    if (v === null || v === undefined) return this.words.unknown;
    return figure(v, this.lang, indicator.kind) + (indicator.kind === "share" ? " %" : "");
  },

  unit(indicator = this.indicator) { return indicator.kind === "share" ? "" : this.text(indicator.unit); },

  bounds(cell, indicator = this.indicator) {
    if (!cell || (cell.low === cell.v && cell.high === cell.v) || (cell.low === null && cell.high === null)) return null;
    return `${cell.low === null ? "?" : this.value(cell.low, false, indicator)} – ${cell.high === null ? "?" : this.value(cell.high, false, indicator)}`;
  },

  /* Of what and to what; null where there is no more than the value itself. A mean has its weights only: the sum of products that is over them says nothing. */
  ratio(cell, indicator = this.indicator) {
    const { numerator, denominator } = indicator;
    if (!cell || (cell.n === null && cell.d === null) || (cell.d === null && cell.n === cell.v)) return null;
    const part = (text, v) => `${this.text(text)} ${v === null ? this.words.unknown : figure(v, this.lang)}`;
    return [numerator && part(numerator, cell.n), denominator && cell.d !== null ? part(denominator, cell.d) : null].filter(Boolean);
  },

  /* What such a pair is called. */
  ratioName(indicator = this.indicator) { return indicator.numerator ? (indicator.denominator ? this.words.ratio : this.words.n) : this.words.weight; },

  /* What a side shows, in words: the indicator, and the year where there are several. */
  titleOf(side) {
    const { indicator, year } = this.sides[side], { model } = this;
    return indicator ? this.text(indicator.name) + (model.years.length > 1 ? (this.lang === "zh" ? `（${year}）` : ` (${year})`) : "") : "";
  },

  /* The value with its unit and bounds, or that there is none. */
  figures(cell, indicator = this.indicator) {
    const known = cell && cell.v !== null, bounds = this.bounds(cell, indicator);
    return `${known ? [this.value(cell.v, false, indicator), this.unit(indicator)].filter(Boolean).join(" ") : this.value(null, cell && cell.nothing, indicator)}${bounds ? `${this.lang === "zh" ? "，" : ", "}${this.words.bounds} ${bounds}` : ""}`;
  },

  /* A place, or without one the nation, with its figures on every side. */
  sentence(place) {
    const name = place ? isolated(this.model.name(place.level, place.index, this.lang)) : this.words.nation, colon = this.lang === "zh" ? "：" : ": ";
    if (!this.indicator) return name;
    const said = this.sides.map(({ indicator, year }, side) => `${this.titleOf(side)} ${this.figures(place ? this.cell(place, side).cell : this.model.nation(indicator, year), indicator)}`);
    return `${name}${place && this.cell(place).lent ? (this.lang === "zh" ? "，" : ", ") + this.words.noVillage : ""}${colon}${said.join(this.lang === "zh" ? "；" : "; ")}`;
  },
};
