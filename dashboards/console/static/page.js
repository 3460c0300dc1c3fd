// Keeps an open page up to date, and a person in the picture about how old it is.
// Needs nothing but htmx. Everything on the page works without it, only not by itself.
//
// What templates may use:
//   hx-trigger="changed:buckets from:body, changed:incidents from:body throttle:1s"
//     parts: buckets, mentions, incidents, notifications, time; several at once ask once
//   <time datetime="..."> is put into the viewer's zone; data-relative: "3 min ago", kept fresh;
//     data-form="clock" or "exact": the time of day alone
//   <tr data-row> (or any row of a table in main): j and k go from one to the next
//   <input name="by"> remembers who acts; <details id> stays as it was opened
//   [hx-morph-skip] is never touched by a refresh, nor is a form that was typed into
(() => {
  "use strict";

  const BEAT = 15_000; // the server says something at least this often
  const SILENT = 2.7 * BEAT; // beyond this a connection is taken for dead
  const LONGEST_PAUSE = 30_000;
  const HIDDEN_FOR = 10_000; // a tab nobody looks at gives its connection back: browsers have six
  const APART = 250; // refreshes of one page never follow each other closer
  const SPREAD = 250; // many open pages do not ask in the same instant

  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => root.querySelectorAll(selector);

  // -- times in the viewer's zone --------------------------------------------------------------

  const zone = undefined; // the browser's
  const form = (options) => new Intl.DateTimeFormat(undefined, { timeZone: zone, hourCycle: "h23", ...options });
  const clock = form({ hour: "2-digit", minute: "2-digit" });
  const exact = form({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const withDay = form({ weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
  const withYear = form({ day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const day = form({ year: "numeric", month: "2-digit", day: "2-digit" });

  // The people's time: the server's, which in a replay is not the wall clock's.
  let skew = 0;
  let still = false; // time stands between two events of a replay
  let told = 0;
  let knowsTime = false;
  const now = () => (still ? told : Date.now() + skew);

  function span(milliseconds) {
    const minutes = Math.round(milliseconds / 60_000);
    if (milliseconds < 45_000) return "under a minute";
    if (minutes < 60) return `${Math.max(1, minutes)} min`;
    if (minutes < 48 * 60) {
      const hours = Math.floor(minutes / 60), rest = minutes % 60;
      return rest && hours < 10 ? `${hours} h ${rest} min` : `${Math.round(minutes / 60)} h`;
    }
    return `${Math.round(minutes / 1440)} days`;
  }

  function relative(at) {
    const away = at - now();
    if (Math.abs(away) < 45_000) return away <= 0 ? "just now" : "in under a minute";
    return away < 0 ? `${span(-away)} ago` : `in ${span(away)}`;
  }

  function written(at, element) {
    if ("relative" in element.dataset) return relative(at);
    if (element.dataset.form === "clock") return clock.format(at);
    if (element.dataset.form === "exact") return exact.format(at);
    if (Math.abs(at - now()) > 300 * 86_400_000) return withYear.format(at);
    return day.format(at) === day.format(now()) ? clock.format(at) : withDay.format(at);
  }

  function tellTime(element) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) return;
    if (!element.title) element.title = new Date(at).toISOString().replace("T", " ").replace(/(\.000)?Z$/, " UTC");
    const said = written(at, element);
    if (element.textContent !== said) element.textContent = said;
  }

  const tellTimes = (root) => all("time[datetime]", root).forEach(tellTime);

  // -- how old is what is shown ----------------------------------------------------------------

  const banner = () => $("#stale");
  let lost = 0; // since when nothing came, the viewer's wall clock
  let stands = null; // since when detection stands, the people's time
  let standsIn = ""; // the partitions that do, empty: all
  let trouble = "";
  const broken = new Map(); // what asked for itself in vain, and the answer's status

  function sayHowOld() {
    const element = banner();
    if (!element) return;
    let said = "";
    if (lost) said = `Stale since ${clock.format(lost)}: the server does not answer; trying again.`;
    else if (broken.size) said = `Stale: the server could not show this anew (it answered ${[...broken.values()][0]}). The next change asks again.`;
    else if (trouble) said = `Stale: ${trouble}. Trying again.`;
    else if (stands !== null) said = `Detection stands${standsIn && ` in ${standsIn}`} since ${written(stands, element)}: nothing newer ${standsIn ? "of its brands " : ""}has been looked at.`;
    if (element.textContent !== said) element.textContent = said;
    element.hidden = !said;
    document.documentElement.toggleAttribute("data-stale", Boolean(said));
  }

  // -- what has changed ------------------------------------------------------------------------

  let marks = null;
  try { marks = JSON.parse($("meta[name=marks]")?.content || "null"); } catch { /* as if none were given */ }
  const PARTS = { buckets: "buckets", mentions: "mentions", events: "incidents", outbox: "notifications", folded: "time" };
  const pending = new Set();
  let waiting = 0;
  let lastRefresh = 0;
  let round = 0;
  const asked = new WeakMap(); // of an element, the last round in which it asked

  function differing(before, after) {
    if (!before || !after) return [];
    return Object.keys(PARTS).filter((name) => before[name] !== after[name]).map((name) => PARTS[name]);
  }

  function refreshSoon(parts) {
    parts.forEach((part) => pending.add(part));
    if (!pending.size || document.hidden || waiting) return;
    const rest = Math.max(0, lastRefresh + APART - Date.now());
    waiting = setTimeout(refresh, rest + Math.random() * (still ? 50 : SPREAD));
  }

  function refresh() {
    waiting = 0;
    if (document.hidden || lost) return; // on return
    lastRefresh = Date.now();
    const parts = [...pending];
    pending.clear();
    round += 1;
    for (const part of parts) htmx.trigger(document.body, `changed:${part}`, { round });
    if (parts.some((part) => part !== "time")) htmx.trigger(document.body, "changed", { parts, round });
  }

  function tellAsOf(at) {
    const place = $("#as-of");
    if (!place || at === null) return;
    const element = $("time", place) || document.createElement("time");
    element.dateTime = new Date(at).toISOString();
    element.removeAttribute("title");
    tellTime(element);
    if (!element.parentNode) place.replaceChildren(element);
  }

  function heard(event) {
    const data = JSON.parse(event.data);
    alive();
    still = Boolean(data.event_mode);
    told = data.now;
    skew = data.now - Date.now();
    if (Math.abs(skew) < 2_000) skew = 0; // the way here takes its time, too
    if (!knowsTime || still) tellTimes(document); // until now they were told by the viewer's clock
    knowsTime = true;
    stands = data.stands_since ?? null;
    standsIn = data.stands_in || "";
    trouble = "";
    const parts = data.parts || differing(marks, data.marks);
    marks = data.marks;
    sayHowOld();
    tellAsOf(data.as_of);
    refreshSoon(parts);
  }

  // -- the one connection ----------------------------------------------------------------------

  let source = null;
  let failures = 0;
  let retry = 0;
  let lastHeard = Date.now();
  let hiddenSince = 0;

  function alive() {
    lastHeard = Date.now();
    failures = 0;
    lost = 0;
  }

  function connect() {
    clearTimeout(retry);
    retry = 0;
    source?.close();
    source = new EventSource("/events");
    lastHeard = Date.now();
    source.addEventListener("state", heard);
    source.addEventListener("changed", heard);
    source.addEventListener("beat", () => { alive(); sayHowOld(); });
    source.addEventListener("trouble", (event) => {
      alive();
      trouble = JSON.parse(event.data).detail.replace(/\.$/, "");
      sayHowOld();
    });
    source.addEventListener("error", failed);
  }

  function failed() {
    if (!source) return;
    source.close();
    source = null;
    lost ||= Date.now();
    sayHowOld();
    failures += 1;
    if (failures === 2 || failures % 5 === 0) askWhy();
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** Math.min(failures, 6));
    clearTimeout(retry);
    retry = setTimeout(connect, pause * (0.5 + Math.random() / 2));
  }

  // An EventSource does not say why it was refused; a session that has ended needs a person.
  async function askWhy() {
    try {
      const answer = await fetch("/events/room", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
      if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    } catch { /* still away */ }
  }

  function look() {
    const silent = Date.now() - lastHeard > SILENT;
    if (document.hidden) {
      hiddenSince ||= Date.now();
      if (source && Date.now() - hiddenSince > HIDDEN_FOR) {
        source.close();
        source = null;
      }
      return;
    }
    hiddenSince = 0;
    if (source && silent) failed();
    else if (!source && !retry) connect();
  }

  function returned() {
    if (document.hidden) {
      hiddenSince = Date.now();
      return;
    }
    hiddenSince = 0;
    failures = 0;
    if (!source || Date.now() - lastHeard > SILENT) connect(); // its `state` tells what was missed
    else refreshSoon([]);
    tellTimes(document);
  }

  // -- what a refresh must not take away -------------------------------------------------------

  document.addEventListener("htmx:before:swap", (event) => {
    for (const task of event.detail.tasks || []) {
      const fragment = task.fragment;
      if (!fragment?.querySelectorAll) continue;
      tellTimes(fragment);
      fillNames(fragment);
      if (task.target?.id !== "main" && !task.target?.closest?.("#main")) continue;
      all("details[id]", fragment).forEach((fresh) => {
        const shown = document.getElementById(fresh.id);
        if (shown instanceof HTMLDetailsElement) fresh.toggleAttribute("open", shown.open);
      });
    }
  });
  // Nobody asks by himself while nobody looks, or while there is nobody to ask.
  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement: element, sourceEvent: cause } = event.detail.ctx;
    const kind = cause?.type || "";
    if (kind !== "every" && !kind.startsWith("changed")) return;
    const part = kind.split(":")[1];
    const { round: of } = cause.detail || {};
    if (document.hidden || lost) {
      if (part) pending.add(part); // a throttled one comes late
      event.preventDefault();
    } else if (of && asked.get(element) === of) event.preventDefault(); // several parts, one answer
    else if (of) asked.set(element, of);
  });
  // What the server fails to show is not swapped in: what stays is old, and that is said.
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement: element, sourceEvent: cause, response } = event.detail.ctx;
    const kind = cause?.type || "";
    if (response.status < 400) broken.delete(element);
    else if (kind === "every" || kind.startsWith("changed")) broken.set(element, response.status);
    for (const each of broken.keys()) if (each instanceof Element && !each.isConnected) broken.delete(each);
    sayHowOld();
  });
  document.addEventListener("charts:read", ({ detail: status }) => {
    if (status < 400) broken.delete("charts");
    else broken.set("charts", status);
    sayHowOld();
  });
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form && form.method === "post") form.setAttribute("data-dirty", ""); // htmx-config: morphSkip
    if (event.target.name === "by") remember(event.target.value);
  });
  document.addEventListener("reset", (event) => event.target.removeAttribute("data-dirty"));

  // -- who acts --------------------------------------------------------------------------------

  const NAME = "crisis-monitor.by";
  function remember(name) {
    try { localStorage.setItem(NAME, name.slice(0, 100)); } catch { /* a private window */ }
  }
  function fillNames(root) {
    let name = "";
    try { name = localStorage.getItem(NAME) || ""; } catch { return; }
    if (!name) return;
    all("input[name=by]", root).forEach((input) => {
      if (!input.value) input.value = name;
      if (!input.getAttribute("value")) input.setAttribute("value", name);
    });
  }

  // -- keyboard --------------------------------------------------------------------------------

  const PLACES = { s: ["/", "situation"], i: ["/incidents", "incidents"], h: ["/health", "health"] };
  let going = 0;

  const writing = (element) => element?.closest?.("input, textarea, select, [contenteditable]") && !element.matches("[type=checkbox], [type=radio], [type=button], [type=submit]");

  function step(by) {
    const rows = [...all($("[data-row]") ? "[data-row]" : "main tbody tr")]
      .filter((row) => row.offsetParent !== null && row.matches(":is(a, button), :has(a, button)"));
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by))];
    const target = next.matches("a, button, [tabindex]") ? next : $("a, button, [tabindex]", next);
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }

  function help() {
    let dialog = $("#shortcuts");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.id = "shortcuts";
      dialog.setAttribute("aria-labelledby", "shortcuts-title");
      const title = document.createElement("h2");
      title.id = "shortcuts-title";
      title.textContent = "Keys";
      const list = document.createElement("dl");
      const lines = [
        ...Object.entries(PLACES).map(([key, [, name]]) => [`g ${key}`, `go to ${name}`]),
        ["j, k", "next, previous row"], ["/", "search"], ["?", "these keys"], ["Esc", "close"],
      ];
      for (const [key, what] of lines) {
        const term = document.createElement("dt"), description = document.createElement("dd");
        const shown = document.createElement("kbd");
        shown.textContent = key;
        term.append(shown);
        description.textContent = what;
        list.append(term, description);
      }
      const close = document.createElement("button");
      close.type = "button";
      close.textContent = "Close";
      close.addEventListener("click", () => dialog.close());
      dialog.append(title, list, close);
      document.body.append(dialog);
    }
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writing(event.target)) return;
    if ($("dialog[open]") && event.key !== "?") return;
    const goes = Date.now() - going < 1_500;
    going = 0;
    if (goes && PLACES[event.key]) location.assign(PLACES[event.key][0]);
    else if (event.key === "g") going = Date.now();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/" && $("[type=search]")) $("[type=search]").focus();
    else if (event.key === "?") help();
    else return;
    event.preventDefault();
  });

  // -- begin -----------------------------------------------------------------------------------

  document.addEventListener("visibilitychange", returned);
  window.addEventListener("pageshow", (event) => { if (event.persisted) { source = null; returned(); } });
  window.addEventListener("pagehide", () => { source?.close(); source = null; clearTimeout(retry); retry = 0; });
  window.addEventListener("online", returned);
  setInterval(() => { look(); sayHowOld(); }, 1_000);
  setInterval(() => all("time[data-relative]").forEach(tellTime), 10_000);
  document.documentElement.classList.add("live");
  tellTimes(document);
  fillNames(document);
  if (!document.hidden) connect();
})();
