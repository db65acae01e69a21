import Packets
import Protocols
import Testing

@Suite struct `HTTP behind holes` {
    let verifier = ParserVerifier<HTTPParser>(order: .questionsFirst)
    private let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
    private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test func `goes on in a body whose length is known, and says how much is missing`() {
        let parsed = verifier.verify([
            client(get), server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .gap(.responder, 4), server("hij"), client(get), server(ok),
        ])
        #expect(parsed.texts == ["1 GET /a 200 out=6 missing=0+4 bodyGap", "2 GET /a 200 out=2"])
        let whole = verifier.verify([
            client(get), server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), .gap(.responder, 10), client(get), server(ok),
        ])
        #expect(whole.texts == ["1 GET /a 200 missing=0+10 bodyGap", "2 GET /a 200 out=2"])
        let posted = verifier.verify([client("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\na"), .gap(.originator, 4), server(ok), client(get), server(ok)])
        #expect(posted.texts == ["1 POST /a 200 in=1 out=2 missing=4+0 bodyGap", "2 GET /a 200 out=2"])
    }

    @Test func `goes on within a chunk, and to the end of a stream`() {
        let parsed = verifier.verify([
            client(get), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nab"), .gap(.responder, 6), server("\r\n1\r\nx\r\n0\r\n\r\n"),
            client(get),
            server("HTTP/1.1 200 OK\r\n\r\nab"), .gap(.responder, 1000), server("cd"),
        ])
        #expect(parsed.texts == ["1 GET /a 200 out=3 missing=0+6 bodyGap", "2 GET /a 200 out=4 missing=0+1000 bodyGap"])
    }

    @Test func `finds the next response beyond a body, wherever it begins`() {
        for between in ["", "HTTP/1.1 is what the rest of a body says\r\n", "no line's end, \"HTTP/1.1 200 OK\" "] {
            let parsed = verifier.verify([
                client(get), server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), .gap(.responder, 400), server(between),
                client("GET /b HTTP/1.1\r\n\r\n"), server(ok),
                client(get), server(ok),
            ], order: .given(because: "how many requests are out when the hole comes says whose the response behind it is"))
            #expect(parsed.texts == ["1 GET /a 200 out=3 missing=0+7 bodyCut bodyGap", "2 GET /b 200 out=2 uncertainPair", "3 GET /a 200 out=2"], "\(between)")
        }
    }

    @Test func `does not pair what a hole made unknown`() {
        // The second response is lost, and the third comes behind it.
        let responses = verifier.verify([
            client(get), server(ok), client(get), client("GET /c HTTP/1.1\r\n\r\n"), .gap(.responder, 40), server(ok), client("GET /d HTTP/1.1\r\n\r\n"),
            server(ok),
        ], order: .given(because: "how many requests are out when the hole comes says whose the response behind it is"))
        #expect(
            responses.texts == [
                "1 GET /a 200 out=2", "2 GET /a - (lostInGap)", "3 GET /c - (lostInGap)", "2 - 200 out=2 (lostInGap)", "4 GET /d 200 out=2 uncertainPair",
            ])
        // The second request is lost, and what was held behind the hole comes at once.
        let requests = verifier.verify([
            client(get), server(ok), server(ok), server(ok), .gap(.originator, 40), client("GET /c HTTP/1.1\r\n\r\n"), client("GET /d HTTP/1.1\r\n\r\n"),
            server(ok),
        ], order: .given(because: "how many requests are out when the hole comes says whose the response behind it is"))
        #expect(
            requests.texts == [
                "1 GET /a 200 out=2", "2 - 200 out=2 (notSeen)", "3 - 200 out=2 (notSeen)", "2 GET /c - (lostInGap)", "3 GET /d 200 out=2 uncertainPair",
            ])
    }

    @Test func `keeps the beginning of a head that is lost, and finds the next`() {
        let parsed = verifier.verify([
            client("GET /a HTTP/1.1\r\nHost: a\r\nCook"), .gap(.originator, 100), client("ie: b\r\n\r\nGET /b HTTP/1.1\r\n\r\n"), server(ok),
        ])
        #expect(parsed.texts == ["1 GET /a - headCut (lostInGap)", "2 GET /b 200 out=2 uncertainPair"])
        let response = verifier.verify([client(get), server("HTTP/1.1 200 OK\r\nCont"), .gap(.responder, 100), client(get), server(ok)],
            order: .given(because: "how many requests are out when the hole comes says whose the response behind it is"))
        #expect(response.texts == ["1 GET /a 200 headCut", "2 GET /a 200 out=2 uncertainPair"])
    }

    @Test func `finds the next message in the framing of chunks`() {
        let parsed = verifier.verify([
            client(get), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"), .gap(.responder, 20), server("cde\r\n0\r\n\r\n"),
            client(get), server(ok),
        ], order: .given(because: "how many requests are out when the hole comes says whose the response behind it is"))
        #expect(parsed.texts == ["1 GET /a 200 out=3 bodyCut", "2 GET /a 200 out=2 uncertainPair"])
    }

    @Test func `begins in the middle of a stream`() {
        let parsed = verifier.verify([client(get), server("the rest of a page</html>"), server(ok), client(get), server(ok)])
        #expect(parsed.texts == ["1 GET /a 200 out=2", "2 GET /a 200 out=2"])
        let gap = verifier.verify([.gap(.originator, 100), client(get), .gap(.responder, 7), server(ok)])
        #expect(gap.texts.last?.hasPrefix("1 ") == true)
    }

    @Test func `notes bytes that belong to no message`() {
        let parsed = verifier.verify([
            client(get), server(ok + "more than was promised"), client(get), server(ok), client("\u{1}\u{2}\u{3}\nGET /c HTTP/1.1\r\n\r\n"),
        ])
        #expect(parsed.texts == ["1 GET /a 200 out=2", "2 GET /a 200 out=2 strayBytes", "3 GET /c - strayBytes (notSeen)"])
    }
}
