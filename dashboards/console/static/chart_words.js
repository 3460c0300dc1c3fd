// What a brand's series says at a moment, in words.

const form = (options) => new Intl.DateTimeFormat(undefined, { hourCycle: "h23", ...options });
export const clock = form({ hour: "2-digit", minute: "2-digit" });
export const day = form({ weekday: "short", day: "numeric", month: "short" });
export const moment = form({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
export const percent = (share) => `${Math.round(share * 100)} %`;

function usually(series, from, low, high, write) {
  if (high === null || high === undefined) return "usual not known yet";
  const word = series.learning_until !== null && from < series.learning_until ? "so far" : "usually";
  return write(low) === write(0) ? `${word} up to ${write(high)}` : `${word} ${write(low)} to ${write(high)}`;
}

function span(milliseconds) {
  const minutes = milliseconds / 60_000;
  return minutes < 60 ? `${minutes} min` : minutes < 1440 ? `${minutes / 60} h` : `${minutes / 1440} d`;
}

export function words(series, index, withLanes) {
  const from = series.start + index * series.step;
  const parts = [`${moment.format(from)} to ${clock.format(from + series.step)}: `];
  if (series.voices[index] === null) parts.push("unknown, nobody was listening or it is still to come.");
  else {
    parts.push(`${series.states[index] === "p" ? "at least " : ""}${number.format(series.voices[index])} ${series.voices[index] === 1 ? "voice" : "voices"} (${usually(series, from, series.low[index], series.high[index], number.format)}), `);
    parts.push(`${number.format(series.negatives[index])} of ${number.format(series.scored[index])} judged negative`);
    const shares = series.shares;
    const wide = Math.floor((from - shares.start) / shares.step);
    if (shares.share[wide] !== null) parts.push(` (in ${span(shares.step)} ${percent(shares.share[wide])}, ${usually(series, from, shares.low[wide], shares.high[wide], percent)})`);
    parts.push(`; ${number.format(series.mentions[index])} raw, ${number.format(series.unique[index])} unique`);
    if (series.delayed[index]) parts.push(`, ${number.format(series.delayed[index])} delayed`);
    parts.push(".");
  }
  if (series.late[index]) parts.push(` ${number.format(series.late[index])} came too late to be counted.`);
  if (series.states[index] === "p") parts.push(" Part of it is unknown: at least so many.");
  if (series.states[index] === "b") parts.push(" A source was silent: counts are a lower bound.");
  for (const each of series.changes) {
    if (each.at >= from && each.at < from + series.step) parts.push(` Settings changed: ${each.what}.`);
  }
  for (const each of series.incidents) {
    if (each.opened_at < from + series.step && (each.ended_at ?? Infinity) > from) parts.push(` ${each.severity[0].toUpperCase()}${each.severity.slice(1)} incident open.`);
  }
  if (withLanes) {
    const lanes = Object.entries(series.lanes).filter(([, lane]) => lane.score[index] !== null);
    if (lanes.length) parts.push(` ${lanes.map(([name, lane]) => `${name}: ${lane.score[index]} of ${lane.threshold[index]} (${lane.reason[index].replaceAll("_", " ")})`).join(", ")}.`);
  }
  return parts.join("");
}
