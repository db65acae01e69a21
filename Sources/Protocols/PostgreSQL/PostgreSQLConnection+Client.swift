import Packets

/// What clients send.
extension PostgreSQLConnection {
    func takeStartup(_ message: RawSpan, _ time: Timestamp) {
        guard let client else { return }
        var reader = ByteReader(message)
        guard reader.uint32() != nil, let code = reader.uint32() else { return }
        switch code {
        case PostgreSQLMessages.StartupCode.encrypt, PostgreSQLMessages.StartupCode.encryptGSS:
            encryption = PostgreSQLCommand(code == PostgreSQLMessages.StartupCode.encrypt ? .encryption : .gssEncryption, from: client, at: time)
            serverMode = .encryptionAnswer
            // Whoever does not wait for the answer begins TLS here; a startup message is expected all the same.
            expectsStartup = true
        case PostgreSQLMessages.StartupCode.cancel:
            var command = PostgreSQLCommand(.cancel, from: client, at: time)
            command.cancelledProcess = reader.uint32()
            hasFound = true
            sessions.append(command)
            stop(.done)
        default:
            var command = PostgreSQLCommand(.startup, from: client, at: time)
            command.login = PostgreSQLLogin(message)
            expectsStartup = false
            append(.startup, command)
        }
    }

    /// - Parameter time: nil for a message that a hole has cut.
    func takeClient(_ message: RawSpan, _ length: Int, _ time: Timestamp?) {
        guard let client else { return }
        var reader = ByteReader(message)
        guard let type = reader.uint8(), reader.uint32() != nil else { return }
        let time = time ?? .zero
        var isWhole = true
        switch type {
        case "Q":
            var command = PostgreSQLCommand(.query, from: client, at: time)
            let text = reader.zeroEndedOrRest(&isWhole)
            command.text = CommandText(text, isCut: !isWhole)
            append(.query, command)
        case "P":
            guard let name = reader.zeroEnded() else { return append(.parse, PostgreSQLCommand(.prepare, from: client, at: time)) }
            var command = PostgreSQLCommand(.prepare, from: client, at: time)
            let text = CommandText(reader.zeroEndedOrRest(&isWhole), isCut: !isWhole)
            command.text = text
            if name.byteCount > 0 { command.statement = name.short }
            prepared.setStatement(name, text)
            append(.parse, command)
        case "B":
            var command = PostgreSQLCommand(.bind, from: client, at: time)
            if let portal = reader.zeroEnded(), let name = reader.zeroEnded() {
                if name.byteCount > 0 { command.statement = name.short }
                command.text = prepared.statement(name)
                prepared.setPortal(portal, command.text, command.statement)
            }
            append(.bind, command)
        case "E":
            var command = PostgreSQLCommand(.execute, from: client, at: time)
            if let name = reader.zeroEnded() { (command.text, command.statement) = prepared.portal(name) }
            append(.execute, command)
        case "D": append(.describe, nil)
        case "C":
            if let kind = reader.uint8(), let name = reader.zeroEnded() { prepared.close(kind, name) }
            append(.close, nil)
        case "S": append(.sync, nil)
        case "F": append(.function, PostgreSQLCommand(.function, from: client, at: time))
        case "d": countCopied(length)
        // Password messages, and Terminate: answers may still be on their way.
        default: break
        }
    }

    /// Rows that are copied belong to what is being answered.
    func countCopied(_ length: Int) {
        guard unitsToPass == 0, answeredCount < pending.count else { return }
        pending[answeredCount].command?.copiedBytes &+= UInt64(length - PostgreSQLMessages.headerLength)
    }

    private func append(_ step: Pending.Step, _ command: PostgreSQLCommand?) {
        hasFound = true
        let item = Pending(step: step, command: command)
        if isDiscarding || isPassingUnit {
            guard item.endsUnit else { return give(item, isDiscarding ? .passedOver : .tooManyPending) }
            if isPassingUnit {
                (isPassingUnit, unitsToPass) = (false, unitsToPass + 1)
                return give(item, .tooManyPending)
            }
            isDiscarding = false
        }
        pendingBytes += command?.byteCount ?? 0
        pending.append(item)
        while pending.count > Self.mostPending || pendingBytes > Self.mostPendingBytes { giveUpOldestUnit() }
    }

    private func giveUpOldestUnit() {
        answeredCount = 0
        while let item = popPending() {
            give(item, item.isAnswered ? nil : .tooManyPending)
            if item.endsUnit { return unitsToPass += 1 }
        }
        isPassingUnit = true
    }

    func popPending() -> Pending? {
        guard let item = pending.popFirst() else { return nil }
        pendingBytes -= item.command?.byteCount ?? 0
        return item
    }

    func giveUpAll(_ problem: CommandProblem) {
        answeredCount = 0
        while let item = popPending() { give(item, item.isAnswered ? nil : problem) }
        guard var command = encryption else { return }
        encryption = nil
        command.problem = problem
        sessions.append(command)
    }

    /// What is no session of its own: a Bind that was not refused, and a statement without a name, for its execution says the same.
    func give(_ item: Pending, _ problem: CommandProblem?) {
        guard var command = item.command else { return }
        command.problem = problem
        if command.text?.isRedacted == true, let message = command.error?.message { command.error?.message = message.upToFirstQuote }
        if command.error == nil {
            if command.kind == .bind || command.kind == .prepare && command.statement == nil && problem != .noAnswer { return }
        }
        sessions.append(command)
    }
}

/// The statements that a connection has prepared, and the portals that these are bound to. What is beyond the limits is not remembered: its executions
/// have no text.
struct PostgreSQLStatements {
    private static let mostStatements = 256
    private static let mostPortals = 64
    private static let mostBytes = 256 << 10

    private var statements: [[UInt8]: CommandText] = [:]
    private var portals: [[UInt8]: (text: CommandText?, statement: String?)] = [:]
    private var unnamedStatement: CommandText?
    private var unnamedPortal: (text: CommandText?, statement: String?)
    /// Of names and texts of statements; portals share the texts.
    private(set) var byteCount = 0

    mutating func setStatement(_ name: RawSpan, _ text: CommandText) {
        guard name.byteCount > 0 else {
            byteCount += text.bytes.count - (unnamedStatement?.bytes.count ?? 0)
            return unnamedStatement = text
        }
        let size = name.byteCount + text.bytes.count
        guard statements.count < Self.mostStatements, byteCount + size <= Self.mostBytes else { return }
        forget(name.copied)
        statements[name.copied] = text
        byteCount += size
    }

    func statement(_ name: RawSpan) -> CommandText? { name.byteCount > 0 ? statements[name.copied] : unnamedStatement }

    mutating func setPortal(_ name: RawSpan, _ text: CommandText?, _ statement: String?) {
        guard name.byteCount > 0 else { return unnamedPortal = (text, statement) }
        let key = name.copied
        if portals.count < Self.mostPortals || portals[key] != nil { portals[key] = (text, statement) }
    }

    func portal(_ name: RawSpan) -> (text: CommandText?, statement: String?) { name.byteCount > 0 ? portals[name.copied] ?? (nil, nil) : unnamedPortal }

    mutating func close(_ kind: UInt8, _ name: RawSpan) {
        switch kind {
        case "S": if name.byteCount > 0 { forget(name.copied) }
        default: portals[name.copied] = nil
        }
    }

    /// Portals end with their transaction.
    mutating func endTransaction() { if !portals.isEmpty { portals = [:] } }

    private mutating func forget(_ name: [UInt8]) {
        if let old = statements.removeValue(forKey: name) { byteCount -= name.count + old.bytes.count }
    }
}
