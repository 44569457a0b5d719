// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleDownstream

extension DownstreamConfiguration {
    /// Downstream's part of the configuration.
    package init(_ configuration: Configuration) throws(StartError) {
        guard let channels = configuration.channels else {
            throw StartError(description: "\(VariableName.channels) names no channel")
        }
        self.init(channels: channels)
        access = try AccessConfiguration(configuration)
        origins = OriginRules(configuration)
        operatorHosts = configuration.isAdminOpen ? .any : .loopback
        consoleHosts = configuration.isAdminOpen ? .addresses(configuration.hosts) : .loopback
        proxies = configuration.proxies
        servesDiagnose = configuration.servesDiagnose
        limits = configuration.limits
        lineRights = configuration.ipcRights
        heartbeat = configuration.heartbeat
        stall = configuration.stall
        clientEvents = Set(configuration.clientEvents)
        acceptsClaims = configuration.access == .unchecked
        memberID = configuration.memberID
        settingNames = .variables
    }
}
