// Draws a brand's charts from series.json, follows what is new, and says in words what stands at
// a moment: by pointer, by the slider's keys, or by a tap. Needs uPlot; htmx for refreshing.
import { before, behind, colour, forgetColours, late, rem, threshold } from "./chart_paint.js";
import { clock, compact, day, moment, percent, words } from "./chart_words.js";

function start() {
  const root = document.getElementById("charts");
  if (!root || !window.uPlot) return;

  const $ = (id) => document.getElementById(id);
  const KEY = "time"; // charts of this key share one cursor
  const LATER = 1_000; // between two readings of the series
  const DRAG = 12; // pixels from which on a drag chooses a range
  const LANE = 26; // height of a row of incidents
  const SVG = "http://www.w3.org/2000/svg";

  // -- the series ------------------------------------------------------------------------------

  let series = null;
  let wantsLanes = false;
  const charts = new Map();
  const middle = (index, of = series) => of.start + (index + 0.5) * of.step;
  const count = () => series.states.length;

  // The share has steps of its own: of few voices a share says nothing.
  function columns(lines, of = series) {
    return [lines[0].map((_, index) => middle(index, of)), ...lines];
  }

  // -- a chart ---------------------------------------------------------------------------------

  const ticks = (plot, splits, axis, space, step) => splits.map((at, index) => {
    const date = new Date(at);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (step >= 86_400_000) return day.format(date);
    return index === 0 || midnight ? `${clock.format(date)}\n${day.format(date)}` : clock.format(date);
  });

  function axes(write) {
    const font = `${Math.round(rem() * 0.75)}px system-ui, sans-serif`;
    const common = { font, stroke: () => colour("--ink-soft"), ticks: { stroke: () => colour("--line"), width: 1, size: 4 } };
    return [
      { ...common, values: ticks, size: rem() * 2.6, space: () => rem() * (series.end - series.start > 3 * 86_400_000 ? 6 : 4.5), grid: { show: false } },
      { ...common, values: (plot, splits) => splits.map(write), size: rem() * 3.25, space: rem() * 2, grid: { stroke: () => colour("--grid"), width: 1 } },
    ];
  }

  const hidden = { show: true, stroke: "transparent", width: 0, points: { show: false } };
  const stroked = (name, width = 1.75, dash = undefined) => ({ stroke: () => colour(name), width, dash, points: { show: lone } });

  // Points only where a line has none: a step between two unknown ones.
  function lone(plot, index) {
    const values = plot.data[index];
    const alone = [];
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== null && values[i - 1] == null && values[i + 1] == null) alone.push(i);
    }
    return alone.length > 0 && alone.length * 3 > values.length / 10;
  }

  function options(place, made) {
    return {
      width: place.clientWidth || 600,
      height: place.clientHeight || 200,
      ms: 1,
      legend: { show: false },
      padding: [rem() * 0.5, rem() * 1.25, 0, 0],
      scales: { x: { time: true, range: () => [series.start, series.end] }, y: { range: made.range } },
      axes: axes(made.write),
      series: [{}, ...made.series],
      bands: made.bands || [],
      cursor: {
        sync: { key: KEY },
        y: false,
        drag: { x: true, y: false, setScale: false, dist: DRAG },
        points: { size: rem() * 0.5, fill: (plot, index) => plot.series[index].stroke?.(plot, index), stroke: "transparent", show: true },
      },
      hooks: {
        drawClear: [(plot) => behind(plot, series)],
        draw: [(plot) => before(plot, series), ...(made.draw || [])],
        setCursor: [hovered],
        setSelect: [chosen],
        ready: [(plot) => plot.over.addEventListener("click", () => pin(step(plot)))],
      },
    };
  }

  function chart(id, made) {
    const place = $(id);
    const data = () => columns(made.columns(), made.of?.());
    const known = charts.get(id);
    if (known) {
      known.plot.setData(data(), true);
      return;
    }
    place.replaceChildren();
    const plot = new uPlot(options(place, made), data(), place);
    charts.set(id, { plot, place, made });
    new ResizeObserver(() => {
      if (place.clientWidth && (Math.abs(place.clientWidth - plot.width) > 1 || Math.abs(place.clientHeight - plot.height) > 1)) {
        plot.setSize({ width: place.clientWidth, height: place.clientHeight });
        drawLane();
      }
    }).observe(place);
  }

  const counts = (plot, low, high) => [0, Math.max(4, high ?? 0) * 1.06];
  const shares = (plot, low, high) => [0, Math.min(1, Math.max(0.5, (high ?? 0) * 1.06))];
  const band = (name) => ({ fill: () => colour(name) });

  const MADE = {
    "plot-voices": {
      columns: () => [series.high, series.low, series.expected, series.mentions, series.unique, series.voices],
      series: [
        hidden, hidden, stroked("--band-line", 1.25, [5, 4]),
        { ...stroked("--series-2", 1.25), show: false }, { ...stroked("--series-3", 1.25, [2, 2]), show: false },
        stroked("--series"),
      ],
      bands: [{ series: [1, 2], ...band("--band") }],
      range: counts, write: (value) => compact.format(value), draw: [(plot) => late(plot, series)],
    },
    "plot-share": {
      of: () => series.shares,
      columns: () => [series.shares.high, series.shares.low, series.shares.usual, series.shares.share],
      series: [hidden, hidden, stroked("--series-2", 1.25, [5, 4]), stroked("--negative")],
      bands: [{ series: [1, 2], ...band("--band-negative") }],
      range: shares, write: percent,
    },
    "plot-negatives": {
      columns: () => [series.usual_negatives, series.negatives],
      series: [stroked("--series-2", 1.25, [5, 4]), { ...stroked("--negative"), fill: () => colour("--band-negative") }],
      range: counts, write: (value) => compact.format(value),
    },
  };
  const SHOWN = { mentions: 4, unique: 5 };
  const LANES = [["--series", []], ["--warning-fill", [8, 3]], ["--blind", [2, 2]], ["--usual", [8, 3, 2, 3]], ["--ink-soft", [4, 4]], ["--attention", [12, 4]]];

  function ratios(lane) {
    return lane.score.map((score, index) => {
      const threshold = lane.threshold[index];
      return score === null || !threshold ? null : Math.max(0, Math.min(3, score / threshold));
    });
  }

  function drawLanes() {
    const figure = $("chart-lanes");
    const names = Object.keys(series.lanes);
    figure.hidden = !wantsLanes;
    if (!wantsLanes) return;
    const made = {
      columns: () => names.map((name) => ratios(series.lanes[name])),
      series: names.map((name, index) => ({ ...stroked(LANES[index % LANES.length][0], 1.5, LANES[index % LANES.length][1]), label: name, spanGaps: true })),
      range: (plot, low, high) => [0, Math.max(1.2, (high ?? 0) * 1.06)],
      write: (value) => String(Math.round(value * 100) / 100),
      draw: [threshold],
    };
    const known = charts.get("plot-lanes");
    if (known && known.names !== names.join()) {
      known.plot.destroy();
      charts.delete("plot-lanes");
    }
    chart("plot-lanes", made);
    charts.get("plot-lanes").names = names.join();
    const key = $("lanes-key");
    key.replaceChildren(...names.map((name, index) => {
      const item = document.createElement("li");
      const mark = document.createElementNS(SVG, "svg");
      const stroke = document.createElementNS(SVG, "path");
      mark.setAttribute("viewBox", "0 0 28 8");
      mark.setAttribute("class", "swatch");
      mark.setAttribute("aria-hidden", "true");
      stroke.setAttribute("d", "M0 4H28");
      stroke.setAttribute("class", `lane-${index % LANES.length}`);
      stroke.setAttribute("stroke-dasharray", LANES[index % LANES.length][1].join(" "));
      mark.append(stroke);
      item.append(mark, name);
      return item;
    }));
  }

  // -- incidents on the time line --------------------------------------------------------------

  function drawLane() {
    const plot = charts.get("plot-voices")?.plot;
    const place = $("lane");
    if (!plot || !place) return;
    const ratio = uPlot.pxRatio;
    const left = plot.bbox.left / ratio, width = plot.bbox.width / ratio;
    const x = (at) => Math.max(0, Math.min(width, ((at - series.start) / (series.end - series.start)) * width));
    const ends = [];
    const marks = series.incidents.map((each) => {
      const from = x(each.opened_at), to = x(each.ended_at ?? series.as_of ?? series.end);
      const hit = Math.max(24, to - from);
      let row = ends.findIndex((end) => end <= from - 2);
      if (row < 0) row = ends.length;
      ends[row] = from + hit;
      return { each, from, wide: Math.max(4, to - from), hit, row };
    });
    const rows = Math.max(1, ends.length);
    const drawing = element("svg", { class: "lane", width: left + width + 24, height: rows * LANE, role: marks.length ? "group" : "img", "aria-label": marks.length ? "Incidents on the time line" : "No incident in this time" });
    drawing.append(element("line", { class: "lane-ground", x1: left, x2: left + width, y1: rows * LANE - 0.5, y2: rows * LANE - 0.5 }));
    for (const { each, from, wide, hit, row } of marks) {
      const said = `${each.severity} incident from ${moment.format(each.opened_at)}${each.ended_at ? ` to ${moment.format(each.ended_at)}` : ", still open"}: ${each.title}`;
      const link = element("a", { href: each.address, "aria-label": said });
      const title = element("title", {});
      title.textContent = said;
      link.append(
        title,
        element("rect", { class: "lane-hit", x: left + from, y: row * LANE, width: hit, height: LANE }),
        element("rect", { class: `lane-mark lane-${each.severity}`, x: left + from, y: row * LANE + 6, width: wide, height: LANE - 12, rx: 3 }),
      );
      drawing.append(link);
    }
    place.replaceChildren(drawing);
    const slider = $("at");
    slider.style.marginInlineStart = `${Math.max(0, left - 8)}px`; // half the thumb
    slider.style.width = `${width + 16}px`;
  }

  function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    return made;
  }

  // -- a moment, in words ----------------------------------------------------------------------

  let pinned = null; // an index; null: the latest
  const latest = () => {
    let index = count() - 1;
    while (index > 0 && series.states[index] === "u") index--;
    return index;
  };
  const current = () => Math.max(0, Math.min(count() - 1, pinned ?? latest()));

  function tell(index) {
    const said = words(series, index, wantsLanes);
    if ($("at-says").textContent !== said) $("at-says").textContent = said;
    const slider = $("at");
    slider.max = count() - 1;
    slider.value = index;
    slider.setAttribute("aria-valuetext", said);
    const from = series.start + index * series.step;
    $("at-why").href = `${root.dataset.why}?at=${from}&step=${series.step}`;
  }

  let pointing = false;
  function point(index) {
    pointing = true;
    for (const { plot } of charts.values()) {
      plot.setCursor({ left: plot.valToPos(middle(index), "x"), top: plot.over.clientHeight / 2 }, false);
    }
    pointing = false;
  }

  function step(plot) {
    const at = plot.posToVal(plot.cursor.left, "x");
    return Math.max(0, Math.min(count() - 1, Math.floor((at - series.start) / series.step)));
  }

  let pointed = null;
  function hovered(plot) {
    if (!series || pointing) return;
    const index = step(plot);
    if (plot.cursor.left < 0) {
      if (pointed !== null) {
        pointed = null;
        tell(current());
      }
      return;
    }
    if (index === pointed) return;
    pointed = index;
    tell(index);
  }

  function pin(index) {
    pinned = index >= latest() ? null : index;
    tell(current());
    point(current());
  }

  function chosen(plot) {
    const { left, width } = plot.select;
    if (width < DRAG) return;
    const from = Math.floor(plot.posToVal(left, "x") / 60_000) * 60_000;
    const to = Math.ceil(plot.posToVal(left + width, "x") / 60_000) * 60_000;
    location.assign(`${root.dataset.brand}?from=${from}&to=${Math.max(to, from + 10 * 60_000)}`);
  }

  $("at").addEventListener("input", (event) => pin(Number(event.target.value)));
  $("at-why").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !window.htmx) return;
    event.preventDefault();
    htmx.ajax("GET", event.currentTarget.getAttribute("href"), { target: "#why", swap: "innerHTML" }).then(() => $("why-card")?.focus());
  });
  $("toggles").addEventListener("change", (event) => {
    const what = event.target.dataset.show;
    if (what === "lanes") {
      wantsLanes = event.target.checked;
      if (wantsLanes) read();
      else draw();
    } else charts.get("plot-voices")?.plot.setSeries(SHOWN[what], { show: event.target.checked });
  });

  // -- reading and drawing ---------------------------------------------------------------------

  function draw() {
    for (const [id, made] of Object.entries(MADE)) chart(id, made);
    drawLanes();
    $("moment").hidden = $("at").hidden = false;
    drawLane();
    if (pointed === null) {
      tell(current());
      point(current());
    }
  }

  let reading = false;
  let again = false;
  let tag = "";
  async function read() {
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      const address = root.dataset.series + (wantsLanes ? "&lanes=1" : "");
      const answer = await fetch(address, { cache: "no-cache", signal: AbortSignal.timeout(20_000) });
      document.dispatchEvent(new CustomEvent("charts:read", { detail: answer.status }));
      if (answer.ok && (answer.headers.get("etag") || "") + address !== tag) {
        series = await answer.json();
        tag = (answer.headers.get("etag") || "") + address;
        draw();
      }
    } catch { /* the banner says that the server is away; the next change reads again */ }
    await new Promise((done) => setTimeout(done, LATER));
    reading = false;
    if (again) {
      again = false;
      read();
    }
  }

  const changed = () => { if (!document.hidden) read(); };
  document.body.addEventListener("changed:buckets", changed);
  document.body.addEventListener("changed:incidents", changed);
  document.addEventListener("visibilitychange", changed);
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"]) {
    matchMedia(query).addEventListener("change", () => {
      forgetColours();
      for (const { plot } of charts.values()) plot.redraw(true, true);
    });
  }
  read();
}

start();
