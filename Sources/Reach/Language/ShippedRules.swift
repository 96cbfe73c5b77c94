extension RuleSet {
    /// The rule files that are shipped, by name.
    public static let shippedFiles: [(name: String, text: String)] = [
        ("active-directory.reach", PackageResources.active_directory_reach),
        ("directory.reach", PackageResources.directory_reach),
        ("exequatur.reach", PackageResources.exequatur_reach),
        ("federation.reach", PackageResources.federation_reach),
        ("okta.reach", PackageResources.okta_reach),
    ].map { ($0, String(decoding: $1, as: UTF8.self)) }

    /// The shipped rules, with further files.
    ///
    /// - Throws: ``RuleProblems``.
    public static func shipped(with more: [(name: String, text: String)] = []) throws(RuleProblems) -> RuleSet {
        try RuleSet(shippedFiles + more)
    }
}
