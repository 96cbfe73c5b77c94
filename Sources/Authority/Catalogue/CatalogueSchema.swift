import Cedar
import StrictJSON

/// The Cedar schema of a gateway, made from the catalogues of its systems: what policies may name, and what every
/// request and entity must look like.
public enum CatalogueSchema {
    /// The schema in the human syntax. The same catalogues give the same text.
    public static func text(_ catalogues: [Catalogue]) -> String {
        var distinct: [String: Catalogue] = [:]
        for catalogue in catalogues { distinct[catalogue.namespace] = catalogue }
        let namespaces = distinct.keys.sorted().compactMap { distinct[$0].map(namespace) }
        return ([common] + namespaces).joined(separator: "\n")
    }

    private static let common = """
        namespace Exequatur {
          entity WorkloadGroup, Team, System;
          entity Person in [Team];
          entity Workload in [WorkloadGroup] { owner: Person };
        \(ContextShape.records.map { "  " + $0.declaration }.joined(separator: "\n"))
          action \((Path.allCases.map(\.rawValue) + OperationClass.allCases.map(\.rawValue)).joined(separator: ", "));
          action view, unlock appliesTo { principal: [Person], resource: [System] };
        }

        """

    private static func namespace(_ catalogue: Catalogue) -> String {
        let actions = catalogue.operations.flatMap { operation in
            ["  action \"\(operation.name)\";"] + Path.allCases.filter { $0.applies(to: operation) }.map { action($0, operation) }
        }
        let disclosures = Sensitivity.allCases.filter { $0 != .secret }.flatMap { sensitivity in
            Catalogue.disclosing.map { path in
                "  action \"\(path.rawValue):sensitivity.\(sensitivity.rawValue)\" in [Exequatur::Action::\"\(path.rawValue)\"]"
                    + appliesTo(path, resources: ["User", "Group"], input: nil)
            }
        }
        let attributes = catalogue.attributes.filter { $0.sensitivity != .secret && !["name", "enabled"].contains($0.name) }
            .map { "\"\($0.name)\"?: String" }
        let shared = (["name: String", "kind: String", "labels: Set<String>"] + attributes).joined(separator: ", ")
        return """
            namespace \(catalogue.namespace) {
              entity Group in [Group, Exequatur::System] { \(shared) };
              entity User in [Group, Exequatur::System] { \(shared), enabled?: Bool };
            \((actions + disclosures).joined(separator: "\n"))
            }

            """
    }

    private static func action(_ path: Path, _ operation: Operation) -> String {
        let groups =
            ["\"\(operation.name)\"", "Exequatur::Action::\"\(path.rawValue)\""]
            + operation.classes.map { "Exequatur::Action::\"\($0.rawValue)\"" }
        let input = operation.input.map { "\"\($0.name)\"\($0.isRequired ? "" : "?"): \($0.type.cedar)" }.joined(separator: ", ")
        return "  action \"\(path.rawValue):\(operation.name)\" in [\(groups.joined(separator: ", "))]"
            + appliesTo(path, resources: [operation.target.type], input: "{ \(input) }", isRead: operation.access == .read)
    }

    /// What is read in passing, such as the member that is to be added, is decided without the input: there it is optional.
    private static func appliesTo(_ path: Path, resources: [String], input: String?, isRead: Bool = true) -> String {
        let principals = path == .approve || path == .delegate ? "Exequatur::Person" : "Exequatur::Workload, Exequatur::Person"
        let context = ContextShape.declaration(input: input, isInputRequired: !isRead)
        return " appliesTo { principal: [\(principals)], resource: [\(resources.joined(separator: ", "))], context: \(context) };"
    }
}

extension Operation.Target {
    fileprivate var type: String {
        switch self {
        case .user: "User"
        case .group: "Group"
        case .system: "Exequatur::System"
        }
    }
}

extension InputType {
    fileprivate var cedar: String { if case .integer = self { "Long" } else { "String" } }
}
