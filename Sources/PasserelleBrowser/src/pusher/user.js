// SPDX-License-Identifier: MIT

import { Dispatcher } from "./dispatcher.js"

/** `pusher.user`: listeners can be bound, but a gateway's reader is no signed-in user of Channels. */
export class User extends Dispatcher {
  constructor() {
    super()
    this.user_data = null
    this.watchlist = new Dispatcher()
  }

  signin() {
    queueMicrotask(() =>
      this.emit("pusher:signin_error", {
        type: "NotSupported",
        error: "not supported",
      })
    )
  }
}
