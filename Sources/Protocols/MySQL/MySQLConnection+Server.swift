import Packets

/// What the server answers.
///
///     OK | ERR | EOF                                           most commands
///     count | description × count | EOF? | row … | EOF or OK   a result, and another one behind it if its end says so
///     OK with counts | description … | EOF? | description … | EOF?      a prepared statement
///
/// Whether there are the EOFs in the middle was agreed at login; an EOF has five bytes, and nothing that may come in its place has, so it need not be known.
extension MySQLConnection {
    private static let lengthOfEOF = 5

    /// - Parameter time: nil for a packet that a hole has cut.
    func takeServer(_ reader: inout ByteReader, _ length: Int, _ time: Timestamp?) {
        guard !hasFound || current != nil else { return takeUnasked(&reader, length, time) }
        guard hasFound else { return takeGreeting(&reader, time) }
        let first = reader.peek()
        let isEOF = first == 0xfe && length == Self.lengthOfEOF
        switch answer {
        case .first:
            // A login's old way to ask again has no length.
            if mayEndLate, isEOF { return mayEndLate = false }
            mayEndLate = false
            takeFirst(&reader, length, time)
        case .columns(let left):
            if first == 0xff { return takeError(&reader, time) }
            answer = left > 1 ? .columns(left - 1) : .rows
            mayEndLate = left <= 1
        case .rows:
            // Behind the descriptions; a cursor's rows come when they are fetched.
            if mayEndLate, isEOF {
                mayEndLate = false
                if status(ofEOF: &reader) & MySQLPackets.Status.cursorExists != 0 { finishCurrent(time) }
                return
            }
            mayEndLate = false
            takeRow(&reader, first, length, time)
        case .prepared(let left):
            if isEOF { return }
            mayEndLate = left <= 1 && (capabilities ?? 0) & MySQLPackets.Capability.deprecateEOF == 0
            if left > 1 { answer = .prepared(left - 1) } else { finishCurrent(time) }
        case .fields:
            if first == 0xff { return takeError(&reader, time) }
            if first == 0xfe, length < MySQLPackets.longestPayload { finishCurrent(time) } else { change { $0.columns = ($0.columns ?? 0) &+ 1 } }
        case .upload:
            answer = .first
            takeFirst(&reader, length, time)
        }
    }

    private func status(ofEOF reader: inout ByteReader) -> UInt16 {
        guard reader.uint8() != nil, let warnings = reader.littleEndian(2), let status = reader.littleEndian(2) else { return 0 }
        change {
            $0.warnings = UInt16(truncatingIfNeeded: warnings)
            $0.isInTransaction = UInt16(truncatingIfNeeded: status) & MySQLPackets.Status.inTransaction != 0
        }
        return UInt16(truncatingIfNeeded: status)
    }

    private func takeFirst(_ reader: inout ByteReader, _ length: Int, _ time: Timestamp?) {
        guard let code = current, let first = reader.peek() else { return fail(.malformed) }
        if first == 0xff { return takeError(&reader, time) }
        switch code {
        case MySQLCommand.login, MySQLCommand.changeUser: return takeAuthentication(&reader, first, length, time)
        case MySQLCommand.statistics: return finishCurrent(time)
        case MySQLCommand.listFields:
            answer = .fields
            return takeServer(&reader, length, time)
        case MySQLCommand.fetch, MySQLCommand.dumpLog, MySQLCommand.dumpLogByID:
            answer = .rows
            return takeServer(&reader, length, time)
        case MySQLCommand.prepare where first == 0: return takePrepared(&reader, time)
        default: break
        }
        switch first {
        case 0: takeOK(&reader, endsRows: false, time)
        case 0xfe where length <= Self.lengthOfEOF: endResult(status(ofEOF: &reader), time)
        case 0xfb where code == MySQLCommand.query: answer = .upload
        default:
            // A count, and whether descriptions follow, if that is to be told.
            let start = reader.offset
            guard length <= 10, let count = reader.lengthEncoded(), count <= 4096 else { return fail(.malformed) }
            let hasDescriptions = length == reader.offset - start || reader.uint8() != 0
            change {
                $0.columns = UInt16(truncatingIfNeeded: count)
                $0.rows = $0.rows ?? 0
                $0.results &+= 1
            }
            answer = hasDescriptions ? .columns(Int(count)) : .rows
            mayEndLate = !hasDescriptions
        }
    }

    private func takeRow(_ reader: inout ByteReader, _ first: UInt8?, _ length: Int, _ time: Timestamp?) {
        if first == 0xff { return takeError(&reader, time) }
        guard first == 0xfe, length < MySQLPackets.longestPayload else { return change { $0.rows = ($0.rows ?? 0) &+ 1 } }
        if length <= Self.lengthOfEOF { endResult(status(ofEOF: &reader), time) } else { takeOK(&reader, endsRows: true, time) }
    }

    private func takeOK(_ reader: inout ByteReader, endsRows: Bool, _ time: Timestamp?) {
        guard reader.uint8() != nil, let affected = reader.lengthEncoded(), let inserted = reader.lengthEncoded() else { return fail(.malformed) }
        let status = UInt16(truncatingIfNeeded: reader.littleEndian(2) ?? 0), warnings = reader.littleEndian(2).map { UInt16(truncatingIfNeeded: $0) }
        let text = reader.lengthEncodedText()?.short
        change {
            if !endsRows {
                $0.affectedRows = ($0.affectedRows ?? 0) &+ affected
                $0.results &+= 1
                if inserted > 0 { $0.lastInsertID = inserted }
            }
            $0.warnings = warnings
            $0.isInTransaction = status & MySQLPackets.Status.inTransaction != 0
            if let text, !text.isEmpty { $0.info = text }
        }
        endResult(status, time)
    }

    private func endResult(_ status: UInt16, _ time: Timestamp?) {
        if status & MySQLPackets.Status.moreResults != 0 { answer = .first } else { finishCurrent(time) }
    }

    private func takePrepared(_ reader: inout ByteReader, _ time: Timestamp?) {
        guard reader.uint8() != nil, let number = reader.littleEndian(4), let columns = reader.littleEndian(2), let parameters = reader.littleEndian(2) else {
            return fail(.malformed)
        }
        change {
            $0.statement = UInt32(truncatingIfNeeded: number)
            $0.columns = UInt16(truncatingIfNeeded: columns)
        }
        if passed.isEmpty, !pending.isEmpty, let text = pending[0].text { statements.prepared(UInt32(truncatingIfNeeded: number), text) }
        let descriptions = Int(columns) + Int(parameters)
        if descriptions > 0 { answer = .prepared(descriptions) } else { finishCurrent(time) }
    }

    private func takeError(_ reader: inout ByteReader, _ time: Timestamp?) {
        _ = reader.uint8()
        let error = MySQLError(&reader)
        change {
            $0.error = error
            if $0.text?.isRedacted == true, let error { $0.error?.message = error.message.upToFirstQuote }
        }
        mayEndLate = false
        finishCurrent(time)
    }

    // MARK: Login

    private func takeGreeting(_ reader: inout ByteReader, _ time: Timestamp?) {
        guard let first = reader.uint8() else { return fail(.malformed) }
        if first == 0xff { return giveNotice(MySQLError(&reader), time) }
        guard greeting == nil else { return fail(.malformed) }
        var login = MySQLLogin()
        guard first == 10, let version = reader.zeroEnded(), let thread = reader.littleEndian(4), reader.bytes(9) != nil,
            let low = reader.littleEndian(2)
        else {
            return fail(.malformed)
        }
        login.serverVersion = version.short
        login.connectionID = UInt32(truncatingIfNeeded: thread)
        serverCapabilities = UInt32(low)
        // Character set and status stand between.
        if reader.bytes(3) != nil, let high = reader.littleEndian(2) { serverCapabilities |= UInt32(high) << 16 }
        greeting = login
    }

    private func takeAuthentication(_ reader: inout ByteReader, _ first: UInt8, _ length: Int, _ time: Timestamp?) {
        switch first {
        case 0:
            let isCompressed = passed.isEmpty && pending.first?.login?.isCompressed == true && current == MySQLCommand.login
            if isCompressed { change { $0.problem = .opaque } }
            finishCurrent(time)
            if isCompressed {
                giveUpAll(.opaque)
                end = .done
            }
        case 0xfe:
            _ = reader.uint8()
            let plugin = length == 1 ? "mysql_old_password" : reader.zeroEnded()?.short
            change { $0.login?.plugin = plugin }
        // More to authenticate by.
        default: break
        }
    }

    /// What comes without a command: an error when the server ends the connection, or an EOF behind descriptions.
    private func takeUnasked(_ reader: inout ByteReader, _ length: Int, _ time: Timestamp?) {
        if mayEndLate, length == Self.lengthOfEOF { return mayEndLate = false }
        guard reader.uint8() == 0xff else { return }
        giveNotice(MySQLError(&reader), time)
    }

    private func giveNotice(_ error: MySQLError?, _ time: Timestamp?) {
        var command = MySQLCommand(MySQLCommand.notice, from: client ?? .originator, at: .zero)
        (command.sent, command.answered, command.error) = (nil, time, error)
        hasFound = true
        sessions.append(command)
    }
}
