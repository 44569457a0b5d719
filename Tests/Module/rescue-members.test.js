// SPDX-License-Identifier: MIT
// What `rescue` changes of the page's members, and what it does not.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { Page, stage } from "./support/rescue-stage.js"

describe("the members during an outage", () => {
  let set
  before(async () => { set = await stage() })
  after(() => set.remove())

  test("the page's own id comes from the gateway's list of members, and from no other event", async () => {
    const page = new Page(set)
    await page.pass(5000)
    assert.equal(page.channel.members.myID, "usr_7")
    page.log.add("new-message", { n: 1, me: "usr_8" })
    page.log.add("pusher:member_removed", { user_id: "usr_8" })
    assert.deepEqual(page.got, [1])
    assert.equal(page.channel.members.myID, "usr_7")
    page.stop()
  })
})
