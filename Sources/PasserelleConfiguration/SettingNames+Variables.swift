// SPDX-License-Identifier: MIT

package import PasserelleDownstream
package import PasserelleUpstream

extension SettingNames {
    /// The variables that set what refusals mention.
    package static var variables: SettingNames {
        var names = SettingNames()
        names.channels = VariableName.channels.rawValue
        names.clientEvents = VariableName.clientEvents.rawValue
        names.hosts = VariableName.hosts.rawValue
        names.origins = VariableName.origins.rawValue
        names.lineUsers = VariableName.ipcUsers.rawValue
        names.revocations = VariableName.maxRevocations.rawValue
        names.stateDirectory = VariableName.stateDir.rawValue
        names.tokenAudience = VariableName.tokenAudience.rawValue
        names.tokenQuery = VariableName.tokenQuery.rawValue
        return names
    }
}

extension AuthRoute.SettingNames {
    /// The variables that set what log entries mention.
    package static var variables: AuthRoute.SettingNames {
        var names = AuthRoute.SettingNames()
        names.credentials = "\(VariableName.appKey) and \(VariableName.appSecret)"
        names.memberID = VariableName.memberID.rawValue
        return names
    }
}
