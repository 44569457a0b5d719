// SPDX-License-Identifier: MIT
import PasserelleNet

/// One public key of each kind and a valid token for each; the private keys were discarded.
enum FuzzTokens {
    /// A secret that the target signs with.
    static let secret = Array("a secret of the fuzzing, thirty-two".utf8)

    /// The verification keys: one per algorithm.
    // Only the token target uses them, one input at a time.
    nonisolated(unsafe) static let keys: [SignatureKey] = {
        let asymmetric = publicKeys.compactMap { try? SignatureKey(publicPEM: Array($0.utf8)) }
        let keys = asymmetric + [secret].compactMap { try? SignatureKey(secret: $0) }
        hold("there is a key of each kind", keys.count == 4)
        return keys
    }()

    /// The public keys, which an attacker can know.
    static let publicKeys = [rsa, p256, ed25519].map {
        "-----BEGIN PUBLIC KEY-----\n\($0)\n-----END PUBLIC KEY-----\n"
    }

    /// A token per algorithm: it permits `presence-bail-*` for `usr_7` until the year 2100.
    static let good = [
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\(claims)."
            + "H9Zux7DV13J9L4IHnrix87AJ1OUt5WvAw6VpFgm43ro",
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.\(claims)."
            + "CXRJGHRKvYyEOBFJQ2CfMWBfLIyyVqA2fDK6JvWqbMLGKojQvEG8-eU_VhviBs7ciiQjKZ0ya0WqJ0vOnht2"
            + "YbJVhI4UhmpVfpyJOXNXOEL7fUvkEkzrkEI4oHVvGoXv6oPDp2IQJG4pOqybhB1MEtNvg5K_ULokl_uyJukX"
            + "NP_FKx3Kr0zX4Cc0la2muBoYuoSxrLvyNJp3_L3l__j6NUsZPPc4ZIigFewFQCva3-GvyK11BZhZf2WBFbkp"
            + "vDU0b3OyBp6ZPPHJfDNqtb7xyBqyYRHBKnaQS9xknPwXZ1zKDxG7P0VZPLwF_BfR60pxETJSbtFVIuJl9B4K"
            + "8d_a0g",
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.\(claims)."
            + "RuLX5h72jRDUuawQdgBlpf7kEok3DhCp9oMHOz62ySe1TSwhSpdzwoM9LdTkFYiixpnopI88DjQEf8eBMxdK"
            + "3w",
        "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.\(claims)."
            + "pOmTNGBzseCibQ1EqVadYfgaGoLdHDJ4tDTaJHsn7xfIePu7QhpIVdzufr4MzqDJLyEHbyHqzfWUNS1ssLdV"
            + "Aw",
    ]

    private static let claims =
        "eyJzdWIiOiJ1c3JfNyIsImV4cCI6NDEwMjQ0NDgwMCwibmJmIjoxNjAwMDAwMDAwLCJjaGFubmVscyI6WyJw"
        + "cmVzZW5jZS1iYWlsLSoiXSwiaW5mbyI6eyJuYW1lIjoiQW5uZSJ9LCJwdWJsaXNoIjp0cnVlfQ"
    private static let rsa = """
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzJ8v+78e575fCFb3+AwO
        r07Q/V29LGl65pD80FcYLyAiyNhuZ+MRW493rTA/hwgDAF1wjINW+gUWw4VTRmWP
        HUE+KlfPdWzJhC+KlZhvrOsvFdvYpJugv+MRd3w/DaadkDc3vvbGhM4bhUi1UukA
        TPL0NT0uttxePZkjThmqvnxIlwdF4c/Mtrf9GRNPiwezGHMdxHMFiTIjSzTGYiEH
        GSielI3XxD1nUodgXsw8amqKPoxoq9jh74FqKG69bjoCuWNJNwFWx0YSzHHJaEkF
        YzT3ufXhtwYB8ZMh7eAErMjKUe1v3pj89BgGdh/I2wBDQAp2zIG9Daruhg7B3g/N
        QQIDAQAB
        """
    private static let p256 = """
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDUtfrjlLwaOocaBM2SlD5/YHPQXn
        wYAwSzg6Ku87ZtBQREIIZovBpOfF+AyuwSD5PUL4lohi0EBDUMS7FP/uww==
        """
    private static let ed25519 = """
        MCowBQYDK2VwAyEA4364rj353vNcyWqKjecp+Ms9XgnOcTqiWsgxT7vlH60=
        """
}
