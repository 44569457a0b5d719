// SPDX-License-Identifier: MIT
// The gateway under a path of this site, so that pages need neither CORS nor cookies for another host.

/** @type {import("next").NextConfig} */
export default {
  async rewrites() {
    const gateway = process.env.GATEWAY_URL ?? "http://127.0.0.1:8080"
    return [{ source: "/rt/:path*", destination: `${gateway}/:path*` }]
  },
}
