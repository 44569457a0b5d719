// swift-tools-version: 6.3
// SPDX-License-Identifier: MIT
import PackageDescription

/// What every target is built with: Swift 6 mode, and no warning survives.
let common: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// For the targets that touch no pointer at all: nothing unsafe compiles in them.
let pure = common + [.strictMemorySafety()]

let package = Package(
    name: "passerelle",
    products: [.executable(name: "passerelle", targets: ["passerelle"])],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "PasserelleWire", swiftSettings: pure),
        .target(name: "PasserelleHub", swiftSettings: pure),
        .target(
            name: "PasserelleNet", dependencies: ["CLinux", "COpenSSL"], swiftSettings: common),
        .target(
            name: "PasserelleUpstream",
            dependencies: ["PasserelleWire", "PasserelleHub", "PasserelleNet"],
            swiftSettings: common),
        .target(
            name: "PasserelleDownstream",
            dependencies: ["PasserelleWire", "PasserelleHub", "PasserelleNet"],
            resources: [
                .embedInCode("Console/console.html"), .embedInCode("Console/console.css"),
                .embedInCode("Console/words.js"), .embedInCode("Console/chart.js"),
                .embedInCode("Console/tables.js"), .embedInCode("Console/console.js"),
            ], swiftSettings: common),
        .target(
            name: "PasserelleSandbox", dependencies: ["PasserelleWire", "PasserelleNet"],
            resources: [
                .embedInCode("Demo/page.html"), .embedInCode("Demo/page.css"),
                .embedInCode("Demo/words.js"), .embedInCode("Demo/readers.js"),
                .embedInCode("Demo/pane.js"), .embedInCode("Demo/gateway.js"),
            ], swiftSettings: common),
        .target(
            name: "PasserelleDaemon",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleUpstream",
                "PasserelleDownstream", "PasserelleSandbox", "CSystemd", "CLinux",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "passerelle", dependencies: ["PasserelleDaemon", "PasserelleSandbox"],
            swiftSettings: common),
        .target(
            name: "PasserelleTesting",
            dependencies: ["PasserelleWire", "PasserelleHub", "PasserelleNet", "CLinux"],
            path: "Tests/PasserelleTesting", swiftSettings: common),
        .executableTarget(
            name: "JournalBench", dependencies: ["PasserelleHub", "PasserelleNet"],
            path: "Tests/JournalBench", swiftSettings: common),
        .executableTarget(
            name: "WebSocketEcho", dependencies: ["PasserelleWire", "PasserelleNet"],
            path: "Tests/WebSocketEcho", swiftSettings: common),
        .target(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleUpstream",
                "PasserelleDownstream", "PasserelleDaemon",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: common),
        .executableTarget(
            name: "Fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Tests/Fuzz/Runner",
            swiftSettings: common),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleWireTests", dependencies: ["PasserelleWire", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleHubTests", dependencies: ["PasserelleHub", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleNetTests",
            dependencies: ["PasserelleNet", "PasserelleWire", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleUpstreamTests",
            dependencies: [
                "PasserelleUpstream", "PasserelleWire", "PasserelleHub", "PasserelleNet",
                "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleDownstreamTests",
            dependencies: [
                "PasserelleDownstream", "PasserelleWire", "PasserelleHub", "PasserelleNet",
                "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleSandboxTests",
            dependencies: [
                "PasserelleSandbox", "PasserelleWire", "PasserelleNet", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleDaemonTests",
            dependencies: [
                "PasserelleDaemon", "PasserelleDownstream", "PasserelleUpstream", "PasserelleWire",
                "PasserelleHub",
                "PasserelleNet",
                "PasserelleTesting",
            ],
            exclude: ["Fixtures"], swiftSettings: common),
        .testTarget(
            name: "SimulatorTests",
            dependencies: [
                "PasserelleUpstream", "PasserelleWire", "PasserelleHub", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["PasserelleWire", "PasserelleNet", "PasserelleTesting"],
            swiftSettings: common),
    ]
)
