import Cedar
import StrictJSON

extension InputType {
    /// - Throws: ``ShapeError`` for a value that is not of the type.
    func check(_ value: JSONValue, at path: String) throws(ShapeError) {
        switch self {
        case .integer(let range):
            guard case .integer(let integer) = value else { throw Self.wrong("an integer", value, path) }
            guard range.contains(integer) else {
                throw ShapeError(.invalid, at: path, "must lie between \(range.lowerBound) and \(range.upperBound)")
            }
        case .boolean:
            guard case .bool = value else { throw Self.wrong("true or false", value, path) }
        case .list(let element, let most): try Self.check(value, of: element, most, at: path)
        case .document(let most):
            guard case .object = value else { throw Self.wrong("an object", value, path) }
            guard JSONWriter.canonical(value).count <= most else {
                throw ShapeError(.tooLong, at: path, "at most \(most) bytes belong here")
            }
        case .string(let most):
            guard case .string(let text) = value else { throw Self.wrong("a string", value, path) }
            guard text.utf8.count <= most else { throw ShapeError(.tooLong, at: path, "at most \(most) bytes belong here") }
        case .json(let most):
            guard JSONWriter.canonical(value).count <= most else {
                throw ShapeError(.tooLong, at: path, "at most \(most) bytes belong here")
            }
        case .identifier, .reference, .text, .choice, .duration:
            guard case .string(let text) = value else { throw Self.wrong("a string", value, path) }
            if let problem = problem(text) { throw ShapeError(.invalid, at: path, problem) }
        }
    }

    private static func wrong(_ wanted: String, _ value: JSONValue, _ path: String) -> ShapeError {
        ShapeError(.wrongType, at: path, "\(wanted) belongs here, not \(value.kind)")
    }

    private static func check(_ value: JSONValue, of element: InputType, _ most: Int, at path: String) throws(ShapeError) {
        guard case .array(let all) = value else { throw wrong("a list", value, path) }
        guard (1...most).contains(all.count) else {
            throw ShapeError(.invalid, at: path, "1 to \(most) values belong here")
        }
        for (index, one) in all.enumerated() {
            try element.check(one, at: "\(path)/\(index)")
            guard !all[..<index].contains(one) else {
                throw ShapeError(.invalid, at: "\(path)/\(index)", "the value stands here twice")
            }
        }
    }

    private func problem(_ text: String) -> String? {
        switch self {
        case .identifier: Self.isName(text) ? nil : "a name of 1 to 128 ASCII letters, digits and . _ @ - belongs here"
        case .reference(_, let more):
            Self.isName(text, allowing: more)
                ? nil : "a name of 1 to 128 ASCII letters, digits and . _ @ -\(more.map { " \($0)" }.joined()) belongs here"
        case .text(let limit):
            Self.isText(text, limit) ? nil : "1 to \(limit) visible characters belong here; no control or invisible ones"
        case .choice(let choices):
            choices.contains { $0.isExactly(text) } ? nil : "one of \(choices.joined(separator: ", ")) belongs here"
        case .duration(let range):
            Cedar.Duration(text).map { range.contains($0.milliseconds) } == true
                ? nil
                : "a length of time such as 1h30m belongs here, between \(range.lowerBound) and \(range.upperBound) milliseconds"
        case .integer, .boolean, .list, .document, .string, .json: nil
        }
    }

    private static func isName(_ text: String, allowing more: String = "") -> Bool {
        func isWord(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) }
        func isMore(_ byte: UInt8) -> Bool { more.utf8.contains(byte) }
        guard let first = text.utf8.first, isWord(first) || first == UInt8(ascii: "_") || isMore(first), text.utf8.count <= 128
        else { return false }
        return text.utf8.allSatisfy { isWord($0) || "._@-".utf8.contains($0) || isMore($0) }
    }

    private static func isText(_ text: String, _ limit: Int) -> Bool {
        (1...limit).contains(text.unicodeScalars.count) && text.unicodeScalars.allSatisfy(Printable.isVisible)
            && text.unicodeScalars.first != " " && text.unicodeScalars.last != " "
    }
}
