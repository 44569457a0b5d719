// SPDX-License-Identifier: MIT

/** Returns the options of `connect` for those of pusher-js. Warns of functions that are not called. */
export function gatewayOptions(options) {
  const { auth, authorizer, channelAuthorization } = options
  if (authorizer || channelAuthorization?.customHandler) {
    console.warn("passerelle: no effect: authorizer, customHandler")
  }
  const headers = () => ({
    ...auth?.headers,
    ...channelAuthorization?.headers,
    ...channelAuthorization?.headersProvider?.(),
  })
  return { headers, ...options, url: options.gateway ?? "/" }
}
