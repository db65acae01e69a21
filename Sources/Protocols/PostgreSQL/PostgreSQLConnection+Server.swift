import Packets

/// What the server answers.
extension PostgreSQLConnection {
    /// - Parameter time: nil for a message that a hole has cut.
    func takeServer(_ message: RawSpan, _ length: Int, _ time: Timestamp?) {
        var reader = ByteReader(message)
        guard let type = reader.uint8(), reader.uint32() != nil else { return }
        // Of units that were given up nothing is of interest but their ends.
        if unitsToPass > 0 || isPassingUnit {
            if type == UInt8(ascii: "Z"), unitsToPass > 0 { unitsToPass -= 1 }
            return
        }
        switch type {
        case "D": change { $0.rows &+= 1 }
        case "d": countCopied(length)
        case "T":
            let columns = reader.uint16()
            if step == .describe { (describedColumns, _) = (columns, finishStep(time)) } else { change { $0.columns = columns } }
        case "n": if step == .describe { (describedColumns, _) = (nil, finishStep(time)) }
        case "1": if step == .parse { finishStep(time) }
        case "2": if step == .bind { finishStep(time) }
        case "3": if step == .close { finishStep(time) }
        case "C":
            var isWhole = true
            let tag = reader.zeroEndedOrRest(&isWhole).short
            change { if $0.tags.count < 16 { $0.tags.append(tag) } }
            if step == .execute { finishExecution(time) }
        case "I", "s": if step == .execute { finishExecution(time) }
        case "E": takeError(PostgreSQLError(reader.bytes(upTo: reader.count)), time)
        case "Z": takeReady(reader.uint8(), time)
        case "R": takeAuthentication(&reader)
        case "S": takeParameter(&reader)
        default: break
        }
    }

    /// What is being answered.
    private var step: Pending.Step? { answeredCount < pending.count ? pending[answeredCount].step : nil }

    private func change(_ body: (inout PostgreSQLCommand) -> Void) {
        guard answeredCount < pending.count, pending[answeredCount].command != nil else { return }
        body(&pending[answeredCount].command!)
    }

    @discardableResult
    private func finishStep(_ time: Timestamp?) -> Bool {
        change { $0.answered = time }
        pending[answeredCount].isAnswered = true
        answeredCount += 1
        return true
    }

    private func finishExecution(_ time: Timestamp?) {
        if let describedColumns { change { $0.columns = $0.columns ?? describedColumns } }
        finishStep(time)
    }

    private func takeError(_ error: PostgreSQLError, _ time: Timestamp?) {
        guard let step else {
            hasFound = true
            return sessions.append(notice(error, time))
        }
        if step == .sync { return sessions.append(notice(error, time)) }
        change {
            $0.error = error
            $0.answered = time
        }
        switch step {
        case .query, .function, .sync: return
        case .startup:
            // The server closes the connection, unless it goes on to ReadyForQuery all the same.
            finishStep(time)
            return giveAnswered(status: nil)
        case .parse, .bind, .describe, .execute, .close:
            if pending[answeredCount].command == nil { pending[answeredCount].command = notice(error, time) }
            finishStep(time)
            // All up to the next Sync is passed over.
            while answeredCount < pending.count, !pending[answeredCount].endsUnit {
                pending[answeredCount].command?.problem = .passedOver
                pending[answeredCount].isAnswered = true
                answeredCount += 1
            }
            isDiscarding = answeredCount == pending.count
        }
    }

    /// An error of what is no session of its own, or of nothing that was asked for.
    private func notice(_ error: PostgreSQLError, _ time: Timestamp?) -> PostgreSQLCommand {
        var command = PostgreSQLCommand(.notice, from: client ?? .originator, at: time ?? .zero)
        (command.sent, command.answered, command.error) = (nil, time, error)
        return command
    }

    private func takeReady(_ status: UInt8?, _ time: Timestamp?) {
        describedColumns = nil
        if status == UInt8(ascii: "I") { prepared.endTransaction() }
        // What of the unit has no answer by now gets none.
        while let step {
            let endsUnit = pending[answeredCount].endsUnit
            if step == .query || step == .function || step == .startup { change { $0.answered = $0.error == nil ? time : $0.answered } }
            if !endsUnit { pending[answeredCount].command?.problem = .noAnswer }
            pending[answeredCount].isAnswered = true
            answeredCount += 1
            if endsUnit { break }
        }
        giveAnswered(status: status)
    }

    private func giveAnswered(status: UInt8?) {
        while answeredCount > 0, var item = popPending() {
            answeredCount -= 1
            // What was passed over did not run, whether it came before the error or behind it.
            if item.command?.problem != .passedOver { item.command?.transactionStatus = status }
            give(item, item.command?.problem)
        }
    }

    private func takeAuthentication(_ reader: inout ByteReader) {
        guard let code = reader.uint32() else { return }
        let name: String? =
            switch code {
            case 2: "kerberos"
            case 3: "password"
            case 5: "md5"
            case 6: "scm"
            case 7: "gss"
            case 9: "sspi"
            case 10: mechanisms(&reader)
            default: nil
            }
        change {
            if code == 0 { $0.login?.isAuthenticated = true }
            let known = $0.login?.authentication
            $0.login?.authentication = name ?? known ?? (code == 0 ? "trust" : nil)
        }
    }

    /// SASL's, as the server offers them.
    private func mechanisms(_ reader: inout ByteReader) -> String {
        var names: [String] = []
        while names.count < 4, let name = reader.zeroEnded(), name.byteCount > 0 { names.append(name.short) }
        return names.joined(separator: ",")
    }

    private func takeParameter(_ reader: inout ByteReader) {
        guard step == .startup, let name = reader.zeroEnded(), name.equals("server_version"), let value = reader.zeroEnded() else { return }
        let version = value.short
        change { $0.login?.serverVersion = version }
    }
}
