/* The table's file is handed to the browser. In a frame that may not download nothing comes of that, and no page is told: there the text stands to be copied, too. */

Object.assign(WORDS.zh, {
  handed: (rows) => `CSV 已交給瀏覽器下載，共 ${rows} 列`, handedFrame: "若沒有收到檔案，是嵌入此地圖的網頁不允許下載：請複製以下文字，或直接開啟地圖檔。", csvText: "CSV 文字",
});
Object.assign(WORDS.en, {
  handed: (rows) => `CSV handed to the browser to download, ${rows} rows`, handedFrame: "If no file came, the page around this map forbids downloads: copy the text below, or open the map by itself.", csvText: "Text of the CSV",
});

/* Offer the rows as a file; `node` takes what stands in a frame. */
function saveTable(view, rows, node) {
  const text = csvOf(view, rows), W = view.words, { indicator, level, year } = view, { root } = view.panel;
  const name = `notspot-${indicator.id}-${level}-${year}.csv`.replace(/[^\w.-]/g, "_");
  const link = el("a", { href: URL.createObjectURL(new Blob(["\ufeff" + text], { type: "text/csv;charset=utf-8" })), download: name, hidden: true });
  root.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  const framed = window.parent !== window, area = el("textarea", { readonly: true, rows: 6, "aria-label": W.csvText, "data-ns": "csv-text", style: { width: "100%" }, on: { focus: (event) => event.target.select() } });
  if (framed) area.value = text;
  node.replaceChildren(...(framed ? [el("p", { class: "ns-note" }, W.handedFrame), area] : []));
  view.panel.announce([W.handed(number(rows.length, view.lang, 0)), framed ? W.handedFrame : ""].filter(Boolean).join(view.lang === "zh" ? "。" : ". "));
}
