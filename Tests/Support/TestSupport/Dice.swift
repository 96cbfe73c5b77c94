/// Numbers that come out the same for the same seed (xorshift64, G. Marsaglia 2003).
public struct Dice: Sendable {
    private var state: UInt64

    public init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// A number below the bound.
    public mutating func roll(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(bound))
    }
}
