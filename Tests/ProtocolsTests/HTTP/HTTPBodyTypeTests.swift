import Protocols
import Testing

@Suite struct `HTTP bodies` {
    @Test(arguments: [
        ("<!DOCTYPE html><p>", HTTPBodyType.html), ("\n  <HTML lang=en>", .html), ("<?xml version=\"1.0\"?>", .xml), ("{\"a\": 1}", .json), ("[ {", .json),
        ("{}", .json),
        ("%PDF-1.7", .pdf), ("GIF89a....", .gif), ("MZ\u{0}", .pe), ("\u{7f}ELF", .elf), ("PK\u{3}\u{4}", .zip), ("#!/bin/sh\n", .script),
        ("plain words", .text),
        ("{not json", .text), ("caf\u{e9}", .text), ("\u{0}\u{1}\u{2}", nil), ("\u{feff}<html>", .html),
    ])
    func `are told by their first bytes, whatever the head says and however they are cut`(_ body: String, _ type: HTTPBodyType?) {
        let parsed = ParserVerifier<HTTPParser>(order: .questionsFirst).verify([
            client("GET / HTTP/1.1\r\n\r\n"),
            server("HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"),
        ])
        #expect(parsed.sessions.first?.responseBody.type == type)
    }

    @Test func `are told by 64 bytes of long ones`() {
        let text = String(repeating: "words ", count: 20)
        let parsed = ParserVerifier<HTTPParser>(order: .questionsFirst).verify([client("POST / HTTP/1.1\r\nContent-Length: 121\r\n\r\n\(text)\u{0}")])
        #expect(parsed.sessions.first?.requestBody.type == .text)
    }
}
