import Filters
import Packets
import TestSupport
import Testing
import Tracking

/// Filters as subscriptions of connections, held against tshark's display filters.
@Suite(.enabled(if: CaptureFolder.shared.isThere, "there is no ../shared/traces beside the package")) struct `Filters on captures` {
    @Test func `the table has filters, captures, and connections for each filter`() {
        #expect(SelectedConnections.rows.count >= 20)
        #expect(SelectedConnections.captures.count >= 15)
        for row in SelectedConnections.rows {
            #expect(SelectedConnections.captures.contains { !SelectedConnections.of($0, row).isEmpty }, "\(row) selects nothing")
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: SelectedConnections.rows)
    func `a filter alone selects the connections that tshark selects`(_ row: SelectedConnections.Row) throws {
        for capture in SelectedConnections.captures { try expectSameConnections(capture, [row]) }
    }

    @Test(.timeLimit(.minutes(5)), arguments: SelectedConnections.captures)
    func `so do all of them together`(_ capture: String) throws {
        try expectSameConnections(capture, SelectedConnections.rows)
    }

    /// Runs the filters over the capture as subscriptions of one engine, in which nothing times out.
    private func expectSameConnections(_ capture: String, _ rows: [SelectedConnections.Row]) throws {
        let file = try #require(CaptureFolder.shared.files.first { $0.name == capture })
        let notebooks = rows.map { _ in Notebook() }
        let subscribers = try zip(rows, notebooks).map { row, notebook in
            try Notebook.$current.withValue(notebook) {
                try ConnectionNotes._makeSubscriber(SubscriberOrder(.patient, filter: Filter(parsing: row.filter)))
            }
        }
        var pipeline = Pipeline(.patient, subscribers: subscribers, seed: HashSeed(1))
        try Recording(file).forEachBurst(of: 64) { frames, _ in pipeline.process(frames) }
        pipeline.drain()
        for (row, notebook) in zip(rows, notebooks) {
            let selected = Set(notebook.connections.compactMap(\.tableName)), expected = SelectedConnections.of(capture, row)
            let (extra, missing) = (selected.subtracting(expected).sorted(), expected.subtracting(selected).sorted())
            #expect(extra.isEmpty && missing.isEmpty, "\(capture): \(row): tshark does not select \(extra), and does select \(missing)")
        }
    }
}
