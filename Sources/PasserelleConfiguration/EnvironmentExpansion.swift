// SPDX-License-Identifier: MIT

/// Expands references between variables as Next.js does, which uses dotenv-expand 10.
///
/// `$NAME`, `${NAME}` and `${NAME:-default}` expand to the variable's value in the environment,
/// otherwise the default, otherwise the value in the file. An unset variable expands to nothing.
/// `\$` is a dollar sign. Quotes make no difference. The values of files with higher precedence
/// count as part of the environment. Unlike in Next.js, a file also sees the values of files with
/// lower precedence if a reference would otherwise be empty.
package struct EnvironmentExpansion {
    /// A value with its references expanded.
    package struct Value: Equatable, Sendable {
        package var text = ""
        /// The names of unset variables that it refers to.
        package var unset: [String] = []
        /// True if the expansion does not terminate, because the value refers to itself or grows
        /// without bound, so that Next.js ignores the file.
        package var isSelfReferencing = false
    }

    /// The maximum number of references expanded in one value, and its maximum length in scalars.
    package static let referenceLimit = 1_000
    package static let lengthLimit = 65_536

    private var environment: [String: String]

    /// An expansion before any file is added.
    package init(environment: [String: String]) { self.environment = environment }

    /// Expands the values of a file.
    ///
    /// Files must be added from highest to lowest precedence. `weaker` has the unexpanded values of
    /// the files that follow.
    package mutating func expand(
        _ entries: [EnvironmentFile.Entry], weaker: [String: String] = [:]
    ) -> [String: Value] {
        var names: [String] = []
        var written: [String: String] = [:]
        for entry in entries {
            guard let value = entry.value else { continue }
            if written.updateValue(value, forKey: entry.name) == nil { names.append(entry.name) }
        }
        var result: [String: Value] = [:]
        for name in names {
            let expanded = expand(written[name] ?? "", written, weaker)
            result[name] = expanded
            // The environment takes precedence over the file, for references too.
            written[name] =
                environment[name].map { expand($0, written, weaker).text } ?? expanded.text
        }
        environment.merge(written) { $1 }
        return result
    }

    private func expand(
        _ value: String, _ written: [String: String], _ weaker: [String: String]
    ) -> Value {
        var text = Array(value.unicodeScalars)
        var result = Value()
        var count = 0
        while let reference = Reference(lastOf: text) {
            count += 1
            guard count <= Self.referenceLimit, text.count <= Self.lengthLimit else {
                result.isSelfReferencing = true
                return result
            }
            let name = reference.name
            let candidates = [environment[name], reference.preset, written[name], weaker[name]]
            let found = candidates.compactMap(\.self).first { !$0.isEmpty }
            if found == nil, candidates.allSatisfy({ $0 == nil }) { result.unset.append(name) }
            reference.replace(in: &text, with: Array((found ?? "").unicodeScalars))
        }
        result.text = String(String.UnicodeScalarView(text)).replacing("\\$", with: "$")
        return result
    }
}

/// One reference, as written.
private struct Reference {
    let name: String
    let preset: String?
    private let text: [Unicode.Scalar]

    /// The reference at the last dollar sign that is not escaped; returns `nil` if there is no such
    /// sign or no name follows it; the value is then expanded no further.
    init?(lastOf text: [Unicode.Scalar]) {
        let dollar = text.indices.last {
            text[$0] == "$" && ($0 == 0 || text[$0 - 1] != "\\")
        }
        guard let dollar else { return nil }
        var rest = text[(dollar + 1)...]
        if rest.first == "{" { rest = rest.dropFirst() }
        let name = rest.prefix(while: EnvironmentText.isWord)
        guard !name.isEmpty else { return nil }
        rest = rest.dropFirst(name.count)
        var preset: String?
        if rest.starts(with: [":", "-"]) {
            let value = rest.dropFirst(2).prefix { $0 != "}" && $0 != "\\" }
            preset = String(String.UnicodeScalarView(value))
            rest = rest.dropFirst(2 + value.count)
        }
        if rest.first == "}" { rest = rest.dropFirst() }
        self.name = String(String.UnicodeScalarView(name))
        self.preset = preset
        self.text = Array(text[dollar..<rest.startIndex])
    }

    /// Replaces the first occurrence of this reference, like JavaScript's `String.replace`, in
    /// which `$$`, `$&`, `` $` `` and `$'` in `value` are replacement patterns.
    func replace(in text: inout [Unicode.Scalar], with value: [Unicode.Scalar]) {
        guard let range = text.firstRange(of: self.text) else { return }
        var expanded: [Unicode.Scalar] = []
        var index = 0
        while index < value.count {
            let next: Unicode.Scalar? = index + 1 < value.count ? value[index + 1] : nil
            index += 2
            switch (value[index - 2], next) {
            case ("$", "$"): expanded.append("$")
            case ("$", "&"): expanded += self.text
            case ("$", "`"): expanded += text[..<range.lowerBound]
            case ("$", "'"): expanded += text[range.upperBound...]
            default:
                expanded.append(value[index - 2])
                index -= 1
            }
        }
        text.replaceSubrange(range, with: expanded)
    }
}
