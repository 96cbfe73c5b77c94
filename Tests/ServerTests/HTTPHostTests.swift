import Hummingbird
import Logging
import NIOPosix
import Testing

@testable import Server

/// Answers `/early` before the body is read, `/large` with a body that no socket takes at once, and others with what was sent.
private struct Echo: Door {
    func answer(_ call: HTTPCall) async -> HTTPAnswer {
        if let name = call.bearer, !call.recognize(name) { return HTTPAnswer(429, headers: [("Connection", "close")]) }
        switch call.path.first {
        case "early": return HTTPAnswer(401)
        case "refused":
            call.rest()
            try? await Task.sleep(for: .seconds(60))
            return HTTPAnswer(429)
        case "large": return HTTPAnswer(200, text: String(repeating: "x", count: 64 << 20))
        default: break
        }
        do { return HTTPAnswer(200, text: String(decoding: try await call.body(limit: 1 << 20), as: UTF8.self)) } catch {
            return (error as? HTTPProblem)?.answer ?? HTTPAnswer(500)
        }
    }
}

@Suite("The host of HTTP", .timeLimit(.minutes(3)))
struct HTTPHostTests {
    /// Runs a body against a host on a free port.
    private func serving(
        total: Int = 10, perPeer: Int = 10, perHolder: Int = 10, bytes: Int = 1 << 20,
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let host = HTTPHost(
            at: .tcp(host: "127.0.0.1", port: 0, tls: nil),
            limits: ConnectionLimits(total: total, perPeer: perPeer, perHolder: perHolder),
            bytesInFlight: bytes, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = host.application(Echo(), on: MultiThreadedEventLoopGroup.singleton) { port.yield($0 ?? 0) }
        try await withThrowingTaskGroup { group in
            group.addTask { try await application.run() }
            var first = ports.makeAsyncIterator()
            let number = try #require(await first.next())
            try await body(number)
            group.cancelAll()
        }
    }

    private static let close = "Connection: close\r\nHost: h\r\n"

    private func ask(_ text: String, at port: Int) async throws -> String {
        let client = try await RawClient(port: port)
        try await client.send(text)
        return try await client.received()
    }

    @Test("Where there is no room, whoever came first and is not known makes room", arguments: [(2, 10), (10, 2)])
    func eviction(total: Int, perPeer: Int) async throws {
        try await serving(total: total, perPeer: perPeer) { port in
            let first = try await RawClient(port: port)
            try await first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try await first.waitForSomething()
            for _ in 0..<20 { _ = try await RawClient(port: port) }
            #expect(try await first.received().hasPrefix("HTTP/1.1 200"), "it was closed")
            #expect(try await asked(at: port).hasPrefix("HTTP/1.1 200"))
        }
    }

    /// The answer to somebody who asks until there is room: those who came before may still be on their way in.
    private func asked(at port: Int) async throws -> String {
        while true {
            let answer = (try? await ask("GET / HTTP/1.1\r\n\(Self.close)\r\n", at: port)) ?? ""
            if !answer.isEmpty { return answer }
        }
    }

    /// Asks on a connection and keeps it.
    private func holding(_ name: String, _ path: String = "/", at port: Int, isReading: Bool = true) async throws -> RawClient {
        let client = try await RawClient(port: port, isReading: isReading)
        try await client.send("GET \(path) HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(name)\r\n\r\n")
        if path == "/" { try await client.waitForSomething() }
        return client
    }

    @Test("Those who are only kept waiting for a refusal make room, however many connections they ask on")
    func waitingForRefusals() async throws {
        try await serving(total: 4) { port in
            let few = try await holding("few", at: port)
            for _ in 0..<3 { _ = try await holding("many", "/refused", at: port) }
            #expect(try await asked(at: port).hasPrefix("HTTP/1.1 200"))
            try await few.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(try await few.received().split(separator: "HTTP/1.1 200").count == 2, "it was kept")
        }
    }

    @Test("Nobody is served on more connections than one may hold, and there is room again when one of them ends")
    func tooMany() async throws {
        try await serving(perHolder: 2) { port in
            let held = [try await holding("x", at: port), try await holding("x", at: port)]
            let request = "GET / HTTP/1.1\r\n\(Self.close)Authorization: Bearer x\r\n\r\n"
            #expect(try await ask(request, at: port).hasPrefix("HTTP/1.1 429"))
            #expect(try await ask(request.replacing("Bearer x", with: "Bearer y"), at: port).hasPrefix("HTTP/1.1 200"))
            held[0].close()
            while try await !ask(request, at: port).hasPrefix("HTTP/1.1 200") {}
        }
    }

    @Test("A connection is in use until its peer has taken the answer")
    func takingAnswers() async throws {
        try await serving(total: 2) { port in
            let taking = try await holding("x", "/large", at: port, isReading: false)
            let idle = try await holding("x", at: port)
            #expect(try await asked(at: port).hasPrefix("HTTP/1.1 200"))
            #expect(try await idle.received().hasPrefix("HTTP/1.1 200"), "it made room, though it came later")
            taking.close()
        }
    }

    @Test("Whoever holds the most makes room, by what they don't use", arguments: [(4, 10), (10, 4)])
    func fairness(total: Int, perPeer: Int) async throws {
        try await serving(total: total, perPeer: perPeer) { port in
            let few = try await holding("few", at: port)
            let many = [
                try await holding("many", at: port), try await holding("many", at: port), try await holding("many", at: port),
            ]
            #expect(try await asked(at: port).hasPrefix("HTTP/1.1 200"))
            #expect(try await many[0].received().hasPrefix("HTTP/1.1 200"), "it was closed")
            try await few.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(try await few.received().split(separator: "HTTP/1.1 200").count == 2, "it was kept")
        }
    }

    @Test("Who is known keeps their place: a connection beyond the limit is closed unread, and there is room when one ends")
    func known() async throws {
        try await serving(total: 2) { port in
            let held = [try await RawClient(port: port), try await RawClient(port: port)]
            for (number, client) in held.enumerated() {
                try await client.send("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\(number)\r\n\r\n")
                try await client.waitForSomething()
            }
            var answer = (try? await ask("GET / HTTP/1.1\r\n\(Self.close)\r\n", at: port)) ?? ""
            #expect(answer.isEmpty)
            held[0].close()
            answer = try await asked(at: port)
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("On one connection somebody unknown asks a few times only", arguments: [("", 8), ("Authorization: Bearer t\r\n", 20)])
    func requestsOnLoan(header: String, answers: Int) async throws {
        try await serving { port in
            let client = try await RawClient(port: port)
            for number in 0..<20 {
                let close = number == 19 ? "Connection: close\r\n" : ""
                try? await client.send("GET / HTTP/1.1\r\nHost: h\r\n\(header)\(close)\r\n")
            }
            #expect(try await client.received().ranges(of: "HTTP/1.1 200").count == answers)
        }
    }

    @Test("Who is refused by the head alone is answered before a body arrives, and the connection ends")
    func headFirst() async throws {
        try await serving { port in
            let answer = try await ask("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n", at: port)
            #expect(answer.hasPrefix("HTTP/1.1 401") && answer.lowercased().contains("connection: close"))
        }
    }

    @Test("Bodies hold no more memory together than is given them, and what one held is given back")
    func budget() async throws {
        try await serving(bytes: 100) { port in
            let slow = try await RawClient(port: port)
            try await slow.send("POST / HTTP/1.1\r\n\(Self.close)Content-Length: 60\r\n\r\n" + String(repeating: "a", count: 59))
            let post = "POST / HTTP/1.1\r\n\(Self.close)Content-Length: 60\r\n\r\n" + String(repeating: "b", count: 60)
            var answer = "HTTP/1.1 200"
            while answer.hasPrefix("HTTP/1.1 200") { answer = try await ask(post, at: port) }
            #expect(answer.hasPrefix("HTTP/1.1 503") && answer.contains("limit.bytes_in_flight"))
            try await slow.send("a")
            #expect(try await slow.received().hasSuffix(String(repeating: "a", count: 60)))
            #expect(try await ask(post, at: port).hasSuffix(String(repeating: "b", count: 60)))
        }
    }

    @Test(
        "A body that stops arriving is refused, and so is one that is too long", arguments: [("10", "408"), ("1048577", "413")])
    func bodies(length: String, status: String) async throws {
        try await serving { port in
            let answer = try await ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(length)\r\n\r\n123", at: port)
            #expect(answer.hasPrefix("HTTP/1.1 \(status)") && answer.lowercased().contains("connection: close"))
        }
    }

    @Test("A peer that neither reads nor sends is let go")
    func stalled() async throws {
        try await serving(total: 1) { port in
            let stalled = try await RawClient(port: port, isReading: false)
            try await stalled.send("GET /large HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\n\r\n")
            // Its place is the only one: nobody else is answered before it is let go.
            var answer = ""
            while !answer.hasPrefix("HTTP/1.1 200") {
                answer = (try? await ask("GET / HTTP/1.1\r\n\(Self.close)\r\n", at: port)) ?? ""
            }
            let silent = try await RawClient(port: port)
            #expect(try await silent.received().isEmpty)
        }
    }

    @Test(
        "Requests that different readers read differently are refused, and a head that is too long",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "400"), ("HEAD / HTTP/1.1\r\nHost: h\r\n", "405"),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: LONG\r\n", ""),
        ])
    func ambiguous(head: String, status: String) async throws {
        try await serving { port in
            let whole = head.replacing("LONG", with: String(repeating: "x", count: 70 << 10)) + "Connection: close\r\n\r\n"
            let answer = try await ask(whole, at: port)
            #expect(status.isEmpty ? !answer.hasPrefix("HTTP/1.1 2") : answer.hasPrefix("HTTP/1.1 \(status)"))
        }
    }
}
