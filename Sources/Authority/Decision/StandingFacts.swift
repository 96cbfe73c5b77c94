import Cedar

/// Everybody registered, as decisions see them.
public struct RegisteredPeople: Sendable {
    public let all: [PersonRecord]
    /// One of the ids of each human, in the order of ids: somebody with two is still one approver.
    public let humans: [PersonRecord]
    /// Of the record that the log keeps of them.
    public let digest: Digest

    public init(all: [PersonRecord], humans: [PersonRecord], digest: Digest) {
        self.all = all
        self.humans = humans.sorted { $0.id < $1.id }
        self.digest = digest
    }

    /// Nobody.
    public static let none = RegisteredPeople(all: [], humans: [], digest: Digest(of: []))
}

/// What all decisions rest on until policies or people change: the policies, the actions of their schema and the people, checked
/// and made ready once. What a request adds is layered over it, so that no request's work grows with them.
public struct StandingFacts: Sendable {
    public let policies: PolicyBundle
    public let people: RegisteredPeople
    private let shared: SharedEntities
    /// Why nothing can be decided over them; nil when it can.
    private let misfit: String?

    public init(_ policies: PolicyBundle, _ people: RegisteredPeople) {
        self.policies = policies
        self.people = people
        let all = policies.cedarSchema.actionEntities + people.all.map(\.entity)
        var (entities, misfit) = (Entities(), String?.none)
        do {
            entities = try Entities(all)
            for entity in all { try policies.cedarSchema.check(entity) }
        } catch { misfit = "\(error)" }
        shared = SharedEntities(entities, for: policies.compiled)
        self.misfit = misfit
    }

    /// Those who could approve what is asked, if policy lets them.
    public func candidates(for question: Question) -> [PersonRecord] {
        switch question.candidates {
        case .listed(let people): people
        case .registered(_, let excluded): people.humans.filter { !excluded.contains($0.id) }
        }
    }

    /// The same, of one person.
    func candidate(_ id: String, for question: Question) -> PersonRecord? { candidates(for: question).first { $0.id == id } }

    /// A request's own facts over these.
    ///
    /// - Returns: what can be decided over; and why it can't be: they contradict each other, or one does not fit the schema.
    func layer(_ own: [Entity]) -> (layer: EntityLayer?, misfit: String?) {
        let layer: EntityLayer
        do { layer = try shared.layer(own) } catch { return (try? shared.layer([]), "\(error)") }
        do { for entity in own.sorted(by: { $0.uid < $1.uid }) { try policies.cedarSchema.check(entity) } } catch {
            return (layer, "\(error)")
        }
        return (layer, misfit)
    }
}
