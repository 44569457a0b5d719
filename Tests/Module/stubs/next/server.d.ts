// SPDX-License-Identifier: MIT
export declare class NextResponse extends Response {
  static json(body: unknown, init?: ResponseInit): NextResponse
}
