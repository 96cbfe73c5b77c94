import Authority
import Gateway
import StrictJSON
import GatewayWorld
import TestSupport
import Testing

/// Policies to put together at random: these seldom add up to something.
private let mild = [
    #"permit (principal, action == Embedded::Action::"execute:group.add-member", resource) when { ["apprentices", "finance"].contains(resource.name) };"#,
    #"permit (principal, action == Embedded::Action::"execute:group.add-member", resource) when { resource.name == "operations" && context.input.member like "*.n*" };"#,
    #"permit (principal, action in [Embedded::Action::"execute:group.remove-member", Embedded::Action::"execute:user.disable"], resource);"#,
    #"permit (principal, action == Embedded::Action::"execute:user.create", resource);"#,
    #"permit (principal, action == Embedded::Action::"execute:user.set-title", resource);"#,
    #"permit (principal, action == Embedded::Action::"execute:user.set-department", resource) when { context.input has value };"#,
    #"permit (principal, action == Embedded::Action::"execute:user.set-mail", resource) when { resource.name == "kai.nilsen" };"#,
]

/// These often do.
private let bold = [
    #"permit (principal, action == Embedded::Action::"execute:user.remove", resource);"#,
    #"permit (principal, action == Embedded::Action::"execute:group.add-member", resource) unless { resource.labels.contains("tier-0") };"#,
    #"permit (principal, action == Embedded::Action::"execute:user.enable", resource);"#,
    #"permit (principal, action == Embedded::Action::"execute:user.set-telephoneNumber", resource) when { resource has title && resource.title == "IT" };"#,
    #"permit (principal, action == Embedded::Action::"execute:user.set-mail", resource) when { !(resource has department) };"#,
    #"permit (principal, action == Embedded::Action::"execute:user.reset-password", resource) when { resource has enabled && !resource.enabled };"#,
    #"forbid (principal, action in Exequatur::Action::"execute", resource) when { resource.labels.contains("tier-0") };"#,
    #"forbid (principal, action in Exequatur::Action::"execute", resource in Embedded::Group::"g-6");"#,
]

@Suite("What the look ahead promises")
struct LookAheadPromiseTests {
    /// Steps of an attacker who tries everything, here without the baseline that would stop it.
    private struct Attack {
        private var dice: Dice

        init(seed: Int) { dice = Dice(seed: seed) }

        mutating func roll(_ bound: Int) -> Int { dice.roll(bound) }

        private static let users = [
            "farah.noor", "gus.holm", "hana.sato", "june.okafor", "kai.nilsen", "svc-backup", "somebody.new",
        ]
        private static let groups = [
            "apprentices", "domain-admins", "finance", "operations", "platform-admins", "release-managers",
        ]

        mutating func step() -> (operation: String, input: JSONValue) {
            let (user, group) = (Self.users[roll(Self.users.count)], Self.groups[roll(Self.groups.count)])
            let member = roll(3) == 0 ? Self.groups[roll(Self.groups.count)] : user
            let membership: JSONValue = ["group": .string(group), "member": .string(member)]
            switch roll(12) {
            case 0...4: return ("group.add-member", membership)
            case 5: return ("group.remove-member", membership)
            case 6: return ("user.\(["enable", "disable", "remove", "reset-password"][roll(4)])", ["user": .string(user)])
            case 7:
                return ("user.create", ["user": "somebody.new", "displayName": "x", "surname": "x", "mail": "x@y.example"])
            default:
                let attribute = ["title", "department", "mail", "telephoneNumber"][roll(4)]
                return ("user.set-\(attribute)", ["user": .string(user), "value": ["Tall", "IT", "x@y.example"][roll(3)].json])
            }
        }
    }

    @Test("What it calls safe stays safe, whatever an agent really asks for", arguments: 0..<2)
    func promise(_ part: Int) async throws {
        var (safe, done) = (0, 0)
        for seed in part * 100..<part * 100 + 9 {
            var attack = Attack(seed: seed + 1)
            let chosen = mild.filter { _ in attack.roll(2) == 0 } + bold.filter { _ in attack.roll(8) == 0 }
            let policy = chosen.joined(separator: "\n")
            let world = try await GatewayFixture(policy: policy, hasBaseline: false)
            defer { world.close() }
            guard try world.gateway.reachWatch.lookAhead(world.gateway.policies).allSatisfy({ $0.result.verdict == .safe }) else {
                continue
            }
            safe += 1
            let before = pairs(world)
            for _ in 0..<60 {
                let (operation, input) = attack.step()
                guard let answer = try? await world.submit(operation, input), answer.status == .done, let change = answer.change
                else {
                    continue
                }
                done += 1
                let reach = try await world.gateway.desk.sheet(change).shown.reach
                #expect(reach.count == 0, "seed \(seed): \(operation) \(input): \(policy)")
            }
            try await world.gateway.reachWatch.reread("corp")
            #expect(pairs(world).isSubset(of: before), "seed \(seed): \(policy)")
        }
        #expect(safe > 2 && done > 20, "\(safe) safe sets, \(done) steps")
    }

    /// Who can take what, as the gateway reports it.
    private func pairs(_ world: GatewayFixture) -> Set<String> {
        Set(world.gateway.reachWatch.report().takers.map { "\($0.who) \($0.target)" })
    }
}

extension String {
    fileprivate var json: JSONValue { .string(self) }
}
