// SPDX-License-Identifier: MIT

/**
 * Parses the gateway's event stream, in which an event has one line of data. The text may be cut at any place: returns the
 * rest, with which the next text must begin. U+2028 ends no line, as in the standard. `onEvent(name, data, retry)` is called for
 * each part; what is absent is undefined.
 */
export const parseStream = (text, onEvent) => {
  const parts = text.split(/\r?\n\r?\n/), rest = parts.pop()
  for (const part of parts) {
    onEvent(...["event", "data", "retry"].map((name) => RegExp("(?:^|\n)" + name + ": ?([^\r\n]*)").exec(part)?.[1]))
  }
  return rest
}
