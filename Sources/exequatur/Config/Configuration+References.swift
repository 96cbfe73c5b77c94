import Identity
import StrictJSON
import StrictYAML

extension Configuration {
    /// Who is who must be plain: no id, subject or key twice, every workload of a known issuer. (A workload whose owner
    /// left is refused when it comes, so that one departure does not stop the gateway.)
    func checkReferences(_ issuerFields: [YAMLFields], _ workloadFields: [YAMLFields], _ personFields: [YAMLFields]) throws {
        try refuseRepeated(issuers.map(\.issuer.name), "issuer", issuerFields)
        try refuseRepeated(workloads.map(\.id), "workload id", workloadFields)
        try refuseRepeated(workloads.map { "\($0.subject) of \($0.issuer)" }, "subject", workloadFields)
        try refuseRepeated(persons.map(\.id), "person id", personFields)
        try refuseRepeated(
            workloads.map(\.id) + persons.map(\.id), "id of a workload and of a person", workloadFields + personFields)
        for (workload, fields) in zip(workloads, workloadFields) {
            guard issuers.contains(where: { $0.issuer.name.isExactly(workload.issuer) }) else {
                throw fields.problem("workload \(workload.id) has an issuer that is not under `issuers`: \(workload.issuer)")
            }
        }
        var holders: [SSHPublicKey: String] = [:]
        for (person, fields) in zip(persons, personFields) {
            for key in person.keys {
                if let other = holders.updateValue(person.id, forKey: key) {
                    throw fields.problem("\(other) and \(person.id) have the same key: one key is one human")
                }
            }
        }
    }

    private func refuseRepeated(_ names: [String], _ what: String, _ fields: [YAMLFields]) throws {
        var seen: Set<String> = []
        for (name, fields) in zip(names, fields) where !seen.insert(name).inserted {
            throw fields.problem("the \(what) `\(name)` is given twice")
        }
    }
}
