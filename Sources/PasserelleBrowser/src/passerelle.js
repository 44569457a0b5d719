// SPDX-License-Identifier: MIT

export { SendBlocked } from "./core/channel.js"
export { connect } from "./core/gateway.js"
export { rescue } from "./rescue/index.js"
