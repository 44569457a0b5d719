// SPDX-License-Identifier: MIT
/** An additional Channels connection as the same member, where WebSockets are available. */
class Presence {
  constructor(settings, party) { Object.assign(this, { settings, party, tries: 0, wanted: false }); }
  join() { this.wanted = true; this.connect(); }
  leave() { this.wanted = false; clearTimeout(this.retry); this.socket?.close(1000); }
  connect() {
    const { wsUrl, key } = this.settings;
    const socket = new WebSocket(`${wsUrl}/app/${encodeURIComponent(key)}?protocol=7&client=demo&version=1.0`);
    this.socket = socket;
    socket.onmessage = (message) => { if (socket === this.socket) this.handle(parsed(message.data)); };
    socket.onclose = ({ code }) => {
      clearTimeout(this.quiet);
      if (socket !== this.socket) return;
      this.joined = false;
      if (!this.wanted || (code >= 4000 && code < 4100)) return;
      const pause = code >= 4200 && code < 4300 ? 50 : 750 + backOff(this.tries++);
      this.retry = setTimeout(() => this.connect(), pause);
    };
  }
  handle(message) {
    const data = parsed(message.data);
    this.listen();
    if (message.event === "pusher:connection_established") this.subscribe(data);
    if (message.event === "pusher:ping") this.send({ event: "pusher:pong", data: {} });
    if (message.event === "pusher_internal:subscription_succeeded") { this.joined = true; this.tries = 0; }
  }
  // Pings the server after a silence, and closes the connection after a second one.
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
  // Returns true if the message was sent.
  send(message) {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }
}
