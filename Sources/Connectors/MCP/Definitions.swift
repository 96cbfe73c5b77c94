import Authority
import Foundation
import JSONSchema
import StrictJSON

/// What a server offered when a person last looked: the file that `exequatur mcp import` writes.
///
/// A definition is pinned by its digest over all that the server says of it and over how the server is reached: a person classified
/// that, and nothing else.
struct Definitions: Sendable {
    let all: [DefinitionKey: SystemDocument]
    /// What is still pinned, of those that are another now.
    let pinned: [DefinitionKey: SystemDocument]

    init(_ all: [DefinitionKey: SystemDocument], pinned: [DefinitionKey: SystemDocument] = [:]) {
        (self.all, self.pinned) = (all, pinned)
    }

    /// What is offered; what is pinned still, where it is offered no more.
    subscript(key: DefinitionKey) -> SystemDocument? { all[key] ?? pinned[key] }

    static func digest(of key: DefinitionKey, _ document: SystemDocument, at endpoint: String) -> Digest {
        Digest(of: [
            "kind": .string(key.kind.rawValue), "name": .string(key.name), "definition": document.json,
            "endpoint": .string(endpoint),
        ])
    }

    // MARK: The file

    private static let limits = JSONReader.Limits(bytes: 16 << 20)

    /// - Throws: `JSONError` or ``Unreadable`` for what is no such file.
    init(file bytes: [UInt8]) throws {
        var pinned: [DefinitionKey: SystemDocument] = [:]
        var parts = try JSONReader.members(of: bytes, limits: Self.limits)
        if let place = parts.firstIndex(where: { $0.key == Self.pinnedKey }) {
            let old = try JSONReader.members(of: Array(parts.remove(at: place).value), limits: Self.limits)
            pinned = try Self.table(old)
        }
        self.init(try Self.table(parts), pinned: pinned)
    }

    private static let pinnedKey = "pinned"

    private static func table(_ parts: [(key: String, value: ArraySlice<UInt8>)]) throws -> [DefinitionKey: SystemDocument] {
        var all: [DefinitionKey: SystemDocument] = [:]
        for part in parts {
            guard let kind = Offer.Kind(rawValue: part.key) else { throw Unreadable(message: "there is no kind `\(part.key)`") }
            for one in try JSONReader.members(of: Array(part.value), limits: Self.limits) {
                all[DefinitionKey(kind: kind, name: one.key)] = try SystemDocument(Array(one.value), limits: Self.limits)
            }
        }
        return all
    }

    struct Unreadable: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }

    /// The file, each definition as the server wrote it.
    var file: [UInt8] {
        var out = Array("{".utf8) + Self.written(all)
        if !pinned.isEmpty { out += Array(",\n\"\(Self.pinnedKey)\": {".utf8) + Self.written(pinned) + Array("}".utf8) }
        return out + Array("\n}\n".utf8)
    }

    private static func written(_ all: [DefinitionKey: SystemDocument]) -> [UInt8] {
        var out: [UInt8] = []
        for (index, kind) in Offer.Kind.allCases.enumerated() {
            if index > 0 { out += Array(",".utf8) }
            out += Array("\n\(JSONWriter.canonicalText(.string(kind.rawValue))): {".utf8)
            for (place, key) in all.keys.filter({ $0.kind == kind }).sorted().enumerated() {
                out += Array("\(place > 0 ? "," : "")\n  \(JSONWriter.canonicalText(.string(key.name))): ".utf8)
                out += all[key]?.bytes ?? []
            }
            out += Array("}".utf8)
        }
        return out
    }
}

/// What differs between two documents, a line each: a JSON Pointer with what was and what is.
enum Difference {
    static func lines(_ old: JSONValue, _ new: JSONValue, at path: String = "") -> [String] {
        switch (old, new) {
        case (.object(let a), .object(let b)):
            let keys = Set((a.keys + b.keys).map { ExactString($0) }).sorted().map(\.string)
            return keys.flatMap { key in lines(a[key], b[key], "\(path)/\(key)") }
        case (.array(let a), .array(let b)):
            return (0..<max(a.count, b.count)).flatMap { index in
                lines(a.dropFirst(index).first, b.dropFirst(index).first, "\(path)/\(index)")
            }
        default: return old == new ? [] : ["\(path): \(shown(old)) → \(shown(new))"]
        }
    }

    private static func lines(_ old: JSONValue?, _ new: JSONValue?, _ path: String) -> [String] {
        switch (old, new) {
        case (let old?, let new?): lines(old, new, at: path)
        case (let old?, nil): ["\(path): \(shown(old)) is gone"]
        case (nil, let new?): ["\(path): \(shown(new)) is new"]
        case (nil, nil): []
        }
    }

    private static func shown(_ value: JSONValue) -> String {
        let text = Printable.text(JSONWriter.canonicalText(value))
        return text.count > 200 ? text.prefix(200) + "…" : text
    }
}
