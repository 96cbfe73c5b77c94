/// Counts approvers from pairwise different teams.
enum Teams {
    /// The largest number of approvers that can each stand for a team of their own: a maximum matching of
    /// people to teams, by augmenting paths.
    static func distinct(_ people: [PersonRecord]) -> Int {
        var personOfTeam: [String: Int] = [:]
        func place(_ person: Int, _ tried: inout Set<String>) -> Bool {
            for team in people[person].teams where tried.insert(team).inserted {
                guard let holder = personOfTeam[team] else {
                    personOfTeam[team] = person
                    return true
                }
                if place(holder, &tried) {
                    personOfTeam[team] = person
                    return true
                }
            }
            return false
        }
        return people.indices.count {
            var tried: Set<String> = []
            return place($0, &tried)
        }
    }
}
