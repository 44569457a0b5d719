// SPDX-License-Identifier: MIT
/** Two minutes of some numbers, one line each, drawn as they come; at most `Chart.length` points. */
class Chart {
  static length = 120;
  static width = 240;
  static height = 64;

  /**
   * `series` are pairs of a key and its word; `unit` makes a number text; the large number is their
   * sum, or with `leads` the first of them.
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
      // The first is drawn over the others.
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
    card.append(this.now, plot, this.legend);
    this.show();
  }

  add(point) {
    this.points.push(point);
    if (this.points.length > Chart.length) this.points.shift();
  }

  clear() { this.points = []; }

  show() {
    const last = this.points.at(-1);
    const main = (point) => (this.leads ? point[this.series[0][0]] : this.series.reduce((all, [key]) => all + point[key], 0));
    const highest = Math.max(0, ...this.points.flatMap((point) => this.series.map(([key]) => point[key])));
    const top = Chart.round(highest);
    for (const { key, area, line } of this.lines) {
      // What is nothing all the time would only cover what is something.
      const path = this.points.some((point) => point[key]) ? this.path(key, top) : "";
      line.setAttribute("d", path);
      area.setAttribute("d", path && `${path}V${Chart.height}H${this.x(0)}Z`);
    }
    put(this.top, this.points.length ? rate(top) : "");
    put(this.now, last ? this.unit(main(last)) : "–");
    for (const [key, figure] of this.figures) put(figure, last ? this.unit(last[key]) : "–");
    const words = last
      ? `now ${this.unit(main(last))}, highest ${this.unit(highest)} in two minutes` : "nothing yet";
    this.box.setAttribute("aria-label", `${this.title}: ${words}`);
  }

  // The newest point is at the right edge, however few there are.
  x(index) {
    const place = Chart.length - this.points.length + index;
    return ((place * Chart.width) / (Chart.length - 1)).toFixed(1);
  }

  path(key, top) {
    const height = Chart.height - 3;
    return this.points.map((point, index) => {
      const y = (Chart.height - 1 - (point[key] / top) * height).toFixed(1);
      return `${index ? "L" : "M"}${this.x(index)} ${y}`;
    }).join("");
  }

  /** The scale's end: 1, 2 or 5 with zeros behind it, not below the highest. */
  static round(highest) {
    let top = 1;
    for (let step = 0; top < highest; step += 1) top *= step % 3 === 1 ? 2.5 : 2;
    return top;
  }
}
