// SPDX-License-Identifier: MIT
/** The rows of a table by key. A row that remains keeps its element, with its open details. */
class Rows {
  constructor(name, build, fill) {
    Object.assign(this, { build, fill, rows: new Map() });
    this.body = find(`[data-rows=${name}]`);
    this.none = find(`[data-none=${name}]`);
  }

  /** Shows exactly these items in this order; `key` returns the key of an item. */
  show(items, key) {
    const kept = new Map();
    items.forEach((item, index) => {
      const name = key(item);
      const row = this.rows.get(name) ?? this.build(item);
      this.fill(row, item);
      kept.set(name, row);
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null);
    });
    while (this.body.children.length > items.length) this.body.lastElementChild.remove();
    this.rows = kept;
    this.body.parentElement.hidden = !items.length;
    this.none.hidden = !!items.length;
  }
}

const cell = (row, kind, tag = "td") => {
  const element = make(tag, kind);
  if (tag === "th") element.scope = "row";
  row.append(element);
  return element;
};

const channelRow = () => {
  const row = make("tr");
  const first = cell(row, "what", "th");
  row.parts = {
    name: make("span", "name"), ids: make("span", "ids soft"), details: make("details", "ids soft"),
    list: make("ul"), summary: make("summary"),
  };
  row.parts.details.append(row.parts.summary, row.parts.list);
  first.append(row.parts.name, row.parts.ids, row.parts.details);
  row.parts.state = make("span", "chip");
  cell(row, "state").append(row.parts.state);
  for (const name of ["members", "readers", "events"]) row.parts[name] = cell(row, "number " + name);
  row.parts.size = make("span", "soft size");
  row.parts.held = make("span");
  row.parts.events.append(row.parts.held, row.parts.size);
  return row;
};

const fillChannel = ({ parts }, channel) => {
  put(parts.name, channel.channel);
  put(parts.state, stateWords[channel.state] ?? channel.state);
  parts.state.dataset.state = channel.state;
  put(parts.members, number(channel.members));
  put(parts.readers, number(channel.readers));
  put(parts.held, number(channel.events));
  put(parts.size, channel.events ? bytes(channel.bytes) : "");
  const others = channel.members - channel.list.length;
  const names = channel.list.map((member) => member.user_id).join(", ") + (others > 0 ? ` and ${number(others)} more` : "");
  const isDescribed = channel.list.some((member) => member.user_info !== undefined);
  parts.ids.hidden = isDescribed || !channel.list.length;
  parts.details.hidden = !isDescribed;
  put(parts.ids, names);
  put(parts.summary, isDescribed ? names : "");
  const lines = isDescribed ? channel.list.map((member) => {
    const info = member.user_info === undefined ? "" : `  ${member.user_info}${member.cut ? "…" : ""}`;
    return member.user_id + info;
  }) : [];
  if (parts.lines !== lines.join("\n")) {
    parts.lines = lines.join("\n");
    parts.list.replaceChildren(...lines.map((line) => make("li", "", line)));
  }
};

const eventRow = () => {
  const row = make("tr");
  const first = cell(row, "what", "th");
  row.parts = {
    name: make("span", "name"), remark: make("span", "chip"), user: make("span", "by soft"),
    channel: make("span", "on soft"), data: make("code", "data"),
  };
  const head = make("span", "head");
  head.append(row.parts.name, row.parts.remark, row.parts.user);
  first.append(head, row.parts.channel, row.parts.data);
  row.parts.size = cell(row, "number size");
  row.parts.time = cell(row, "number time");
  return row;
};

const fillEvent = (row, event) => {
  const { parts } = row;
  row.classList.toggle("gone", !!event.retracted);
  row.classList.toggle("gap", event.event === "passerelle:gap");
  put(parts.name, event.event ?? "an event");
  put(parts.remark, event.retracted ? "retracted" : event.remark ?? "");
  parts.remark.hidden = !parts.remark.textContent;
  put(parts.user, event.user_id === undefined ? "" : `by ${event.user_id}`);
  put(parts.channel, event.channel);
  put(parts.data, event.data === undefined ? "" : event.data + (event.cut ? "…" : ""));
  parts.data.hidden = event.data === undefined;
  put(parts.size, event.size === undefined ? "" : bytes(event.size));
  put(parts.time, clock(event.time));
};
