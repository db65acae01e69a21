import Filters
import Packets
import TestSupport
import Testing
import Tracking

/// Filters made of every field and predicate there is.
@Suite struct `Filter description` {
    @Test(arguments: 0..<60 as Range<UInt64>) func `parses back to the filter that printed it, whatever that asks`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let filter = randomFilter(depth: 4, using: &random)
            #expect(try Filter(parsing: filter.description) == filter, "\(filter)")
        }
    }

    @Test func `a set without members fits nothing`() {
        #expect(Filter(field("ip.ttl"), .integers(IntegerSet([]))) == .nothing)
        #expect(Filter(field("tls.sni"), .texts(TextSet([]))) == .nothing)
        #expect(Filter(field("addr"), .addresses(AddressSet([]))) == .nothing)
        #expect(Filter(field("ip.ttl"), .contains([1])) == .nothing)
    }

    private func randomFilter(depth: Int, using random: inout SeededGenerator) -> Filter {
        func child() -> Filter { randomFilter(depth: depth - 1, using: &random) }
        switch depth > 0 ? Int.random(in: 0..<5, using: &random) : 4 {
        case 0: return child() && child()
        case 1: return child() || child()
        case 2: return !child()
        case 3:
            let field = FieldCatalog.standard.fields.randomElement(using: &random)!
            return Filter(field, .exists) && !Filter(field, predicate(of: field.type, using: &random))
        default:
            let field = FieldCatalog.standard.fields.randomElement(using: &random)!
            return Filter(field, predicate(of: field.type, using: &random))
        }
    }

    private func predicate(of type: FieldType, using random: inout SeededGenerator) -> FieldPredicate {
        let count = Int.random(in: 1...7, using: &random)
        func ranges(_ max: UInt64) -> FieldPredicate {
            .integers(
                IntegerSet(
                    (0..<count).map { _ in
                        let lower = [0, 1, max - 1, max, .random(in: 0...max, using: &random)].randomElement(using: &random)!
                        return lower...(Bool.random(using: &random) ? lower : UInt64.random(in: lower...max, using: &random))
                    }))
        }
        func text() -> [UInt8] {
            let parts = ["a", "Z", "\"", "\\", "'", "\n", "\r\n", "\0", "é", "\u{301}", "😀", "#", "/*", "\\x41", " "].map { Array($0.utf8) } + [[0xff], [0xc3]]
            let bytes = (0..<Int.random(in: 0...5, using: &random)).flatMap { _ in parts.randomElement(using: &random)! }
            return type == .name ? bytes.map { (65...90).contains($0) ? $0 | 0x20 : $0 } : bytes
        }
        switch type {
        case .integer(let max): return ranges(max)
        case .boolean: return ranges(1)
        case .duration: return ranges(UInt64(Int64.max))
        case .mac: return ranges(1 << 48 - 1)
        case .address(let version):
            return .addresses(
                AddressSet(
                    (0..<count).map { _ in
                        let isIPv4 = version.map { $0 == 4 } ?? Bool.random(using: &random)
                        let address = IPAddress(
                            isIPv4 ? 0 : random.next(), isIPv4 ? UInt64.random(in: 0...0xffff_ffff, using: &random) : random.next(), isIPv4: isIPv4)
                        return IPPrefix(address, length: Int.random(in: 0...(isIPv4 ? 32 : 128), using: &random))!
                    }))
        case .string, .name, .bytes:
            switch Int.random(in: 0..<6, using: &random) {
            case 0: return .contains(text())
            case 1: return .startsWith(text())
            case 2: return .endsWith(text())
            case 3:
                let patterns = ["a", "\\.org$", "\"", "\\\"", "'\\\\", "a b", "é+", "\\x41\\n", "#", "^[^\"]*$"]
                guard let pattern = try? Pattern(patterns.randomElement(using: &random)!, ignoresCase: type == .name) else { return .exists }
                return .matches(pattern)
            default: return .texts(TextSet((0..<count).map { _ in text() }))
            }
        }
    }
}
