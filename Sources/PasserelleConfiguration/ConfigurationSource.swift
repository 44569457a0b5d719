// SPDX-License-Identifier: MIT

/// The sources of a configuration, which can be read again while the process runs.
///
/// Arguments and environment are those of the start of the process; files and credentials are read
/// again.
package struct ConfigurationSource {
    private let invocation: Invocation
    private let environment: ProcessEnvironment
    /// The settings that the process was started with.
    private var first: Settings?
    /// The settings read most recently.
    private var latest: Settings?

    /// A source that has not been read.
    package init(_ invocation: Invocation, _ environment: ProcessEnvironment) {
        self.invocation = invocation
        self.environment = environment
    }

    /// Loads the configuration that the process starts with.
    package mutating func load() throws(ConfigurationError) -> Configuration {
        let (settings, configuration) = try read()
        first = settings
        latest = settings
        return configuration
    }

    /// Reloads the configuration; only the variables in `reloadable` can take effect.
    ///
    /// `taken` lists the reloadable variables that differ from the previous load. `waiting` lists
    /// the others that differ from the start of the process. If it throws, the state does not
    /// change.
    package mutating func reloadConfiguration(taking reloadable: Set<String>)
        throws(ConfigurationError) -> (
            configuration: Configuration, taken: [String], waiting: [String]
        )
    {
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
        let settings = try Settings(invocation, environment)
        return (settings, try Configuration.load(invocation.command, settings, environment))
    }
}
