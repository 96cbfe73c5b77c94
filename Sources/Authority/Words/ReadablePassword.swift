/// A password that a person can read and type: four groups of five, about 99 bits.
public enum ReadablePassword {
    /// 31 letters and digits that are not mistaken for one another.
    private static let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")

    /// - Parameter random: gives random bytes, one at a time.
    public static func make(random: () -> UInt8) -> String {
        (0..<4).map { _ in String((0..<5).map { _ in letter(random) }) }.joined(separator: "-")
    }

    /// Bytes that would favour the first letters are drawn again.
    private static func letter(_ random: () -> UInt8) -> Character {
        var byte = random()
        while Int(byte) >= 256 / alphabet.count * alphabet.count { byte = random() }
        return alphabet[Int(byte) % alphabet.count]
    }
}
