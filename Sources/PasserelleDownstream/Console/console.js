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
    this.more = 0;
    const hold = find(".hold");
    hold.onclick = () => {
      this.isHeld = !this.isHeld;
      hold.setAttribute("aria-pressed", this.isHeld);
      put(hold, this.isHeld ? "Go on" : "Pause");
      if (!this.isHeld) this.show();
    };
    this.channels.show([], (channel) => channel.channel);
    this.log.show([], (event) => event.id);
  }

  /** How things are, once a second; rates are what lies between two of them. */
  became(state) {
    const before = this.state;
    this.state = state;
    const seconds = before ? (state.uptime_ms - before.uptime_ms) / 1000 : 0;
    const [readers, deliveries, events, troubles] = this.charts;
    readers.add(state.readers);
    // Another life of the gateway counts from nothing.
    if (seconds > 0) {
      const per = (now, then) => Math.max(0, now - then) / seconds;
      const told = (key) => per(state.deliveries[key], before.deliveries[key]);
      deliveries.add({ sse: told("sse"), poll: told("poll"), line: told("line") });
      events.add({
        events: per(state.events, before.events),
        messages: per(state.upstream.messages, before.upstream.messages),
      });
      troubles.add({ refusals: per(state.refusals, before.refusals), gaps: per(state.gaps, before.gaps) });
    } else if (before) {
      for (const chart of [deliveries, events, troubles]) chart.clear();
    }
    this.show();
  }

  /** What came, oldest first; a fresh list stands in the place of what is shown. */
  heard({ fresh, more, retracted, events }) {
    if (fresh) { this.events = []; this.more = 0; }
    const gone = new Set(retracted);
    const kept = this.events.map((event) =>
      gone.has(event.id) ? { ...event, retracted: true, data: undefined, size: undefined } : event);
    this.events = [...events.reverse(), ...kept].slice(0, Console.events);
    this.more = fresh ? 0 : this.more + more;
    this.show();
  }

  show() {
    if (this.isHeld) return;
    this.log.show(this.events, (event) => event.id);
    const { state } = this;
    const kind = state?.content ? "newest first" : "names and sizes, newest first";
    say("told", this.more ? `newest first; ${number(this.more)} came too fast to be listed` : kind);
    if (!state) return;
    for (const chart of this.charts) chart.show();
    this.channels.show(state.channels.list, (channel) => channel.channel);
    this.showHead(state);
    this.showUpstream(state);
  }

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
    source.addEventListener("state", (message) => { this.came(); this.page.became(JSON.parse(message.data)); });
    source.addEventListener("events", (message) => this.page.heard(JSON.parse(message.data)));
    source.onerror = () => {
      this.lost();
      // Refused, as when there are too many consoles: the browser has given up, so we try.
      if (source.readyState === EventSource.CLOSED) this.comeBack();
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

  lost() {
    document.body.dataset.link = "lost";
    say("link", "Lost");
    const since = this.last ? ` since ${clockFormat.format(this.last)}: what you see is as it was then` : "";
    put(find(".lost"), `No word from the gateway${since}. Trying again…`);
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
