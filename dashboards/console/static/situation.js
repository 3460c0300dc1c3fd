// Hides, while a name is typed, the rows that do not hold it; the server's answer follows.
(() => {
  "use strict";

  const folded = (text) => text.toLocaleLowerCase().normalize("NFKC");

  function filter() {
    const words = folded(document.getElementById("q")?.value || "").split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll("#situation > tbody > tr")) {
      const name = folded(row.querySelector("th")?.textContent || "");
      row.hidden = !words.every((word) => name.includes(word));
    }
  }

  // Who does not see the page is told when crises come or go, and of nothing else.
  let last = null;
  function tell() {
    const glance = document.getElementById("glance");
    if (!glance) return;
    const crises = [...glance.querySelectorAll("a")].map((link) => link.getAttribute("href")).join();
    const number = glance.querySelector("strong")?.textContent || "";
    const live = document.getElementById("live");
    if (last !== null && last !== number + crises && live) live.textContent = glance.textContent.replace(/\s+/g, " ").trim();
    last = number + crises;
  }

  document.addEventListener("input", (event) => { if (event.target.id === "q") filter(); });
  // A refresh that was under way while something was typed brings back rows that are not wanted.
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement?.id === "q") filter();
    tell();
  });
  tell();
})();
