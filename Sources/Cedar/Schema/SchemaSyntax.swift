import StrictJSON

/// A schema as written, names not yet resolved; both of its forms are read into this and written from it.
struct SchemaSyntax: Sendable, Equatable {
    var namespaces: [NamespaceSyntax] = []
}

/// A name with its place.
struct NameSyntax: Sendable, Equatable {
    /// A path such as `A::B`.
    let path: String
    var range: SourceRange = .none

    static func == (a: NameSyntax, b: NameSyntax) -> Bool { a.path.isExactly(b.path) }

    var isQualified: Bool { path.utf8.contains(UInt8(ascii: ":")) }
    /// The last part of the path.
    var base: String { Self.base(of: path) }

    static func base(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: ":")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }
}

struct NamespaceSyntax: Sendable, Equatable {
    /// Empty for the declarations outside of any namespace.
    var name: NameSyntax
    var annotations: [Annotation] = []
    var entities: [EntitySyntax] = []
    var actions: [ActionSyntax] = []
    var types: [CommonTypeSyntax] = []
}

struct EntitySyntax: Sendable, Equatable {
    var name: NameSyntax
    var annotations: [Annotation] = []
    var parents: [NameSyntax] = []
    var shape: TypeSyntax?
    var tags: TypeSyntax?
    /// The ids of an enumerated entity type.
    var enumeration: [String]?
}

struct CommonTypeSyntax: Sendable, Equatable {
    var name: NameSyntax
    var annotations: [Annotation] = []
    var type: TypeSyntax
}

struct ActionSyntax: Sendable, Equatable {
    /// The action's id.
    var name: NameSyntax
    var annotations: [Annotation] = []
    var parents: [ActionReferenceSyntax] = []
    var appliesTo: AppliesToSyntax?
}

struct ActionReferenceSyntax: Sendable, Equatable {
    /// Nil: an action of the same namespace.
    var type: NameSyntax?
    var id: NameSyntax
}

struct AppliesToSyntax: Sendable, Equatable {
    var principals: [NameSyntax] = []
    var resources: [NameSyntax] = []
    var context: TypeSyntax?
}

struct AttributeSyntax: Sendable, Equatable {
    var name: NameSyntax
    var annotations: [Annotation] = []
    var isRequired = true
    var type: TypeSyntax
}

struct TypeSyntax: Sendable, Equatable {
    indirect enum Kind: Sendable, Equatable {
        /// A common type, an entity type or a built-in one.
        case name(NameSyntax)
        /// In JSON a reference may say which of them it means.
        case common(NameSyntax)
        case entity(NameSyntax)
        case primitive(Primitive)
        case `extension`(ExtensionType)
        case set(TypeSyntax)
        case record([AttributeSyntax])
    }

    enum Primitive: String, Sendable {
        case string = "String"
        case long = "Long"
        case bool = "Bool"

        var type: CedarType {
            switch self {
            case .string: .string
            case .long: .long
            case .bool: .bool
            }
        }
    }

    let kind: Kind
    var range: SourceRange = .none

    init(_ kind: Kind, at range: SourceRange = .none) {
        self.kind = kind
        self.range = range
    }

    static func == (a: TypeSyntax, b: TypeSyntax) -> Bool { a.kind == b.kind }
}
