import Authority
import StrictJSON

/// A JSON object whose members stay as they were written.
struct RawObject {
    private(set) var members: [(key: String, value: [UInt8])]

    init(_ members: [(key: String, value: [UInt8])] = []) { self.members = members }

    /// - Precondition: the document is an object: any other has no members.
    init(_ document: SystemDocument) {
        let limits = JSONReader.Limits(bytes: document.bytes.count)
        let all = (try? JSONReader.members(of: document.bytes, limits: limits)) ?? []
        members = all.map { ($0.key, Array($0.value)) }
    }

    func replacing(_ key: String, _ value: [UInt8]) -> RawObject {
        RawObject(members.map { $0.key == key ? (key, value) : $0 })
    }

    func without(_ keys: Set<String>) -> RawObject { RawObject(members.filter { !keys.contains($0.key) }) }

    func adding(_ key: String, _ value: JSONValue) -> RawObject { adding(key, JSONWriter.canonical(value)) }

    func adding(_ key: String, _ value: [UInt8]) -> RawObject { RawObject(members + [(key, value)]) }

    var bytes: [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += JSONWriter.canonical(.string(member.key)) + [UInt8(ascii: ":")] + member.value
        }
        return out + [UInt8(ascii: "}")]
    }

    static func list(_ elements: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + elements.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }
}
