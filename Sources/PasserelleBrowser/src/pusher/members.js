// SPDX-License-Identifier: MIT

/** The members of a presence channel. One object for the channel's lifetime. */
export class Members {
  constructor() {
    this._reset()
  }

  _reset() {
    this.members = {}
    this.count = 0
    this.myID = null
  }

  /** Null until the list has the reader, who may become a member after the first list. */
  get me() {
    return this.get(this.myID)
  }

  get(id) {
    return {}.hasOwnProperty.call(this.members, id) ? { id, info: this.members[id] } : null
  }

  each(callback) {
    for (const id in this.members) callback(this.get(id))
  }

  /** Takes the list and the reader's own id of `pusher:subscription_succeeded`. */
  _replace({ presence, me }) {
    this.members = { ...presence.hash }
    this.count = presence.count
    this.myID = me ?? null
  }

  /** Takes the data of `pusher:member_added`; returns the member. */
  _add({ user_id, user_info }) {
    if (!this.get(user_id)) this.count++
    this.members[user_id] = user_info
    return this.get(user_id)
  }

  /** Takes the data of `pusher:member_removed`; returns the member, or null if it was not known. */
  _remove({ user_id }) {
    const member = this.get(user_id)
    if (member) {
      delete this.members[user_id]
      this.count--
    }
    return member
  }
}
