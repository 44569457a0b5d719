// SPDX-License-Identifier: MIT
// A clock that a test moves. While it is installed, timers fire in `pass` only.

const real = { setTimeout, clearTimeout, setInterval, clearInterval }

export class Clock {
  #now = 0
  #timers = new Map()
  #last = 0

  install() {
    globalThis.setTimeout = (callback, delay = 0) => {
      this.#timers.set(++this.#last, { callback, due: this.#now + delay })
      return this.#last
    }
    globalThis.setInterval = (callback, interval) => {
      this.#timers.set(++this.#last, { callback, due: this.#now + interval, interval })
      return this.#last
    }
    globalThis.clearTimeout = globalThis.clearInterval = (timer) => void this.#timers.delete(timer)
    return this
  }

  remove() {
    Object.assign(globalThis, real)
  }

  /** Moves the time and fires the timers that are due, in order. */
  pass(milliseconds) {
    const end = this.#now + milliseconds
    for (;;) {
      const due = [...this.#timers].filter(([, each]) => each.due <= end).sort((a, b) => a[1].due - b[1].due)[0]
      if (!due) break
      const [timer, { callback, interval }] = due
      this.#now = due[1].due
      if (interval) due[1].due += interval
      else this.#timers.delete(timer)
      callback()
    }
    this.#now = end
  }

  get now() {
    return this.#now
  }

  get waiting() {
    return this.#timers.size
  }
}
