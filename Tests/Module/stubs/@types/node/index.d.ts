// SPDX-License-Identifier: MIT
// Stands for `@types/node`, which Debian does not package.
declare const process: { env: Record<string, string | undefined> }
