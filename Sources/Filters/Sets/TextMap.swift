import Packets

/// Who wants which texts: texts of many members, such as filters, looked up together. What a text gives is a class, which stands for the list of members that
/// want it; class 0 for none.
///
/// A look-up reads each byte of the text once at most, and no more bytes than the longest text of a member has, however many texts there are: a name of a
/// megabyte costs what a long host name does. It allocates nothing. Built once, then only read.
final class TextMap: @unchecked Sendable {
    /// Where in a text a member's must lie.
    enum Place {
        /// It is the whole text.
        case whole
        /// The text starts with it.
        case start
        /// The text ends with it.
        case end
    }

    private let classifier: TextClassifier
    private let classes: MemberClasses

    /// - Parameters:
    ///   - texts: in lower case where look-ups ignore case.
    ///   - seed: one of its own, unless given for counts that repeat.
    init(_ texts: some Sequence<(text: [UInt8], member: Int)>, at place: Place = .whole, seed: HashSeed = HashSeed()) {
        var members: [[UInt8]: [Int32]] = [:]
        for (text, member) in texts { members[text, default: []].append(Int32(member)) }
        var builder = MemberClassBuilder()
        classifier = TextClassifier(members.map { ($0, builder.number(of: $1)) }, at: place, seed, &builder)
        classes = builder.classes
    }

    deinit { classifier.deallocate() }

    /// The class of a text.
    ///
    /// - Parameter ignoringCase: ASCII's, of the text; the members' are in lower case.
    func classNumber(of text: UnsafeRawBufferPointer, ignoringCase: Bool = false) -> UInt32 {
        classifier.classNumber(of: text, ignoringCase: ignoringCase)
    }

    func classNumber(of text: [UInt8], ignoringCase: Bool = false) -> UInt32 {
        text.withUnsafeBytes { classifier.classNumber(of: $0, ignoringCase: ignoringCase) }
    }

    /// Ascending, each once; none for class 0.
    func members(ofClass number: UInt32) -> UnsafeBufferPointer<Int32> { classes[number] }
    /// Class 0 included.
    var classCount: Int { classes.count }
}
