// SPDX-License-Identifier: MIT
/** One party's view: reads through the gateway, writes through the application. */
class Pane {
  constructor(key, settings, gateway) {
    Object.assign(this, { key, settings, gateway, party: parties[key], position: null, follows: true });
    this.members = new Map();
    this.messages = new Map();
    this.requests = new Map();
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
    this.said.setAttribute("aria-label", "Conversation as " + party.name + " reads it");
    this.field.setAttribute("aria-label", "Message from " + party.name);
    for (const radio of root.querySelectorAll("[type=radio]")) {
      radio.name = "transport-" + this.key;
      radio.onchange = () => this.read(radio.value);
    }
    find(".presence").onclick = ({ currentTarget }) => {
      currentTarget.setAttribute("aria-checked", !this.isToBePresent());
      this.attend(true);
    };
    find(".below").onclick = () => this.toEnd();
    this.said.onscroll = () => {
      this.follows = this.isAtEnd();
      if (this.follows) find(".below").hidden = true;
    };
    // A reader at the end stays there when the room for the conversation changes.
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
    field.oninput = () => { grow(); this.types(!!field.value); };
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
      grow();
    };
    for (const idea of this.party.ideas) {
      const button = make("button", "", idea);
      button.type = "button";
      button.lang = "fr";
      button.onclick = () => { field.value = idea; grow(); field.focus(); };
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
    opener.onclick = () => open(this.ask.hidden);
    find(".ask .quiet").onclick = () => open(false);
    this.ask.onkeydown = (press) => { if (press.key === "Escape") open(false); };
    this.ask.onsubmit = async (submit) => {
      submit.preventDefault();
      const { title, content } = this.ask.elements;
      if (!await this.request(title.value.trim(), content.value.trim())) return;
      this.ask.reset();
      open(false);
    };
  }

  // Reading

  read(transport) {
    this.reader?.stop();
    this.transport = transport;
    this.became("waiting");
    // Who reads is a member for as long as the reading goes on, and a moment longer.
    const { id, name, email, role } = this.party;
    const query = { channel: this.settings.channel, user: id, user_info: JSON.stringify({ name, email, role }) };
    // A stopped reader may have a message under way: only the present one is listened to.
    const only = (tell) => (...facts) => { if (this.reader === reader) tell.apply(this, facts); };
    const pane = this;
    const reader = new (transport === "sse" ? StreamReader : PollReader)(query, {
      heard: only(this.heard), counted: only(this.counted), moved: only(this.moved), became: only(this.became),
      get position() { return pane.position; },
    });
    this.reader = reader;
    reader.start(this.position);
  }

  // A position keeps the place of a reader that rests; nothing is lost by it.
  rest() { this.reader?.stop(); this.reader = null; }
  resume() { if (!this.reader) this.read(this.transport); }

  isToBePresent() { return this.root.querySelector(".presence").getAttribute("aria-checked") === "true"; }
  attend(isPageThere) {
    const isWanted = isPageThere && this.isToBePresent();
    if (isWanted === this.presence.wanted) return;
    isWanted ? this.presence.join() : this.presence.leave();
  }

  became(state) {
    this.state = state;
    const element = this.root.querySelector(".state");
    const name = transports[this.transport];
    element.dataset.state = state;
    element.querySelector(".words").textContent =
      { live: "Live by " + name, waiting: "Connecting by " + name, down: "No answer, trying again" }[state];
    this.gateway.refresh();
  }

  moved(position) {
    if (position) this.position = position;
    this.gateway.refresh();
  }

  heard(event, position) {
    this.moved(position || event.id);
    const data = object(event.data);
    switch (event.event) {
      case "pusher:subscription_succeeded": this.counted(event.channel, data.presence); break;
      case "pusher:member_added": this.members.set(String(data.user_id), object(data.user_info)); this.showMembers(); break;
      case "pusher:member_removed": this.members.delete(String(data.user_id)); this.showMembers(); break;
      case "pusher:subscription_error": this.note("Channels refuses the subscription: " + text(data.message, "no reason given")); break;
      case "new-message": this.showMessage(object(data.message), event); break;
      case "message-deleted": this.retract(data.messageId); break;
      case "new-request": case "request-updated": this.showRequest(data.request, event); break;
      case "client-typing": this.showTyping(text(data.userId, event.user_id), data.isTyping === true); break;
      case "passerelle:gap": this.showGap(data); break;
    }
    if (this.follows) this.toEnd();
    this.gateway.heard(event);
  }

  counted(channel, presence) {
    if (channel !== this.settings.channel) return;
    this.members = new Map(Object.entries(object(object(presence).hash)).map(([id, user]) => [id, object(user)]));
    this.showMembers();
  }

  // Showing

  isAtEnd() { return this.said.scrollHeight - this.said.scrollTop - this.said.clientHeight < 60; }
  toEnd() { this.follows = true; this.said.scrollTop = this.said.scrollHeight; this.root.querySelector(".below").hidden = true; }

  add(element) {
    this.said.querySelector(".empty")?.remove();
    this.said.append(element);
    if (!this.follows) this.root.querySelector(".below").hidden = false;
  }

  showEmpty() {
    const empty = make("div", "empty");
    empty.append(
      make("p", "", "Nothing has been said on this lease yet."),
      make("p", "", `What ${this.party.name} writes goes to Channels, and comes back to both sides through the gateway.`));
    this.said.append(empty);
  }

  note(words) { this.lastSender = null; this.add(make("p", "note", words)); }

  showMembers() {
    const list = this.root.querySelector(".online ul");
    list.replaceChildren(...[...this.members].map(([id, user]) => {
      const item = make("li");
      item.append(make("b", "", text(user.name, id)), id === this.party.id ? " (you)" : "");
      return item;
    }));
    if (!this.members.size) list.append(make("li", "", "nobody"));
    this.gateway.membersChanged();
  }

  showMessage(message, event) {
    const id = text(message.id);
    if (!id || this.messages.has(id)) return;
    const sender = object(message.sender);
    const senderID = text(message.senderId, text(sender.id));
    const own = senderID === this.party.id;
    const element = make("article", "message" + (own ? " own" : "") + (senderID !== this.lastSender ? " first" : ""));
    element.dataset.id = id;
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
    this.lastSender = senderID;
    if (own) this.root.querySelector(".ideas").hidden = true;
    this.messages.set(id, element);
    this.forgetTyping(senderID);
    this.add(element);
    if (!own) this.gateway.unread(this.key, event);
  }

  retract(id) {
    const element = this.messages.get(id);
    if (!element) return;
    element.classList.add("gone");
    element.querySelector(".line").replaceChildren(make("div", "bubble", "Message deleted"));
  }

  showRequest(value, event) {
    const request = object(value);
    const id = text(request.id);
    if (!id) return this.note("A request has changed. Its details are the application’s to load again.");
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
    const by = "Asked by " + text(object(request.createdBy).name, "the notary");
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
    this.lastSender = null;
    this.add(card);
    if (request.createdById !== this.party.id) this.gateway.unread(this.key, event);
  }

  showGap(gap) {
    const notice = make("div", "gap");
    const words = make("p");
    const reason = text(gap.reason, "unknown");
    const from = clock(gap.since, true), to = clock(gap.until, true);
    words.append(make("b", "", "Some events may be missing: " + reason + "."), " ",
      (gapReasons[reason] ?? "the gateway gives no more detail").replace(/^./, (first) => first.toUpperCase()),
      from && to ? `, from ${from} to ${to}.` : ".",
      " An application loads its own records again here.");
    notice.append(icon("hole"), words);
    notice.setAttribute("role", "note");
    this.lastSender = null;
    this.add(notice);
  }

  showTyping(userID, isTyping) {
    if (!userID || userID === this.party.id) return;
    if (!isTyping) return this.forgetTyping(userID);
    clearTimeout(this.forget);
    this.typist = userID;
    this.sayTyping(text(object(this.members.get(userID)).name, userID) + " is typing");
    this.forget = setTimeout(() => this.forgetTyping(userID), 3000);
  }
  forgetTyping(userID) { if (this.typist === userID) { this.typist = null; this.sayTyping(""); } }
  sayTyping(words) {
    this.root.querySelector(".typing span").textContent = words;
    this.root.querySelector(".typing i").hidden = !words;
  }

  // Writing

  // Tells the gateway of typing: at once, then again every 2 s while it goes on, and its end after 2.5 s.
  types(isTyping) {
    clearTimeout(this.pausing);
    if (!isTyping) {
      if (this.toldTyping) this.typing(false);
      this.toldTyping = 0;
      return;
    }
    const now = performance.now();
    if (!this.toldTyping || now - this.toldTyping > 2000) {
      this.toldTyping = now;
      this.typing(true);
    }
    this.pausing = setTimeout(() => this.types(false), 2500);
  }

  // One after the other, so that what is said last is heard last; what fails is out of date by then.
  typing(isTyping) {
    const { settings: { channel }, party } = this;
    const path = `/channels/${encodeURIComponent(channel)}/events?user=${encodeURIComponent(party.id)}`;
    const body = JSON.stringify({ event: "client-typing", data: { isTyping } });
    const headers = { "Content-Type": "application/json" };
    this.telling = Promise.resolve(this.telling).then(() => fetch(path, { method: "POST", headers, body })).catch(() => {});
  }

  say(content) {
    const { id, name, email, role } = this.party;
    return this.publish("new-message", {
      message: {
        id: newID("msg_"), bailId: "demo", senderId: id, messageType: "MESSAGE", content,
        recipientPartyId: null, documentId: null, sender: { id, name, email, role },
        recipientParty: null, createdAt: new Date().toISOString(),
      },
    });
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

  // Asks the application's server half to send; what was sent is shown when the gateway tells it.
  async publish(event, data) {
    this.isSending = true;
    let problem = "";
    try {
      const answer = await fetch("/demo/publish", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ event, data }),
      });
      if (answer.status === 413) problem = "This is too long: an event holds 10 KB at most.";
      else if (!answer.ok) problem = "Not sent: " + text(object(parsed(await answer.text())).message, "status " + answer.status);
    } catch { problem = "Not sent: the demo does not answer."; }
    this.isSending = false;
    this.trouble.textContent = problem;
    this.trouble.hidden = !problem;
    return !problem;
  }
}
