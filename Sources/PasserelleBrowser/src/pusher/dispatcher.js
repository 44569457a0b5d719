// SPDX-License-Identifier: MIT

/** Listeners by event name, and listeners of every event. */
export class Dispatcher {
  constructor() {
    this._named = []
    this._global = []
  }

  bind(event, callback, context) {
    this._named.push({ event, callback: checked(callback), context })
    return this
  }

  /** Removes the listeners that match every argument given; without arguments, all named ones. */
  unbind(event, callback, context) {
    // A new array: a listener may unbind while its event is being emitted.
    this._named = this._named.filter(
      (each) =>
        (event && event !== each.event) ||
        (callback && callback !== each.callback) ||
        (context && context !== each.context)
    )
    return this
  }

  bind_global(callback) {
    this._global.push(checked(callback))
    return this
  }

  unbind_global(callback) {
    this._global = this._global.filter((each) => callback && callback !== each)
    return this
  }

  unbind_all() {
    return this.unbind().unbind_global()
  }

  /** Calls the global listeners with the name and the data, then the named ones: with the data and
   * the metadata if there is metadata, otherwise with the data if it is truthy. */
  emit(event, data, metadata) {
    for (const callback of this._global) callback(event, data)
    for (const each of this._named) {
      if (each.event === event) {
        each.callback.apply(each.context || globalThis, metadata ? [data, metadata] : data ? [data] : [])
      }
    }
    return this
  }
}

function checked(callback) {
  if (typeof callback !== "function") throw new TypeError("callback: no function")
  return callback
}
