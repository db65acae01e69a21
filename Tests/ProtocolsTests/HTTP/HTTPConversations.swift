import Packets
import Protocols
import TestSupport

/// Steps of a conversation as text; lines end in `\r\n`.
func client(_ text: String) -> Step { .bytes(.originator, Array(text.utf8)) }
func server(_ text: String) -> Step { .bytes(.responder, Array(text.utf8)) }

extension HTTPExchange {
    /// Its number, who asked what, how it was answered, the bodies' lengths, and whatever is not as it should be.
    var text: String {
        var words = ["\(number)"]
        words.append(request.map { "\($0.method) \($0.target)" } ?? "-")
        words.append(response.map { "\($0.status)" } ?? "-")
        if requestBody.byteCount > 0 { words.append("in=\(requestBody.byteCount)") }
        if responseBody.byteCount > 0 { words.append("out=\(responseBody.byteCount)") }
        if requestBody.missingCount + responseBody.missingCount > 0 { words.append("missing=\(requestBody.missingCount)+\(responseBody.missingCount)") }
        if interimCount > 0 { words.append("interim=\(interimCount)") }
        if client == .responder { words.append("reversed") }
        words += problems.names
        if let absence { words.append("(\(absence))") }
        return words.joined(separator: " ")
    }
}

extension Parsed<HTTPExchange> {
    var texts: [String] { sessions.map(\.text) }
}
