// SPDX-License-Identifier: MIT
// Stands for `csstype`, which Debian does not package. No test needs its content.
export interface Properties<Length = 0, Time = string> {
  [name: string]: Length | Time | number | undefined
}
