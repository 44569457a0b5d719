// SPDX-License-Identifier: MIT

@main
enum Passerelle {
    static func main() {}
}
