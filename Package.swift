// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func library(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(_ name: String, path: String? = nil, exclude: [String] = [], _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "exequatur",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "exequatur", targets: ["exequatur"]),
        .library(name: "Cedar", targets: ["Cedar", "StrictJSON"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Floor 1
        .target(
            name: "StrictJSON", swiftSettings: settings,
            // The standard library's rounding calls it, and a program without Foundation would not link it by itself.
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        library("TransparencyLog", [crypto]),
        .target(name: "Reach", resources: [.embedInCode("Rules")], swiftSettings: settings),
        // Floor 2
        library("StrictYAML", ["StrictJSON", yams]),
        library("Cedar", ["StrictJSON"]),
        library("JSONSchema", ["StrictJSON"]),
        // Floor 3
        library("Authority", ["Cedar", "JSONSchema", "Reach", "StrictJSON", "TransparencyLog", crypto]),
        // Floor 4
        library("Identity", ["Authority", "Cedar", "StrictJSON", crypto, jwtKit]),
        library("Storage", ["Authority", "StrictJSON", "TransparencyLog", grdb]),
        library("ConnectorKit", path: "Sources/Connectors/Kit", ["Authority", "StrictYAML"]),
        library("DirectoryKit", path: "Sources/Connectors/Directory", ["Authority", "Cedar", "Reach", "StrictJSON"]),
        library("HostKit", path: "Sources/Connectors/Host", [httpClient, nioCore, nioSSL]),
        library(
            "DeclaredKit", path: "Sources/Connectors/Declared",
            ["Authority", "Cedar", "Reach", "StrictJSON", "StrictYAML"]),
        library(
            "ConnectorEmbedded", path: "Sources/Connectors/Embedded",
            ["Authority", "Cedar", "ConnectorKit", "DirectoryKit", "Reach", "StrictJSON", "StrictYAML", crypto, grdb]),
        library(
            "ConnectorHTTP", path: "Sources/Connectors/HTTP",
            [
                "Authority", "Cedar", "ConnectorKit", "DeclaredKit", "HostKit", "Reach", "StrictJSON", "StrictYAML", httpClient,
                nioCore, nioHTTP1,
            ]),
        .systemLibrary(name: "CLDAP", pkgConfig: "ldap", providers: [.apt(["libldap-dev"])]),
        library(
            "ConnectorLDAP", path: "Sources/Connectors/LDAP",
            [
                "Authority", "CLDAP", "Cedar", "ConnectorKit", "DirectoryKit", "Reach", "StrictJSON", "StrictYAML", crypto,
                nioPosix,
            ]),
        library(
            "ConnectorMCP", path: "Sources/Connectors/MCP",
            [
                "Authority", "Cedar", "ConnectorKit", "DeclaredKit", "HostKit", "JSONSchema", "Reach", "StrictJSON", "StrictYAML",
                httpClient, nioCore, nioHTTP1, subprocess, systemPackage,
            ]),
        // Floor 5
        library("Gateway", ["Authority", "Cedar", "Identity", "Reach", "StrictJSON", "TransparencyLog", crypto, logging]),
        // Floor 6
        library(
            "Server",
            [
                "Authority", "Cedar", "Gateway", "Identity", "StrictJSON", "TransparencyLog", crypto, httpTypes, hummingbird,
                hummingbirdCore,
                hummingbirdTLS,
                logging,
                nioCore, nioHTTPTypes, nioPosix, nioSSL,
            ]),
        // Floor 7
        .executableTarget(
            name: "exequatur",
            dependencies: [
                "Authority", "Cedar", "ConnectorEmbedded", "ConnectorHTTP", "ConnectorKit", "ConnectorLDAP", "ConnectorMCP",
                "DirectoryKit",
                "Gateway", "Identity",
                "Reach", "Server", "Storage", "StrictJSON", "StrictYAML",
                "TransparencyLog", argumentParser, crypto, httpClient, hummingbird, jwtKit, lifecycle, logging, nioCore, nioHTTP1,
                nioPosix,
                nioSSL,
                unixSignals, yams,
            ],
            swiftSettings: settings),

        // What the tests share
        .executableTarget(
            name: "cedar-probe", dependencies: ["Cedar", "StrictJSON"], path: "Tests/Support/CedarProbe", swiftSettings: settings),
        .executableTarget(
            name: "reach-probe", dependencies: ["Reach"], path: "Tests/Support/ReachProbe", swiftSettings: settings),
        .executableTarget(
            name: "store-probe", dependencies: ["Authority", "Gateway", "Storage", "StrictJSON", crypto],
            path: "Tests/Support/StoreProbe", swiftSettings: settings),
        library(
            "TestSupport", path: "Tests/Support/TestSupport",
            ["Authority", "Cedar", "ConnectorLDAP", "DirectoryKit", "Reach", "StrictJSON", crypto]),
        library(
            "ConnectorConformance", path: "Tests/Support/ConnectorConformance",
            ["Authority", "Cedar", "DirectoryKit", "Reach", "StrictJSON", "TestSupport"]),
        library(
            "StoreConformance", path: "Tests/Support/StoreConformance",
            ["Authority", "Cedar", "DirectoryKit", "StrictJSON", "TransparencyLog", "TestSupport"]),
        library(
            "GatewayWorld", path: "Tests/Support/GatewayWorld",
            [
                "Authority", "Cedar", "ConnectorEmbedded", "DirectoryKit", "Gateway", "Identity", "Reach", "Storage",
                "StrictJSON",
                "TestSupport", "TransparencyLog", crypto, grdb, logging,
            ]),
        tests("StorageTests", ["Authority", "Storage", "StoreConformance", "TestSupport", grdb]),
        tests(
            "ServerTests",
            [
                "Authority", "DirectoryKit", "Gateway", "GatewayWorld", "Identity", "Server", "StrictJSON", "TestSupport",
                "TransparencyLog", crypto,
                httpTypes,
                hummingbird, logging, nioConcurrency, nioCore, nioEmbedded, nioPosix,
            ]),
        tests("IdentityTests", ["Authority", "Identity", "StrictJSON", "TestSupport", crypto]),
        tests(
            "GatewayTests", exclude: ["Golden"],
            [
                "Authority", "Cedar", "ConnectorEmbedded", "DirectoryKit", "Gateway", "GatewayWorld", "Identity", "Reach",
                "Storage", "StrictJSON", "TestSupport", "TransparencyLog",
                crypto, grdb, logging,
            ]),
        tests(
            "ConnectorEmbeddedTests",
            ["Authority", "ConnectorConformance", "ConnectorEmbedded", "StrictJSON", "TestSupport", grdb]),
        tests("DeclaredKitTests", ["Authority", "DeclaredKit"]),
        tests("ConnectorHTTPTests", ["Authority", "ConnectorHTTP", "DeclaredKit", "StrictJSON", "StrictYAML"]),
        tests("ConnectorMCPTests", ["Authority", "ConnectorKit", "ConnectorMCP", "JSONSchema", "StrictJSON", "StrictYAML"]),
        tests(
            "ConnectorLDAPTests",
            [
                "Authority", "ConnectorConformance", "ConnectorLDAP", "DirectoryKit", "Reach", "StrictJSON", "TestSupport",
            ]),
        tests("ReachTests", ["Reach"]),
        tests("StrictJSONTests", ["StrictJSON"]),
        tests("JSONSchemaTests", ["JSONSchema", "StrictJSON"]),
        tests("TransparencyLogTests", ["TransparencyLog", crypto]),
        tests("AuthorityTests", ["Authority", "Cedar", "DirectoryKit", "Reach", "StrictJSON", "TestSupport"]),
        tests("CedarTests", ["Cedar", "StrictJSON"]),
    ]
)
