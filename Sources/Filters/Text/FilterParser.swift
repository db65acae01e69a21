import Packets

extension Filter {
    /// Reads a filter as Wireshark and Retina write it:
    ///
    ///     (tcp.port == 443 or udp.port in 8000..8999) and not ip.addr == 10.0.0.0/8
    ///
    /// | | |
    /// |---|---|
    /// | protocols  | `eth` (every frame) `ip` = `ipv4`, `ipv6`, `arp`, `vlan`, `tcp`, `udp`, `sctp`, `icmp` (both versions), `icmpv4`, `icmpv6`, `tls` |
    /// | ports      | `tcp.port`, `tcp.srcport` = `tcp.src_port`, `tcp.dstport` = `tcp.dst_port`; also of `udp`, of `sctp`, and without either for all three |
    /// | addresses  | `ip.addr`, `ip.src` = `ip.src_addr`, `ip.dst` = `ip.dst_addr` (`ipv4.` is the same), and `ipv6.` |
    /// | others     | `vlan.id`, `service` |
    /// | operators  | `==` = `=` = `eq`, `!=` = `ne`, `<` `<=` `>` `>=` = `lt` `le` `gt` `ge`, `in 80..90`, `in {22, 80..90}`, `in 10.0.0.0/8` |
    /// | connectives| `not` = `!`, before `and` = `&&`, before `or` = `\|\|`; parentheses |
    ///
    /// A field for both ends (`tcp.port`, `ip.addr`) matches when either end does. `!=` says that none does, of traffic that
    /// has the field: `tcp.port != 443` is TCP where neither port is 443, `not tcp.port == 443` is UDP and ARP as well.
    /// Text of blanks only is `everything`.
    public init(parsing text: String) throws(FilterError) {
        var parser = FilterParser(text: text, tokens: try FilterLexer.tokens(of: text))
        self = try parser.parse()
    }
}

/// Recursive descent; only parentheses recurse, and they are counted.
struct FilterParser {
    /// Parentheses within parentheses.
    static let maxDepth = 64

    let text: String
    private let tokens: [Token]
    private var position = 0
    private var depth = 0

    init(text: String, tokens: [Token]) {
        self.text = text
        self.tokens = tokens
    }

    mutating func parse() throws(FilterError) -> Filter {
        if next.kind == .end { return .everything }
        let filter = try disjunction()
        guard next.kind == .end else { throw unexpected("\"and\", \"or\" or the end") }
        return filter
    }

    // MARK: Connectives

    private mutating func disjunction() throws(FilterError) -> Filter {
        var terms = [try conjunction()]
        while accept(.or) { terms.append(try conjunction()) }
        return .any(terms)
    }

    private mutating func conjunction() throws(FilterError) -> Filter {
        var terms = [try term()]
        while accept(.and) { terms.append(try term()) }
        return .all(terms)
    }

    private mutating func term() throws(FilterError) -> Filter {
        var isNegated = false
        while accept(.not) { isNegated.toggle() }
        let filter = try primary()
        return isNegated ? !filter : filter
    }

    private mutating func primary() throws(FilterError) -> Filter {
        let first = next
        if accept(.open) {
            depth += 1
            guard depth <= Self.maxDepth else { throw error("more than \(Self.maxDepth) parentheses within each other", at: first) }
            let filter = try disjunction()
            guard accept(.close) else { throw unexpected("\"and\", \"or\" or \")\"") }
            depth -= 1
            return filter
        }
        guard accept(.word) else { throw unexpected("a protocol or field") }
        if let field = FilterVocabulary.fields[first.text] { return try comparison(of: field, named: first.text) }
        guard let filter = FilterVocabulary.protocols[first.text] else {
            var refusal = error("no protocol or field is called \(first.quoted)", at: first)
            refusal.suggestion = FilterVocabulary.nearest(to: first.text)
            throw refusal
        }
        if case .comparison = next.kind { throw error("\(first.text) is a protocol; only fields can be compared", at: next) }
        return filter
    }

    // MARK: Comparisons

    private mutating func comparison(of field: TextField, named name: String) throws(FilterError) -> Filter {
        guard case .comparison(let comparison) = next.kind else { throw unexpected("an operator after \(name)") }
        let sign = advance()
        switch comparison {
        case .isIn:
            return field.scope && (try members(of: field))
        case .equal, .notEqual:
            let filter = try value(of: field, mayBeRange: false)
            if next.kind == .range { throw error("a range stands after \"in\"", at: next) }
            return comparison == .equal ? field.scope && filter : field.presence && !filter
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard case .number(let ordered) = field.kind else { throw error("\(name) has no order; compare it with ==, != or in", at: sign) }
            return field.scope && (try ordering(comparison, of: ordered))
        }
    }

    private mutating func ordering(_ comparison: Comparison, of field: NumberField) throws(FilterError) -> Filter {
        let token = next
        let number = Int(try self.number(of: field)), limit = Int(field.upperLimit)
        let numbers =
            switch comparison {
            case .less: 0..<number
            case .lessOrEqual: 0..<number + 1
            case .greater: number + 1..<limit + 1
            default: number..<limit + 1
            }
        guard !numbers.isEmpty else { throw error("no \(field.noun) is \(comparison == .less ? "below" : "above") \(number)", at: token) }
        return field.filter(UInt16(numbers.lowerBound)...UInt16(numbers.upperBound - 1))
    }

    /// What stands after `in`: a value, a range, or a set of them in braces.
    private mutating func members(of field: TextField) throws(FilterError) -> Filter {
        guard accept(.openSet) else { return try value(of: field, mayBeRange: true) }
        var members: [Filter] = []
        repeat { members.append(try value(of: field, mayBeRange: true)) } while accept(.comma)
        guard accept(.closeSet) else { throw unexpected("\",\" or \"}\"") }
        return .any(members)
    }

    private mutating func value(of field: TextField, mayBeRange: Bool) throws(FilterError) -> Filter {
        switch field.kind {
        case .number(let ordered):
            let lower = try number(of: ordered)
            guard mayBeRange, accept(.range) else { return ordered.filter(lower...lower) }
            let end = next
            let upper = try number(of: ordered)
            guard lower <= upper else { throw error("the range ends before it begins", at: end) }
            return ordered.filter(lower...upper)
        case .address(let side, let isIPv4):
            return Filter(.address(side, try block(isIPv4: isIPv4, expectation: field.expectation)))
        case .service:
            guard let service = Service.allCases.first(where: { $0.name == next.text }) else { throw unexpected(field.expectation) }
            advance()
            return .service(service)
        }
    }

    private mutating func number(of field: NumberField) throws(FilterError) -> UInt16 {
        guard next.isNumber else { throw unexpected("a \(field.noun)") }
        guard let number = UInt16(next.text), number <= field.upperLimit else {
            throw error("a \(field.noun) is at most \(field.upperLimit)", at: next)
        }
        advance()
        return number
    }

    private mutating func block(isIPv4: Bool, expectation: String) throws(FilterError) -> IPPrefix {
        guard let address = next.address else { throw unexpected(expectation) }
        guard address.isIPv4 == isIPv4 else {
            throw error("expected \(expectation), found an \(isIPv4 ? "IPv6" : "IPv4") address", at: next)
        }
        guard let block = IPPrefix(parsing: next.text) else {
            throw error("the length of an \(isIPv4 ? "IPv4" : "IPv6") prefix is a number in 0...\(isIPv4 ? 32 : 128)", at: next)
        }
        advance()
        return block
    }

    // MARK: Tokens

    private var next: Token { tokens[position] }

    /// Stays at the end, once there.
    @discardableResult
    private mutating func advance() -> Token {
        defer { if position < tokens.count - 1 { position += 1 } }
        return next
    }

    private mutating func accept(_ kind: Token.Kind) -> Bool {
        guard next.kind == kind else { return false }
        advance()
        return true
    }

    private func unexpected(_ expectation: String) -> FilterError {
        error("expected \(expectation), found \(next.noun)", at: next)
    }

    private func error(_ message: String, at token: Token) -> FilterError {
        FilterError(text: text, column: token.column, message: message)
    }
}
