import Glibc

/// The target that `FUZZ_TARGET` names; an unknown name prints the known ones and ends.
private let chosen: Target = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    let all = targets.merging(doorTargets) { $1 }.merging(upstreamTargets) { $1 }
    guard let target = all[name] else {
        print(all.keys.sorted().joined(separator: "\n"))
        exit(name.isEmpty ? 0 : 2)
    }
    return target
}()

@c(LLVMFuzzerInitialize)
func initialize(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer) -> CInt {
    _ = chosen
    return 0
}

@c(LLVMFuzzerTestOneInput)
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
