import Packets
import Protocols
import TestSupport
import Testing

@Suite struct `X509 certificates` {
    @Test func `say what OpenSSL says of them`() throws {
        let certificate = X509Certificate(Certificates.rsa)
        #expect(certificate.isReadable && certificate.version == 3 && certificate.serialNumber == "D1A2B3C4D5E6F7")
        #expect(
            certificate.subject
                == ##"title=\#x,serialNumber=42,1.3.6.1.4.1.99999.1=#0C06637573746F6D,emailAddress=a@example.org,CN=www.example.org,DC=ex,DC=org,"##
                + ##"OU=\ lead,O=Example\, \"Inc.\" \+ \<Sons\>\; 1,ST=\C3\9Cml\C3\A4ut,C=US"##)
        #expect(certificate.issuer == certificate.subject && certificate.isSelfSigned && certificate.commonName == "www.example.org")
        #expect(certificate.notBefore == 1_795_852_549 && certificate.notAfter == 1_827_388_549)
        #expect(certificate.signatureAlgorithm == "sha256WithRSAEncryption")
        let key = try #require(certificate.publicKey)
        #expect(key.algorithm == "rsaEncryption" && key.type == "rsa" && key.bitCount == 1024 && key.exponent == 65537 && key.curve == nil)
        let names = try #require(certificate.alternativeNames)
        #expect(names.dnsNames == ["www.example.org", "*.example.org"] && names.emails == ["a@example.org"] && names.uris == ["https://example.org/x"])
        #expect(names.addresses == [IPAddress("192.0.2.1")!, IPAddress("2001:db8::1")!] && names.hasOthers)
        #expect(certificate.isCA == false && certificate.pathLength == nil)
        #expect(certificate.sha256 == "485e5ccb30806e23199b3cf4942aac17434e80350dc5d7653bef43dc0454e79d")
        #expect(certificate.sha1 == "839bfe8a01175d9b363f9de7ce14981c3d5c7555")
    }

    @Test func `tell an authority, and how long its chains may be`() throws {
        let certificate = X509Certificate(Certificates.ca)
        #expect(certificate.subject == "C=DE,O=Example,CN=Test CA" && certificate.serialNumber == "01")
        #expect(certificate.isCA == true && certificate.pathLength == 3)
        // Behind 2050 in the other form of time.
        #expect(certificate.notBefore == 1_795_852_514 && certificate.notAfter == 4_949_452_514)
        let key = try #require(certificate.publicKey)
        #expect(key.algorithm == "id-ecPublicKey" && key.type == "ecdsa" && key.bitCount == 256 && key.curve == "prime256v1" && key.exponent == nil)
        #expect(certificate.signatureAlgorithm == "ecdsa-with-SHA256")
    }

    @Test func `write parts of a name that belong together, and a number below zero`() {
        let certificate = X509Certificate(Certificates.negative)
        #expect(certificate.subject == "L=Here,O=multi+CN=ed" && certificate.serialNumber == "-01" && certificate.publicKey?.type == "ed25519")
    }

    @Test func `read strings of every kind`() {
        func subject(_ tag: UInt8, _ content: [UInt8]) -> String? {
            X509Certificate(Certificates.certificate(subject: Certificates.name((tag, content)))).subject
        }
        #expect(subject(30, [0, 0x61, 0x20, 0xac]) == #"CN=a\E2\82\AC"#)
        #expect(subject(28, [0, 0, 0, 0x61, 0, 1, 0xf6, 0, 0, 0x11, 0, 0]) == #"CN=a\F0\9F\98\80\EF\BF\BD"#)
        #expect(subject(20, [0x61, 0xe4]) == #"CN=a\C3\A4"#)
        #expect(subject(19, [0x61, 0, 0x0a]) == #"CN=a\00\0A"#)
        #expect(subject(3, [0, 1]) == "CN=#03020001")
        let several = Certificates.certificate(subject: Certificates.name((12, [0x61]), (12, [0x62])))
        #expect(X509Certificate(several).subject == "CN=b,CN=a" && X509Certificate(several).commonName == "b")
        #expect(X509Certificate(Certificates.certificate(subject: Certificates.name())).subject == "")
    }

    @Test func `know all times that there are`() {
        func time(_ element: [UInt8]) -> Int64? { X509Certificate(Certificates.certificate(notBefore: element)).notBefore }
        #expect(time(Certificates.utcTime("700101000000Z")) == 0)
        #expect(time(Certificates.utcTime("491231235959Z")) == 2_524_607_999)
        #expect(time(Certificates.utcTime("500101000000Z")) == -631_152_000)
        #expect(time(Certificates.generalizedTime("00000101000000Z")) == -62_167_219_200)
        #expect(time(Certificates.generalizedTime("99991231235959Z")) == 253_402_300_799)
        #expect(time(Certificates.utcTime("000229120000Z")) == 951_825_600)
        for text in ["", "Z", "7001010000Z0", "701301000000Z", "700100000000Z", "700101240000Z", "70010100000a", "700101000000", "700101000060Z"] {
            #expect(time(Certificates.utcTime(text)) == nil, "\(text)")
        }
        #expect(time(Certificates.element(2, [1])) == nil)
    }

    @Test func `that are none are known by their bytes alone`() {
        for bytes in [[], [0x30], [0x30, 0x80, 0, 0], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], Array("no certificate".utf8), Certificates.rsa + [0]] as [[UInt8]] {
            let certificate = X509Certificate(bytes)
            #expect(!certificate.isReadable && certificate.subject == nil && certificate.publicKey == nil && !certificate.isSelfSigned)
            #expect(certificate.sha256.count == 64 && certificate == X509Certificate(bytes))
        }
    }

    @Test(arguments: [Certificates.rsa, Certificates.ca, Certificates.negative]) func `cut off anywhere or changed anywhere harm nobody`(bytes: [UInt8]) {
        var random = SeededGenerator(seed: 5280)
        func read(_ certificate: X509Certificate) {
            _ = (certificate.subject, certificate.issuer, certificate.serialNumber, certificate.notBefore, certificate.notAfter, certificate.publicKey)
            _ = (certificate.alternativeNames, certificate.isCA, certificate.pathLength, certificate.signatureAlgorithm, certificate.version, certificate.commonName)
        }
        for place in bytes.indices {
            #expect(!X509Certificate(Array(bytes[..<place])).isReadable)
            for _ in 0..<4 {
                var changed = bytes
                changed[place] = UInt8.random(in: 0...255, using: &random)
                read(X509Certificate(changed))
            }
        }
    }

    @Test func `with endless names and identifiers are read up to a limit`() {
        let many = (0..<3000).flatMap { _ in Certificates.element(0x82, [0x61]) }
        let names = Certificates.sequence(Certificates.element(6, [0x55, 0x1d, 0x11]), Certificates.element(4, Certificates.sequence(many)))
        let certificate = X509Certificate(Certificates.certificate(extensions: Certificates.element(0xa3, Certificates.sequence(names))))
        #expect(certificate.alternativeNames?.dnsNames.count == X509AlternativeNames.mostNames)
        let parts = Certificates.element(0x30, (0..<500).flatMap { _ in Certificates.element(0x31, Certificates.sequence(Certificates.element(6, [0x55, 4, 3]), Certificates.element(12, [0x61]))) })
        #expect(X509Certificate(Certificates.certificate(subject: parts)).subject?.count == 64 * 5 - 1)
        let long = Certificates.sequence(Certificates.element(6, [UInt8](repeating: 0xff, count: 400) + [1]), Certificates.element(12, [0x61]))
        #expect(X509Certificate(Certificates.certificate(subject: Certificates.element(0x30, Certificates.element(0x31, long)))).subject?.utf8.count ?? 0 < 2000)
    }
}
