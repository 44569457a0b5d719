// SPDX-License-Identifier: MIT
// Stands for Next.js, which Debian does not package: the parts that examples/nextjs uses.
export interface Rewrite {
  source: string
  destination: string
}
export interface NextConfig {
  rewrites?: () => Promise<Rewrite[]>
}
export interface Metadata {
  title?: string
}
