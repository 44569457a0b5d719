// SPDX-License-Identifier: MIT

/// The pages of this directory, which the demo serves under `/examples/`.
package enum ExamplePages {
    /// The names of the HTML pages, and their content.
    package static let pages: [(name: String, html: [UInt8])] = [
        ("module.html", PackageResources.module_html),
        ("rescue.html", PackageResources.rescue_html),
        ("pusher.html", PackageResources.pusher_html),
        ("eventsource.html", PackageResources.eventsource_html),
    ]

    /// A small substitute for pusher-js, from which `rescue.html` works without a network.
    package static let pusherStandIn = PackageResources.pusher_stand_in_js
}
