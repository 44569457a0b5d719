// SPDX-License-Identifier: MIT
/** What the gateway sees, as told by what its readers on this page have read. */
class Gateway {
  constructor(settings) {
    Object.assign(this, { settings, panes: [], seen: new Set(), last: null });
    this.root = document.querySelector(".gateway");
    this.log = this.root.querySelector("ol");
    this.main = document.querySelector("main");
    this.tabs = [...document.querySelectorAll(".tabs button")];
    for (const tab of this.tabs) tab.onclick = () => this.show(tab.dataset.tab);
    this.show("notary");
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

  heard(event) {
    // A snapshot is each reader's own: it stands in no log.
    if (event.event === "pusher:subscription_succeeded" || this.seen.has(event.id)) return;
    this.seen.add(event.id);
    this.last = event.event;
    this.position = event.id;
    const item = make("li", event.event === "passerelle:gap" ? "is-gap" : "");
    // Positions are to be kept whole and never read; here their ends are enough to tell them apart.
    item.append(make("span", "", text(event.id).split("-").at(-1)), make("span", "", event.event), make("span", "", clock(event.time, true)));
    item.title = `${event.event} · ${event.id} · ${event.time}`;
    this.log.prepend(item);
    while (this.log.childElementCount > 100) this.log.lastElementChild.remove();
    this.refresh();
  }

  refresh() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => { this.drawing = 0; this.draw(); });
  }

  draw() {
    const sum = (name, value) => { this.root.querySelector(`[data-sum=${name}]`).textContent = value; };
    sum("position", this.position ?? "–");
    sum("events", this.seen.size);
    sum("last", this.last ?? "–");
    this.root.querySelector("[data-rows=readers]").replaceChildren(...this.panes.map((pane) => {
      const item = make("li");
      item.dataset.state = pane.state;
      item.append(make("span", "dot"), make("span", "", pane.party.name),
        make("span", "mono", `${transports[pane.transport]} · ${pane.position ?? "–"}`));
      return item;
    }));
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
        item.append(make("span", "dot on"), make("span", "", text(object(member.user_info).name, String(member.user_id))),
          make("span", "", via.length ? "via " + via.join(", ") : ""));
        return item;
      }));
      if (!members.length) rows.append(make("li", "none", "Nobody is present"));
    } catch { rows.replaceChildren(make("li", "none", "Not known: the gateway does not answer")); }
  }
}

// A browser opens six connections to a host at most, for all of its tabs, and keeps those of a page
// that one may go back to: a page that nobody sees leaves them to others.
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
    pane.read("sse");
    pane.attend(true);
  }
  restUnseen(gateway.panes);
}

start().catch(() => {
  const notice = make("p", "note", "The demo does not answer. Is it running? Load this page again once it is.");
  document.querySelector("main").replaceChildren(notice);
});
