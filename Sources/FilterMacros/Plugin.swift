#if FilterMacro
    @_spi(PluginMessage) import SwiftCompilerPluginMessageHandling
    import SwiftSyntaxMacros

    /// The program that the compiler asks for expansions.
    ///
    /// swift-syntax places an error at the beginning of a node, and a literal has none inside: so this is not its own `CompilerPlugin.main`, but the
    /// same over a connection that moves errors to their place.
    @main struct Plugin: PluginProvider {
        static func main() throws {
            let connection = PlacingConnection(connection: try StandardIOMessageConnection())
            try CompilerPluginMessageListener(connection: connection, provider: Plugin()).main()
        }

        func resolveMacro(moduleName: String, typeName: String) throws -> any Macro.Type { FilterMacro.self }
    }

    /// A message, and how far behind the beginning of its node in the source it belongs.
    struct PlacedMessage {
        var text: String
        var distance: Int

        var encoded: String { "\(distance)\u{1}\(text)" }

        init(text: String, distance: Int) {
            self.text = text
            self.distance = distance
        }

        init?(encoded: String) {
            let parts = encoded.split(separator: "\u{1}", maxSplits: 1)
            guard parts.count == 2, let distance = Int(parts[0]) else { return nil }
            self.init(text: String(parts[1]), distance: distance)
        }
    }

    private struct PlacingConnection: MessageConnection {
        let connection: StandardIOMessageConnection

        func sendMessage<Message: Encodable>(_ message: Message) throws {
            guard case .expandMacroResult(let source, let diagnostics) = message as? PluginToHostMessage else { return try connection.sendMessage(message) }
            try connection.sendMessage(PluginToHostMessage.expandMacroResult(expandedSource: source, diagnostics: diagnostics.map(placed)))
        }

        func waitForNextMessage<Message: Decodable>(_ type: Message.Type) throws -> Message? { try connection.waitForNextMessage(type) }

        private func placed(_ diagnostic: PluginMessage.Diagnostic) -> PluginMessage.Diagnostic {
            guard let message = PlacedMessage(encoded: diagnostic.message) else { return diagnostic }
            var placed = diagnostic
            placed.message = message.text
            placed.position.offset += message.distance
            return placed
        }
    }
#else
    @main struct Plugin {
        static func main() {}
    }
#endif
