// What is painted behind and before a chart's lines, in the page's own colours.

let colours = new Map();
export function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}
export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

export function forgetColours() {
  colours = new Map();
}

function hatch(context, ratio) {
  const tile = document.createElement("canvas");
  const size = Math.round(7 * ratio);
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour("--hatch");
  pen.lineWidth = ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) { pen.moveTo(shift, size); pen.lineTo(shift + size, 0); }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

function spans(series, letter) {
  const found = [];
  for (let i = 0; i < series.states.length; i++) {
    if (series.states[i] !== letter) continue;
    const from = i;
    while (i + 1 < series.states.length && series.states[i + 1] === letter) i++;
    found.push([series.start + from * series.step, series.start + (i + 1) * series.step]);
  }
  return found;
}

export function behind(plot, series) {
  const { ctx, bbox } = plot;
  const place = (at) => Math.max(bbox.left, Math.min(bbox.left + bbox.width, plot.valToPos(at, "x", true)));
  const fill = (from, to) => ctx.fillRect(place(from), bbox.top, Math.max(1, place(to) - place(from)), bbox.height);
  ctx.save();
  for (const each of series.incidents) {
    ctx.fillStyle = colour(each.severity === "critical" ? "--critical-soft" : each.severity === "warning" ? "--warning-soft" : "--attention-soft");
    fill(each.opened_at, each.ended_at ?? series.as_of ?? series.end);
  }
  if (series.learning_until !== null) {
    ctx.fillStyle = colour("--learning-soft");
    ctx.globalAlpha = 0.6;
    fill(series.start + Math.max(0, series.states.search(/[^u]/)) * series.step, series.learning_until);
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = colour("--blind-soft");
  for (const letter of "bp") for (const [from, to] of spans(series, letter)) fill(from, to);
  ctx.fillStyle = hatch(ctx, uPlot.pxRatio);
  for (const [from, to] of spans(series, "u")) fill(from, to);
  ctx.restore();
}

export function before(plot, series) {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  for (const each of series.incidents) {
    if (each.opened_at < series.start) continue;
    ctx.strokeStyle = colour(each.severity === "critical" ? "--critical" : each.severity === "warning" ? "--warning" : "--attention");
    line(ctx, plot.valToPos(each.opened_at, "x", true), bbox);
  }
  ctx.strokeStyle = colour("--ink-soft");
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  for (const each of series.changes) line(ctx, plot.valToPos(each.at, "x", true), bbox);
  ctx.restore();
}

function line(ctx, x, bbox) {
  ctx.beginPath();
  ctx.moveTo(Math.round(x) + 0.5, bbox.top);
  ctx.lineTo(Math.round(x) + 0.5, bbox.top + bbox.height);
  ctx.stroke();
}

// Late mentions belong to no step that was counted: marks on the ground line.
export function late(plot, series) {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.fillStyle = colour("--blind");
  series.late.forEach((value, index) => {
    if (!value) return;
    const x = plot.valToPos(series.start + (index + 0.5) * series.step, "x", true), y = bbox.top + bbox.height;
    ctx.beginPath();
    ctx.moveTo(x, y - 7 * ratio);
    ctx.lineTo(x - 4 * ratio, y);
    ctx.lineTo(x + 4 * ratio, y);
    ctx.fill();
  });
  ctx.restore();
}

export function threshold(plot) {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(1, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour("--critical");
  ctx.lineWidth = 1.5 * uPlot.pxRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
