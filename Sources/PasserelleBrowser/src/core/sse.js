// SPDX-License-Identifier: MIT

/**
 * Parses the gateway's event stream, in which an event has one line of data and every line ends with
 * a line feed. The text may be cut at any place: returns the rest, with which the next text must
 * begin. U+2028 ends no line, as in the standard. `onEvent({ event, data, retry })` is called for
 * each part; what is absent is undefined.
 */
export const parseStream = (text, onEvent) => {
  const parts = text.split("\n\n"), rest = parts.pop()
  for (const part of parts) onEvent(Object.fromEntries(part.split("\n").map((line) => line.split(/: ?([^]*)/))))
  return rest
}
