// SPDX-License-Identifier: MIT
/** A chart of the last two minutes, with a time axis and one curve for each series. */
class Chart {
  /** The time that the axis covers, in milliseconds. */
  static span = 120000;
  /** A curve is interrupted where two states are further apart than this, in milliseconds. */
  static hole = 4000;
  static width = 240;
  static height = 64;

  /**
   * `series` are pairs of a key and its label; `unit` formats a number. The large number is the sum
   * of the series, or the first of them if `leads` is set.
   */
  constructor(name, series, unit, leads = false) {
    Object.assign(this, { series, unit, leads, points: [] });
    const card = find(`[data-chart=${name}]`);
    this.title = card.querySelector("h2").textContent;
    this.now = make("p", "big", "–");
    this.box = draw("svg", {
      viewBox: `0 0 ${Chart.width} ${Chart.height}`, preserveAspectRatio: "none", role: "img",
    });
    this.lines = series.map(([key]) => {
      const area = draw("path", { class: "area " + key });
      const line = draw("path", { class: "curve " + key, "vector-effect": "non-scaling-stroke" });
      // The first series is drawn over the others.
      this.box.prepend(area, line);
      return { key, area, line };
    });
    this.top = make("span", "top soft");
    const plot = make("div", "plot");
    plot.append(this.box, this.top);
    this.legend = make("ul", "legend");
    this.figures = new Map(series.map(([key, word]) => {
      const item = make("li", key);
      const figure = make("b");
      item.append(make("i"), make("span", "", word), figure);
      this.legend.append(item);
      return [key, figure];
    }));
    const axis = make("p", "axis soft");
    axis.setAttribute("aria-hidden", "true");
    this.end = make("time");
    axis.append(make("span", "", "−2 min"), make("span", "", "−1 min"), this.end);
    card.append(this.now, plot, axis, this.legend);
    this.show();
  }

  /** Adds the values at a time in milliseconds, and forgets those that left the axis. */
  add(at, values) {
    // A clock that was set back starts a new chart.
    if (at < this.points.at(-1)?.at) this.clear();
    this.points.push({ at, ...values });
    while (this.points[0].at < at - Chart.span) this.points.shift();
  }

  clear() { this.points = []; }

  show() {
    const last = this.points.at(-1);
    const main = (point) => (this.leads ? point[this.series[0][0]] : this.series.reduce((all, [key]) => all + point[key], 0));
    const highest = Math.max(0, ...this.points.flatMap((point) => this.series.map(([key]) => point[key])));
    const top = Chart.round(highest);
    for (const { key, area, line } of this.lines) {
      // A series that is always zero is not drawn: it would only cover the others.
      const isDrawn = this.points.some((point) => point[key]);
      const path = isDrawn ? this.runs().map((run) => this.path(key, top, run)).join("") : "";
      line.setAttribute("d", path);
      area.setAttribute("d", path && this.runs().map((run) => this.area(key, top, run)).join(""));
    }
    put(this.top, this.points.length ? rate(top) : "");
    put(this.end, last ? clock(last.at) : "");
    put(this.now, last ? this.unit(main(last)) : "–");
    for (const [key, figure] of this.figures) put(figure, last ? this.unit(last[key]) : "–");
    const words = last
      ? `now ${this.unit(main(last))}, highest ${this.unit(highest)} in two minutes` : "no data yet";
    this.box.setAttribute("aria-label", `${this.title}: ${words}`);
  }

  // The newest point is at the right edge.
  x({ at }) {
    const age = this.points.at(-1).at - at;
    return (Chart.width * (1 - age / Chart.span)).toFixed(1);
  }

  // The points in pieces without a hole.
  runs() {
    const runs = [];
    for (const point of this.points) {
      const run = runs.at(-1);
      if (run && point.at - run.at(-1).at <= Chart.hole) run.push(point);
      else runs.push([point]);
    }
    return runs;
  }

  path(key, top, run) {
    const height = Chart.height - 3;
    return run.map((point, index) => {
      const y = (Chart.height - 1 - (point[key] / top) * height).toFixed(1);
      return `${index ? "L" : "M"}${this.x(point)} ${y}`;
    }).join("");
  }

  area(key, top, run) {
    return `${this.path(key, top, run)}V${Chart.height}H${this.x(run[0])}Z`;
  }

  /** Returns the top of the scale: 1, 2 or 5 times a power of ten, not below `highest`. */
  static round(highest) {
    let top = 1;
    for (let step = 0; top < highest; step += 1) top *= step % 3 === 1 ? 2.5 : 2;
    return top;
  }
}
