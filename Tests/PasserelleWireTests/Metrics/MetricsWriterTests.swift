// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct MetricsWriterTests {
    private func text(_ write: (inout MetricsWriter) -> Void) -> String {
        var writer = MetricsWriter()
        write(&writer)
        return String(decoding: writer.text, as: UTF8.self)
    }

    @Test func `a family has its help and type before its samples`() {
        let text = text {
            $0.family("a_total", .counter, "Help of a.")
            $0.sample(3, ("kind", "x"))
            $0.sample(UInt64.max, ("kind", "y"))
            $0.family("b", .gauge, "Help of b.")
            $0.sample(0.25)
        }
        #expect(
            text == """
                # HELP a_total Help of a.
                # TYPE a_total counter
                a_total{kind="x"} 3
                a_total{kind="y"} 18446744073709551615
                # HELP b Help of b.
                # TYPE b gauge
                b 0.25

                """)
    }

    @Test func `help and labels are escaped by the rules of the format`() {
        let text = text {
            $0.family("a", .gauge, "Of \"C:\\\" and\nmore.")
            $0.sample(1, ("path", "\"C:\\\"\n"))
        }
        #expect(
            text == #"""
                # HELP a Of "C:\\" and\nmore.
                # TYPE a gauge
                a{path="\"C:\\\"\n"} 1

                """#)
    }

    @Test(arguments: [
        (0.0, "0"), (-1.0, "-1"), (1.5, "1.5"), (1e15, "1000000000000000"), (1e300, "1e+300"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func `numbers have the spelling of the format`(value: Double, shown: String) {
        #expect(text { $0.sample(value) } == " \(shown)\n")
    }

    @Test func `a histogram's buckets are cumulative`() {
        var histogram = DurationHistogram()
        histogram.add(.zero)
        histogram.add(.microseconds(100))
        histogram.add(.microseconds(101))
        histogram.add(.milliseconds(2_500))
        histogram.add(.seconds(3))
        let lines = text {
            $0.family("t_seconds", .histogram, "Times.")
            $0.samples(histogram)
        }.split(separator: "\n")
        #expect(lines.count == 2 + 15 + 2)
        #expect(lines[2] == #"t_seconds_bucket{le="0.0001"} 2"#)
        #expect(lines[3] == #"t_seconds_bucket{le="0.00025"} 3"#)
        #expect(lines[14] == #"t_seconds_bucket{le="1"} 3"#)
        #expect(lines[15] == #"t_seconds_bucket{le="2.5"} 4"#)
        #expect(lines[16] == #"t_seconds_bucket{le="+Inf"} 5"#)
        #expect(lines[17] == "t_seconds_sum 5.500201")
        #expect(lines[18] == "t_seconds_count 5")
    }

    @Test(arguments: DurationHistogram.bounds.indices)
    func `a duration equal to a bound is in the bound's bucket`(index: Int) {
        let bound = DurationHistogram.bounds[index]
        var histogram = DurationHistogram()
        for step in [-1, 0, 1] { histogram.add(bound + .nanoseconds(step)) }
        #expect(histogram.counts[index] == 2 && histogram.counts[index + 1] == 1)
    }
}
