public import Authority
import Cedar
import Foundation
import StrictJSON
import Synchronization
import TestSupport
import Testing

/// What every connector of a directory must do. A connector's tests run each check on a directory of their own.
public enum ConnectorConformance: String, CaseIterable, Sendable {
    case planning = "Planning changes nothing and says what would"
    case membership = "A membership is added, attributed to its lease, and undone by its inverse"
    case attribute = "An attribute is set, cleared and set back"
    case enabling = "A user is disabled and enabled"
    case creation = "A user is created, and removed while untouched"
    case creationTouched = "A created user that was touched since is only disabled"
    case password = "A reset password is disclosed once and appears in no plan"
    case noChange = "What is already so is an obstacle"
    case loops = "A group can't be put inside itself"
    case absent = "What is absent is not found"
    case conflict = "A plan on what has changed since is a conflict, and nothing is done"
    case foreignLease = "A lease is good for its own step only"
    case ended = "An ended lease is good for nothing, ending it again is harmless, none is left over"
    case nested = "Nested members and groups are seen, and labels come down"
    case secrets = "No fact and no plan holds a secret attribute"

    case graph = "The graph is whole, and what a plan says of it comes true, each way"

    /// The directory's names that the checks use.
    public struct World: Sendable {
        public let connector: any Connector
        public let user: String
        public let other: String
        /// A group that `user` is in and `other` is not, with at least two members.
        public let group: String
        /// A group that has `group` as a member.
        public let outer: String
        /// A label of a group, and a user in it.
        public let label: String
        public let labelled: String

        public init(
            connector: any Connector, user: String, other: String, group: String, outer: String, label: String, labelled: String
        ) {
            self.connector = connector
            self.user = user
            self.other = other
            self.group = group
            self.outer = outer
            self.label = label
            self.labelled = labelled
        }
    }

    public func run(on world: World) async throws {
        let check = try Check(world)
        switch self {
        case .planning: try await check.planning()
        case .membership: try await check.membership()
        case .attribute: try await check.attribute()
        case .enabling: try await check.enabling()
        case .creation: try await check.creation()
        case .creationTouched: try await check.creationTouched()
        case .password: try await check.password()
        case .noChange: try await check.noChange()
        case .loops: try await check.loops()
        case .absent: try await check.absent()
        case .conflict: try await check.conflict()
        case .foreignLease: try await check.foreignLease()
        case .ended: try await check.ended()
        case .nested: try await check.nested()
        case .secrets: try await check.secrets()
        case .graph: try await check.graph()
        }
    }
}

struct Check {
    let world: ConnectorConformance.World
    let make: GrantMaker
    var connector: any Connector { world.connector }

    init(_ world: ConnectorConformance.World) throws {
        self.world = world
        make = try GrantMaker(world.connector)
    }

    private var adding: JSONValue { ["group": .string(world.group), "member": .string(world.other)] }

    /// What the values a plan touched are now.
    private func present(_ plan: Plan, _ lease: LeaseReference? = nil) async throws -> [[String]] {
        try await connector.observe(plan, under: lease).touched.map(\.after)
    }

    private func undo(_ plan: Plan) async throws {
        let inverse = try #require(plan.inverse)
        try await make.perform(inverse.operation, inverse.input)
    }

    func planning() async throws {
        let first = try await make.plan("group.add-member", adding)
        let second = try await make.plan("group.add-member", adding)
        #expect(first.touched == second.touched && first.version == second.version && first.obstacle == nil)
        #expect(try await present(first) == first.touched.map(\.before))
        #expect(try Plan(json: first.json).touched == first.touched)
    }

    func membership() async throws {
        let (plan, lease, _) = try await make.perform("group.add-member", adding)
        let seen = try await connector.observe(plan, under: lease)
        #expect(seen.touched.map(\.after) == plan.touched.map(\.after))
        #expect(seen.isOurs == true)
        try await undo(plan)
        #expect(try await present(plan) == plan.touched.map(\.before))
    }

    func attribute() async throws {
        let (set, _, _) = try await make.perform("user.set-title", ["user": .string(world.user), "value": "Consul (honorary) é"])
        #expect(try await present(set) == [["Consul (honorary) é"]])
        let (cleared, _, _) = try await make.perform("user.set-title", ["user": .string(world.user)])
        #expect(try await present(cleared) == [[]])
        try await undo(set)
        #expect(try await present(set) == set.touched.map(\.before))
    }

    func enabling() async throws {
        let (disabled, _, _) = try await make.perform("user.disable", ["user": .string(world.user)])
        #expect(try await present(disabled) == [["false"]])
        try await undo(disabled)
        #expect(try await present(disabled) == [["true"]])
    }

    private func create(_ name: String) async throws -> Plan {
        try await make.perform(
            "user.create", ["user": .string(name), "displayName": "New Person", "surname": "Person", "mail": "new@example.org"]
        ).plan
    }

    func creation() async throws {
        let plan = try await create("new.person")
        #expect(try await present(plan) == plan.touched.map(\.after))
        #expect(
            try await make.plan("user.create", ["user": "new.person", "displayName": "x", "surname": "x"]).obstacle?.code
                == .invalid)
        try await undo(plan)
        #expect(try await present(plan) == plan.touched.map(\.before))
    }

    func creationTouched() async throws {
        let plan = try await create("touched.person")
        try await make.perform("user.set-title", ["user": "touched.person", "value": "Touched"])
        let removal = try await make.plan("user.remove", ["user": "touched.person"])
        #expect(removal.touched.map(\.attribute) == ["enabled"])
        try await undo(plan)
        #expect(try await present(removal) == [["false"]])
    }

    func password() async throws {
        let (plan, lease, disclosure) = try await make.perform("user.reset-password", ["user": .string(world.user)])
        let value = try #require(disclosure?.value)
        #expect(value.count >= 20)
        #expect(!JSONWriter.canonicalText(plan.json).contains(value))
        #expect(plan.reversibility == .irreversible && plan.inverse == nil)
        #expect(try await connector.observe(plan, under: lease).isOurs == true)
    }

    func noChange() async throws {
        let plan = try await make.plan("group.add-member", ["group": .string(world.group), "member": .string(world.user)])
        #expect(plan.obstacle?.code == .noChange)
        #expect(try await make.plan("user.enable", ["user": .string(world.user)]).obstacle?.code == .noChange)
    }

    func loops() async throws {
        for (group, member) in [(world.group, world.group), (world.group, world.outer)] {
            let plan = try await make.plan("group.add-member", ["group": .string(group), "member": .string(member)])
            #expect(plan.obstacle?.code == .invalid, "\(member) into \(group)")
        }
    }

    func absent() async throws {
        let tries: [(String, JSONValue)] = [
            ("user.disable", ["user": "nobody.here"]),
            ("group.add-member", ["group": "no-group", "member": .string(world.user)]),
            ("group.add-member", ["group": .string(world.group), "member": "nobody.here"]),
            ("user.disable", ["user": .string(world.group)]),
        ]
        for (operation, input) in tries {
            let error = await #expect(throws: ConnectorError.self) { try await make.plan(operation, input) }
            #expect(error?.code == .notFound, "\(operation)")
        }
    }

    func conflict() async throws {
        let input: JSONValue = ["user": .string(world.user), "value": "Mine"]
        let planned = try await make.plan("user.set-title", input)
        try await make.perform("user.set-title", ["user": .string(world.user), "value": "Somebody else's"])
        let error = await #expect(throws: ConnectorError.self) {
            try await make.perform("user.set-title", input, planned: planned)
        }
        #expect(error?.code == .conflict)
        #expect(try await present(planned) == [["Somebody else's"]])
    }

    func foreignLease() async throws {
        let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let title: JSONValue = ["user": .string(world.user), "value": "Wrong"]
        let titlePlan = try await make.plan("user.set-title", title)
        let own = try await make.grant("user.set-title", title, titlePlan, now: now)
        let other = try await make.grant("group.add-member", adding, try await make.plan("group.add-member", adding), now: now)
        let reference = connector.reference(for: other.change, id: "lease-foreign", expires: other.expires)
        let lease = try await connector.lease(other, as: reference)
        var refusal: ConnectorError?
        do { _ = try await connector.apply(own, with: lease) } catch { refusal = error }
        // A server may refuse the write, or not even show the foreign account the version it asserts.
        #expect(refusal?.code == .refused || refusal?.code == .conflict)
        #expect(try await present(titlePlan) == titlePlan.touched.map(\.before))
        try await connector.revoke(reference)
    }

    func ended() async throws {
        let now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let plan = try await make.plan("group.add-member", adding)
        let grant = try await make.grant("group.add-member", adding, plan, now: now)
        let reference = connector.reference(for: grant.change, id: "lease-ended", expires: grant.expires)
        let lease = try await connector.lease(grant, as: reference)
        #expect(try await connector.leftovers().map(\.account).contains { $0.lowercased() == reference.account.lowercased() })
        try await connector.revoke(reference)
        try await connector.revoke(reference)
        #expect(try await connector.leftovers().isEmpty)
        var refusal: ConnectorError?
        do { _ = try await connector.apply(grant, with: lease) } catch { refusal = error }
        #expect(refusal?.code == .refused)
        #expect(try await present(plan) == plan.touched.map(\.before))
    }

    func nested() async throws {
        let read = try #require(connector.catalogue["group.read"])
        let record = try await connector.read(read, try Input(["group": .string(world.outer)], for: read))
        let all = try await members(of: record.uid)
        #expect(Set(all.map(\.name)).isSuperset(of: [world.user, world.group]))
        #expect(all.first { $0.name == world.group }?.isDirect == true)
        for (place, member) in all.enumerated() {
            let rest = try await members(of: record.uid, after: member.uid.id.string)
            #expect(rest.map(\.uid) == all.dropFirst(place + 1).map(\.uid), "a page begins where the last one ended")
        }
        let plan = try await make.plan("user.disable", ["user": .string(world.labelled)])
        let target = plan.facts.first { $0.uid == plan.target }
        #expect(target?.attributes["labels"] == .set([.string(ExactString(world.label))]))
        let groups = try Entities(plan.facts)
        #expect(
            plan.facts.contains {
                connector.catalogue.kind(of: $0.uid)?.name == "group" && groups.isMember(plan.target, of: $0.uid)
            })
    }

    private func members(of group: EntityUID, after: String? = nil) async throws -> [EntryRecord] {
        let found = Mutex<[EntryRecord]>([])
        try await connector.contents(of: group, after: after) { page in
            found.withLock { $0 += page }
            return true
        }
        return found.withLock { $0 }
    }

    func secrets() async throws {
        let plan = try await make.plan("user.reset-password", ["user": .string(world.user)])
        for fact in plan.facts {
            for name in fact.attributes.keys {
                #expect(
                    connector.catalogue.sensitivity(of: name.string, on: fact.uid) != .secret
                        || ["labels", "kind"].contains(name))
            }
        }
        #expect(plan.touched.map(\.after) == [["(new)"]])
    }
}
