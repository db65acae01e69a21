import Packets

/// What clients send.
extension MySQLConnection {
    func takeClient(_ reader: inout ByteReader, number: UInt8, _ length: Int, _ time: Timestamp?) {
        guard let client else { return }
        // Nothing has been asked, and the server has spoken: it is the login.
        if !hasFound, number == 1 { return takeLogin(&reader, length, time ?? .zero) }
        // A login's later packets, a file's contents.
        guard number == 0, answer != .upload else { return }
        guard let code = reader.uint8(), MySQLCommand.isKnown(code), hasFound || code > 0 else { return fail(.malformed) }
        var command = MySQLCommand(code, from: client, at: time ?? .zero)
        let isCut = length > 1 + reader.count
        switch code {
        case MySQLCommand.query:
            skipAttributes(&reader)
            command.text = CommandText(reader.bytes(upTo: reader.count), isCut: isCut)
        case MySQLCommand.prepare:
            let text = CommandText(reader.bytes(upTo: reader.count), isCut: isCut)
            statements.willPrepare(text)
            command.text = text
        case MySQLCommand.changeDatabase, MySQLCommand.createDatabase, MySQLCommand.dropDatabase:
            command.text = CommandText(reader.bytes(upTo: min(reader.count, 256)))
        case MySQLCommand.listFields:
            if let table = reader.zeroEnded() { command.text = CommandText(table) }
        case MySQLCommand.changeUser:
            takeChangeOfUsers(&reader, &command)
        case MySQLCommand.execute, MySQLCommand.executeBulk, MySQLCommand.fetch, MySQLCommand.close, MySQLCommand.sendLongData, MySQLCommand.reset:
            guard let statement = reader.littleEndian(4) else { break }
            command.statement = UInt32(truncatingIfNeeded: statement)
            command.text = statements.text(UInt32(truncatingIfNeeded: statement))
        default: break
        }
        switch code {
        // Parts of parameters, which belong to an execution.
        case MySQLCommand.sendLongData: return
        case MySQLCommand.close:
            if let statement = command.statement { statements.close(statement) }
            hasFound = true
            sessions.append(command)
        case MySQLCommand.quit:
            hasFound = true
            sessions.append(command)
        default: append(command)
        }
    }

    /// Before a query's text: how many parameters, and one set of them; with any the text is not looked for.
    private func skipAttributes(_ reader: inout ByteReader) {
        if let capabilities, capabilities & MySQLPackets.Capability.queryAttributes == 0 { return }
        guard reader.peek() == 0 else { return }
        _ = reader.bytes(2)
    }

    private func takeLogin(_ reader: inout ByteReader, _ length: Int, _ time: Timestamp) {
        guard let client, let low = reader.littleEndian(2) else { return fail(.malformed) }
        var command = MySQLCommand(MySQLCommand.login, from: client, at: time)
        var login = greeting ?? MySQLLogin()
        login.plugin = nil
        var flags = UInt32(low)
        if flags & MySQLPackets.Capability.protocol41 != 0 {
            guard let high = reader.littleEndian(2), reader.bytes(28) != nil else { return fail(.malformed) }
            flags |= UInt32(high) << 16
            capabilities = flags & serverCapabilities
            login.capabilities = flags & serverCapabilities
            if flags & MySQLPackets.Capability.tls != 0, length == 32 {
                command.code = MySQLCommand.encryption
                command.login = login
                command.answered = time
                hasFound = true
                sessions.append(command)
                return end = .handsOver
            }
            readNames(&reader, flags, &login)
        } else {
            // Before 4.1: the packets' largest size, and the name.
            guard reader.bytes(3) != nil else { return fail(.malformed) }
            capabilities = flags
            login.user = reader.zeroEnded()?.short
        }
        command.login = login
        append(command)
    }

    /// Behind the fixed part: user, proof, database, plugin, attributes.
    private func readNames(_ reader: inout ByteReader, _ flags: UInt32, _ login: inout MySQLLogin) {
        typealias Capability = MySQLPackets.Capability
        guard let user = reader.zeroEnded() else { return }
        login.user = user.short
        guard skipProof(&reader, flags) else { return }
        if flags & Capability.connectWithDatabase != 0 {
            guard let database = reader.zeroEnded() else { return }
            if database.byteCount > 0 { login.database = database.short }
        }
        if flags & Capability.pluginAuthentication != 0 {
            guard let plugin = reader.zeroEnded() else { return }
            login.plugin = plugin.short
        }
        guard flags & Capability.attributes != 0, reader.lengthEncoded() != nil else { return }
        while let name = reader.lengthEncodedText(), let value = reader.lengthEncodedText() { if name.equals("program_name") { login.program = value.short } }
    }

    private func skipProof(_ reader: inout ByteReader, _ flags: UInt32) -> Bool {
        typealias Capability = MySQLPackets.Capability
        if flags & Capability.longAuthentication != 0 { return reader.lengthEncodedText() != nil }
        if flags & Capability.secureConnection != 0 { return reader.vector8() != nil }
        return reader.zeroEnded() != nil
    }

    private func takeChangeOfUsers(_ reader: inout ByteReader, _ command: inout MySQLCommand) {
        var login = MySQLLogin()
        if let user = reader.zeroEnded() {
            login.user = user.short
            let flags = capabilities ?? MySQLPackets.Capability.secureConnection
            if flags & MySQLPackets.Capability.secureConnection != 0 ? reader.vector8() != nil : reader.zeroEnded() != nil {
                if let database = reader.zeroEnded(), database.byteCount > 0 { login.database = database.short }
            }
        }
        command.login = login
        statements.closeAll()
    }
}
