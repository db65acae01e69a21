import ArgumentParser

/// The command line of a program that serves subscriptions. A program's whole main.swift is:
///
///     import Fovea
///     FoveaCommand.main(subscriptions: [ServerNames.self, ConnectionLog.self])
public struct FoveaCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "fovea",
        abstract: "Subscribes to network traffic: to a capture file, or to ports at the speed of the card.",
        discussion: """
            Exits with 0, or with 1 when results could not be written, 2 for a bad configuration, 3 for a bad capture file, 4 for a port or \
            memory that could not be had, 64 for a bad command line, 130 when a second signal ended it.
            """,
        subcommands: [RunCommand.self, ListCommand.self, FieldsCommand.self, CheckCommand.self, ExplainCommand.self])

    /// What the program was made with; set once, before anything is parsed.
    nonisolated(unsafe) static var subscriptions: [AnySubscription] = []

    public init() {}

    /// Reads the command line, does what it says, and ends the process.
    public static func main(subscriptions: [AnySubscription]) -> Never {
        self.subscriptions = subscriptions
        main()
        exit()
    }
}

extension ParsableCommand {
    /// Runs a body whose errors have an exit status of their own; they go to standard error as they are.
    func reportingErrors<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode(ExitStatus(for: error).rawValue)
        }
    }
}
