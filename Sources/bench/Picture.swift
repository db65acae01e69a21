import Foundation

/// Measurements as a picture (SVG 1.1): a bar for each scenario, of what its ceiling costs and what it adds.
enum Picture {
    private static let (left, width, step) = (260.0, 620.0, 26.0)

    static func ofStages(_ measurements: [Measurement]) -> String {
        let most = measurements.map(\.middle).max() ?? 1
        let height = Double(measurements.count) * step + 60
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(left + width + 100)) \(Int(height))\" font-family=\"sans-serif\" font-size=\"13\">",
            text(12, 22, "TSC cycles a packet: receiving and freeing, and what comes on top", weight: "bold"),
        ]
        for (row, measurement) in measurements.enumerated() {
            let y = 40 + Double(row) * step
            let scale = width / most
            let below = min(measurement.ceiling.median, measurement.middle)
            parts.append(text(12, y + 14, measurement.scenario.title))
            parts.append(bar(left, y, below * scale, "#9db4c8"))
            parts.append(bar(left + below * scale, y, (measurement.middle - below) * scale, "#d9793b"))
            parts.append(text(left + measurement.middle * scale + 6, y + 14, String(format: "%.0f", measurement.middle)))
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    private static func bar(_ x: Double, _ y: Double, _ width: Double, _ color: String) -> String {
        String(format: "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"18\" fill=\"%@\"/>", x, y, max(0, width), color)
    }

    private static func text(_ x: Double, _ y: Double, _ text: String, weight: String = "normal") -> String {
        let escaped = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
        return String(format: "<text x=\"%.1f\" y=\"%.1f\" font-weight=\"%@\">%@</text>", x, y, weight, escaped)
    }
}
