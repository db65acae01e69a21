import Packets
import TestSupport

/// Questions and their answers as they may pass by: each direction in order, in pieces of any size, and no answer before its question is whole.
func interleaved(_ exchanges: [(question: [UInt8], answer: [UInt8])], seed: UInt64) -> [Step] {
    var random = SeededGenerator(seed: seed)
    let questions = exchanges.flatMap(\.question), answers = exchanges.flatMap(\.answer)
    // How far the answers may go once so much was asked.
    var ends: [(asked: Int, answered: Int)] = [(0, 0)]
    for exchange in exchanges { ends.append((ends.last!.asked + exchange.question.count, ends.last!.answered + exchange.answer.count)) }
    var steps: [Step] = []
    var (asked, answered, whole) = (0, 0, 0)
    while asked < questions.count || answered < answers.count {
        while whole + 1 < ends.count, ends[whole + 1].asked <= asked { whole += 1 }
        let count = Int.random(in: 1...60, using: &random)
        let mayAnswer = answered < ends[whole].answered
        if asked < questions.count, !mayAnswer || Bool.random(using: &random) {
            let end = min(questions.count, asked + count)
            steps.append(.bytes(.originator, Array(questions[asked..<end])))
            asked = end
        } else {
            let end = min(ends[whole].answered, answered + count)
            steps.append(.bytes(.responder, Array(answers[answered..<end])))
            answered = end
        }
    }
    return steps
}
