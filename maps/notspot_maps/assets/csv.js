/* The table as a file. */

const CSV_PLACE = ["code", "name_zh", "name_en", "county_zh", "county_en", "township_zh", "township_en"];
const CSV_SIDE = ["value", "low", "high", "numerator", "denominator", "unit", "status", "indicator", "year"];
const CSV_MORE = ["rank", "indicator_name", "source"]; // of a side, too: behind those that were there before

/* The rows as CSV (RFC 4180): one a unit; what is compared with stands behind, its headers with a 2, and last what changed. */
function csvOf(view, rows) {
  const { model, sides } = view, second = sides[1] || null, change = second && second.indicator === sides[0].indicator;
  const header = [...CSV_PLACE, ...CSV_SIDE, "run", ...CSV_MORE, ...(second ? [...CSV_SIDE, ...CSV_MORE].map((name) => name + "2") : []), ...(change ? ["change"] : [])];
  const lines = rows.map((i) => {
    const [first, other] = sides.map((side) => csvSide(view, side, i));
    const out = [...csvPlace(view, i), ...first.own, model.data.run, ...first.more, ...(other ? [...other.own, ...other.more] : [])];
    return change ? [...out, csvChange(first.cell, other.cell)] : out;
  });
  return [header, ...lines].map((line) => line.map(csvCell).join(",") + "\r\n").join("");
}

/* The columns of CSV_PLACE. */
function csvPlace({ model, level }, i) {
  const path = model.path(level, i), above = (name) => (name === level ? null : path.find((at) => at.level === name));
  const names = (at) => ["zh", "en"].map((lang) => (at ? model.data.units[at.level][lang][at.index] : ""));
  return [model.code(level, i), ...names({ level, index: i }), ...names(above("county")), ...names(above("township"))];
}

/* A unit's own cell on a side, and the columns of CSV_SIDE and CSV_MORE. */
function csvSide(view, { indicator, year }, i) {
  const { model, level } = view, cell = model.cell(indicator, level, i, year) || { s: "unknown" };
  return {
    cell,
    own: [cell.v, cell.low, cell.high, indicator.numerator ? cell.n : null, cell.d, view.text(indicator.unit), cell.nothing ? "not applicable" : cell.s, indicator.id, year],
    more: [model.ranks(indicator, level, year).rank[i] || null, view.text(indicator.name), view.text(model.told(indicator, level, year).source)],
  };
}

/* Second less first without the tail that binary fractions leave. */
function csvChange(first, second) {
  const found = changed(first, second);
  return found === null ? null : Number(found.toPrecision(10));
}

/* A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay numbers. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^'*(?:[\t\r\n]|[\x00-\x20\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*[=+\-@|＝＋－＠])/.test(value) ? "'" + value : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
