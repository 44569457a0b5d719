// SPDX-License-Identifier: MIT
/** The page: two minutes of numbers and the last hundred events. */
class Console {
  static events = 100;

  constructor() {
    this.charts = [
      new Chart("readers", surfaces, number),
      new Chart("deliveries", surfaces, rate),
      new Chart("events", [["events", "events"], ["messages", "messages"]], rate, true),
      new Chart("troubles", [["refusals", "refusals"], ["gaps", "gaps"]], rate),
    ];
    this.channels = new Rows("channels", channelRow, fillChannel);
    this.log = new Rows("events", eventRow, fillEvent);
    this.events = [];
    this.listed = [];
    this.more = 0;
    const hold = find(".hold");
    hold.onclick = () => {
      this.isHeld = !this.isHeld;
      hold.classList.toggle("pressed", this.isHeld);
      put(hold, this.isHeld ? "Resume" : "Pause");
      if (!this.isHeld) this.show();
    };
    this.channels.show([], (channel) => channel.channel);
    this.log.show([], (event) => event.id);
  }

  /** Handles a new connection: the next counters may be those of a restarted gateway. */
  connected() { this.isNew = true; }

  /** Shows the gateway's state, once a second; rates are differences between two states. */
  update(state) {
    const before = this.isNew ? undefined : this.state;
    const hasRestarted = this.isNew && state.uptime_ms < this.state?.uptime_ms;
    this.isNew = false;
    this.state = state;
    const seconds = before ? (state.uptime_ms - before.uptime_ms) / 1000 : 0;
    const [readers, deliveries, events, troubles] = this.charts;
    const at = Date.parse(state.time);
    if (seconds > 0) {
      const per = (now, then) => Math.max(0, now - then) / seconds;
      const delivered = (key) => per(state.deliveries[key], before.deliveries[key]);
      deliveries.add(at, { sse: delivered("sse"), poll: delivered("poll"), line: delivered("line") });
      events.add(at, {
        events: per(state.events, before.events),
        messages: per(state.upstream.messages, before.upstream.messages),
      });
      troubles.add(at, { refusals: per(state.refusals, before.refusals), gaps: per(state.gaps, before.gaps) });
    } else if (hasRestarted) {
      // The gateway has restarted.
      for (const chart of this.charts) chart.clear();
    }
    readers.add(at, state.readers);
    this.show();
  }

  /** Adds new events, given oldest first; a fresh list replaces the shown one. */
  addEvents({ fresh, more, retracted, events }) {
    const gone = new Set(retracted);
    const without = (list) => list.map((event) =>
      gone.has(event.id) ? { id: event.id, time: event.time, channel: event.channel, retracted: true } : event);
    const kept = fresh ? [] : without(this.events);
    this.events = [...events.reverse(), ...kept].slice(0, Console.events);
    this.more = fresh ? 0 : this.more + more;
    // Retracted events are also removed while the page is paused.
    if (fresh) this.listed = this.events; else if (gone.size) this.listed = without(this.listed);
    if (this.isHeld && (fresh || gone.size)) this.list();
    this.show();
  }

  show() {
    if (this.state) this.showLink(this.state);
    if (this.isHeld) return;
    this.listed = this.events;
    this.list();
    const { state } = this;
    const kind = state?.content ? "newest first" : "names and sizes, newest first";
    say("told", this.more ? `newest first; ${number(this.more)} arrived too fast to be listed` : kind);
    if (!state) return;
    for (const chart of this.charts) chart.show();
    this.channels.show(state.channels.list, (channel) => channel.channel);
    this.showHead(state);
    this.showUpstream(state);
  }

  list() { this.log.show(this.listed, (event) => event.id); }

  showHead({ version, uptime_ms, content, channels }) {
    say("version", version);
    say("uptime", "up " + span(uptime_ms / 1000));
    find(".notice.content").hidden = !content;
    const states = Object.entries(channels.states).map(([state, count]) => `${number(count)} ${stateWords[state] ?? state}`);
    say("channels", channels.count ? `${states.join(", ")}; ${many(channels.members, "member")}` : "");
    const rest = channels.count - channels.list.length;
    say("rest", rest > 0 ? `and ${many(rest, "other")}; those with the most readers are listed` : "");
  }

  // Further attempts belong to the same outage.
  static upstreamState({ state, attempts }) {
    return state === "connecting" && attempts > 1 ? "waiting" : state;
  }

  // "Live" would be wrong above an outage of Channels. It changes also while the page is held.
  showLink({ upstream }) {
    if (document.body.dataset.link === "lost") return;
    const state = Console.upstreamState(upstream);
    document.body.dataset.link = state === "connected" ? "live" : "away";
    say("link", state === "connected" ? "Live" : `Channels: ${(upstreamWords[state] ?? state).toLowerCase()}`);
  }

  showUpstream({ time, upstream, log, saved }) {
    const word = Console.upstreamState(upstream);
    find(".upstream").dataset.state = word;
    say("state", upstreamWords[word] ?? word);
    const ago = (then) => span((new Date(time) - new Date(then)) / 1000);
    const since = upstream.lost ?? upstream.since;
    say("since", since ? `for ${ago(since)}, since ${clock(since)}` : "");
    say("cause", upstream.cause ? `Cause: ${upstream.cause}` : "");
    say("messages", number(upstream.messages));
    say("connections", `${number(upstream.connections)} of ${many(upstream.attempts, "attempt")}`);
    say("last", upstream.last_event ? `${ago(upstream.last_event)} ago` : "none yet");
    say("held", `${bytes(log.bytes)} of ${bytes(log.limit)}`);
    const { readers, upstream_connections: own } = saved;
    say("per-connection", own ? rate(readers / own) : "–");
    say("saved-connections", number(saved.connections));
    say("saved-messages", number(saved.messages));
  }
}

/** The connection to the gateway, which reconnects by itself. */
class Feed {
  /** The silence in milliseconds after which the gateway counts as lost. */
  static patience = 6000;

  constructor(page) {
    this.page = page;
    this.tries = 0;
    this.open();
  }

  open() {
    clearTimeout(this.again);
    this.source?.close();
    const source = new EventSource("console/events");
    this.source = source;
    source.onopen = () => this.page.connected();
    source.addEventListener("state", (message) => { this.received(); this.page.update(JSON.parse(message.data)); });
    source.addEventListener("events", (message) => this.page.addEvents(JSON.parse(message.data)));
    // A newer console replaced this one. It does not reconnect at once, as it would replace another.
    source.addEventListener("replaced", (message) => {
      source.close();
      this.lost("A newer console replaced this one (eight may be open at once)");
      this.reconnect(JSON.parse(message.data).retry_ms);
    });
    source.onerror = () => {
      // If the request was refused, the browser does not reconnect, so the page does.
      const isRefused = source.readyState === EventSource.CLOSED;
      this.lost(isRefused ? "The gateway refuses the connection" : undefined);
      if (isRefused) this.reconnect();
    };
    this.watch();
  }

  received() {
    this.tries = 0;
    this.last = new Date();
    if (document.body.dataset.link === "lost") document.body.dataset.link = "opening";
    find(".lost").hidden = true;
    this.watch();
  }

  // A connection can be dead without an error; the silence reveals that.
  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => { this.lost(); this.reconnect(); }, Feed.patience);
  }

  lost(cause = "No response from the gateway") {
    document.body.dataset.link = "lost";
    say("link", "Lost");
    const since = this.last ? ` since ${clockFormat.format(this.last)}: the page shows the state at that time` : "";
    put(find(".lost"), `${cause}${since}. Reconnecting…`);
    find(".lost").hidden = false;
  }

  reconnect(milliseconds) {
    clearTimeout(this.again);
    clearTimeout(this.silence);
    const pause = milliseconds ?? Math.min(10000, 1000 * 2 ** this.tries++) * (0.75 + Math.random() / 2);
    this.again = setTimeout(() => this.open(), pause);
  }
}

new Feed(new Console());
