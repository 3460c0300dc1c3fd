// The demonstration's panel: remembers whether it is open, keeps what a person opened in it open.
(() => {
  "use strict";

  const KEY = "crisis-monitor.demo";
  const panel = document.getElementById("demo-all");
  if (!panel) return;
  const kept = (() => { try { return sessionStorage.getItem(KEY); } catch { return null; } })();
  if (kept) panel.open = kept === "open";
  panel.addEventListener("toggle", () => {
    try { sessionStorage.setItem(KEY, panel.open ? "open" : "closed"); } catch { /* a private window */ }
    document.documentElement.toggleAttribute("data-demo-closed", !panel.open);
  });
  document.documentElement.toggleAttribute("data-demo-closed", !panel.open);

  if (matchMedia("(max-width: 63.99rem)").matches) {
    document.getElementById("demo-tools").open = false;
    // The panel stands above the view there: who follows a link lands on what was asked for.
    const arrived = performance.getEntriesByType("navigation")[0]?.type === "navigate";
    if (arrived && location.pathname !== "/" && !location.hash) document.getElementById("main").scrollIntoView();
  }

  // What a person opened stays open when its surroundings are drawn anew.
  document.addEventListener("htmx:before:swap", (event) => {
    for (const task of event.detail.tasks || []) {
      if (!task.fragment?.querySelectorAll || !panel.contains(task.target)) continue;
      task.fragment.querySelectorAll("details[id]").forEach((fresh) => {
        const shown = document.getElementById(fresh.id);
        if (shown) fresh.toggleAttribute("open", shown.open);
      });
    }
  });

  // The panel's forms may be sent again and again.
  panel.addEventListener("submit", (event) => setTimeout(() => {
    event.target.removeAttribute("data-sent");
    event.target.removeAttribute("data-dirty");
  }));

  // Beginning anew: the server is away for some seconds.
  if (document.querySelector("[data-demo-again]")) {
    const look = async () => {
      try {
        if ((await fetch("/demo/panel", { cache: "no-store", signal: AbortSignal.timeout(60_000) })).ok) return location.assign("/");
      } catch { /* still away */ }
      setTimeout(look, 1_000);
    };
    setTimeout(look, 1_500);
  }
})();
