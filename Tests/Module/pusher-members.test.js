// SPDX-License-Identifier: MIT
// The members of a presence channel, by the rules of pusher-js.

import assert from "node:assert/strict"
import { test } from "node:test"
import { Members } from "../../Sources/PasserelleBrowser/src/pusher/members.js"

const ANNE = { name: "Anne" }
const BEN = { name: "Ben" }

/** Returns members after a list was received, as the user `anne`. */
function filled() {
  const members = new Members()
  members._replace({ presence: { count: 2, ids: ["anne", "ben"], hash: { anne: ANNE, ben: BEN } }, me: "anne" })
  return members
}

test("members are empty and complete before the first list", () => {
  const members = new Members()
  assert.deepEqual({ ...members }, { members: {}, count: 0, myID: null })
  assert.equal(members.me, null)
  members.each(() => assert.fail("there is nobody"))
})

test("a list gives the count, the infos and the reader", () => {
  const members = filled()
  assert.equal(members.count, 2)
  assert.deepEqual(members.members, { anne: ANNE, ben: BEN })
  assert.equal(members.myID, "anne")
  assert.deepEqual(members.me, { id: "anne", info: ANNE })
})

test("get returns a member, or null for everything else", () => {
  const members = filled()
  assert.deepEqual(members.get("ben"), { id: "ben", info: BEN })
  for (const id of ["carl", "toString", "__proto__", null, undefined]) assert.equal(members.get(id), null)
})

test("each calls back with every member", () => {
  const seen = []
  filled().each((member) => seen.push(member))
  assert.deepEqual(seen, [{ id: "anne", info: ANNE }, { id: "ben", info: BEN }])
})

test("a new list replaces all members, and a reader without an id has no me", () => {
  const members = filled()
  members._replace({ presence: { count: 1, ids: ["carl"], hash: { carl: null } } })
  assert.deepEqual({ ...members }, { members: { carl: null }, count: 1, myID: null })
  assert.equal(members.me, null)
  assert.deepEqual(members.get("carl"), { id: "carl", info: null })
})

test("an arrival counts once; a second one replaces the info", () => {
  const members = filled()
  assert.deepEqual(members._add({ user_id: "carl", user_info: {} }), { id: "carl", info: {} })
  assert.equal(members.count, 3)
  assert.deepEqual(members._add({ user_id: "carl", user_info: BEN }), { id: "carl", info: BEN })
  assert.equal(members.count, 3)
})

test("a reader who becomes a member after the list has me from then on", () => {
  const members = new Members()
  members._replace({ presence: { count: 0, ids: [], hash: {} }, me: "anne" })
  assert.equal(members.me, null)
  members._add({ user_id: "anne", user_info: ANNE })
  assert.deepEqual(members.me, { id: "anne", info: ANNE })
})

test("a departure returns the member; that of an unknown one returns null and counts nothing", () => {
  const members = filled()
  assert.deepEqual(members._remove({ user_id: "ben" }), { id: "ben", info: BEN })
  assert.equal(members.count, 1)
  assert.equal(members._remove({ user_id: "ben" }), null)
  assert.equal(members.count, 1)
})

test("changes do not touch the event's own data", () => {
  const presence = { count: 1, ids: ["anne"], hash: { anne: ANNE } }
  const members = new Members()
  members._replace({ presence })
  members._add({ user_id: "ben", user_info: BEN })
  assert.deepEqual(presence.hash, { anne: ANNE })
})
