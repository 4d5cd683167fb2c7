/* Classes that a reader chooses: the edges and colours that notspot_maps.classes finds for the same values. */

Object.assign(WORDS.zh, {
  methods: { quantiles: "分位數（各級單位數相近）", natural: "自然斷點", fixed: "固定級距", own: "自訂級距", target: "以目標值為中心", nation: "以全國值為中心", values: "依實際數值" },
});
Object.assign(WORDS.en, {
  methods: { quantiles: "Quantiles (as many units in each)", natural: "Natural breaks", fixed: "Fixed steps", own: "Your own edges", target: "Around the target", nation: "Around the national figure", values: "One class a value" },
});

/* ColorBrewer 2.0 (C. Brewer, M. Harrower); as in notspot_maps.palette. */
const PALETTES = {
  ylgnbu: {
    1: ["#41b6c4"],
    2: ["#c7e9b4", "#2c7fb8"],
    3: ["#edf8b1", "#7fcdbb", "#2c7fb8"],
    4: ["#ffffcc", "#a1dab4", "#41b6c4", "#225ea8"],
    5: ["#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494"],
    6: ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494"],
    7: ["#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84"],
  },
  puor: {
    1: ["#5e3c99"],
    2: ["#f1a340", "#998ec3"],
    3: ["#f1a340", "#f7f7f7", "#998ec3"],
    4: ["#e66101", "#fdb863", "#b2abd2", "#5e3c99"],
    5: ["#e66101", "#fdb863", "#f7f7f7", "#b2abd2", "#5e3c99"],
    6: ["#b35806", "#f1a340", "#fee0b6", "#d8daeb", "#998ec3", "#542788"],
    7: ["#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"],
  },
};
const RIM = { ink: "#1f2933", paper: "#ffffff" };
const RULES = { share: [20, 40, 60, 80], dl_mbps: [25, 50, 100, 150, 200, 250], ul_mbps: [5, 10, 20, 30, 40, 60] };
const FEWEST = 2, MOST = 7, USUAL = 5; // classes

/* Classes for values (null: unknown): edges rise, class i holds edges[i - 1] < value <= edges[i]. */
function classify(values, { method = "quantiles", count = USUAL, edges = [], centre = null } = {}) {
  const known = Float64Array.from(Array.from(values).filter(Number.isFinite)).sort();
  const distinct = known.filter((v, i) => !i || v !== known[i - 1]);
  const wanted = Math.max(1, Math.min(MOST, Math.round(count) || USUAL)), given = soundEdges(edges);
  let found;
  if (method === "diverging" && Number.isFinite(centre)) {
    const steps = around(known, centre, wanted), [first, last] = reached(steps, known);
    return { method, edges: steps.slice(first, last), colours: PALETTES.puor[steps.length + 1].slice(first, last + 1) };
  }
  if (method === "fixed" && given.length) found = given;
  else if (distinct.length <= (method === "values" ? MOST : wanted)) [found, method] = [Array.from(distinct.slice(0, -1)), "values"];
  else {
    method = method === "natural" ? "natural" : "quantiles";
    found = roundedEdges(known, method === "natural" ? naturalBreaks(known, wanted) : quantiles(known, wanted));
  }
  return { method, edges: found, colours: PALETTES.ylgnbu[found.length + 1] };
}

const soundEdges = (edges) => [...new Set(edges.filter(Number.isFinite))].sort((a, b) => a - b).slice(0, MOST - 1);

/* So many significant digits, half up; whole numbers below 1,000 are left alone. */
function readable(value, digits = 2) {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 1000)) return value;
  return Number(value.toExponential(digits - 1));
}

/* How many values of a rising list are smaller. */
function below(ordered, value) {
  let low = 0, high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ordered[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Inner edges from the largest value of each class, rounded as far as none merges or leaves a class empty. */
function roundedEdges(known, tops) {
  const raw = [...new Set(tops)].filter((top) => top < known[known.length - 1]);
  for (const digits of [2, 3, 4, 6]) {
    const found = [...new Set(raw.map((edge) => readable(edge, digits)))].sort((a, b) => a - b);
    if (found.length === raw.length && new Set(known.map((v) => below(found, v))).size === found.length + 1) return found;
  }
  return raw;
}

const quantiles = (ordered, count) =>
  Array.from({ length: count }, (_, i) => ordered[Math.floor(((ordered.length - 1) * (i + 1)) / count)]);

/* Fisher (1958), JASA 53, 789-798, by dynamic programming; where the last class begins never falls as its end
   rises, so that halving the ends settles a class in n log n. Rising values; the largest of each class. */
function naturalBreaks(ordered, count) {
  const distinct = [], times = [];
  for (const v of ordered) {
    if (!distinct.length || v !== distinct[distinct.length - 1]) distinct.push(v), times.push(0);
    times[times.length - 1]++;
  }
  const size = distinct.length, classes = Math.min(count, size), last = distinct[size - 1];
  const middle = distinct[0] / 2 + last / 2, half = last / 2 - distinct[0] / 2 || 1;
  const weight = new Float64Array(size + 1), first = new Float64Array(size + 1), second = new Float64Array(size + 1);
  for (let i = 0; i < size; i++) {
    const v = (distinct[i] - middle) / half;
    weight[i + 1] = weight[i] + times[i];
    first[i + 1] = first[i] + times[i] * v;
    second[i + 1] = second[i] + times[i] * (v * v);
  }
  let least = new Float64Array(size + 1).fill(Infinity), next;
  least[0] = 0;
  const starts = [];
  const settle = (start, low, high, left, right) => {
    if (low > high) return;
    const end = (low + high) >> 1;
    let best = Infinity, at = left;
    for (let begin = left; begin <= Math.min(right, end - 1); begin++) {
      const spread = first[end] - first[begin];
      const total = least[begin] + (second[end] - second[begin] - (spread * spread) / (weight[end] - weight[begin]));
      if (total < best) [best, at] = [total, begin];
    }
    next[end] = best;
    start[end] = at;
    settle(start, low, end - 1, left, at);
    settle(start, end + 1, high, at, right);
  };
  for (let c = 0; c < classes; c++) {
    next = new Float64Array(size + 1).fill(Infinity);
    starts.push(new Int32Array(size + 1));
    settle(starts[c], c + 1, size, c, size - 1);
    least = next;
  }
  const tops = [];
  for (let c = classes - 1, end = size; c >= 0; end = starts[c--][end]) tops.unshift(distinct[end - 1]);
  return tops;
}

/* Equal steps on both sides of the centre, out to the farther end; an odd count has a class in the middle. */
function around(known, centre, count) {
  const side = Math.max(1, count >> 1), odd = count > 1 ? count % 2 : 0;
  const reach = known.length ? Math.max(known[known.length - 1] - centre, centre - known[0]) : 1;
  const step = readable(reach / (side + odd / 2)) || 1;
  return odd
    ? Array.from({ length: 2 * side }, (_, i) => centre + step * (i - side + 0.5))
    : Array.from({ length: 2 * side - 1 }, (_, i) => centre + step * (i + 1 - side));
}

/* Which edges to keep: not those past the last value on a side, but always those next to the centre. */
function reached(edges, known) {
  if (!known.length) return [0, edges.length];
  const least = below(edges, known[0]), most = below(edges, known[known.length - 1]);
  return [Math.min(least, (edges.length - 1) >> 1), Math.max(most, (edges.length >> 1) + 1)];
}

/* The fixed edges of an indicator by the rule for its kind; none where there is no rule. */
function ruleEdges(indicator) {
  if (indicator.kind === "share") return RULES.share;
  const prefix = Object.keys(RULES).find((each) => each !== "share" && indicator.id.startsWith(each));
  return prefix ? RULES[prefix] : [];
}

/* What diverging classes can part at: the target, the national figure. */
function centres(indicator) {
  const nation = indicator.nation && indicator.nation.v;
  return { target: Number.isFinite(indicator.target) ? indicator.target : null, nation: Number.isFinite(nation) ? nation : null };
}

/* A reader's choice as classify() takes it, with what the indicator knows: fixed edges of the rule, the target. */
function completed(choice, indicator) {
  const { target, nation } = centres(indicator);
  return {
    ...choice,
    edges: choice.edges && choice.edges.length ? choice.edges : ruleEdges(indicator),
    centre: Number.isFinite(choice.centre) ? choice.centre : target === null ? nation : target,
  };
}

/* A choice as text, as in the address (natural:6, fixed:20,40, diverging:6:75.9), and back; null where it is none. */
function choiceText({ method, count, edges, centre }) {
  if (method === "fixed") return "fixed:" + (edges || []).join(",");
  return `${method}:${count}` + (method === "diverging" && Number.isFinite(centre) ? ":" + centre : "");
}

function choiceOf(text) {
  const [method, rest = "", middle = ""] = (text || "").split(":"), numbers = rest.split(",").filter(Boolean).map(Number);
  if (method === "fixed") return numbers.every(Number.isFinite) ? { method, edges: soundEdges(numbers) } : null;
  if (!["quantiles", "natural", "diverging", "values"].includes(method)) return null;
  const count = rest ? Number(rest) : USUAL, centre = middle ? Number(middle) : null;
  if (!Number.isInteger(count) || count < FEWEST || count > MOST || Number.isNaN(centre)) return null;
  return { method, count, centre };
}

/* The colour of the line that touches a swatch, 3:1 from it: ink, or white (with ink outside it) round a dark one. */
function rimOf(colour) {
  const light = (hex) => [1, 3, 5].reduce((sum, at, i) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return sum + [0.2126, 0.7152, 0.0722][i] * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);
  return (light(colour) + 0.05) / (light(RIM.ink) + 0.05) >= 3 ? RIM.ink : RIM.paper;
}
