(function () {
  "use strict";
  var root = document.documentElement, button = document.getElementById("lang");
  var opener = document.getElementById("atlas-open"), atlas = document.getElementById("atlas"), frame = null;

  function inLanguage(address) {
    return root.dataset.lang === "en" ? address + (address.indexOf("#") < 0 ? "#" : "&") + "lang=en" : address;
  }
  function show(lang) {
    var other = lang === "zh" ? "en" : "zh-Hant-TW";
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-Hant-TW" : "en";
    document.title = button.dataset[lang === "zh" ? "titleZh" : "titleEn"];
    button.textContent = button.dataset[lang];
    button.lang = other;
    if (frame) frame.title = atlas.dataset[lang === "zh" ? "titleZh" : "titleEn"];
  }
  button.addEventListener("click", function () { show(root.dataset.lang === "zh" ? "en" : "zh"); });
  show(location.hash === "#en" ? "en" : location.hash === "#zh" ? "zh" : root.dataset.lang);

  // ---- the atlas in the page: loaded when it is asked for, dropped when it is closed

  function there() { // what another file of a disk holds may not be looked at: then the line below it stays
    try { return !!frame.contentDocument.querySelector(".folium-map"); } catch (refused) { return false; }
  }
  function openAtlas(address) {
    if (!frame) {
      frame = document.createElement("iframe");
      frame.title = atlas.dataset[root.dataset.lang === "zh" ? "titleZh" : "titleEn"];
      frame.addEventListener("load", function () { atlas.dataset.state = there() ? "there" : "loaded"; });
      atlas.dataset.state = "waits";
      frame.src = inLanguage(address);
      atlas.querySelector(".frame").appendChild(frame);
      atlas.hidden = false;
      opener.setAttribute("aria-expanded", "true");
    } else frame.src = inLanguage(address); // only what follows the # differs: the atlas moves, nothing is loaded
  }
  function closeAtlas() {
    atlas.querySelector(".frame").textContent = "";
    atlas.hidden = true;
    frame = null;
    opener.setAttribute("aria-expanded", "false");
  }
  opener.hidden = false;
  opener.addEventListener("click", function () {
    if (frame) closeAtlas();
    else openAtlas(atlas.dataset.address);
  });
  window.addEventListener("message", function (event) { // the atlas tells that it came
    if (frame && event.source === frame.contentWindow) atlas.dataset.state = "there";
  });
  document.addEventListener("securitypolicyviolation", function (event) {
    if (frame && /^frame-src/.test(event.effectiveDirective)) atlas.dataset.state = "loaded";
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a") : null;
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    var address = link.getAttribute("href") || "";
    if (address.indexOf("atlas.html") !== 0) return;
    if (frame && link.closest(".map")) { // the map beside it: the place is shown where the reader is
      event.preventDefault();
      openAtlas(address);
      atlas.scrollIntoView({ block: "nearest" });
    } else if (root.dataset.lang === "en") {
      event.preventDefault();
      location.href = inLanguage(address);
    }
  });

  // ---- on paper what is folded and matters is open

  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.filter.call(document.querySelectorAll("details.printed"), function (one) { return !one.open; });
    opened.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (one) { one.open = false; });
  });
})();
