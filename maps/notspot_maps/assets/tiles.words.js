/* Words, numbers and elements of the page of tiles. */

const TILE_WORDS = {
  zh: {
    lang: "zh-Hant-TW", other: "English", change: "Switch to English",
    not_covered: "未涵蓋", covered: "涵蓋", unknown: "無資料", points: "點數", count: (n) => `${n} 點`, total: "合計",
    legend: "涵蓋狀態", legendHint: "點選可隱藏或顯示", by: "格子的比率按", cells: "格子：已知之中涵蓋的比率",
    classes: ["0%：皆未涵蓋", "未滿 50%", "50%–未滿 80%", "80%–未滿 95%", "95%–未滿 100%", "100%：皆涵蓋"], unsure: "過半無資料",
    cellHint: "縮小時每格為其中所有點的總和，一點不少；放大後顯示各點。", nearer: "各點自此放大層級起顯示",
    none: "此處沒有點", pick: "以滑鼠指向、點選或用方向鍵移動地圖，查看一格的數目或一點的資料。", known: "已知中涵蓋",
    several: (which, n) => `此處重疊 ${n} 筆，第 ${which} 筆`, before: "上一筆", after: "下一筆",
    missing: (n, what) => `${n} 點沒有${what}；合計不含它們`, refused: (n) => `另有 ${n} 列未採用（沒有座標、在臺灣之外或狀態不明確），列於 rejects.csv`,
    operators: "涵蓋的業者", nobody: "無", mean: "平均", source: "來源", about: "關於這份地圖",
    private: "點為人口、住戶或建物的位置；檔案不含基地臺位置。", jumps: "快速前往", places: { taiwan: "臺灣", penghu: "澎湖", kinmen: "金門", matsu: "馬祖" },
    open: "開啟 .pmtiles 檔", openHint: "從磁碟選取檔案，不會上傳", map: "地圖：方向鍵移動，＋－縮放；中央十字處的資料在面板", zoomIn: "放大", zoomOut: "縮小",
    loading: "載入中…", failed: "有圖磚無法載入，移動地圖可再試。",
    errors: {
      disk: (file) => `瀏覽器不允許從磁碟直接讀取 ${file} 的片段。請用下方按鈕選取該檔，或執行「notspot tiles 資料夾 --serve」後開啟它給的網址，或將資料夾放上網頁伺服器。`,
      network: (file) => `無法讀取 ${file}。請確認它與本頁在同一資料夾，且伺服器可連線。`,
      ranges: (file) => `這個伺服器不支援片段讀取（HTTP range），${file} 太大，不能整個下載。python -m http.server 即不支援；請用「notspot tiles 資料夾 --serve」、nginx、Apache 或一般靜態主機，或用下方按鈕選取檔案。`,
      changed: () => "檔案在瀏覽期間換了新版。請重新整理本頁。", short: (file) => `${file} 不完整，可能下載中斷。`,
      format: (file) => `${file} 不是 PMTiles 第 3 版，或已損壞。`, other: (file) => `${file} 不是由 Notspot 寫成的圖磚。`,
      browser: () => "這個瀏覽器無法解壓縮（需要 DecompressionStream，2023 年以後的瀏覽器皆有）。請更新瀏覽器。",
    },
  },
  en: {
    lang: "en", other: "中文", change: "切換為中文",
    not_covered: "Not covered", covered: "Covered", unknown: "Unknown", points: "points", count: (n) => `${n} points`, total: "Total",
    legend: "Coverage", legendHint: "Press to hide or show", by: "Shares of cells by", cells: "Cells: share covered of those known",
    classes: ["0%: none covered", "under 50%", "50% to under 80%", "80% to under 95%", "95% to under 100%", "100%: all covered"], unsure: "more than half unknown",
    cellHint: "Zoomed out, a cell is the sum of all points in it, none left out; zoomed in, the points themselves are drawn.", nearer: "zoom from which the points are drawn",
    none: "No point here", pick: "Point, tap, or move the map with the arrow keys to read the counts of a cell or the facts of a point.", known: "Covered of known",
    several: (which, n) => `${which} of ${n} that lie here`, before: "Previous", after: "Next",
    missing: (n, what) => `${n} points have no figure of ${what}; the totals are without them`, refused: (n) => `${n} rows were refused (no coordinates, outside Taiwan or no clear status) and stand in rejects.csv`,
    operators: "Operators that cover", nobody: "none", mean: "mean", source: "Source", about: "About this map",
    private: "Points are people, households or buildings; positions of base stations are not in the file.", jumps: "Jump to", places: { taiwan: "Taiwan", penghu: "Penghu", kinmen: "Kinmen", matsu: "Matsu" },
    open: "Open the .pmtiles file", openHint: "Chosen from disk; nothing is uploaded", map: "Map: arrow keys move it, plus and minus zoom; what is under the cross stands in the panel", zoomIn: "Zoom in", zoomOut: "Zoom out",
    loading: "Loading…", failed: "A tile could not be loaded; move the map to try again.",
    errors: {
      disk: (file) => `Browsers do not let a page on disk read parts of ${file}. Choose the file with the button below, or run “notspot tiles FOLDER --serve” and open the address it prints, or put the folder on a web server.`,
      network: (file) => `${file} cannot be read. It must lie in the folder of this page, and the server must answer.`,
      ranges: (file) => `This server does not answer to range requests, and ${file} is too large to be loaded whole. python -m http.server is such a server; use “notspot tiles FOLDER --serve”, nginx, Apache or a static host, or choose the file with the button below.`,
      changed: () => "The file was replaced while you were looking at it. Please reload the page.", short: (file) => `${file} is cut off; was its download interrupted?`,
      format: (file) => `${file} is no PMTiles file of version 3, or is damaged.`, other: (file) => `${file} was not written by Notspot.`,
      browser: () => "This browser cannot unpack the data (it needs DecompressionStream, in every browser since 2023). Please update it.",
    },
  },
};

/* Where the file is of H3 cells, in place of points. */
const HEXAGON_WORDS = {
  zh: {
    points: "六邊形數", count: (n) => `${n} 個`, legend: "H3 六邊形的涵蓋狀態",
    cellHint: "縮小時每格為其中所有六邊形的總和，一個不少；放大後顯示六邊形本身。", nearer: "六邊形自此放大層級起顯示", none: "此處沒有六邊形",
    pick: "以滑鼠指向、點選或用方向鍵移動地圖，查看一格的數目或一個六邊形的資料。", missing: (n, what) => `${n} 個六邊形沒有${what}；合計不含它們`,
    private: "六邊形是 H3 的劃分，數字為其中的人口、住戶或建物；檔案不含基地臺位置。", h3: "H3 編號",
  },
  en: {
    points: "hexagons", count: (n) => `${n} hexagons`, legend: "Coverage of H3 hexagons",
    cellHint: "Zoomed out, a cell is the sum of all hexagons in it, none left out; zoomed in, the hexagons themselves are drawn.", nearer: "zoom from which the hexagons are drawn", none: "No hexagon here",
    pick: "Point, tap, or move the map with the arrow keys to read the counts of a cell or the facts of a hexagon.", missing: (n, what) => `${n} hexagons have no figure of ${what}; the totals are without them`,
    private: "Hexagons are those of H3, with figures of people, households or buildings; positions of base stations are not in the file.", h3: "H3 cell",
  },
};

/* An element with attributes and children; text stays text. */
function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

const figure = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 3 });
const percent = (part, all) => (all ? `${((100 * part) / all).toFixed(1)}%` : "–");
