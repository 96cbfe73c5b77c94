import Authority
import Glibc
import StrictJSON
import Subprocess
import Synchronization
import SystemPackage

/// How a server is started.
struct Command: Sendable {
    /// The program's path, and what it is given.
    let arguments: [String]
    /// All that it finds in its environment.
    let environment: [String: String]
    let directory: String
}

/// A server that runs as a process of ours and speaks by its standard input and output, a message a line.
final class ProcessConnection: Connection {
    private struct State {
        var isOpen = true
        /// The requests that wait, by their ids.
        var waiting: [Int64: CheckedContinuation<Reply?, Never>] = [:]
        var progress: [Int64: ProgressListener] = [:]
        var lastWords: [Int64: LastWord] = [:]
        var outgoing: AsyncStream<Outgoing>.Continuation?
        /// The request that is being written, perhaps to somebody who does not read.
        var writing: Int64?
        /// How many answers to the server's own questions wait to be written.
        var responses = 0
        var pid: pid_t?
    }

    /// What is to be written.
    private enum Outgoing: Sendable {
        case call(Int64, [UInt8])
        case response([UInt8])
        case notification([UInt8])
    }

    private static let mostResponses = 16

    private let state = Mutex(State())
    private let seconds: Int
    private let largest: Int
    private let listener: Listener
    private let isModern = Mutex(false)
    /// Ends when the process is to end.
    private let closing = AsyncStream.makeStream(of: Never.self)

    /// Starts the server.
    init(_ command: Command, seconds: Int, largest: Int, _ listener: Listener) {
        (self.seconds, self.largest, self.listener) = (seconds, largest, listener)
        let (lines, outgoing) = AsyncStream.makeStream(of: Outgoing.self, bufferingPolicy: .bufferingOldest(1_000))
        state.withLock { $0.outgoing = outgoing }
        _Concurrency.Task.detached { await self.run(command, lines) }
    }

    let isOver = false
    var isOpen: Bool { state.withLock { $0.isOpen } }

    // MARK: The process

    /// The groups of processes that run: none of them outlives the gateway.
    private static let running: Mutex<Set<pid_t>> = {
        atexit { ProcessConnection.endAll() }
        return Mutex([])
    }()

    private static func endAll() { running.withLock { for pid in $0 { kill(-pid, SIGKILL) } } }

    private static var ending: [TeardownStep] { [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))] }

    private func run(_ command: Command, _ lines: AsyncStream<Outgoing>) async {
        var options = PlatformOptions()
        // It and whatever it starts end together.
        options.createSession = true
        options.teardownSequence = Self.ending
        let environment = command.environment.reduce(into: [Environment.Key: String]()) { all, one in
            if let key = Environment.Key(rawValue: one.key) { all[key] = one.value }
        }
        _ = try? await Subprocess.run(
            .path(FilePath(command.arguments[0])), arguments: Arguments(Array(command.arguments.dropFirst())),
            environment: .custom(environment), workingDirectory: FilePath(command.directory), platformOptions: options,
            input: .inputWriter, output: .sequence, error: .discarded
        ) { execution in
            let pid = execution.processIdentifier.value
            Self.running.withLock { _ = $0.insert(pid) }
            self.state.withLock { $0.pid = pid }
            defer { Self.running.withLock { _ = $0.remove(pid) } }
            await withTaskGroup(of: Void.self) { group in
                let writer = execution.standardInputWriter
                group.addTask {
                    for await one in lines {
                        guard let line = self.due(one) else { continue }
                        guard (try? await writer.write(line + [10])) != nil else { break }
                        self.state.withLock { $0.writing = nil }
                    }
                    try? await writer.finish()
                }
                group.addTask {
                    for await _ in self.closing.stream {}
                    // Whoever is told that nothing more comes ends; whoever does not, is ended.
                    guard (try? await ContinuousClock().sleep(for: .seconds(2))) != nil else { return }
                    kill(-pid, SIGKILL)
                }
                await self.read(execution.standardOutput)
                self.end()
                // Before the others are waited for: one may be writing to it still.
                await execution.teardown(using: Self.ending)
                // With all that it has started.
                kill(-pid, SIGKILL)
                group.cancelAll()
            }
        }
        end()
    }

    /// The bytes, where they are still to be sent: nobody may wait for a call any more by the time that the server reads it, or it
    /// may not be sent any more.
    private func due(_ one: Outgoing) -> [UInt8]? {
        switch one {
        case .notification(let bytes): return bytes
        case .response(let bytes):
            state.withLock { $0.responses -= 1 }
            return bytes
        case .call(let id, let bytes):
            let (isWaited, lastWord) = state.withLock { ($0.waiting[id] != nil, $0.lastWords[id]) }
            guard isWaited else { return nil }
            do throws(ConnectorError) {
                try lastWord?()
                let isStill = state.withLock { state in
                    guard state.waiting[id] != nil else { return false }
                    state.writing = id
                    return true
                }
                return isStill ? bytes : nil
            } catch {
                state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: .notSent(error))
                return nil
            }
        }
    }

    /// A line that is too long is passed over, up to so much: whoever waits for it has a deadline.
    private func read(_ output: SubprocessOutputSequence) async {
        var (line, passed, flood): ([UInt8], Int, Flood) = ([], 0, Flood())
        do {
            for try await buffer in output {
                for byte in buffer.withUnsafeBytes({ Array($0) }) {
                    guard byte != 10 else {
                        if passed == 0, !hear(line) { try await flood.count() }
                        (line, passed) = ([], 0)
                        continue
                    }
                    if passed == 0, line.count < largest {
                        line.append(byte)
                    } else {
                        passed += 1
                        guard passed < 16 * largest else { return }
                    }
                }
            }
        } catch { return }
    }

    private func end() {
        let waiting = state.withLock { state in
            state.isOpen = false
            state.outgoing?.finish()
            closing.continuation.finish()
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for one in waiting { one.resume(returning: nil) }
    }

    func close() async {
        state.withLock { $0.outgoing }?.finish()
        closing.continuation.finish()
    }

    // MARK: Messages

    /// What is no message is passed over: some servers write there what belongs elsewhere. Whoever waits for it has a deadline.
    ///
    /// - Returns: whether it is an answer that was waited for.
    private func hear(_ line: [UInt8]) -> Bool {
        guard !line.isEmpty, let message = try? Message(line, largest: largest) else { return false }
        switch message {
        case .answer(let id, let reply):
            guard let waiting = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return false }
            waiting.resume(returning: reply)
            return true
        case .question(let id, let method):
            // In the newer protocol a server asks nothing by itself.
            if !isModern.withLock({ $0 }) { respond(to: id, method) }
        case .notification("notifications/progress", let params?):
            if case .integer(let token)? = params.json["progressToken"] { state.withLock { $0.progress[token] }?(params) }
        case .notification(let method, _): listener.hear(method)
        case .complaint: break
        }
        return false
    }

    private func send(_ one: Outgoing) { state.withLock { $0.outgoing }?.yield(one) }

    private func respond(to id: JSONValue, _ method: String) {
        let hasRoom = state.withLock { state in
            guard state.responses < Self.mostResponses else { return false }
            state.responses += 1
            return true
        }
        guard hasRoom else { return }
        guard let response = Message.response(to: id, method) else { return state.withLock { $0.responses -= 1 } }
        send(.response(response))
    }

    func ask(_ call: Call, _ era: Era?, _ progress: ProgressListener?, before: LastWord?) async throws(ConnectorError) -> Reply {
        isModern.withLock { $0 = era == .modern }
        state.withLock { state in
            state.progress[call.id] = progress
            state.lastWords[call.id] = before
        }
        defer {
            state.withLock { state in
                state.progress[call.id] = nil
                state.lastWords[call.id] = nil
            }
        }
        let timer = _Concurrency.Task { [seconds] in
            guard (try? await ContinuousClock().sleep(for: .seconds(seconds))) != nil else { return }
            self.giveUp(call)
        }
        defer { timer.cancel() }
        let reply = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSent = state.withLock { state in
                    guard state.isOpen else { return false }
                    state.waiting[call.id] = continuation
                    return true
                }
                if isSent { send(.call(call.id, call.bytes)) } else { continuation.resume(returning: nil) }
            }
        } onCancel: {
            self.giveUp(call)
        }
        guard let reply else {
            throw ConnectorError(.unavailable, isOpen ? "the server did not answer within \(seconds) s" : "the server ended")
        }
        return reply
    }

    /// Waits no longer, and tells the server so.
    private func giveUp(_ call: Call) {
        guard let waiting = state.withLock({ $0.waiting.removeValue(forKey: call.id) }) else { return }
        waiting.resume(returning: nil)
        // The rest of what is half written would be read some time: whoever does not read is ended.
        if let pid = state.withLock({ $0.writing == call.id ? $0.pid : nil }) { kill(-pid, SIGKILL) }
        send(Self.notification("notifications/cancelled", ["requestId": .integer(call.id), "reason": "it took too long"]))
    }

    func tell(_ method: String, _ params: JSONValue, _ era: Era) async { send(Self.notification(method, params)) }

    /// What is told comes as all else does; the request is answered when there will be no more.
    func listen(_ call: Call, _ era: Era) async { if era == .modern { send(.notification(call.bytes)) } }

    private static func notification(_ method: String, _ params: JSONValue) -> Outgoing {
        .notification(JSONWriter.canonical(["jsonrpc": "2.0", "method": .string(method), "params": params]))
    }
}
