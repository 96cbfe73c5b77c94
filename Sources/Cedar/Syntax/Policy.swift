import StrictJSON

/// Whether a policy that applies gives or takes.
public enum Effect: String, Sendable { case permit, forbid }

/// A hole in a template's head, filled by a link.
public enum Slot: String, Sendable, CaseIterable, Comparable {
    case principal = "?principal"
    case resource = "?resource"

    public static func < (a: Slot, b: Slot) -> Bool { a.rawValue < b.rawValue }
}

/// An entity that a policy's head names, or the slot for one.
struct EntityReference: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case entity(EntityUID)
        case slot(Slot)
    }

    let kind: Kind
    let range: SourceRange

    init(_ kind: Kind, at range: SourceRange = .none) {
        self.kind = kind
        self.range = range
    }

    /// The entity; nil for an empty slot.
    var entity: EntityUID? { if case .entity(let uid) = kind { uid } else { nil } }

    static func == (a: EntityReference, b: EntityReference) -> Bool { a.kind == b.kind }
}

/// What a policy's head asks of the principal or the resource.
struct ScopeConstraint: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case any
        case equal(EntityReference)
        case `in`(EntityReference)
        case `is`(EntityType)
        case isIn(EntityType, EntityReference)
    }

    let kind: Kind
    let range: SourceRange

    init(_ kind: Kind, at range: SourceRange = .none) {
        self.kind = kind
        self.range = range
    }

    var reference: EntityReference? {
        switch kind {
        case .any, .is: nil
        case .equal(let reference), .in(let reference), .isIn(_, let reference): reference
        }
    }

    var slot: Slot? { if case .slot(let slot)? = reference?.kind { slot } else { nil } }

    static func == (a: ScopeConstraint, b: ScopeConstraint) -> Bool { a.kind == b.kind }
}

/// What a policy's head asks of the action.
enum ActionConstraint: Sendable, Equatable {
    case any
    case equal(EntityReference)
    case `in`([EntityReference])
}

/// A `when` or `unless` clause.
struct Condition: Sendable, Equatable {
    let isUnless: Bool
    let body: Expression
}

/// `@name("value")` or `@name` before a policy.
public struct Annotation: Hashable, Sendable {
    public let name: String
    /// Nil when written without a value.
    public let value: String?
}

/// One static policy, one template, or one policy that a link made of a template.
public struct Policy: Sendable {
    public internal(set) var id: String
    public let effect: Effect
    /// In the order written.
    public let annotations: [Annotation]
    /// The template that this policy was linked from.
    public internal(set) var template: String?
    let text: SourceText?
    let range: SourceRange
    var principal: ScopeConstraint
    let action: ActionConstraint
    var resource: ScopeConstraint
    let conditions: [Condition]

    /// The value of an annotation; empty when it was written without one, nil when it is absent.
    public func annotation(_ name: String) -> String? {
        annotations.first { $0.name.isExactly(name) }.map { $0.value ?? "" }
    }

    /// The slots to be filled, in order; a static policy has none.
    public var slots: [Slot] { [principal.slot, resource.slot].compactMap { $0 } }
    public var isTemplate: Bool { !slots.isEmpty }

    /// Where it starts in its text; nil when it was read from JSON.
    public var position: SourcePosition? { position(of: range.start) }

    func position(of offset: Int32) -> SourcePosition? {
        guard let text, offset >= 0 else { return nil }
        return text.position(of: offset)
    }

    /// The text it was read from; a policy from JSON is written out.
    public var source: String {
        guard let text, range.start >= 0 else { return PolicyWriter.text(self) }
        return String(decoding: text.bytes[Int(range.start)..<Int(range.end)], as: UTF8.self)
    }

    /// The same policy under another id.
    public func renamed(_ id: String) -> Policy {
        var copy = self
        copy.id = id
        return copy
    }

    /// An error about this policy as a whole.
    public func problem(_ code: String, _ message: String, hint: String? = nil) -> Diagnostic {
        diagnostic(code, message, hint: hint, at: .none)
    }

    /// A message about a part of this policy.
    func diagnostic(
        _ code: String, _ message: String, hint: String? = nil, severity: Diagnostic.Severity = .error, at range: SourceRange
    ) -> Diagnostic {
        let place = range == .none ? self.range : range
        return Diagnostic(
            code, message, hint: hint, severity: severity, start: position(of: place.start), end: position(of: place.end),
            policy: id)
    }
}
