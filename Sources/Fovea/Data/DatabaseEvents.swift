import Protocols

extension EventLine {
    /// What Suricata's pgsql says of a request and what answers it. Statements that are prepared, bound and executed, which it does not read, stand in
    /// `message` and `query`.
    mutating func add(_ command: PostgreSQLCommand) {
        if command.kind != .notice { add("request", object: { Self.addRequest(command, to: &$0) }) }
        if command.answered != nil || command.error != nil { add("response", object: { Self.addResponse(command, to: &$0) }) }
    }

    private static func addRequest(_ command: PostgreSQLCommand, to request: inout EventObject) {
        if let login = command.login {
            request.add("protocol_version", "\(login.protocolVersion >> 16).\(login.protocolVersion & 0xffff)")
            request.add(
                "startup_parameters",
                object: { parameters in
                    parameters.add("user", login.user)
                    parameters.add("optional_parameters", parameters: [("database", login.database), ("application_name", login.applicationName)])
                })
            if let authentication = login.authentication, authentication.hasPrefix("SCRAM") { request.add("sasl_authentication_mechanism", authentication) }
            if login.authentication == "password" || login.authentication == "md5" { request.add("password_redacted", .bool(true)) }
        }
        switch command.kind {
        case .startup, .notice: break
        case .query: request.add("simple_query", command.text?.text)
        case .encryption: request.add("message", "SSL Request")
        case .cancel:
            request.add("message", "cancel_request")
            request.add("process_id", command.cancelledProcess.map { .integer(Int128($0)) })
        case .gssEncryption, .prepare, .bind, .execute, .function:
            request.add("message", command.kind.name)
            request.add("query", command.text?.text)
        }
    }

    private static func addResponse(_ command: PostgreSQLCommand, to response: inout EventObject) {
        if let isAccepted = command.isAccepted { response.add("ssl_accepted", .bool(isAccepted)) }
        if let error = command.error {
            response.add("severity_non_localizable", error.severity)
            response.add("code", error.code)
            response.add("message", error.message)
        } else if command.login?.isAuthenticated == true {
            response.add("message", "authentication_ok")
        }
        if let version = command.login?.serverVersion { response.add("parameter_status", parameters: [("server_version", version)]) }
        response.add("field_count", command.columns.map { .integer(Int128($0)) })
        if command.columns != nil || command.rows > 0 { response.add("data_rows", .integer(Int128(command.rows))) }
        if command.copiedBytes > 0 { response.add("data_size", .integer(Int128(command.copiedBytes))) }
        if !command.tags.isEmpty { response.add("command_completed", command.tags.joined(separator: ", ")) }
    }
}
