// SPDX-License-Identifier: MIT

/// Where a configuration came from, so that it can be read again while the process runs.
///
/// Arguments and environment stay what they were at the start; files and credentials are read anew.
package struct ConfigurationSource {
    private let invocation: Invocation
    private let surroundings: Surroundings
    /// What the process was built with.
    private var first: Settings?
    /// What was read last.
    private var latest: Settings?

    /// A source that was not read yet.
    package init(_ invocation: Invocation, _ surroundings: Surroundings) {
        self.invocation = invocation
        self.surroundings = surroundings
    }

    /// Reads the configuration that the process is built with.
    package mutating func load() throws(ConfigurationError) -> Configuration {
        let (settings, configuration) = try read()
        first = settings
        latest = settings
        return configuration
    }

    /// Reads the configuration again, for a process that takes over the variables `reloadable`.
    ///
    /// `taken` are those of them that say something else than they last did; `waiting` are the others
    /// that say something else than what the process was built with. Where it throws, nothing is
    /// forgotten.
    mutating func readAgain(taking reloadable: Set<String>) throws(ConfigurationError) -> (
        configuration: Configuration, taken: [String], waiting: [String]
    ) {
        let (settings, configuration) = try read()
        let names = Variables.all.map(\.name)
        let taken = names.filter {
            reloadable.contains($0) && settings[$0]?.text != latest?[$0]?.text
        }
        let waiting = names.filter {
            !reloadable.contains($0) && settings[$0]?.text != first?[$0]?.text
        }
        latest = settings
        return (configuration, taken, waiting)
    }

    private func read() throws(ConfigurationError) -> (Settings, Configuration) {
        let settings = try Settings(invocation, surroundings)
        return (settings, try Configuration.load(invocation.command, settings, surroundings))
    }
}
