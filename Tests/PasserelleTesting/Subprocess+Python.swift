// SPDX-License-Identifier: MIT

extension Subprocess {
    /// Returns the Python interpreter with the clients of `Tests/Clients/requirements.txt`.
    ///
    /// That is `PASSERELLE_TEST_PYTHON`, which `Tests/run` sets, or the interpreter it made
    /// earlier. Throws if there is neither, since a test without its client has not passed.
    package static func python() throws(TestFailure) -> String {
        if let path = TestEnvironment.value("PASSERELLE_TEST_PYTHON") { return path }
        let path = packageDirectory + "/.build-python/bin/python"
        guard isExecutable(path) else {
            throw TestFailure(
                "no Python with the clients of Tests/Clients/requirements.txt: "
                    + "run ./Tests/run, which installs one in .build-python")
        }
        return path
    }

    /// Returns the path of a client script of the tests.
    package static func client(_ name: String) -> String {
        packageDirectory + "/Tests/Clients/" + name
    }
}
