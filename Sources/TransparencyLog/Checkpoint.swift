public import Crypto

/// What a log commits to: how many entries it has and their root (c2sp.org/tlog-checkpoint).
public struct Checkpoint: Hashable, Sendable {
    /// The log's unique name, without scheme.
    public let origin: String
    public let size: Int64
    public let root: Hash

    public init(origin: String, size: Int64, root: Hash) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// The text that is signed.
    public var body: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    /// Reads the text of ``body``; nil when it is not exactly that.
    public init?(body: String) {
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 4, lines[3].isEmpty, !lines[0].isEmpty, let size = Int64(lines[1]), size >= 0,
            String(size) == lines[1], let root = Base64.decode(lines[2]).flatMap(Hash.init(bytes:))
        else { return nil }
        self.init(origin: lines[0], size: size, root: root)
    }
}

/// A checkpoint as a signed note (c2sp.org/signed-note) with one Ed25519 signature.
public struct SignedCheckpoint: Hashable, Sendable {
    public let checkpoint: Checkpoint
    /// The whole note.
    public let note: String

    /// Signs with the log's key; the key's name is the origin.
    public init(_ checkpoint: Checkpoint, key: Curve25519.Signing.PrivateKey) throws {
        let signature = try key.signature(for: Array(checkpoint.body.utf8))
        let line = LogKey(name: checkpoint.origin, key: key.publicKey).id + Array(signature)
        self.checkpoint = checkpoint
        note = "\(checkpoint.body)\n\u{2014} \(checkpoint.origin) \(Base64.encode(line))\n"
    }

    /// Reads a note and checks its signature; nil unless it is a checkpoint that `key` signed.
    public init?(note: String, key: LogKey) {
        guard let gap = note.firstRange(of: "\n\n") else { return nil }
        let body = String(note[..<gap.lowerBound]) + "\n"
        guard let checkpoint = Checkpoint(body: body), checkpoint.origin == key.name else { return nil }
        let lines = note[gap.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.last == "", lines.dropLast().allSatisfy({ $0.hasPrefix("\u{2014} ") }) else { return nil }
        let signed = lines.contains { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "\u{2014}", parts[1] == key.name, let bytes = Base64.decode(String(parts[2])),
                bytes.starts(with: key.id)
            else { return false }
            return key.key.isValidSignature(bytes.dropFirst(4), for: Array(body.utf8))
        }
        guard signed else { return nil }
        self.checkpoint = checkpoint
        self.note = note
    }
}

/// The public key that a log's checkpoints are checked with (c2sp.org/signed-note, "verifier key").
public struct LogKey: Sendable {
    public let name: String
    public let key: Curve25519.Signing.PublicKey

    public init(name: String, key: Curve25519.Signing.PublicKey) {
        self.name = name
        self.key = key
    }

    /// The first four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ key).
    public var id: [UInt8] {
        Array(SHA256.hash(data: Array(name.utf8) + [0x0A, 0x01] + Array(key.rawRepresentation)).prefix(4))
    }

    /// `name+id+base64(0x01 ‖ key)`, the form in which verifier keys are handed out.
    public var text: String {
        let hex = id.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return "\(name)+\(hex)+\(Base64.encode([0x01] + Array(key.rawRepresentation)))"
    }

    /// Reads the form of ``text``; nil when malformed or when the id is not the key's.
    public init?(text: String) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(String(parts[2])), bytes.first == 0x01,
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes.dropFirst())
        else { return nil }
        self.init(name: String(parts[0]), key: key)
        guard self.text == text else { return nil }
    }
}
