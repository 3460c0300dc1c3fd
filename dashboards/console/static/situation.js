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

  document.addEventListener("input", (event) => { if (event.target.id === "q") filter(); });
  // A refresh that was under way while something was typed brings back rows that are not wanted.
  document.addEventListener("htmx:after:swap", () => {
    if (document.activeElement?.id === "q") filter();
  });
})();
