/// The policy that every gateway begins with.
public enum Baseline {
    public static let name = "baseline.cedar"

    /// No takeover step by an agent alone, and nothing undone under a lock by one person: two people of different teams must
    /// approve it, whoever asks.
    public static let text = """
        @id("baseline-takeover")
        forbid (principal, action in Exequatur::Action::"execute", resource)
        when { context.reach.gains }
        unless { context.approvals.distinctTeams >= 2 };

        @id("baseline-undo-under-lock")
        forbid (principal, action in Exequatur::Action::"execute", resource)
        when { context.system.locked }
        unless { context.approvals.distinctTeams >= 2 };
        """

    /// The baseline, and then the gateway's own policies. Where nothing can be written, there is nothing for it to forbid.
    public static func before(_ sources: [(name: String, text: String)], for catalogues: [Catalogue]) -> [(
        name: String, text: String
    )] {
        let writes = catalogues.contains { $0.operations.contains { $0.access == .write } }
        return (writes ? [(name, text)] : []) + sources
    }
}
