#if FilterMacro
    import Filters
    import SwiftDiagnostics
    import SwiftSyntax
    import SwiftSyntaxMacros
    import Tracking

    /// `#filter("tcp.port == 443")`: parses the text while the program is built, and leaves an initialiser that cannot fail.
    struct FilterMacro: ExpressionMacro {
        static func expansion(of node: some FreestandingMacroExpansionSyntax, in context: some MacroExpansionContext) throws -> ExprSyntax {
            guard let literal = node.arguments.first?.expression.as(StringLiteralExprSyntax.self) else {
                throw Complaint("a filter's text must be a literal; others are for Filter(parsing:)")
            }
            guard let text = LiteralText(literal) else {
                throw Complaint("what is interpolated is not known while building; Filter(parsing:) reads such a text")
            }
            do throws(FilterError) {
                _ = try Filter(parsing: text.value)
            } catch {
                let complaint = Complaint(error.message + (error.suggestion.map { "; did you mean \($0)?" } ?? ""), at: text.distance(toColumn: error.column))
                context.diagnose(Diagnostic(node: literal, message: complaint))
            }
            return ".init(checked: \(literal.trimmed))"
        }
    }

    /// An error for whoever wrote the macro's argument.
    struct Complaint: DiagnosticMessage, Error {
        let message: String
        let diagnosticID = MessageID(domain: "Fovea", id: "filter")
        let severity = DiagnosticSeverity.error

        /// `distance`: how many bytes of the source the place is from the beginning of the node that the diagnostic is of.
        init(_ text: String, at distance: Int = 0) { message = distance == 0 ? text : PlacedMessage(text: text, distance: distance).encoded }
    }
#endif
