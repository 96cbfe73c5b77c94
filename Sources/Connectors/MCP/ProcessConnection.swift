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
        var outgoing: AsyncStream<[UInt8]>.Continuation?
    }

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
        let (lines, outgoing) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingOldest(1_000))
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

    private func run(_ command: Command, _ lines: AsyncStream<[UInt8]>) async {
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
            defer { Self.running.withLock { _ = $0.remove(pid) } }
            await withTaskGroup(of: Void.self) { group in
                let writer = execution.standardInputWriter
                group.addTask {
                    for await line in lines { guard (try? await writer.write(line + [10])) != nil else { break } }
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

    private func read(_ output: SubprocessOutputSequence) async {
        var line: [UInt8] = []
        do {
            for try await buffer in output {
                for byte in buffer.withUnsafeBytes({ Array($0) }) {
                    guard byte != 10 else {
                        hear(line)
                        line = []
                        continue
                    }
                    line.append(byte)
                    // What is too long has no end to go on after.
                    guard line.count <= largest else { return }
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
    private func hear(_ line: [UInt8]) {
        guard !line.isEmpty, let message = try? Message(line, largest: largest) else { return }
        switch message {
        case .answer(let id, let reply): state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: reply)
        case .question(let id, let method):
            // In the newer protocol a server asks nothing by itself.
            if !isModern.withLock({ $0 }), let response = Message.response(to: id, method) { send(response) }
        case .notification("notifications/progress", let params?):
            guard case .integer(let token)? = params.json["progressToken"] else { return }
            state.withLock { $0.progress[token] }?(params)
        case .notification(let method, _): listener.hear(method)
        case .complaint: break
        }
    }

    private func send(_ bytes: [UInt8]) { state.withLock { $0.outgoing }?.yield(bytes) }

    func ask(_ call: Call, _ era: Era?, _ progress: ProgressListener?) async throws(ConnectorError) -> Reply {
        isModern.withLock { $0 = era == .modern }
        if let progress { state.withLock { $0.progress[call.id] = progress } }
        defer { state.withLock { _ = $0.progress.removeValue(forKey: call.id) } }
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
                if isSent { send(call.bytes) } else { continuation.resume(returning: nil) }
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
        send(Self.notification("notifications/cancelled", ["requestId": .integer(call.id), "reason": "it took too long"]))
    }

    func tell(_ method: String, _ params: JSONValue, _ era: Era) async { send(Self.notification(method, params)) }

    /// What is told comes as all else does; the request is answered when there will be no more.
    func listen(_ call: Call, _ era: Era) async { if era == .modern { send(call.bytes) } }

    private static func notification(_ method: String, _ params: JSONValue) -> [UInt8] {
        JSONWriter.canonical(["jsonrpc": "2.0", "method": .string(method), "params": params])
    }
}
