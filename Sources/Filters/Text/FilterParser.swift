import Packets

extension Filter {
    /// Reads a filter as Wireshark and Retina write it:
    ///
    ///     (tcp.port == 443 or udp.port in 8000..8999) and not ip.addr == 10.0.0.0/8
    ///
    /// | | |
    /// |---|---|
    /// | protocols  | `eth` (every frame) `ip` = `ipv4`, `ipv6`, `arp`, `vlan`, `tcp`, `udp`, `sctp`, `icmp` (both versions), `icmpv4`, `icmpv6`, `tls` |
    /// | fields     | those of the catalog: `tcp.port`, `ip.src`, `tls.sni`, … |
    /// | comparisons| `==` = `=` = `eq`, `!=` = `ne`, `<` `<=` `>` `>=` = `lt` `le` `gt` `ge`, `in 80..90`, `in {22, 80..90}`, `in $list` |
    /// | of texts   | `contains`, `starts_with`, `ends_with`, `matches` = `~` with a regular expression |
    /// | presence   | `tls.sni exists`, or the field alone; a boolean alone asks whether it is true |
    /// | connectives| `not` = `!`, before `and` = `&&`, before `or` = `\|\|`; parentheses |
    /// | comments   | `# …` to the line's end, `/* … */` |
    ///
    /// A field for both ends (`tcp.port`, `ip.addr`) matches when either end does. `f != v` is `f exists and not f == v`:
    /// `tcp.port != 443` is TCP where neither port is 443, `not tcp.port == 443` is UDP and ARP as well.
    /// Text of blanks only is `everything`.
    public init(parsing text: String, in catalog: FieldCatalog, lists: FilterLists = FilterLists()) throws(FilterError) {
        var parser = FilterParser(text: text, tokens: try FilterLexer.tokens(of: text), catalog: catalog, lists: lists)
        self = try parser.parse()
    }
}

/// Recursive descent; only parentheses recurse, and they are counted.
struct FilterParser {
    /// Parentheses within parentheses.
    static let maxDepth = 64

    let text: String
    let catalog: FieldCatalog
    let lists: FilterLists
    private let tokens: [Token]
    private var position = 0
    private var depth = 0

    init(text: String, tokens: [Token], catalog: FieldCatalog, lists: FilterLists) {
        self.text = text
        self.tokens = tokens
        self.catalog = catalog
        self.lists = lists
    }

    mutating func parse() throws(FilterError) -> Filter {
        if next.kind == .end { return .everything }
        let filter = try disjunction()
        guard next.kind == .end else { throw unexpectedAfterTerm("\"and\", \"or\" or the end") }
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
            guard accept(.close) else { throw unexpectedAfterTerm("\"and\", \"or\" or \")\"") }
            depth -= 1
            return filter
        }
        guard accept(.word) else { throw unexpected("a protocol or field") }
        if let field = catalog.field(first.text) { return try comparison(of: field) }
        guard let filter = catalog.protocols[first.text] else {
            let isValue = LiteralNoun(first.text) != .name
            throw error(
                isValue ? "expected a protocol or field, found \(first.noun)" : "no protocol or field is called \(first.quoted)", at: first,
                suggestion: isValue ? nil : nearestName(to: first.text, among: catalog.names))
        }
        if next.isOperator { throw error("\(first.text) is a protocol; only fields can be compared", at: next) }
        return filter
    }

    // MARK: Comparisons

    private mutating func comparison(of field: Field) throws(FilterError) -> Filter {
        switch next.kind {
        case .exists:
            advance()
            return field.presence
        case .comparison(let comparison):
            let sign = advance()
            return try self.comparison(comparison, of: field, sign)
        case .and, .or, .close, .end:
            return field.type == .boolean ? field.filter(anyOf: [.integers(IntegerSet([1...1]))]) : field.presence
        case .not:
            throw error("\"not\" stands before the field: not \(field.name) in …", at: next)
        default:
            throw error(
                "expected an operator after \(field.name), found \(next.noun)", at: next,
                suggestion: next.kind == .word ? nearestName(to: next.text, among: FilterLexer.words.keys) : nil)
        }
    }

    private mutating func comparison(_ comparison: Comparison, of field: Field, _ sign: Token) throws(FilterError) -> Filter {
        switch comparison {
        case .isIn:
            return field.filter(anyOf: try members(of: field))
        case .equal, .notEqual:
            var members = Members()
            members.add(try literal(of: field))
            if next.kind == .range { throw error("a range stands after \"in\"", at: next) }
            let predicate = members.predicate(of: field.type)
            return comparison == .equal ? field.filter(anyOf: [predicate]) : field.filter(noneOf: [predicate])
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard let limit = field.orderedLimit else {
                throw error("\(field.name) has no order; compare it with \(field.operators)", at: sign)
            }
            return field.filter(anyOf: [.integers(try ordering(comparison, of: field, limit: limit))])
        case .contains, .startsWith, .endsWith, .matches:
            guard field.type.isText else { throw error("\(sign.text) is asked of strings and bytes; \(field.name) is \(field.noun)", at: sign) }
            return field.filter(anyOf: [try part(comparison, of: field)])
        }
    }

    private mutating func ordering(_ comparison: Comparison, of field: Field, limit: UInt64) throws(FilterError) -> IntegerSet {
        let token = next
        guard case .numbers(let numbers) = try literal(of: field) else { throw unexpected(field.noun) }
        let number = numbers.lowerBound
        switch comparison {
        case .less where number > 0: return IntegerSet([0...number - 1])
        case .lessOrEqual: return IntegerSet([0...number])
        case .greater where number < limit: return IntegerSet([number + 1...limit])
        case .greaterOrEqual: return IntegerSet([number...limit])
        default: throw error("no \(field.name) is \(comparison == .less ? "below" : "above") \(token.shown)", at: token)
        }
    }

    private mutating func part(_ comparison: Comparison, of field: Field) throws(FilterError) -> FieldPredicate {
        let token = next
        if comparison == .matches {
            guard let string = StringToken(token) else { throw unexpected("a regular expression in quotation marks") }
            advance()
            do {
                return .matches(try Pattern(string.pattern, ignoresCase: field.type == .name))
            } catch {
                throw FilterError(text: text, offset: error.offset.map(string.offset(ofPatternCharacter:)) ?? token.offset, message: error.message)
            }
        }
        guard case .text(let text) = try literal(of: field) else { throw unexpected("a string") }
        switch comparison {
        case .contains: return .contains(text)
        case .startsWith: return .startsWith(text)
        default: return .endsWith(text)
        }
    }

    // MARK: Values

    /// What stands after `in`: a value, a range, a list, or a set of them in braces. Each list is a predicate of its own.
    private mutating func members(of field: Field) throws(FilterError) -> [FieldPredicate] {
        var members = Members()
        var predicates: [FieldPredicate] = []
        if accept(.openSet) {
            if next.kind == .closeSet { throw error("an empty set has no members; expected \(field.noun)", at: next) }
            repeat { try member(of: field, &members, &predicates) } while accept(.comma)
            guard accept(.closeSet) else { throw unexpected("\",\" or \"}\"") }
        } else {
            try member(of: field, &members, &predicates)
        }
        return (members.isEmpty ? [] : [members.predicate(of: field.type)]) + predicates
    }

    private mutating func member(of field: Field, _ members: inout Members, _ predicates: inout [FieldPredicate]) throws(FilterError) {
        if next.kind == .list { return predicates.append(try list(for: field)) }
        let lower = try literal(of: field)
        guard accept(.range) else { return members.add(lower) }
        let end = next
        let upper = try literal(of: field)
        members.add(try located(at: end) { () throws(LiteralError) in try field.range(lower, upper) })
    }

    private mutating func list(for field: Field) throws(FilterError) -> FieldPredicate {
        let token = advance()
        let name = String(token.text.dropFirst())
        guard let list = lists[name] else {
            throw error(
                "no list is called \(token.shown)", at: token, suggestion: nearestName(to: name, among: lists.names).map { "$\($0)" })
        }
        return try located(at: token) { () throws(LiteralError) in try list.predicate(for: field) }
    }

    private mutating func literal(of field: Field) throws(FilterError) -> Literal {
        let token = next
        switch token.kind {
        case .word:
            advance()
            return try located(at: token) { () throws(LiteralError) in try field.literal(token.text) }
        case .string:
            advance()
            let bytes = try bytes(of: token)
            return try located(at: token) { () throws(LiteralError) in try field.literal(quoted: bytes) }
        case .list:
            throw error("a list stands after \"in\"", at: token)
        default:
            throw unexpected(field.noun)
        }
    }

    /// Says where it was that something was no value.
    private func located<Value>(at token: Token, _ read: () throws(LiteralError) -> Value) throws(FilterError) -> Value {
        do {
            return try read()
        } catch {
            throw self.error(error.message, at: token, suggestion: error.suggestion)
        }
    }

    private func bytes(of token: Token) throws(FilterError) -> [UInt8] {
        do {
            return try StringToken(token)?.bytes() ?? []
        } catch {
            throw FilterError(text: text, offset: error.offset, message: error.message)
        }
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

    /// What stands where a connective should.
    private func unexpectedAfterTerm(_ expectation: String) -> FilterError {
        guard case .comparison = next.kind else { return unexpected(expectation) }
        return error("comparisons do not chain; expected \(expectation), found \(next.noun)", at: next)
    }

    private func error(_ message: String, at token: Token, suggestion: String? = nil) -> FilterError {
        FilterError(text: text, offset: token.offset, message: message, suggestion: suggestion)
    }
}
