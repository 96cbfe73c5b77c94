import Cedar
import StrictJSON

/// The Cedar schema of a gateway, made from the catalogues of its systems: what policies may name, and what every
/// request and entity must look like.
public enum CatalogueSchema {
    /// The schema in the human syntax. The same catalogues give the same text.
    public static func text(_ catalogues: [Catalogue]) -> String {
        var distinct: [String: Catalogue] = [:]
        for catalogue in catalogues {
            distinct[catalogue.namespace] = distinct[catalogue.namespace]?.merged(with: catalogue) ?? catalogue
        }
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
            ["  action \"\(operation.name)\";"]
                + Path.allCases.filter { $0.applies(to: operation) }.map { action($0, operation, of: catalogue) }
        }
        let disclosures = catalogue.sensitivitiesDisclosed.flatMap { sensitivity in
            Catalogue.disclosing.map { path in
                "  action \"\(path.rawValue):sensitivity.\(sensitivity.rawValue)\" in [Exequatur::Action::\"\(path.rawValue)\"]"
                    + appliesTo(path, resources: catalogue.kinds.map(\.typeName), input: nil)
            }
        }
        return """
            namespace \(catalogue.namespace) {
            \(catalogue.kinds.sorted { $0.typeName < $1.typeName }.map { entity($0, in: catalogue) }.joined(separator: "\n"))
            \((actions + disclosures).joined(separator: "\n"))
            }

            """
    }

    private static func entity(_ kind: EntityKind, in catalogue: Catalogue) -> String {
        let mirrors = catalogue.mirrored(by: kind).compactMap(\.mirror?.attribute)
        let own = kind.attributes.filter {
            $0.sensitivity != .secret && !EntityKind.common.contains($0.name) && !mirrors.contains($0.name)
        }.map { "\"\($0.name)\"?: \($0.type.cedar)" }
        let attributes = ["name: String", "kind: String", "labels: Set<String>"] + own + mirrors.map { "\($0)?: Bool" }
        let above = Set(catalogue.parents(of: kind).flatMap(\.to).compactMap { catalogue[kind: $0]?.typeName }).sorted()
        let parents = (above + ["Exequatur::System"]).joined(separator: ", ")
        return "  entity \(kind.typeName) in [\(parents)] { \(attributes.joined(separator: ", ")) };"
    }

    private static func action(_ path: Path, _ operation: Operation, of catalogue: Catalogue) -> String {
        let groups =
            ["\"\(operation.name)\"", "Exequatur::Action::\"\(path.rawValue)\""]
            + operation.classes.map { "Exequatur::Action::\"\($0.rawValue)\"" }
        let input = operation.input.map { "\"\($0.name)\"\($0.isRequired ? "" : "?"): \($0.type.cedar)" }.joined(separator: ", ")
        return "  action \"\(path.rawValue):\(operation.name)\" in [\(groups.joined(separator: ", "))]"
            + appliesTo(
                path, resources: [type(of: operation.target, in: catalogue)], input: "{ \(input) }",
                isRead: operation.access == .read)
    }

    /// A kind that the catalogue does not have gives a schema that can't be read, and so is found.
    private static func type(of target: OperationTarget, in catalogue: Catalogue) -> String {
        target.kind.map { catalogue[kind: $0]?.typeName ?? "kind-\($0)-is-missing" } ?? "Exequatur::System"
    }

    /// What is read in passing, such as the member that is to be added, is decided without the input: there it is optional.
    private static func appliesTo(_ path: Path, resources: [String], input: String?, isRead: Bool = true) -> String {
        let principals = path == .approve || path == .delegate ? "Exequatur::Person" : "Exequatur::Workload, Exequatur::Person"
        let context = ContextShape.declaration(input: input, isInputRequired: !isRead)
        return " appliesTo { principal: [\(principals)], resource: [\(resources.joined(separator: ", "))], context: \(context) };"
    }
}
