import Foundation
import TestSupport

extension CaptureName {
    /// What an independent reader sees in the capture; written by tshark and a small parser, see `Tests/Traces/make-traces.sh`.
    func oracle() throws -> Oracle {
        try JSONDecoder().decode(Oracle.self, from: Data(contentsOf: folder.oracles.appending(path: "\(name).json")))
    }
}
