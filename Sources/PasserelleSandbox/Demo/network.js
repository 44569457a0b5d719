// SPDX-License-Identifier: MIT
/**
 * The network between this page and the gateway, with the faults of an office: the stream of a user can
 * be cut, and streams can be held back, as a content scanner does. The module notices no difference,
 * and the connections that are cut are real.
 */
class Network {
  constructor() {
    this.blocked = new Set();
    this.streams = new Map();
    this.send = window.fetch.bind(window);
    window.fetch = (input, options) => this.fetch(input, options);
  }

  /** Ends the user's stream in the middle. */
  cut(user) {
    this.streams.get(user)?.();
    this.streams.delete(user);
  }

  /** Holds the user's streams back from now on, or lets new ones pass. */
  block(user, isBlocked) {
    isBlocked ? this.blocked.add(user) : this.blocked.delete(user);
    if (isBlocked) this.cut(user);
  }

  async fetch(input, options = {}) {
    const url = new URL(input.url ?? input, document.baseURI);
    if (!url.pathname.endsWith("/events") || (options.method ?? "GET") !== "GET") return this.send(input, options);
    const user = url.searchParams.get("user");
    const ending = new AbortController();
    const { signal } = options;
    if (signal?.aborted) ending.abort(signal.reason);
    signal?.addEventListener("abort", () => ending.abort(signal.reason));
    const response = await this.send(input, { ...options, signal: ending.signal });
    if (!response.body) return response;
    const isHeld = this.blocked.has(user);
    if (isHeld) await new Promise((_, fail) => ending.signal.addEventListener("abort", () => fail(ending.signal.reason)));
    return new Response(this.passed(response.body, user, ending), response);
  }

  // The body, which `cut` ends with the error of a lost connection.
  passed(body, user, ending) {
    const source = body.getReader();
    return new ReadableStream({
      start: (out) => this.streams.set(user, () => {
        out.error(new TypeError("network error"));
        ending.abort();
      }),
      async pull(out) {
        try {
          const { done, value } = await source.read();
          done ? out.close() : out.enqueue(value);
        } catch (error) { out.error(error); }
      },
      cancel: (reason) => source.cancel(reason),
    });
  }
}
