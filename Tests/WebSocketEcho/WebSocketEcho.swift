// SPDX-License-Identifier: MIT

@main
enum WebSocketEcho {
    static func main() {}
}
