// SPDX-License-Identifier: MIT
export declare function notFound(): never
