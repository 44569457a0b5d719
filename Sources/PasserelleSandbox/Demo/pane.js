// SPDX-License-Identifier: MIT
/** One party's view: reads through the gateway, writes through the application. */
class Pane {
  constructor(key, settings, gateway) {
    Object.assign(this, { key, settings, gateway, party: parties[key], position: null, follows: true });
    this.messages = new Map();
    this.requests = new Map();
    this.erased = new Set();
    this.presence = new Presence(settings, this.party);
    this.build();
  }

  build() {
    const root = document.getElementById("pane").content.firstElementChild.cloneNode(true);
    const find = (selector) => root.querySelector(selector);
    const { party } = this;
    Object.assign(this, {
      root, said: find(".said"), field: find(".composer textarea"), trouble: find(".trouble"), ask: find(".ask"),
    });
    root.dataset.pane = this.key;
    root.setAttribute("aria-label", `${party.name}, ${roles[party.role]}`);
    find(".seal").textContent = party.seal;
    find("h2").textContent = party.name;
    find(".who p").textContent = roles[party.role];
    this.said.setAttribute("aria-label", "Conversation as read by " + party.name);
    this.field.setAttribute("aria-label", "Message from " + party.name);
    const onSwitch = (name, changed) => {
      find("." + name).onclick = ({ currentTarget }) => {
        currentTarget.setAttribute("aria-checked", !this.isSwitched(name));
        changed(this.isSwitched(name));
      };
    };
    find(".cut").onclick = () => this.cutStream();
    onSwitch("block", (isBlocked) => this.blockStreams(isBlocked));
    onSwitch("presence", () => this.attend(true));
    find(".below").onclick = () => this.toEnd();
    this.said.onscroll = () => {
      this.follows = this.isAtEnd();
      if (this.follows) find(".below").hidden = true;
    };
    // A view that is scrolled to the end stays there when its size changes.
    new ResizeObserver(() => { if (this.follows) this.toEnd(); }).observe(this.said);
    this.prepareComposer(find);
    this.prepareAsk(find);
    this.showEmpty();
  }

  prepareComposer(find) {
    const { field } = this;
    const send = find(".composer .primary");
    const ideas = find(".ideas");
    const grow = () => {
      field.style.height = "0";
      field.style.height = Math.max(36, Math.min(132, field.scrollHeight)) + "px";
      send.setAttribute("aria-disabled", !field.value.trim());
    };
    const changed = () => { drafts.put(this.key, field.value); grow(); };
    field.value = drafts.get(this.key);
    if (field.value) requestAnimationFrame(grow);
    field.oninput = () => { changed(); this.types(!!field.value); };
    field.onblur = () => this.types(false);
    field.onkeydown = (press) => {
      if (press.key !== "Enter" || press.shiftKey || press.isComposing) return;
      press.preventDefault();
      find(".composer").requestSubmit();
    };
    find(".composer").onsubmit = async (submit) => {
      submit.preventDefault();
      const content = field.value.trim();
      if (!content || this.isSending) return;
      this.types(false);
      if (await this.say(content) && field.value.trim() === content) field.value = "";
      changed();
    };
    for (const idea of this.party.ideas) {
      const button = make("button", "", idea);
      button.type = "button";
      button.lang = "fr";
      button.onclick = () => { field.value = idea; changed(); field.focus(); };
      ideas.append(button);
    }
  }

  prepareAsk(find) {
    const opener = find(".icon");
    const open = (isOpen) => {
      this.ask.hidden = !isOpen;
      opener.setAttribute("aria-expanded", isOpen);
      (isOpen ? this.ask.elements.title : this.field).focus();
    };
    opener.hidden = this.party.role !== "NOTAIRE";
    this.ask.elements.title.placeholder = "Attestation d’assurance";
    this.ask.elements.content.placeholder = "Merci de déposer le document demandé.";
    const fields = [this.ask.elements.title, this.ask.elements.content];
    const keep = () => { for (const field of fields) drafts.put(this.key + "-" + field.name, field.value); };
    for (const field of fields) field.value = drafts.get(this.key + "-" + field.name);
    this.ask.oninput = keep;
    opener.onclick = () => open(this.ask.hidden);
    find(".ask .quiet").onclick = () => open(false);
    this.ask.onkeydown = (press) => { if (press.key === "Escape") open(false); };
    this.ask.onsubmit = async (submit) => {
      submit.preventDefault();
      const { title, content } = this.ask.elements;
      if (!await this.request(title.value.trim(), content.value.trim())) return;
      this.ask.reset();
      keep();
      open(false);
    };
  }

  // Reading

  // Opens the module's connection for this pane's user, behind the last position if there is one.
  read() {
    const { id } = this.party;
    const { channel } = this.settings;
    const gateway = connect({
      // Each pane is a user of its own, so tabs do not share its connection.
      url: "./", user: id, tabs: false,
      sync: async (_, cause) => {
        const answer = await fetch("/demo/records", { cache: "no-store" });
        if (!answer.ok) throw new Error("status " + answer.status);
        if (this.connection === gateway) this.synced(await answer.json(), cause);
      },
    });
    this.connection = gateway;
    // Even an event of the closed connection is delivered only once: the position decides.
    this.chat = gateway.subscribe(channel, this.position ? { after: this.position } : { last: 50 });
    this.chat.on("*", (_, event) => { if (this.connection === gateway) this.received(event); });
    gateway.on("state", () => { if (this.connection === gateway) this.became(); });
    this.became();
  }

  // A paused pane continues from its position without losing events.
  rest() {
    if (!this.connection) return;
    this.position = this.connection.position ?? this.position;
    this.connection.close();
    this.connection = null;
  }
  resume() { if (!this.connection) this.read(); }

  cutStream() { this.gateway.network.cut(this.party.id); }
  blockStreams(isBlocked) {
    this.gateway.network.block(this.party.id, isBlocked);
    // As the browser does when the network changes: the module looks for a better transport.
    if (!isBlocked) dispatchEvent(new Event("online"));
  }

  isSwitched(name) { return this.root.querySelector("." + name).getAttribute("aria-checked") === "true"; }
  attend(isPageThere) {
    const isWanted = isPageThere && this.isSwitched("presence");
    if (isWanted === this.presence.wanted) return;
    isWanted ? this.presence.join() : this.presence.leave();
  }

  // Shows the connection's state: whether events arrive, and on which transport.
  became() {
    const { state, transport, reason, upstream } = this.connection;
    const isAway = state === "live" && upstream === "away";
    const element = this.root.querySelector(".state");
    element.dataset.state = isAway ? "away" : state;
    element.dataset.transport = transport;
    const way = transports[transport] ?? transport;
    const why = reason && state !== "live" ? ": " + (stateReasons[reason] ?? reason) : "";
    element.querySelector(".words").textContent = {
      connecting: `Connecting by ${way}`, live: isAway ? `Channels is away · ${way}` : `Live · ${way}`,
      waiting: `Trying again${why}`, denied: `Refused${why}`, closed: "Closed",
    }[state] ?? state;
    const notice = this.root.querySelector(".away");
    notice.hidden = !isAway;
    this.awayNoticed = isAway ? this.awayNoticed ?? Date.now() : undefined;
    if (isAway) notice.querySelector("span").textContent =
      `Channels is away; this page learned it at ${clock(this.awayNoticed, true)}. The application saves your messages; they appear on the other side when the gateway is connected again.`;
    this.gateway.refresh();
  }

  received(event) {
    const data = object(event.data);
    switch (event.event) {
      case "pusher:subscription_succeeded": case "pusher:member_added": case "pusher:member_removed": this.showMembers(); break;
      case "pusher:subscription_error": this.note("Channels refused the subscription: " + text(data.message, "no reason given"), event.time); break;
      case "new-message": this.showMessage(object(data.message), event); break;
      case "message-deleted": this.retract(data.messageId); break;
      case "new-request": case "request-updated": this.showRequest(data.request, event); break;
      case "client-typing": this.showTyping(text(data.userId, event.user_id), data.isTyping === true); break;
      case "passerelle:gap": this.showGap(data, event); break;
    }
    this.gateway.received(event, this);
    this.gateway.refresh();
  }

  // Merges the application's records: what is missing here is added in its place.
  synced({ records, deleted }, { reason }) {
    const before = this.messages.size + this.requests.size;
    for (const record of Array.isArray(records) ? records : []) {
      const { event, time } = object(record);
      const data = object(record.data);
      if (event === "new-message") this.showMessage(object(data.message), { time });
      else this.showRequest(data.request, { time });
    }
    for (const id of Array.isArray(deleted) ? deleted : []) this.retract(id);
    const found = this.messages.size + this.requests.size - before;
    const gap = [...this.said.querySelectorAll(".gap")].at(-1);
    if (reason === "subscribe" || !gap) return;
    gap.querySelector(".loaded").textContent =
      ` The page has loaded the application’s records${found ? ` and found ${found} that it had missed` : ": nothing was missing"}.`;
  }

  get members() { return this.chat?.members ?? new Map(); }

  // Showing

  isAtEnd() { return this.said.scrollHeight - this.said.scrollTop - this.said.clientHeight < 60; }
  toEnd() { this.follows = true; this.said.scrollTop = this.said.scrollHeight; this.root.querySelector(".below").hidden = true; }

  // Adds an element at the place of its time; of equal times the later one follows.
  add(element, time) {
    this.said.querySelector(".empty")?.remove();
    element.time = Date.parse(time) || Date.now();
    let next = null;
    for (let last = this.said.lastElementChild; last?.time > element.time; last = last.previousElementSibling) next = last;
    this.said.insertBefore(element, next);
    // The first of several messages of one sender shows the name.
    for (const each of [element, element.nextElementSibling]) {
      if (each?.dataset.sender !== undefined) each.classList.toggle("first", each.previousElementSibling?.dataset.sender !== each.dataset.sender);
    }
    if (this.follows) this.toEnd(); else if (!next) this.root.querySelector(".below").hidden = false;
  }

  showEmpty() {
    const empty = make("div", "empty");
    empty.append(
      make("p", "", "No messages on this lease yet."),
      make("p", "", `Messages from ${this.party.name} go to Channels and return to both sides through the gateway.`));
    this.said.append(empty);
  }

  note(words, time) { this.add(make("p", "note", words), time); }

  showMembers() {
    const list = this.root.querySelector(".online ul");
    list.replaceChildren(...[...this.members].map(([id, user]) => {
      const item = make("li");
      item.append(make("b", "", nameOf(id, user)), id === this.party.id ? " (you)" : "");
      return item;
    }));
    if (!this.members.size) list.append(make("li", "", "no members"));
    this.gateway.membersChanged();
  }

  // Shows a message once. An own one may have been shown before it came through the gateway.
  showMessage(message, event, problem = "") {
    const id = text(message.id);
    const shown = this.messages.get(id);
    if (shown && !problem) shown.querySelector(".pending")?.remove();
    if (!id || shown || this.erased.has(id)) return;
    const sender = object(message.sender);
    const senderID = text(message.senderId, text(sender.id));
    const own = senderID === this.party.id;
    const element = make("article", "message" + (own ? " own" : ""));
    element.dataset.id = id;
    element.dataset.sender = senderID;
    const byline = make("p", "byline");
    byline.append(make("b", "", own ? "You" : text(sender.name, senderID)), make("time", "", clock(message.createdAt || event.time)));
    const line = make("div", "line");
    const bubble = make("div", "bubble", text(message.content));
    if (message.document) {
      const attached = make("span", "attached");
      attached.append(icon("clip"), text(object(message.document).label, "A document"));
      bubble.append(attached);
    }
    line.append(bubble);
    if (own) {
      const erase = make("button", "erase");
      erase.type = "button";
      erase.title = "Delete";
      erase.setAttribute("aria-label", "Delete this message: " + text(message.content).slice(0, 60));
      erase.append(icon("bin"));
      erase.onclick = () => this.publish("message-deleted", { messageId: id });
      line.append(erase);
    }
    element.append(byline, line);
    if (problem) element.append(make("p", "pending", problem));
    if (own) this.root.querySelector(".ideas").hidden = true;
    this.messages.set(id, element);
    this.forgetTyping(senderID);
    this.add(element, event.time);
    if (!own) this.gateway.unread(this.key, event);
  }

  retract(id) {
    // A deleted message never appears, even if its event comes from an older answer.
    if (typeof id === "string") this.erased.add(id);
    const element = this.messages.get(id);
    if (!element || element.classList.contains("gone")) return;
    element.querySelector(".pending")?.remove();
    element.classList.add("gone");
    const hadFocus = element.contains(document.activeElement);
    const bubble = make("div", "bubble", "Message deleted");
    element.querySelector(".line").replaceChildren(bubble);
    if (!hadFocus) return;
    // The button that had the focus is gone; the next Tab continues from here.
    bubble.tabIndex = -1;
    bubble.focus();
  }

  showRequest(value, event) {
    const request = object(value);
    const id = text(request.id);
    if (!id) return this.note("A request has changed. The application must load its details.", event.time);
    let card = this.requests.get(id);
    const isNew = !card;
    if (isNew) {
      card = make("article", "request");
      card.dataset.id = id;
      this.requests.set(id, card);
    }
    const done = request.status === "COMPLETED";
    card.classList.toggle("done", done);
    const header = make("header");
    const title = make("div");
    const by = "Requested by " + text(object(request.createdBy).name, "the notary");
    title.append(make("h3", "", text(request.title, "Document")),
      make("p", "by", `${by}, ${clock(request.createdAt || event.time)}`));
    header.append(icon("paper"), title, make("span", "status", done ? "Provided" : "Awaited"));
    card.replaceChildren(header);
    if (request.content) card.append(make("p", "wish", text(request.content)));
    if (!done && this.party.role !== "NOTAIRE") {
      const act = make("button", "primary act", "Mark as provided");
      act.type = "button";
      act.onclick = () => this.publish("request-updated", {
        request: { ...request, status: "COMPLETED", updatedAt: new Date().toISOString() },
      });
      card.append(act);
    }
    if (!isNew) return;
    this.add(card, event.time);
    if (request.createdById !== this.party.id) this.gateway.unread(this.key, event);
  }

  showGap(gap, event) {
    const notice = make("div", "gap");
    const words = make("p");
    const reason = text(gap.reason, "unknown");
    const from = clock(gap.since, true), to = clock(gap.until, true);
    words.append(make("b", "", "Some events may be missing: " + reason + "."), " ",
      gapReasons[reason] ?? "The gateway gives no more detail.",
      from && to ? ` It lasted from ${from} to ${to}.` : "",
      make("span", "loaded", " The page is loading the application’s records."));
    notice.append(icon("hole"), words);
    notice.setAttribute("role", "note");
    this.add(notice, event.time);
  }

  showTyping(userID, isTyping) {
    if (!userID || userID === this.party.id) return;
    if (!isTyping) return this.forgetTyping(userID);
    clearTimeout(this.forget);
    this.typist = userID;
    this.setTyping(nameOf(userID, this.members.get(userID)) + " is typing");
    this.forget = setTimeout(() => this.forgetTyping(userID), 3000);
  }
  forgetTyping(userID) { if (this.typist === userID) { this.typist = null; this.setTyping(""); } }
  setTyping(words) {
    this.root.querySelector(".typing span").textContent = words;
    this.root.querySelector(".typing i").hidden = !words;
  }

  // Writing

  // Publishes the typing state: at once, every 2 s while it continues, and its end after 2.5 s.
  types(isTyping) {
    clearTimeout(this.pausing);
    if (!isTyping) {
      if (this.typingSentAt) this.typing(false);
      this.typingSentAt = 0;
      return;
    }
    const now = performance.now();
    if (!this.typingSentAt || now - this.typingSentAt > 2000) {
      this.typingSentAt = now;
      this.typing(true);
    }
    this.pausing = setTimeout(() => this.types(false), 2500);
  }

  // One request at a time preserves the order; a failed one is outdated and not retried.
  typing(isTyping) {
    this.lastTyping = Promise.resolve(this.lastTyping).then(() => this.chat?.send("client-typing", { isTyping })).catch(() => {});
  }

  say(content) {
    const { id, name, email, role } = this.party;
    const message = {
      id: newID("msg_"), bailId: "demo", senderId: id, messageType: "MESSAGE", content,
      recipientPartyId: null, documentId: null, sender: { id, name, email, role },
      recipientParty: null, createdAt: new Date().toISOString(),
    };
    return this.publish("new-message", { message }, ({ time, published }) => this.showMessage(
      message, { time }, published ? "Saved, not yet delivered" : "Saved; Channels did not accept it yet"));
  }

  request(title, content) {
    const { id, name, email } = this.party;
    return this.publish("new-request", {
      request: {
        id: newID("req_"), dossierId: "dos_demo", title, content, status: "PENDING",
        targetProprietaire: false, targetLocataire: true, targetPartyIds: ["party_tenant"],
        createdById: id, createdBy: { id, email, name }, createdAt: new Date().toISOString(),
      },
    });
  }

  // Publishes through the application's server, which stores the event first; `stored` is called then.
  async publish(event, data, stored) {
    this.isSending = true;
    let problem = "";
    try {
      const answer = await fetch("/demo/publish", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ event, data }),
      });
      if (answer.status === 413) problem = "The text is too long: an event is limited to 10 KB.";
      else if (!answer.ok) problem = "Not sent: " + text(object(parsed(await answer.text())).message, "status " + answer.status);
      else stored?.(object(await answer.json()));
    } catch { problem = "Not sent: the demo does not answer. Your text is kept."; }
    this.isSending = false;
    this.trouble.textContent = problem;
    this.trouble.hidden = !problem;
    return !problem;
  }
}
