// SPDX-License-Identifier: MIT
import { connect } from "../passerelle.js";
// All text received from a peer is shown by textContent only.

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
// The name of a member: from its user_info, or from the application's own records.
const nameOf = (id, user) =>
  text(object(user).name) || Object.values(parties).find((party) => party.id === id)?.name || String(id);
const roles = { NOTAIRE: "Notaire", UTILISATEUR: "Client" };
const transports = { stream: "stream", longpoll: "long poll", poll: "poll" };
// What a pane says about the reason of its state; other reasons are shown as they are.
const stateReasons = {
  network: "no answer", timeout: "no answer in time", cut: "the connection was cut", foreign: "an answer that is not the gateway’s",
  stale: "old answers from a cache", token: "no access token",
};
const gapReasons = {
  upstream: "The gateway was disconnected from Channels, which keeps no history.",
  idle: "The channel had no readers, so the gateway was not subscribed.",
  restart: "The gateway restarted, and was not subscribed meanwhile.",
  evicted: "They were evicted from the full log before this reader received them.",
  "unknown-position": "This page continued at a position of a log that no longer exists: the gateway was restarted without a state directory.",
  sequence: "The application’s own numbers have a hole.",
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
/** Text that was typed and not sent, by the name of its field; it survives a reload of the tab. */
const drafts = {
  key: (name) => "passerelle-demo:" + name,
  get(name) { try { return sessionStorage.getItem(this.key(name)) ?? ""; } catch { return ""; } },
  put(name, text) {
    try {
      if (text) sessionStorage.setItem(this.key(name), text); else sessionStorage.removeItem(this.key(name));
    } catch { /* Without storage, the text is kept in its field only. */ }
  },
};
const newID = (prefix) =>
  prefix + [...crypto.getRandomValues(new Uint8Array(9))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
// The delay before retry number `tries`: doubles up to 15 s, randomized.
const backOff = (tries) => Math.random() * Math.min(15000, 1000 * 2 ** tries) + 250;
