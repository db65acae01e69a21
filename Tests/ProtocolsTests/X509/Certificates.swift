import Foundation

/// Certificates that OpenSSL made, and one that is built here. What `openssl x509 -nameopt RFC2253` says of them stands in the tests.
enum Certificates {
    /// RSA, 1024 bits, its own issuer; a subject with all that has to be escaped, and names of each kind.
    static let rsa = decoded(
        "MIID9DCCA12gAwIBAgIIANGis8TV5vcwDQYJKoZIhvcNAQELBQAwgegxCzAJBgNVBAYTAlVTMREwDwYDVQQIDAjDnG1sw6R1dDEkMCIGA1UECgwbRXhhbXBsZSwgIkluYy"
            + "4iICsgPFNvbnM+OyAxMQ4wDAYDVQQLDAUgbGVhZDETMBEGCgmSJomT8ixkARkWA29yZzESMBAGCgmSJomT8ixkARkWAmV4MRgwFgYDVQQDDA93d3cuZXhhbXBsZS5vcmcx"
            + "HDAaBgkqhkiG9w0BCQEWDWFAZXhhbXBsZS5vcmcxFTATBgkrBgEEAYaNHwEMBmN1c3RvbTELMAkGA1UEBRMCNDIxCzAJBgNVBAwMAiN4MB4XDTI2MTEyODA3NTU0OVoXDT"
            + "I3MTEyODA3NTU0OVowgegxCzAJBgNVBAYTAlVTMREwDwYDVQQIDAjDnG1sw6R1dDEkMCIGA1UECgwbRXhhbXBsZSwgIkluYy4iICsgPFNvbnM+OyAxMQ4wDAYDVQQLDAUg"
            + "bGVhZDETMBEGCgmSJomT8ixkARkWA29yZzESMBAGCgmSJomT8ixkARkWAmV4MRgwFgYDVQQDDA93d3cuZXhhbXBsZS5vcmcxHDAaBgkqhkiG9w0BCQEWDWFAZXhhbXBsZS"
            + "5vcmcxFTATBgkrBgEEAYaNHwEMBmN1c3RvbTELMAkGA1UEBRMCNDIxCzAJBgNVBAwMAiN4MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC5v+E9H39iHTAhZq0RjAzV"
            + "EpDGKQgwoWT7/1f5DOK/246G+alCwvVUr+sxKfHY+i/zfCmuFk4AOoq6U9GvD3gBClcRt/8ZCXU9Wqx06vZWryWzCzx7x/NxgHPaQVztjBc/DgaTUeFmw72rIDPhpbU0A9"
            + "p/DEB0hG70lqTmCSxmhwIDAQABo4GkMIGhMAkGA1UdEwQCMAAwdQYDVR0RBG4wbIIPd3d3LmV4YW1wbGUub3Jngg0qLmV4YW1wbGUub3JnhwTAAAIBhxAgAQ24AAAAAAAA"
            + "AAAAAAABgQ1hQGV4YW1wbGUub3JnhhVodHRwczovL2V4YW1wbGUub3JnL3igDAYCKgOgBgwEc29tZTAdBgNVHQ4EFgQUqfm9JXKBAoTXcjkHUx3sGYDZdJEwDQYJKoZIhv"
            + "cNAQELBQADgYEAC2zFCv0QGV2e1riAlz2bqUdy/7ry5Hi8QwfP1MiqtpBffRlsmuMTTRO5j9BIPxRdDChspVYzOawn/sdgdC7J4l36wpGcMLhc1qo5QrW6J8h5uiy23Qy7"
            + "MtsLgu+to7nu7FxbD0RhIYcgJeZvdnXHxgawPXKw+FAbZSSSoqMYp6M=")
    /// A CA on P-256 with a path length.
    static let ca = decoded(
        "MIIBiDCCAS6gAwIBAgIBATAKBggqhkjOPQQDAjAxMRAwDgYDVQQDDAdUZXN0IENBMRAwDgYDVQQKDAdFeGFtcGxlMQswCQYDVQQGEwJERTAgFw0yNjExMjgwNzU1MTRaGA"
            + "8yMTI2MTEwNDA3NTUxNFowMTEQMA4GA1UEAwwHVGVzdCBDQTEQMA4GA1UECgwHRXhhbXBsZTELMAkGA1UEBhMCREUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARnYfSM"
            + "V57VdYB79sP4+VsTZ7UgvCMXnP3vhNynSqm7zQbpW0yibUf0fKNYggUeuQKdcAVC0EaivvmNMQnVMGEzozUwMzASBgNVHRMBAf8ECDAGAQH/AgEDMB0GA1UdDgQWBBSJuU"
            + "sTWVhCcBdGV8jbnIoYUif4oDAKBggqhkjOPQQDAgNIADBFAiAnK8lplhjNQcD7BnSd7tUOAN1XpLK4//ZHbPStCYUmqgIhAPkxO571w54MpWBsH7CL9AOvcq0qiaUihqDs"
            + "rdMN3GVD")
    /// Ed25519, serial number -1, two attributes in one part of the name.
    static let negative = decoded(
        "MIIBVjCCAQigAwIBAgIB/zAFBgMrZXAwKjEZMAkGA1UEAwwCZWQwDAYDVQQKDAVtdWx0aTENMAsGA1UEBwwESGVyZTAeFw0yNjExMjgwNzU1MTRaFw0yNjExMjkwNzU1MT"
            + "RaMCoxGTAJBgNVBAMMAmVkMAwGA1UECgwFbXVsdGkxDTALBgNVBAcMBEhlcmUwKjAFBgMrZXADIQCh4Qy42MwvVgPPAisxQ7TbWXncvI01O8miMq1lyQlrlaNTMFEwHQYD"
            + "VR0OBBYEFPpBt0ugYZCx2qASevNJA4ztdLL9MB8GA1UdIwQYMBaAFPpBt0ugYZCx2qASevNJA4ztdLL9MA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAQWH6gGEfM1li1T"
            + "ENTekR7bsKMDex/4JPjhc8HNfW82VKicAP9LbaM5EJ+q/qaC8TDuQEyI5nbX5xZ/8Ef8V2Aw==")

    private static func decoded(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text)!) }

    // MARK: Built here

    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case 0..<128: [tag, UInt8(content.count)] + content
        case 128..<256: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
        }
    }

    static func sequence(_ parts: [UInt8]...) -> [UInt8] { element(0x30, parts.flatMap { $0 }) }

    /// A name of common names in these strings.
    static func name(_ strings: (tag: UInt8, content: [UInt8])...) -> [UInt8] {
        element(0x30, strings.flatMap { element(0x31, sequence(element(6, [0x55, 0x04, 0x03]), element($0.tag, $0.content))) })
    }

    static func utcTime(_ text: String) -> [UInt8] { element(23, Array(text.utf8)) }
    static func generalizedTime(_ text: String) -> [UInt8] { element(24, Array(text.utf8)) }

    /// One of version 1 with a key that nobody knows.
    static func certificate(
        subject: [UInt8] = name((12, Array("x".utf8))), notBefore: [UInt8] = utcTime("700101000000Z"), notAfter: [UInt8] = generalizedTime("20500101000000Z"),
        extensions: [UInt8] = []
    ) -> [UInt8] {
        let algorithm = sequence(element(6, [0x2a, 0x03]))
        let signed = sequence(
            element(2, [5]), algorithm, name((12, Array("issuer".utf8))), sequence(notBefore, notAfter), subject, sequence(algorithm, element(3, [0, 1])), extensions)
        return sequence(signed, algorithm, element(3, [0, 1]))
    }
}
