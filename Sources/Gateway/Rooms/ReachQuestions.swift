public import Authority
import Reach

/// Who can take which protected target today, the shortest ways first.
public struct ReachReport: Sendable {
    public struct Reading: Sendable {
        public let name: String
        public let nodes: Int
        public let facts: Int
        public let readAt: Instant
    }

    public let systems: [Reading]
    public let protected: [String]
    /// Names that configuration speaks of and no system has.
    public let unresolved: [String]
    public let takers: [(who: String, target: String, steps: Int)]
}

/// How one comes to control the other.
public struct ReachPath: Sendable {
    public struct Edge: Sendable {
        /// Who, together, take it.
        public let holders: [String]
        public let takes: String
        public let because: String
        /// Where that is written down.
        public let source: String
        public let relations: [String]
    }

    public let from: String
    public let to: String
    /// How many steps it is; nil when there is no way.
    public let depth: Int?
    public let sentences: [String]
    public let edges: [Edge]
}

/// What an operation would newly make possible, were somebody to carry it out.
public struct WhatIf: Sendable {
    public let finding: ReachFinding
    public let target: String
    /// Why it could not be done, for people.
    public let obstacle: String?
}

/// What people ask of the graph. Agents never see any of it.
extension ReachWatch {
    public func report() -> ReachReport {
        ReachReport(
            systems: core.reach.summary().map {
                .init(name: $0.system, nodes: $0.nodes, facts: $0.facts, readAt: $0.readAt)
            },
            protected: core.reach.protected, unresolved: core.reach.unresolved,
            takers: core.reach.standings().map { (who: $0.who, target: $0.target, steps: $0.depth) })
    }

    public func path(from: String, to: String) throws -> ReachPath {
        guard from != to else { return ReachPath(from: from, to: to, depth: 0, sentences: [], edges: []) }
        guard let path = try core.reach.path(from: from, to: to) else {
            return ReachPath(from: from, to: to, depth: nil, sentences: [], edges: [])
        }
        func title(_ id: String) -> String { path.titles[id] ?? id }
        let edges = path.proof.steps.map { step in
            ReachPath.Edge(
                holders: step.holders.map(title), takes: title(step.takes), because: step.because ?? "",
                source: step.source ?? "", relations: step.facts.map(\.relation))
        }
        return ReachPath(from: from, to: to, depth: path.proof.depth, sentences: path.sentences, edges: edges)
    }
}
