(function () {
  "use strict";
  var root = document.documentElement, button = document.getElementById("lang");
  function show(lang) {
    var other = lang === "zh" ? "en" : "zh-Hant-TW";
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-Hant-TW" : "en";
    document.title = button.dataset[lang === "zh" ? "titleZh" : "titleEn"];
    button.textContent = button.dataset[lang];
    button.lang = other;
  }
  button.addEventListener("click", function () { show(root.dataset.lang === "zh" ? "en" : "zh"); });
  if (location.hash === "#en") show("en");
})();
