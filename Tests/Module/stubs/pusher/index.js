// SPDX-License-Identifier: MIT
// Records what it publishes, and signs nothing.
module.exports = class Pusher {
  static published = []

  async trigger(...event) {
    Pusher.published.push(event)
  }

  authorizeChannel(socketId, channel, data) {
    return { auth: `${socketId} ${channel}`, channel_data: JSON.stringify(data) }
  }
}
