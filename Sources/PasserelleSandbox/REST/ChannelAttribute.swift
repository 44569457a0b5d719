// SPDX-License-Identifier: MIT

/// A channel attribute that a REST request can ask for with `info`.
enum ChannelAttribute: String, CaseIterable {
    /// Distinct users; presence channels only.
    case userCount = "user_count"
    /// Subscribed connections.
    case subscriptionCount = "subscription_count"
    /// The cached event; cache channels only.
    case cache

    /// Parses a comma-separated list; throws if an attribute is unknown.
    static func parse(_ text: String?) throws(RESTError) -> Set<ChannelAttribute> {
        var attributes: Set<ChannelAttribute> = []
        for word in (text ?? "").split(separator: ",") {
            guard let attribute = ChannelAttribute(rawValue: String(word)) else {
                throw .attributeNotApplicable(printable(String(word)))
            }
            attributes.insert(attribute)
        }
        return attributes
    }
}
