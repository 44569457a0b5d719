// SPDX-License-Identifier: MIT

extension Subprocess {
    /// The Python interpreter that has the clients of `Tests/Clients/requirements.txt`.
    ///
    /// `PASSERELLE_TEST_PYTHON`, which `Tests/run` sets, or the one that it made earlier. Throws
    /// when there is neither: a test without its client has not passed.
    package static func python() throws(TestFailure) -> String {
        if let path = ProcessEnvironment.value("PASSERELLE_TEST_PYTHON") { return path }
        let path = packageFolder + "/.build-python/bin/python"
        guard isExecutable(path) else {
            throw TestFailure(
                "there is no Python with the clients of Tests/Clients/requirements.txt: "
                    + "run ./Tests/run, which makes one in .build-python")
        }
        return path
    }

    /// The path of a script among the clients that tests run.
    package static func client(_ name: String) -> String {
        packageFolder + "/Tests/Clients/" + name
    }
}
