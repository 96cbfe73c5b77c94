/// The work of one call, with its bound: rules whose conditions are tied to nothing else fit the facts in more ways than can be
/// followed.
struct Effort {
    /// What may be spent for each fact of a large graph.
    static let ofFact = 100

    /// At most so much for each call.
    var most = 10_000_000
    /// An instance of a rule costs memory too.
    static let ofInstance = 50

    private var spent = 0

    var isOver: Bool { spent > most }

    mutating func startAgain() { spent = 0 }

    /// - Returns: whether there is so much left to spend. What is skipped for want of it is missing: the call must fail.
    @inline(__always) mutating func allows(_ cost: Int) -> Bool {
        spent += cost
        return !isOver
    }
}
