// SPDX-License-Identifier: MIT
import PasserelleNet
import Testing

struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.128/25", "192.0.2.128", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false),
        ("192.0.2.7/32", "192.0.2.7", true), ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::1", false), ("::/0", "2001:db8::1", true), ("::/0", "1.2.3.4", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
        ("2001:db8::/64", "2001:db8::ffff", true), ("2001:db8::/64", "2001:db8:0:1::", false),
        ("2001:db8::80/121", "2001:db8::ff", true), ("2001:db8::80/121", "2001:db8::7f", false),
        ("::1", "::1", true), ("::1/128", "::2", false),
        // An IPv4 address received through an IPv6 socket counts as IPv4.
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ])
    func `a range matches the leading bits`(range: String, host: String, isIn: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(PeerAddress(numericHost: host, port: 9))) == isIn)
        #expect(!range.contains(PeerAddress(pid: 1, uid: 1, gid: 1)))
    }

    @Test(arguments: [
        "", "x", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8/8",
        "10.0.0.1/8", "::/129", "2001:db8::1/64", "10.0.0/8", "localhost", "10.0.0.0/+8",
        "10.0.0.0/99999999999999999999",
    ])
    func `an invalid range is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
