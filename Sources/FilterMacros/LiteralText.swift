#if FilterMacro
    import SwiftSyntax

    /// A string literal's text, and where in the source each of its bytes stands.
    ///
    ///     "tls.sni == \"a\""          ten bytes of text before the first quote, and eleven of source
    struct LiteralText {
        let value: String
        /// Bytes of source from the literal's beginning to each byte of the value, and to its end.
        private var distances: [Int] = []

        /// Nil for a literal with interpolations, and for one that is no Swift.
        init?(_ literal: StringLiteralExprSyntax) {
            guard let value = literal.representedLiteralValue else { return nil }
            self.value = value
            let start = literal.positionAfterSkippingLeadingTrivia.utf8Offset
            let escape = [UInt8(ascii: "\\")] + Array(repeating: UInt8(ascii: "#"), count: literal.openingPounds?.text.utf8.count ?? 0)
            var bytes: [UInt8] = []
            for case .stringSegment(let segment) in literal.segments {
                let source = Array(segment.content.text.utf8)
                let offset = segment.content.positionAfterSkippingLeadingTrivia.utf8Offset - start
                var place = 0
                while place < source.count {
                    let (character, length) = Self.character(source[place...], escape)
                    distances += Array(repeating: offset + place, count: character.count)
                    bytes += character
                    place += length
                }
            }
            distances.append(literal.closingQuote.positionAfterSkippingLeadingTrivia.utf8Offset - start)
            // Should the two readings of the literal ever differ, errors are the literal's as a whole.
            if bytes != Array(value.utf8) { distances = [] }
        }

        /// Bytes of source from the literal's beginning to a character of the value, counted from 1.
        func distance(toColumn column: Int) -> Int {
            let place = value.prefix(column - 1).utf8.count
            return distances.indices.contains(place) ? distances[place] : 0
        }

        /// The bytes that the source's next one, or its escape sequence, stands for, and how long that is.
        private static func character(_ source: ArraySlice<UInt8>, _ escape: [UInt8]) -> (bytes: [UInt8], length: Int) {
            guard source.starts(with: escape), let letter = source.dropFirst(escape.count).first else { return ([source[source.startIndex]], 1) }
            let length = escape.count + 1
            switch letter {
            case UInt8(ascii: "n"): return ([10], length)
            case UInt8(ascii: "r"): return ([13], length)
            case UInt8(ascii: "t"): return ([9], length)
            case UInt8(ascii: "0"): return ([0], length)
            case UInt8(ascii: "u"):
                // \u{e9}
                let digits = source.dropFirst(length + 1).prefix { $0 != UInt8(ascii: "}") }
                let scalar = UInt32(String(decoding: digits, as: UTF8.self), radix: 16).flatMap(Unicode.Scalar.init)
                return (scalar.map { Array(String($0).utf8) } ?? [], length + 2 + digits.count)
            default: return ([letter], length)
            }
        }
    }
#endif
