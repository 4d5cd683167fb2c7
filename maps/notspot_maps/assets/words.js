/* Words, numbers and elements. */

const WORDS = {
  zh: {
    other: "English", language: "Switch to English", indicator: "指標", level: "顯示層級", county: "縣市", township: "鄉鎮市區",
    village: "村里", nation: "全國", legend: "圖例", legendHint: "點選可隱藏或顯示該級", unknown: "無資料", nothing: "不適用",
    search: "搜尋地名或代碼", searchHint: "例：蘭嶼、Lanyu、10014160", found: "筆符合", none: "查無符合的地名",
    tabPlace: "圖例與地點", tabTable: "排名表", rank: "名次", place: "地點", value: "數值", bounds: "下限–上限", status: "狀態", source: "來源",
    asOf: "資料時間", caveat: "注意", definition: "定義", needs: "尚缺資料", official: "公布值（2021）", target: "目標（2025）", ratio: "分子／分母",
    computed: "本研究計算", published: "官方公布", groups: "分組比較", about: "定義與來源", noVillage: "村里無資料；以下為所屬鄉鎮市區",
    rankOf: (n, all, level) => `於 ${all} 個有資料之${level}中，由高至低第 ${n} 名`, onlyNation: "僅有全國公布值，無法分區著色", noneAtAll: "這份結果沒有此指標的數值", hidden: "已隱藏的級不列出",
    wide: "上下限跨級（點狀）", map: "地圖：以滑鼠或觸控瀏覽；鍵盤請用搜尋與排名表", jumps: "快速前往", path: "目前位置",
    run: "執行代號", sortBy: (name) => `依${name}排序`, all: "全部", tab: "檢視", upTo: "含上界", data: "行政區界線",
    unreadable: "這個瀏覽器無法解開內嵌資料（需要 DecompressionStream，2023 年以後的瀏覽器皆有）。請更新瀏覽器。", empty: "這份結果沒有任何指標，僅顯示行政區界線。",
    broken: "這份地圖的內嵌資料不完整，無法展開。檔案可能在下載或轉寄時截斷；請重新取得檔案。", yes: "有", no: "無", code: "代碼", zoomIn: "放大", zoomOut: "縮小", basis: "依據", nationOnly: "僅全國數字",
    claim: "申報", measurement: "量測", model: "推估", register: "登記", download: "下載 CSV",
  },
  en: {
    other: "中文", language: "切換為中文", indicator: "Indicator", level: "Level shown", county: "Counties", township: "Townships",
    village: "Villages", nation: "Nation", legend: "Legend", legendHint: "Press a class to hide or show it", unknown: "No data", nothing: "Not applicable",
    search: "Search place or code", searchHint: "e.g. Lanyu, 蘭嶼, 10014160", found: "matches", none: "No place of that name",
    tabPlace: "Legend and place", tabTable: "Ranking", rank: "Rank", place: "Place", value: "Value", bounds: "Low–high", status: "Status", source: "Source",
    asOf: "As of", caveat: "Note", definition: "Definition", needs: "Data missing", official: "Published (2021)", target: "Target (2025)", ratio: "Numerator / denominator",
    computed: "computed here", published: "official figure", groups: "Groups compared", about: "Definition and source", noVillage: "No data for villages; the figures are those of its township",
    rankOf: (n, all, level) => `${n} of ${all} ${level.toLowerCase()} with data, highest first`, onlyNation: "Only the national figure is published; nothing to colour", noneAtAll: "These results have no figures of this indicator", hidden: "Hidden classes are not listed",
    wide: "Bounds reach into another class (dotted)", map: "Map, for mouse and touch; with the keyboard use search and ranking", jumps: "Jump to", path: "Where you are",
    run: "Run", sortBy: (name) => `Sort by ${name.toLowerCase()}`, all: "All", tab: "View", upTo: "upper edge included", data: "Boundaries",
    unreadable: "This browser cannot unpack the data inside (it needs DecompressionStream, in every browser since 2023). Please update it.", empty: "These results hold no indicator; only boundaries are shown.",
    broken: "The data inside this atlas cannot be unpacked: the file may have been cut short on its way. Please fetch it again.", yes: "yes", no: "no", code: "Code", zoomIn: "Zoom in", zoomOut: "Zoom out", basis: "Basis", nationOnly: "national figure only",
    claim: "claim", measurement: "measurement", model: "model", register: "register", download: "Download CSV",
  },
};

/* Everything a reader sees goes in as text, never as markup. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (name === "class") node.className = value;
    else if (name === "style") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

const FORMATS = new Map();
function number(value, lang, decimals, least = 0) {
  const key = lang + decimals + least;
  if (!FORMATS.has(key))
    FORMATS.set(key, new Intl.NumberFormat(lang === "zh" ? "zh-TW" : "en", { maximumFractionDigits: decimals, minimumFractionDigits: least }));
  return FORMATS.get(key).format(value);
}

/* A share has one decimal, a measure as many as its size bears, a whole number of anything else none. */
function figure(value, lang, kind = "") {
  if (kind === "share") return number(value, lang, 1, 1);
  const size = Math.abs(value), decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 || !size ? 2 : 3;
  return number(value, lang, decimals, kind === "measure" ? decimals : 0);
}

/* Names compare without case, blanks, width, and with 台 as 臺. */
const folded = (text) => text.normalize("NFKC").toLowerCase().replace(/台/g, "臺").replace(/[\s'’\-.,[\]]/g, "");

/* A name inside a sentence, so that its direction does not reorder what stands around it. */
const isolated = (text) => `\u2068${text}\u2069`;
