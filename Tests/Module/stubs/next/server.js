// SPDX-License-Identifier: MIT
exports.NextResponse = Response
