import Authority
import Gateway
import GatewayWorld
import HTTPTypes
import StrictJSON
import TransparencyLog
import Testing

@testable import Server

@Suite("Logs over HTTP, as any verifier reads them")
struct LogTileTests {
    private func checkpoint(_ world: DoorWorld) async throws -> Checkpoint {
        let note = try #require(try await world.agent(.get, "/log/requests/checkpoint").text)
        let key = try #require(world.world.keys.first { $0.name.hasSuffix("/requests") })
        return try #require(SignedCheckpoint(note: note, key: key)).checkpoint
    }

    @Test("From hashes and entries follows the root that is signed; hashes end where the published log does")
    func whole() async throws {
        let world = try await DoorWorld()
        defer { world.world.close() }
        let lena = try await world.login("lena")
        for _ in 0..<150 { _ = try await world.world.submit("user.read", ["user": "cleo.aas"]) }
        try world.world.gateway.journal.publish()
        let before = try await checkpoint(world)
        for _ in 0..<150 { _ = try await world.world.submit("user.read", ["user": "cleo.aas"]) }
        let hidden = TilePath(level: 0, index: 0)
        #expect(try await world.agent(.get, "/log/requests/tile/\(hidden)").status == 404, "not published yet")
        let part = TilePath(level: 0, index: 0, width: Int(before.size))
        let first = try #require(try await world.agent(.get, "/log/requests/tile/\(part)").octets)
        try world.world.gateway.journal.publish()
        let now = try await checkpoint(world)
        #expect(now.size > 256 && first.count == 32 * Int(before.size))

        var (tree, leaves): (TreeEdge, [UInt8]) = (TreeEdge(), [])
        for path in TilePath.all(size: now.size) where path.level == nil {
            let hashes = try #require(
                try await world.agent(.get, "/log/requests/tile/\(TilePath(level: 0, index: path.index, width: path.width))")
                    .octets)
            var bundle = try #require(await world.person(.get, "log/requests/tile/\(path)", session: lena).octets)[...]
            leaves += hashes
            while let high = bundle.popFirst(), let low = bundle.popFirst() {
                let length = Int(high) << 8 | Int(low)
                tree.grow(.leaf(bundle.prefix(length)))
                bundle = bundle.dropFirst(length)
            }
        }
        #expect(tree.size == now.size && tree.root == now.root)
        #expect(leaves.starts(with: first))
        let above = try #require(try await world.agent(.get, "/log/requests/tile/1/000.p/1").octets)
        #expect(above == Tile(id: TileID(level: 0, index: 0), bytes: Array(leaves.prefix(256 * 32)))?.root.bytes)
    }

    @Test(
        "What is no tile, or not there, is not found",
        arguments: ["0/001", "0/000.p/255", "9/000", "x", "0/000/000", "entries/000.p/1", "1/000.p/1"])
    func absent(path: String) async throws {
        let world = try await DoorWorld()
        defer { world.world.close() }
        try world.world.gateway.journal.publish()
        #expect(try await world.agent(.get, "/log/actions/tile/\(path)").status == 404)
        #expect(try await world.agent(.get, "/log/nothing/tile/0/000.p/1").status == 404)
    }

    @Test("Entries are for whoever may read the logs, and for nobody else")
    func entries() async throws {
        let world = try await DoorWorld()
        defer { world.world.close() }
        let path = "log/decisions/tile/entries/000.p/1"
        #expect(await world.person(.get, path, session: nil).status == 401)
        #expect(await world.person(.get, path, session: try await world.login("lena")).status == 200)
        #expect(await world.person(.get, path, session: try await world.login("dan")).status == 403)
        #expect(await world.person(.get, "log/decisions/tile/0/000.p/1", session: try await world.login("lena")).status == 404)
    }

    @Test("A receipt has its proof in the form that any verifier reads")
    func proof() async throws {
        let world = try await DoorWorld()
        defer { world.world.close() }
        _ = try await world.world.submit("user.set-title", ["user": "kai.nilsen", "value": "A"])
        try world.world.gateway.journal.publish()
        let answer = try await world.world.submit("user.read", ["user": "cleo.aas"])
        #expect(answer.receipt == nil)
        let change = try #require(try await world.world.submit("user.set-title", ["user": "kai.nilsen", "value": "B"]).change)
        try world.world.gateway.journal.publish()
        let receipt = try #require(try await world.world.answer(on: change).receipt)
        let lines = try #require(receipt.proofText).split(separator: "\n", omittingEmptySubsequences: false)
        let inclusion = try #require(receipt.inclusion)
        #expect(lines[0] == "c2sp.org/tlog-proof@v1" && lines[1] == "index \(inclusion.index)")
        let gap = try #require(lines.firstIndex(of: ""))
        let hashes = lines[2..<gap].compactMap { Base64.decode(String($0)).flatMap(Hash.init(bytes:)) }
        #expect(hashes.map(\.description) == inclusion.proof && hashes.count == gap - 2)
        #expect(lines[(gap + 1)...].joined(separator: "\n") == inclusion.checkpoint)
    }
}
