// SPDX-License-Identifier: MIT
/** Reads a channel by Server-Sent Events; the browser reconnects by itself with Last-Event-ID. */
class StreamReader {
  constructor(query, reader) { Object.assign(this, { query, reader, tries: 0 }); }
  start(position) {
    const query = new URLSearchParams(this.query);
    position ? query.set("after", position) : query.set("last", "50");
    this.source = new EventSource("/events?" + query);
    for (const name of eventNames) {
      this.source.addEventListener(name, (message) => {
        this.reader.heard(JSON.parse(message.data), message.lastEventId);
      });
    }
    this.source.onopen = () => { this.tries = 0; this.reader.became("live"); };
    this.source.onerror = () => {
      if (this.source.readyState !== EventSource.CLOSED) return this.reader.became("waiting");
      this.reader.became("down"); // refused: the browser has given up, so ask again ourselves
      this.timer = setTimeout(() => this.start(this.reader.position), backOff(this.tries++));
    };
  }
  stop() { this.source?.close(); clearTimeout(this.timer); }
}

/** Reads a channel by long polls; the position it starts from may be a stream's. */
class PollReader {
  constructor(query, reader) { Object.assign(this, { query, reader, tries: 0 }); }
  start(position) {
    this.abort = new AbortController();
    // The first is answered at once, so that one knows that polling works here.
    this.poll(position, 0, this.abort.signal);
  }
  stop() { this.abort.abort(); clearTimeout(this.timer); }
  async poll(position, wait, signal) {
    let pause = 0;
    try {
      const query = new URLSearchParams(this.query);
      position ? query.set("after", position) : query.set("last", "50");
      query.set("wait", wait);
      const began = performance.now();
      const response = await fetch("/poll?" + query, { cache: "no-store", signal });
      if (!response.ok) {
        pause = 1000 * Number(response.headers.get("Retry-After") || 0);
        throw new Error("status " + response.status);
      }
      const page = await response.json();
      for (const [channel, presence] of Object.entries(object(page.members))) {
        this.reader.counted(channel, presence);
      }
      for (const event of page.events) this.reader.heard(event, event.id);
      this.reader.moved(page.position);
      this.reader.became("live");
      this.tries = 0;
      position = page.position;
      // An empty answer at once means that the gateway did not hold the poll: do not spin.
      if (wait && !page.events.length && performance.now() - began < 500) pause = page.retry_ms || 2000;
      wait = 25;
    } catch (error) {
      if (signal.aborted) return;
      this.reader.became("down");
      pause = Math.max(pause, backOff(this.tries++));
      wait = 0;
    }
    if (!signal.aborted) this.timer = setTimeout(() => this.poll(position, wait, signal), pause);
  }
}

/** What a browser that can hold one keeps open besides: a Channels connection, as the same member. */
class Presence {
  constructor(settings, party) { Object.assign(this, { settings, party, tries: 0, wanted: false }); }
  join() { this.wanted = true; this.connect(); }
  leave() { this.wanted = false; clearTimeout(this.retry); this.socket?.close(1000); }
  connect() {
    const { wsUrl, key } = this.settings;
    const socket = new WebSocket(`${wsUrl}/app/${encodeURIComponent(key)}?protocol=7&client=demo&version=1.0`);
    this.socket = socket;
    socket.onmessage = (message) => { if (socket === this.socket) this.told(parsed(message.data)); };
    socket.onclose = ({ code }) => {
      clearTimeout(this.quiet);
      if (socket !== this.socket) return;
      this.joined = false;
      if (!this.wanted || (code >= 4000 && code < 4100)) return;
      const pause = code >= 4200 && code < 4300 ? 50 : 750 + backOff(this.tries++);
      this.retry = setTimeout(() => this.connect(), pause);
    };
  }
  told(message) {
    const data = parsed(message.data);
    this.listen();
    if (message.event === "pusher:connection_established") this.subscribe(data);
    if (message.event === "pusher:ping") this.send({ event: "pusher:pong", data: {} });
    if (message.event === "pusher_internal:subscription_succeeded") { this.joined = true; this.tries = 0; }
  }
  // Asks after a silence whether the other end is there, and gives up on it after another.
  listen() {
    clearTimeout(this.quiet);
    const { socket } = this;
    this.quiet = setTimeout(() => {
      this.send({ event: "pusher:ping", data: {} });
      this.quiet = setTimeout(() => socket.close(), 15000);
    }, 1000 * (this.activity || 60));
  }
  async subscribe({ socket_id, activity_timeout }) {
    const { socket, settings: { channel } } = this;
    this.activity = activity_timeout;
    try {
      const answer = await fetch("/demo/auth", {
        method: "POST",
        body: new URLSearchParams({ socket_id, channel_name: channel, user_id: this.party.id }),
      });
      if (!answer.ok) throw new Error("status " + answer.status);
      const { auth, channel_data } = await answer.json();
      this.send({ event: "pusher:subscribe", data: { auth, channel_data, channel } });
    } catch { socket.close(); }
  }
  // Gives whether the message has gone out.
  send(message) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }
}
