// swift-tools-version: 6.3
// SPDX-License-Identifier: MIT
import PackageDescription

/// Settings of every target: Swift 6 mode, and warnings are errors.
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
        .target(name: "PasserelleHub", exclude: ["README.md"], swiftSettings: pure),
        .target(
            name: "PasserelleNet", dependencies: ["CLinux", "COpenSSL"], swiftSettings: common),
        .target(
            name: "PasserelleHTTP", dependencies: ["PasserelleWire", "PasserelleNet"],
            swiftSettings: common),
        .target(
            name: "PasserelleUpstream",
            dependencies: ["PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleHTTP"],
            swiftSettings: common),
        .target(
            name: "PasserelleDownstream",
            dependencies: ["PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleHTTP"],
            exclude: ["README.md"], swiftSettings: common),
        .target(
            name: "PasserelleBrowser", dependencies: ["PasserelleWire", "PasserelleNet"],
            exclude: ["README.md", "build", "package.json", "src"],
            resources: [
                .embedInCode("Pages/common.css"),
                .embedInCode("Served/passerelle.js"),
                .embedInCode("Served/passerelle-pusher.js"),
                .embedInCode("Served/passerelle-react.js"),
                .embedInCode("types/passerelle.d.ts"),
                .embedInCode("types/passerelle-pusher.d.ts"),
                .embedInCode("types/passerelle-react.d.ts"),
                .embedInCode("Diagnose/diagnose.html"), .embedInCode("Diagnose/diagnose.css"),
                .embedInCode("Diagnose/diagnose.js"), .embedInCode("Diagnose/code.js"),
                .embedInCode("Diagnose/grades.js"), .embedInCode("Diagnose/page.js"),
                .embedInCode("Diagnose/plan.js"), .embedInCode("Diagnose/report.js"),
                .embedInCode("Diagnose/requests.js"), .embedInCode("Diagnose/socket.js"),
                .embedInCode("Diagnose/stream.js"), .embedInCode("Diagnose/words.js"),
            ], swiftSettings: common),
        .target(
            name: "PasserelleExamples", path: "examples",
            exclude: ["README.md", "curl.sh", "demo", "line.sh", "nextjs", "poll.py"],
            resources: [
                .embedInCode("module.html"), .embedInCode("rescue.html"),
                .embedInCode("pusher.html"), .embedInCode("eventsource.html"),
                .embedInCode("pusher-stand-in.js"),
            ], swiftSettings: common),
        .target(
            name: "PasserelleSandbox",
            dependencies: [
                "PasserelleWire", "PasserelleNet", "PasserelleHTTP", "PasserelleBrowser",
                "PasserelleExamples",
            ],
            exclude: ["README.md"],
            resources: [
                .embedInCode("Demo/page.html"), .embedInCode("Demo/page.css"),
                .embedInCode("Demo/words.js"), .embedInCode("Demo/network.js"),
                .embedInCode("Demo/presence.js"), .embedInCode("Demo/pane.js"),
                .embedInCode("Demo/gateway.js"),
            ], swiftSettings: common),
        .target(
            name: "PasserelleNotices",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleHTTP",
                "PasserelleUpstream",
            ],
            swiftSettings: common),
        .target(
            name: "PasserelleAdmin",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleUpstream",
                "PasserelleNotices", "PasserelleDownstream", "PasserelleBrowser",
            ],
            resources: [
                .embedInCode("Console/console.html"), .embedInCode("Console/console.css"),
                .embedInCode("Console/words.js"), .embedInCode("Console/chart.js"),
                .embedInCode("Console/tables.js"), .embedInCode("Console/console.js"),
            ], swiftSettings: common),
        .target(name: "PasserelleLog", swiftSettings: common),
        .target(
            name: "PasserelleConfiguration",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleHTTP",
                "PasserelleUpstream", "PasserelleNotices", "PasserelleDownstream", "PasserelleLog",
            ],
            swiftSettings: common),
        .target(
            name: "PasserelleDaemon",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleHTTP",
                "PasserelleUpstream", "PasserelleNotices", "PasserelleDownstream",
                "PasserelleAdmin", "PasserelleBrowser", "PasserelleLog",
                "PasserelleConfiguration", "CSystemd", "CLinux",
            ],
            swiftSettings: common),
        .target(
            name: "PasserelleCommands",
            dependencies: [
                "PasserelleWire", "PasserelleHub", "PasserelleNet", "PasserelleHTTP",
                "PasserelleUpstream", "PasserelleDownstream", "PasserelleSandbox", "PasserelleLog",
                "PasserelleConfiguration", "PasserelleDaemon",
            ],
            swiftSettings: common),
        .executableTarget(
            name: "passerelle",
            dependencies: [
                "PasserelleLog", "PasserelleConfiguration", "PasserelleDaemon",
                "PasserelleCommands",
            ],
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
                "PasserelleDownstream", "PasserelleConfiguration", "PasserelleDaemon",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: common),
        .executableTarget(
            name: "Fuzz", dependencies: ["CFuzzer", "FuzzTargets"], path: "Tests/Fuzz/Runner",
            swiftSettings: common),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleWireTests", dependencies: ["PasserelleWire"], swiftSettings: common),
        .testTarget(
            name: "PasserelleHubTests", dependencies: ["PasserelleHub", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleNetTests",
            dependencies: ["PasserelleNet", "PasserelleWire", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleHTTPTests",
            dependencies: [
                "PasserelleHTTP", "PasserelleWire", "PasserelleNet", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleUpstreamTests",
            dependencies: [
                "PasserelleUpstream", "PasserelleWire", "PasserelleHub", "PasserelleNet",
                "PasserelleHTTP", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleNoticesTests",
            dependencies: [
                "PasserelleNotices", "PasserelleUpstream", "PasserelleWire", "PasserelleHub",
                "PasserelleNet", "PasserelleHTTP", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleDownstreamTests",
            dependencies: [
                "PasserelleDownstream", "PasserelleAdmin", "PasserelleWire", "PasserelleHub",
                "PasserelleNet", "PasserelleHTTP", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleAdminTests",
            dependencies: [
                "PasserelleAdmin", "PasserelleDownstream", "PasserelleNotices",
                "PasserelleUpstream", "PasserelleConfiguration", "PasserelleWire", "PasserelleHub",
                "PasserelleTesting",
            ],
            exclude: ["Fixtures"], swiftSettings: common),
        .testTarget(
            name: "PasserelleBrowserTests",
            dependencies: ["PasserelleBrowser", "PasserelleWire"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleSandboxTests",
            dependencies: [
                "PasserelleSandbox", "PasserelleWire", "PasserelleNet", "PasserelleHTTP",
                "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleLogTests", dependencies: ["PasserelleLog", "PasserelleTesting"],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleConfigurationTests",
            dependencies: [
                "PasserelleLog", "PasserelleConfiguration",
                "PasserelleDownstream", "PasserelleNotices", "PasserelleUpstream", "PasserelleWire",
                "PasserelleHub", "PasserelleNet", "PasserelleHTTP", "PasserelleTesting",
            ],
            exclude: ["Fixtures"], swiftSettings: common),
        .testTarget(
            name: "PasserelleDaemonTests",
            dependencies: [
                "PasserelleLog", "PasserelleConfiguration", "PasserelleDaemon",
                "PasserelleNotices", "PasserelleUpstream", "PasserelleHub", "PasserelleNet",
                "PasserelleWire", "PasserelleTesting",
            ],
            swiftSettings: common),
        .testTarget(
            name: "PasserelleCommandsTests",
            dependencies: [
                "PasserelleLog", "PasserelleConfiguration", "PasserelleDaemon",
                "PasserelleCommands", "PasserelleDownstream", "PasserelleUpstream",
                "PasserelleWire", "PasserelleNet", "PasserelleHTTP", "PasserelleTesting",
            ],
            swiftSettings: common),
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
