import ArgumentParser
import Authority
import StrictJSON

/// Stops an agent, a task or everything at once.
struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Stop a workload, a person, a task, writing to a system, or all at once.",
        discussion:
            "Any person may place a lock who is not stopped by one. Lifting one (`exequatur unlock`) needs policy's leave, too.")
    @Argument(help: "workload, person, task, operation, system or all.") var scope: String
    @Argument(help: "The workload's, person's or task's id, SYSTEM/OPERATION/TARGET-ID, or the system's name.") var subject:
        String?
    @OptionGroup var options: PersonOptions

    func run() async throws {
        let answer = try await options.client().session { try await $0.call(.post, "locks", try lockBody(scope, subject)) }
        guard !options.json else { return print(Terminal.json(answer)) }
        print("Locked: \(scope) \(subject ?? "")")
        if answer["stored"] == .bool(false) {
            print("It could not be stored yet: it counts until the gateway stops. Look at the gateway's log, and at its disk.")
        }
    }
}

struct Unlock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lift a lock.")
    @Argument(help: "workload, person, task, operation, system or all.") var scope: String
    @Argument(help: "The workload's, person's or task's id, SYSTEM/OPERATION/TARGET-ID, or the system's name.") var subject:
        String?
    @OptionGroup var options: PersonOptions

    func run() async throws {
        let answer = try await options.client().session { try await $0.call(.delete, "locks", try lockBody(scope, subject)) }
        print(options.json ? Terminal.json(answer) : "Lifted: \(scope) \(subject ?? "")")
    }
}

struct Locks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the locks in force.")
    @OptionGroup var options: PersonOptions

    func run() async throws {
        let answer = try await options.client().session { try await $0.call(.get, "locks") }
        guard !options.json else { return print(Terminal.json(answer)) }
        let locks = answer["locks"]?.array ?? []
        guard !locks.isEmpty else { return print("No locks.") }
        let rows = locks.map { lock in
            ["scope", "subject", "by"].map { lock[$0]?.string ?? "" } + [Terminal.time(lock["at"]?.integer ?? 0)]
        }
        print(Terminal.table([["SCOPE", "SUBJECT", "BY", "AT"]] + rows))
    }
}

private func lockBody(_ scope: String, _ subject: String?) throws -> JSONValue {
    guard Lock.Scope(rawValue: scope) != nil else {
        throw Problem("say what to lock: workload ID, person ID, task ID, operation SYSTEM/OPERATION/TARGET, system NAME or all")
    }
    var body: JSONValue = ["scope": .string(scope)]
    body.add("subject", subject.map(JSONValue.string))
    return body
}
