// SPDX-License-Identifier: MIT
"use strict";
const surfaces = [["sse", "SSE"], ["poll", "polls"], ["line", "Unix socket"]];
const upstreamWords = {
  connecting: "Connecting", connected: "Connected", waiting: "Reconnecting",
  refused: "Refused permanently",
};
const stateWords = {
  live: "live", pending: "pending", away: "away", refused: "refused", idle: "idle",
};
const svgNamespace = "http://www.w3.org/2000/svg";

const make = (name, kind, text) => {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
};
const draw = (name, attributes) => {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const find = (selector) => document.querySelector(selector);
// Writes only if the text has changed, so that screen readers and selections are not disturbed.
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const say = (name, text) => put(find(`[data-text=${name}]`), text);

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const number = (value) => grouped.format(value);
// Formats a rate with as many digits as are significant.
const rate = (value) => (value >= 100 || Number.isInteger(value) ? number(value) : value.toFixed(value < 10 ? 1 : 0));
const many = (count, one, more = one + "s") => `${number(count)} ${count === 1 ? one : more}`;
const bytes = (count) => {
  const units = ["B", "KiB", "MiB", "GiB"];
  let step = 0;
  while (count >= 1024 && step < units.length - 1) { count /= 1024; step += 1; }
  return `${step && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[step]}`;
};
// Formats a length of time in its two largest units.
const span = (seconds) => {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const at = Math.max(0, units.findIndex(([, length]) => seconds >= length));
  const [name, length] = seconds >= 1 ? units[at] : units[3];
  const whole = Math.max(0, Math.floor(seconds / length));
  const next = units[at + 1];
  if (seconds < 1 || !next) return `${whole} ${name}`;
  const rest = Math.floor((seconds - whole * length) / next[1]);
  return rest ? `${whole} ${name} ${rest} ${next[0]}` : `${whole} ${name}`;
};
const clockFormat = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const clock = (text) => {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? "" : clockFormat.format(date);
};
