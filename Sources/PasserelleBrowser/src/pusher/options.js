// SPDX-License-Identifier: MIT

/** Returns the options of `connect` for those of pusher-js. Warns of those that would have an effect there, and have none. */
export function gatewayOptions(options) {
  const { auth, channelAuthorization } = options
  const unused = Object.keys({ ...options, ...channelAuthorization }).filter((name) => /^(ac|pong|cus|authorizer)/.test(name))
  if (unused[0]) console.warn("passerelle: no effect: " + unused)
  const headers = () => ({
    ...auth?.headers,
    ...channelAuthorization?.headers,
    ...channelAuthorization?.headersProvider?.(),
  })
  return { headers, ...options, url: options.gateway ?? "/" }
}
