import Packets
import Testing
@testable import Protocols

@Suite struct `DNS message` {
    func message(_ bytes: [UInt8], isCut: Bool = false) throws -> DNSMessage {
        let message = DNSMessage(bytes.span.bytes, isCut: isCut)
        return try #require(message)
    }

    @Test func `has header, question and records`() throws {
        let bytes = DNSBytes.response(
            id: 0x1234, "www.Example.org", flags: 0x85a0,
            [
                DNSBytes.record(DNSBytes.pointer(to: 12), type: 5, ttl: 60, DNSBytes.name("a.example.net")),
                DNSBytes.record(DNSBytes.name("a.example.net"), type: 1, ttl: 70000, [192, 0, 2, 7]),
                DNSBytes.record(DNSBytes.pointer(to: 16), type: 28, [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [9]),
                DNSBytes.record(DNSBytes.pointer(to: 12), type: 15, [0, 10] + DNSBytes.pointer(to: 16)),
                DNSBytes.record(DNSBytes.pointer(to: 12), type: 16, [2, 0x68, 0x69, 0, 1, 0x21]),
            ])
        let message = try message(bytes)
        #expect(message.problem == nil)
        #expect(message.id == 0x1234 && message.isResponse && message.isAuthoritative && !message.isTruncated && message.recursionDesired)
        #expect(message.recursionAvailable && message.isAuthenticated && !message.checkingDisabled && message.reservedBits == 2)
        #expect(message.responseCode == 0 && message.opcode == 0)
        let question = try #require(message.question)
        #expect(question.name == "www.Example.org" && question.type == 1 && question.qclass == 1)
        #expect(message.answers.map(\.name) == ["www.Example.org", "a.example.net", "Example.org", "www.Example.org", "www.Example.org"])
        #expect(message.answers.map(\.timeToLive) == [60, 70000, 300, 300, 300])
        #expect(
            message.answers.map(\.data) == [
                .name("a.example.net"), .address(IPAddress("192.0.2.7")!), .address(IPAddress("2001:db8::9")!),
                .mailExchange(preference: 10, name: "Example.org"), .text([[0x68, 0x69], [], [0x21]]),
            ])
        #expect(message.answers.map { $0.data.text($0.type) } == ["a.example.net", "192.0.2.7", "2001:db8::9", "Example.org", "TXT 2 hi 0  1 !"])
    }

    /// Figure in RFC 7871 section 6, and RFC 6891 section 6.1.2.
    @Test func `has EDNS with the client's subnet`() throws {
        let option = DNSBytes.number(8) + DNSBytes.number(7) + [0, 1, 24, 0, 192, 0, 2]
        let opt = [0] + DNSBytes.number(41) + DNSBytes.number(4096) + [1, 0, 0x80, 0] + DNSBytes.number(option.count) + option
        let edns = try #require(try message(DNSBytes.query(id: 1, "example.org", additional: opt)).edns)
        #expect(edns.payloadSize == 4096 && edns.version == 0 && edns.wantsSignatures && edns.options == [8] && edns.upperResponseCode == 1)
        #expect(edns.clientSubnet?.address == IPAddress("192.0.2.0") && edns.clientSubnet?.sourcePrefix == 24 && edns.clientSubnet?.scopePrefix == 0)
        #expect(try message(DNSBytes.query(id: 1, "example.org", additional: opt)).responseCode == 16)
    }

    @Test func `writes what is no letter of a name in numbers`() throws {
        let name = [3, UInt8(ascii: "a"), UInt8(ascii: "."), 0xff, 1, UInt8(ascii: "\\"), 0]
        let bytes = DNSBytes.header(id: 1, flags: 0, 1) + name + DNSBytes.number(1) + DNSBytes.number(1)
        #expect(try message(bytes).question?.name == "a\\.\\255.\\\\")
        #expect(try message(DNSBytes.header(id: 1, flags: 0, 1) + [0] + DNSBytes.number(2) + DNSBytes.number(1)).question?.name == ".")
    }

    @Test(arguments: [
        (DNSBytes.pointer(to: 12), DNSProblem.badName), (DNSBytes.pointer(to: 14) + DNSBytes.pointer(to: 12), .badName),
        ([0x40], .badName), ([63], .cutShort), (DNSBytes.pointer(to: 500), .badName),
        ([UInt8](repeating: 0, count: 1), .cutShort), (DNSBytes.name("a") + [0, 1, 0, 1, 7], .bytesBehind),
        ((0..<5).flatMap { _ in [63] + [UInt8](repeating: 0x61, count: 63) } + [0, 0, 1, 0, 1], .badName),
    ])
    func `says what is wrong with it`(question: [UInt8], problem: DNSProblem) throws {
        #expect(try message(DNSBytes.header(id: 1, flags: 0, 1) + question).problem == problem)
    }

    @Test func `gives the records before the one that is wrong`() throws {
        let good = DNSBytes.record(DNSBytes.pointer(to: 12), type: 1, [192, 0, 2, 1])
        let message = try message(DNSBytes.response(id: 1, "a.example", [good, DNSBytes.record(DNSBytes.pointer(to: 27 + good.count), type: 1, [1, 2, 3, 4]), good]))
        #expect(message.problem == .badName)
        #expect(message.answers.map(\.data) == [.address(IPAddress("192.0.2.1")!)])
        #expect(message.answerCount == 3)
    }

    @Test func `says that it was cut by the capture`() throws {
        let whole = DNSBytes.query(id: 1, "www.example.org")
        #expect(try message(Array(whole.prefix(20)), isCut: true).problem == .notCaptured)
        let headless = Array(whole.prefix(11))
        let nothing = DNSMessage(headless.span.bytes)
        #expect(nothing == nil)
    }

    @Test func `knows the same question in other letters, and by a pointer`() throws {
        let query = try message(DNSBytes.query(id: 1, "WWW.example.org"))
        #expect(query.sharesQuestion(with: try message(DNSBytes.response(id: 1, "www.EXAMPLE.org"))))
        #expect(!query.sharesQuestion(with: try message(DNSBytes.response(id: 1, "www.example.net"))))
        #expect(!query.sharesQuestion(with: try message(DNSBytes.response(id: 1, "www.example.org", type: 28))))
        #expect(query.sharesQuestion(with: try message(DNSBytes.header(id: 1, flags: 0x8181))))
    }
}
