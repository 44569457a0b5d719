// SPDX-License-Identifier: MIT
"use strict";
// Everything that a peer wrote is put on the page with textContent, and only so.

const parties = {
  notary: {
    id: "usr_notary_01", name: "Étude 01", email: "etude01@example.test", role: "NOTAIRE", seal: "É",
    ideas: ["Bonjour, l’état des lieux est fixé au 12 mars à 10 h.", "Oui : voir « clause 4 », alinéa 2."],
  },
  client: {
    id: "usr_tenant_07", name: "Locataire 07", email: "locataire07@example.test", role: "UTILISATEUR", seal: "L",
    ideas: ["Bonjour Maître, une question sur la clause n° 4.", "Merci, je vous envoie l’attestation ce soir."],
  },
};
const roles = { NOTAIRE: "Notaire", UTILISATEUR: "Client" };
const transports = { sse: "SSE", poll: "polling" };
const eventNames = [
  "pusher:subscription_succeeded", "pusher:member_added", "pusher:member_removed",
  "pusher:subscription_error", "new-message", "message-deleted", "new-request",
  "request-updated", "client-typing", "passerelle:gap",
];
const gapReasons = {
  upstream: "the gateway’s connection to Channels was away",
  idle: "nobody was reading, so the channel was not subscribed",
  restart: "the gateway was restarted",
  evicted: "they left the log before this reader came",
  "unknown-position": "the gateway does not know this reader’s position",
};

const make = (name, kind, text) => {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
};
const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#" + name);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
};
const text = (value, otherwise = "") => (typeof value === "string" ? value : otherwise);
const object = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
const parsed = (value) => { try { return JSON.parse(value); } catch { return value; } };
const clock = (value, seconds) => {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString([], {
    hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23",
  });
};
const newID = (prefix) =>
  prefix + [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
// How long to wait before try number `tries`: doubled each time up to 15 s, and spread.
const backOff = (tries) => Math.random() * Math.min(15000, 1000 * 2 ** tries) + 250;
