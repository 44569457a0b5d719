// SPDX-License-Identifier: MIT
/** What the page shows; it holds two minutes of numbers and the last hundred events. */
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
      put(hold, this.isHeld ? "Go on" : "Pause");
      if (!this.isHeld) this.show();
    };
    this.channels.show([], (channel) => channel.channel);
    this.log.show([], (event) => event.id);
  }

  /** A stream has begun: what is counted next may be another life's. */
  began() { this.isNew = true; }

  /** How things are, once a second; rates are what lies between two of them. */
  became(state) {
    const before = this.isNew ? undefined : this.state;
    const hasBegunAnew = this.isNew && state.uptime_ms < this.state?.uptime_ms;
    this.isNew = false;
    this.state = state;
    const seconds = before ? (state.uptime_ms - before.uptime_ms) / 1000 : 0;
    const [readers, deliveries, events, troubles] = this.charts;
    if (seconds > 0) {
      const per = (now, then) => Math.max(0, now - then) / seconds;
      const told = (key) => per(state.deliveries[key], before.deliveries[key]);
      deliveries.add({ sse: told("sse"), poll: told("poll"), line: told("line") });
      events.add({
        events: per(state.events, before.events),
        messages: per(state.upstream.messages, before.upstream.messages),
      });
      troubles.add({ refusals: per(state.refusals, before.refusals), gaps: per(state.gaps, before.gaps) });
    } else if (hasBegunAnew) {
      // Another life of the gateway.
      for (const chart of this.charts) chart.clear();
    }
    readers.add(state.readers);
    this.show();
  }

  /** What came, oldest first; a fresh list stands in the place of what is shown. */
  heard({ fresh, more, retracted, events }) {
    const gone = new Set(retracted);
    const without = (list) => list.map((event) =>
      gone.has(event.id) ? { id: event.id, time: event.time, channel: event.channel, retracted: true } : event);
    const kept = fresh ? [] : without(this.events);
    this.events = [...events.reverse(), ...kept].slice(0, Console.events);
    this.more = fresh ? 0 : this.more + more;
    // What was taken back goes from a page that stands still, too.
    if (fresh) this.listed = this.events; else if (gone.size) this.listed = without(this.listed);
    if (this.isHeld && (fresh || gone.size)) this.list();
    this.show();
  }

  show() {
    if (this.isHeld) return;
    this.listed = this.events;
    this.list();
    const { state } = this;
    const kind = state?.content ? "newest first" : "names and sizes, newest first";
    say("told", this.more ? `newest first; ${number(this.more)} came too fast to be listed` : kind);
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
    say("rest", rest > 0 ? `and ${many(rest, "other")}: those with most readers stand first` : "");
  }

  showUpstream({ time, upstream, log }) {
    // Each further try is part of the same absence.
    const isTryingAgain = upstream.state === "connecting" && upstream.attempts > 1;
    const word = isTryingAgain ? "waiting" : upstream.state;
    find(".upstream").dataset.state = word;
    say("state", upstreamWords[word] ?? word);
    const ago = (then) => span((new Date(time) - new Date(then)) / 1000);
    const since = upstream.lost ?? upstream.since;
    say("since", since ? `for ${ago(since)}, since ${clock(since)}` : "");
    say("messages", number(upstream.messages));
    say("connections", `${number(upstream.connections)} of ${many(upstream.attempts, "try", "tries")}`);
    say("last", upstream.last_event ? `${ago(upstream.last_event)} ago` : "none yet");
    say("held", `${bytes(log.bytes)} of ${bytes(log.limit)}`);
  }
}

/** Listens to the gateway, and comes back to it by itself whenever it is away. */
class Feed {
  /** Without a word for so long, in milliseconds, the gateway counts as lost. */
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
    source.onopen = () => this.page.began();
    source.addEventListener("state", (message) => { this.came(); this.page.became(JSON.parse(message.data)); });
    source.addEventListener("events", (message) => this.page.heard(JSON.parse(message.data)));
    source.onerror = () => {
      // Refused: the browser has given up, so we try.
      const isRefused = source.readyState === EventSource.CLOSED;
      this.lost(isRefused);
      if (isRefused) this.comeBack();
    };
    this.watch();
  }

  came() {
    this.tries = 0;
    this.last = new Date();
    document.body.dataset.link = "live";
    say("link", "Live");
    find(".lost").hidden = true;
    this.watch();
  }

  // A connection can be dead without an error: then silence tells.
  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => { this.lost(); this.comeBack(); }, Feed.patience);
  }

  lost(isRefused = false) {
    document.body.dataset.link = "lost";
    say("link", "Lost");
    const since = this.last ? ` since ${clockFormat.format(this.last)}: what you see is as it was then` : "";
    const what = isRefused ? "The gateway takes no further console: eight may be open at once" : "No word from the gateway";
    put(find(".lost"), `${what}${since}. Trying again…`);
    find(".lost").hidden = false;
  }

  comeBack() {
    clearTimeout(this.again);
    clearTimeout(this.silence);
    const pause = Math.min(10000, 1000 * 2 ** this.tries++) * (0.75 + Math.random() / 2);
    this.again = setTimeout(() => this.open(), pause);
  }
}

new Feed(new Console());
