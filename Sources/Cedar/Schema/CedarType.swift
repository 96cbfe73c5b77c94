public import StrictJSON

/// A type of the extension types.
public enum ExtensionType: String, Sendable, CaseIterable { case ipaddr, decimal, datetime, duration }

/// What an attribute of a record or entity may hold, and whether it must be there.
public struct AttributeType: Hashable, Sendable {
    public let type: CedarType
    public let isRequired: Bool

    public init(_ type: CedarType, isRequired: Bool = true) {
        self.type = type
        self.isRequired = isRequired
    }
}

/// The attributes of a record.
public struct RecordType: Hashable, Sendable {
    public var attributes: [ExactString: AttributeType]
    /// Whether there may be attributes beyond those listed: only the supertype of all records, and what the
    /// permissive validator joins from two different records.
    public var isOpen: Bool

    public init(_ attributes: [ExactString: AttributeType] = [:], isOpen: Bool = false) {
        self.attributes = attributes
        self.isOpen = isOpen
    }

    public subscript(name: ExactString) -> AttributeType? { attributes[name] }
}

/// A type of the Cedar type system (Cutler et al., OOPSLA 2024, section 4; validator of the reference implementation).
public indirect enum CedarType: Hashable, Sendable {
    /// No value has it; it is a subtype of all.
    case never
    /// The booleans known before evaluation.
    case `true`, `false`
    case bool, long, string
    /// An entity of one of these types: sorted, none twice. One in the strict validator.
    case entity([EntityType])
    case anyEntity
    /// The type of the elements; nil is a set of anything.
    case set(CedarType?)
    case record(RecordType)
    case `extension`(ExtensionType)

    static func entity(_ type: EntityType) -> CedarType { .entity([type]) }
}

extension CedarType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .never: "nothing"
        case .true: "Bool (always true)"
        case .false: "Bool (always false)"
        case .bool: "Bool"
        case .long: "Long"
        case .string: "String"
        case .entity(let types): types.map(\.string).joined(separator: " or ")
        case .anyEntity: "an entity"
        case .set(let element): element.map { "Set<\($0)>" } ?? "a set"
        case .record(let record): record.description
        case .extension(let type): type.rawValue
        }
    }
}

extension RecordType: CustomStringConvertible {
    public var description: String {
        if isOpen, attributes.isEmpty { return "a record" }
        let members = attributes.keys.sorted().compactMap { name in
            attributes[name].map { "\(name)\($0.isRequired ? "" : "?"): \($0.type)" }
        }
        return "{\(members.joined(separator: ", "))\(isOpen ? ", …" : "")}"
    }
}

extension CedarType {
    /// For messages: cut where it is long.
    var shown: String {
        let text = description
        return text.unicodeScalars.count <= 160 ? text : String(text.unicodeScalars.prefix(160)) + "…"
    }
}
