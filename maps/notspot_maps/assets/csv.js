/* The table as a file. */

const CSV_COLUMNS = ["code", "name_zh", "name_en", "county_zh", "county_en", "township_zh", "township_en", "value", "low", "high", "numerator", "denominator", "unit", "status", "indicator", "year", "run"];

/* The rows as CSV (RFC 4180), those of a second side under those of the first. */
function csvOf(view, rows) {
  const { model, level } = view, lines = [CSV_COLUMNS.join(",")], names = (at, lang) => (at ? model.data.units[at.level][lang][at.index] : "");
  for (const { indicator, year } of view.sides)
    for (const i of rows) {
      const path = model.path(level, i), above = (name) => (name === level ? null : path.find((at) => at.level === name)), cell = model.cell(indicator, level, i, year) || { s: "unknown" };
      const own = { level, index: i }, county = above("county"), town = above("township");
      lines.push([model.code(level, i), names(own, "zh"), names(own, "en"), names(county, "zh"), names(county, "en"), names(town, "zh"), names(town, "en"),
        cell.v, cell.low, cell.high, indicator.numerator ? cell.n : null, cell.d, view.text(indicator.unit), cell.nothing ? "not applicable" : cell.s, indicator.id, year, model.data.run].map(csvCell).join(","));
    }
  return lines.join("\r\n") + "\r\n";
}

/* A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay numbers. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^'*(?:[\t\r\n]|[\x00-\x20\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*[=+\-@|＝＋－＠])/.test(value) ? "'" + value : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
