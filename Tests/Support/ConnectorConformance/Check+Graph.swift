import Authority
import DirectoryKit
import Reach
import StrictJSON
import Synchronization
import TestSupport
import Testing

extension Check {
    /// Every entry and every fact of the system, read to the end.
    private func whole() async throws -> (nodes: Set<String>, facts: Set<NamedFact>) {
        let all = Mutex<(nodes: Set<String>, facts: Set<NamedFact>)>(([], []))
        try await connector.snapshot { page in
            all.withLock { $0 = ($0.nodes.union(page.nodes.map(\.id.text)), $0.facts.union(page.facts)) }
        }
        return all.withLock { $0 }
    }

    func graph() async throws {
        let before = try await whole()
        for fact in before.facts {
            for name in [fact.subject, fact.object].compactMap({ $0 }) where NodeID(text: name)?.isAttribute != true {
                #expect(before.nodes.contains(name), "a fact names what no page gave")
            }
        }
        let steps: [(operation: String, input: JSONValue)] = [
            ("group.add-member", ["group": .string(world.group), "member": .string(world.other)]),
            ("group.remove-member", ["group": .string(world.group), "member": .string(world.other)]),
            ("user.disable", ["user": .string(world.user)]), ("user.enable", ["user": .string(world.user)]),
        ]
        for (operation, input) in steps { try await follow(operation, input) }
        #expect(try await whole().facts == before.facts, "what was done and undone leaves nothing")
    }

    /// A step's facts are those that the next reading has, and no others.
    private func follow(_ operation: String, _ input: JSONValue) async throws {
        let before = try await whole().facts
        let (plan, _, _) = try await make.perform(operation, input)
        #expect(!plan.step.isEmpty && plan.surroundings.isSubset(of: before))
        #expect(before.isDisjoint(with: plan.step.adds) && before.isSuperset(of: plan.step.removes))
        // That an attribute was set is no fact that anybody could read.
        let lasting = plan.step.adds.filter { $0.relation != DirectoryVocabulary.setsAttribute }
        #expect(try await whole().facts == before.union(lasting).subtracting(plan.step.removes), "\(operation)")
        #expect(try await connector.surroundings(of: plan).isSuperset(of: lasting))
        let catalogue = connector.catalogue
        let declared = try #require(catalogue[operation])
        let ends = plan.ends(in: catalogue, on: connector.system, try Input(input, for: declared))
        let footprint = Footprint(of: declared, in: catalogue, on: connector.system, ends)
        #expect(footprint.allows(plan.step), "a plan does no more than its operation declares for this input")
        #expect(footprint.isWithin(Footprint(of: declared, in: catalogue, on: connector.system)))
    }
}
