import Crypto
import Testing
import TransparencyLog

/// A tree in memory.
private struct Tree {
    var nodes: [TreeNodeID: Hash] = [:]
    var size: Int64 = 0

    init(_ count: Int) {
        for leaf in 0..<count {
            for (id, hash) in MerkleTree.append(.leaf(String(leaf).utf8), size: size, read: read) { nodes[id] = hash }
            size += 1
        }
    }

    func read(_ id: TreeNodeID) -> Hash { nodes[id] ?? .empty }
}

@Suite("The Merkle tree")
struct MerkleTreeTests {
    @Test("The root over the leaves \"0\" to \"299\" is the one other implementations give")
    func knownRoot() {
        let tree = Tree(300)
        #expect(
            MerkleTree.root(size: 300, read: tree.read).description
                == "84e13ec1e037155ae619757599b2cd21ada5a565e0fd9b3139c0c3c6c1b8ada9")
    }

    @Test("Every inclusion proof up to 40 leaves verifies, and for nothing else")
    func inclusion() {
        let tree = Tree(40)
        for size in 1...40 as ClosedRange<Int64> {
            let root = MerkleTree.root(size: size, read: tree.read)
            for index in 0..<size {
                let proof = MerkleTree.inclusionProof(index: index, size: size, read: tree.read)
                let leaf = Hash.leaf(String(index).utf8)
                #expect(Verification.inclusion(leaf: leaf, index: index, size: size, proof: proof, root: root))
                #expect(!Verification.inclusion(leaf: .leaf("x".utf8), index: index, size: size, proof: proof, root: root))
                #expect(!Verification.inclusion(leaf: leaf, index: index + 1, size: size, proof: proof, root: root))
                #expect(!Verification.inclusion(leaf: leaf, index: index, size: size, proof: proof + [root], root: root))
                #expect(!Verification.inclusion(leaf: leaf, index: index, size: size, proof: proof, root: .empty))
            }
        }
    }

    @Test("Every consistency proof up to 40 leaves verifies, and no other tree does")
    func consistency() {
        let tree = Tree(40)
        let roots = (0...40).map { MerkleTree.root(size: $0, read: tree.read) }
        for new in 1...40 {
            for old in 1...new {
                let proof = MerkleTree.consistencyProof(old: Int64(old), new: Int64(new), read: tree.read)
                func check(_ a: Hash, _ b: Hash, _ proof: [Hash]) -> Bool {
                    Verification.consistency(old: Int64(old), oldRoot: a, new: Int64(new), newRoot: b, proof: proof)
                }
                #expect(check(roots[old], roots[new], proof))
                #expect(!check(.empty, roots[new], proof))
                #expect(!check(roots[old], .empty, proof))
                if old < new { #expect(!check(roots[old], roots[new], proof + [roots[1]])) }
            }
        }
    }
}

@Suite("Checkpoints")
struct CheckpointTests {
    private let key = Curve25519.Signing.PrivateKey()
    private var logKey: LogKey { LogKey(name: "example.org/requests", key: key.publicKey) }

    @Test("A signed checkpoint reads back under its key and under no other")
    func roundTrip() throws {
        let signed = try SignedCheckpoint(Checkpoint(origin: logKey.name, size: 7, root: .empty), key: key)
        #expect(SignedCheckpoint(note: signed.note, key: logKey) == signed)
        let stranger = LogKey(name: logKey.name, key: Curve25519.Signing.PrivateKey().publicKey)
        #expect(SignedCheckpoint(note: signed.note, key: stranger) == nil)
        #expect(SignedCheckpoint(note: signed.note, key: LogKey(name: "other", key: key.publicKey)) == nil)
        #expect(LogKey(text: logKey.text)?.text == logKey.text)
    }

    @Test("Any changed byte of the text is caught")
    func tampering() throws {
        let note = try SignedCheckpoint(Checkpoint(origin: logKey.name, size: 71, root: .empty), key: key).note
        var caught = 0
        let body = note.utf8.count - note.split(separator: "\u{2014}").last!.utf8.count - 4
        for place in 0..<body {
            var bytes = Array(note.utf8)
            bytes[place] = bytes[place] == 0x31 ? 0x32 : 0x31
            caught += SignedCheckpoint(note: String(decoding: bytes, as: UTF8.self), key: logKey) == nil ? 1 : 0
        }
        #expect(caught == body)
    }

    @Test("Base64 reads only what it writes", arguments: ["Zg=", "Zg", "Zh==", "Z===", "Zg==\n", "Z g=="])
    func base64(text: String) {
        #expect(Base64.decode(text) == nil)
        #expect(Base64.decode("Zg==") == Array("f".utf8))
    }
}

@Suite("Tiles of a log's tree")
struct TileTests {
    private static func leaf(_ index: Int64) -> Hash { .leaf("leaf \(index)".utf8) }

    /// A tree grown leaf by leaf, with the tiles that it had kept.
    private static func grown(_ size: Int64) -> (tree: LogTree, tiles: [TileID: Tile]) {
        var (tree, tiles) = (LogTree(), [TileID: Tile]())
        for index in 0..<size { for tile in tree.append(leaf(index)) { tiles[tile.id] = tile } }
        return (tree, tiles)
    }

    @Test(
        "The tree taken up from its tiles and last entries is the one that was left",
        arguments: [
            0, 1, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 66_000, 131_072, 140_001,
        ])
    func takenUp(size: Int64) throws {
        let (tree, tiles) = Self.grown(size)
        var plain = TreeEdge()
        for index in 0..<size { plain.append(Self.leaf(index)) }
        #expect(tree.root == plain.root && tree.size == size)
        let leaves = ((size & ~255)..<size).map(Self.leaf)
        var again = try #require(LogTree(size: size, leaves: leaves) { tiles[$0] })
        #expect(again.root == tree.root && again.size == size)
        var further = tree
        for index in size..<(size + 300) {
            let (ours, theirs) = (further.append(Self.leaf(index)), again.append(Self.leaf(index)))
            #expect(ours.map(\.id) == theirs.map(\.id) && ours.map(\.bytes) == theirs.map(\.bytes))
        }
        #expect(again.root == further.root)
        if size > 0 { #expect(LogTree(size: size + 1, leaves: leaves) { tiles[$0] } == nil) }
        if size >= 256 { #expect(LogTree(size: size, leaves: leaves) { _ in nil } == nil || size >> 8 & 255 == 0) }
    }

    @Test("Every complete subtree's hash is found in the tile that its place says", arguments: [700, 66_000] as [Int64])
    func nodes(size: Int64) throws {
        let (tree, tiles) = Self.grown(size)
        func hash(_ node: TreeNodeID) -> Hash? {
            let id = TileID(of: node)
            let tile = tree.open(id).map { Tile(id: id, hashes: $0) } ?? tiles[id]
            return tile?.hash(of: node)
        }
        for index in [0, 1, 255, 256, size - 2, size - 1] as [Int64] {
            var isWhole = true
            let proof = MerkleTree.inclusionProof(index: index, size: size) { node -> Hash in
                guard let found = hash(node) else {
                    isWhole = false
                    return .empty
                }
                return found
            }
            #expect(
                isWhole && Verification.inclusion(leaf: Self.leaf(index), index: index, size: size, proof: proof, root: tree.root)
            )
        }
        #expect(hash(TreeNodeID(level: 0, index: size)) == nil && hash(TreeNodeID(level: 1, index: size / 2)) == nil)
    }

    @Test("A tile is read as it was written, and nothing else is one")
    func bytes() throws {
        let id = TileID(level: 1, index: 3)
        for width in [1, 7, 256] {
            let tile = Tile(id: id, hashes: (0..<Int64(width)).map(Self.leaf))
            #expect(Tile(id: id, bytes: tile.bytes)?.hashes == tile.hashes)
        }
        for count in [0, 31, 33, 257 * 32] { #expect(Tile(id: id, bytes: Array(repeating: 0, count: count)) == nil) }
    }
}
