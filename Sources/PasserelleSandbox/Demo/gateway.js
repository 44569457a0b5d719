// SPDX-License-Identifier: MIT
/** The gateway's part of the page, derived from the events that the readers on this page received. */
class Gateway {
  constructor(settings) {
    Object.assign(this, { settings, panes: [], seen: new Map(), count: 0, network: new Network() });
    this.root = document.querySelector(".gateway");
    this.log = this.root.querySelector("ol");
    this.main = document.querySelector("main");
    this.tabs = [...document.querySelectorAll(".tabs button")];
    for (const tab of this.tabs) tab.onclick = () => this.show(tab.dataset.tab);
    this.show("notary");
    this.prepareChannels();
    const dialog = document.querySelector("dialog");
    document.getElementById("explain").onclick = () => dialog.showModal();
    dialog.querySelector("[data-rows=reasons]").append(...Object.entries(gapReasons).flatMap(([reason, words]) =>
      [make("dt", "mono", reason), make("dd", "", words)]));
    setInterval(() => { if (!document.hidden) this.membersChanged(); }, 20000);
  }

  show(name) {
    this.main.dataset.tab = name;
    for (const tab of this.tabs) tab.setAttribute("aria-current", tab.dataset.tab === name);
    this.tabs.find((tab) => tab.dataset.tab === name).querySelector("b")?.remove();
    this.panes.find((pane) => pane.key === name)?.toEnd();
  }

  unread(key, event) {
    const wasBefore = Date.parse(event.time) < performance.timeOrigin;
    if (wasBefore || this.main.dataset.tab === key) return;
    const tab = this.tabs.find((tab) => tab.dataset.tab === key);
    const badge = tab.querySelector("b") ?? tab.appendChild(make("b"));
    badge.textContent = Math.min(99, Number(badge.textContent) + 1);
    badge.setAttribute("aria-label", badge.textContent + " unread");
  }

  /** Lists an event that a pane received; `pane` has received all listed events up to `pane.listed`. */
  received(event, pane) {
    // A snapshot is specific to each reader and not part of the log.
    if (event.event === "pusher:subscription_succeeded") return;
    const listed = this.seen.get(event.id);
    if (listed) {
      // Two events can have the same time: then the pane that has received both knows their order.
      const last = pane.listed;
      if (last?.parentNode && last.time === listed.time && this.isBelow(listed, last)) last.before(listed);
      pane.listed = listed;
      return;
    }
    const item = make("li", event.event === "passerelle:gap" ? "is-gap" : "");
    // A position is opaque and must be kept whole; its end is shown only to distinguish entries.
    item.append(make("span", "", text(event.id).split("-").at(-1)), make("span", "", event.event), make("span", "", clock(event.time, true)));
    item.title = `${event.event} · ${event.id} · ${event.time}`;
    item.time = event.time;
    item.kind = event.event;
    item.position = event.id;
    this.insert(item, pane.listed?.parentNode ? pane.listed : null);
    this.seen.set(event.id, item);
    this.count += 1;
    pane.listed = item;
    while (this.log.childElementCount > 100) {
      this.seen.delete(this.log.lastElementChild.position);
      this.log.lastElementChild.remove();
    }
    this.refresh();
  }

  // The newest entry is the first one. An event follows all that its own pane has received, and
  // those of the other pane that arrived at the gateway before it.
  insert(item, previous) {
    let place = this.log.firstElementChild;
    while (place && place !== previous && place.time > item.time) place = place.nextElementSibling;
    this.log.insertBefore(item, place);
  }

  isBelow(item, other) { return !!(other.compareDocumentPosition(item) & Node.DOCUMENT_POSITION_FOLLOWING); }

  refresh() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => { this.drawing = 0; this.draw(); });
  }

  draw() {
    const sum = (name, value) => { this.root.querySelector(`[data-sum=${name}]`).textContent = value; };
    const newest = this.log.firstElementChild;
    sum("position", newest?.position ?? "–");
    sum("events", this.count);
    sum("last", newest?.kind ?? "–");
    this.root.querySelector("[data-rows=readers]").replaceChildren(...this.panes.map((pane) => {
      const item = make("li");
      const { state, transport, position } = pane.connection ?? {};
      item.dataset.state = state ?? "closed";
      item.append(make("span", "dot"), make("span", "", pane.party.name),
        make("span", "mono", `${transports[transport] ?? "resting"} · ${position ?? "–"}`));
      return item;
    }));
  }

  // Disconnects the gateway from Channels and connects it again, by the demo's own command.
  prepareChannels() {
    const button = this.root.querySelector(".disconnect");
    const show = () => {
      button.textContent = this.settings.connected ? "Disconnect Channels" : "Connect Channels again";
      this.root.querySelector(".outage").hidden = this.settings.connected;
    };
    button.onclick = async () => {
      const body = JSON.stringify({ connected: !this.settings.connected });
      const headers = { "Content-Type": "application/json" };
      try {
        const answer = await fetch("/demo/channels", { method: "POST", headers, body });
        if (answer.ok) this.settings = await answer.json();
      } catch { /* The button still says what it would do. */ }
      show();
    };
    show();
  }

  membersChanged() {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.loadMembers(), 300);
  }

  async loadMembers() {
    const rows = this.root.querySelector("[data-rows=members]");
    try {
      const answer = await fetch(`/channels/${encodeURIComponent(this.settings.channel)}/members`, { cache: "no-store" });
      if (!answer.ok) throw new Error();
      const { members } = await answer.json();
      rows.replaceChildren(...members.map((member) => {
        const item = make("li");
        const via = Array.isArray(member.via) ? member.via.filter((way) => typeof way === "string") : [];
        item.append(make("span", "dot on"), make("span", "", nameOf(member.user_id, member.user_info)),
          make("span", "", via.length ? "via " + via.join(", ") : ""));
        return item;
      }));
      if (!members.length) rows.append(make("li", "none", "No members"));
    } catch { rows.replaceChildren(make("li", "none", "Unknown: the gateway does not answer")); }
  }
}

// A browser opens at most six connections to a host for all its tabs, and keeps those of pages in
// the back/forward cache. A hidden page therefore closes its connections.
function restUnseen(panes) {
  let timer;
  const rest = () => panes.forEach((pane) => pane.rest());
  const resume = () => { clearTimeout(timer); panes.forEach((pane) => pane.resume()); };
  addEventListener("visibilitychange", () => {
    if (document.hidden) timer = setTimeout(rest, 10000);
    else resume();
  });
  addEventListener("pagehide", () => { rest(); panes.forEach((pane) => pane.attend(false)); });
  addEventListener("pageshow", () => { resume(); panes.forEach((pane) => pane.attend(true)); });
}

async function start() {
  const settings = await (await fetch("/demo/settings", { cache: "no-store" })).json();
  const gateway = new Gateway(settings);
  document.getElementById("channel").textContent = settings.channel;
  const main = document.querySelector("main");
  for (const key of ["notary", "client"]) {
    const pane = new Pane(key, settings, gateway);
    gateway.panes.push(pane);
    key === "notary" ? main.prepend(pane.root) : main.append(pane.root);
  }
  for (const pane of gateway.panes) {
    pane.read();
    pane.attend(true);
  }
  restUnseen(gateway.panes);
}

start().catch(() => {
  const notice = make("p", "note", "The demo does not answer. Start it, then reload this page.");
  document.querySelector("main").replaceChildren(notice);
});
