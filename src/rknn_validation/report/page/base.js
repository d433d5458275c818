"use strict";
// The data of the page and helpers for all parts. Text from a run is only ever set as text, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const MARKS = { pass: "✓", fail: "✕", inconclusive: "?", skip: "–" };
const SEVERITY = ["fail", "inconclusive", "pass", "skip"];
const text = (number) => data.texts[number];
const byId = (id) => document.getElementById(id);

const verdicts = data.verdicts.map((row, index) => {
  const [tier, stage, check, title, remedy, code] = data.checks[row[0]].map(text);
  const [column, scenario, board, node] = data.columns[row[1]].map(text);
  return {
    index, row, tier, stage, check, title, remedy, code, column, scenario, board, node,
    status: data.statuses[row[2]], reason: text(row[3]), begin: row[4], seconds: row[5], change: null,
    get differs() { return this.change !== null && this.change.kind !== "new"; },
    get bad() { return this.status === "fail" || this.status === "inconclusive"; },
    get name() { return `${this.tier} ${this.check} ${this.column}`; },
  };
});

if (data.changes) {
  for (const kind of ["broke", "fixed", "changed", "new"]) {
    for (const [index, , , status, reason, started] of data.changes[kind]) {
      const before = status === undefined ? null
        : { status: data.statuses[status], reason: text(reason), started: text(started) };
      verdicts[index].change = { kind, before };
    }
  }
}

/** An element: `attributes` as in markup, functions are event listeners, children are elements or text. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

const mark = (status) => el("span", { class: `mark ${status}`, "aria-hidden": "true" }, MARKS[status]);
const badge = (status) => el("span", { class: "badge" }, mark(status), status);
const worst = (statuses) => SEVERITY.find((status) => statuses.includes(status));
const many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** The items of a list by what `key` gives, in order of appearance. */
function grouped(items, key) {
  const groups = new Map();
  for (const item of items) {
    const name = key(item);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(item);
  }
  return groups;
}

/** The time of a run in UTC; text that is no time is returned unchanged. */
function when(started) {
  const time = new Date(started);
  return Number.isNaN(time.getTime()) ? started : `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

const seconds = (value) => (value < 10 ? value.toFixed(value < 1 ? 2 : 1) : value.toFixed(0)) + " s";

/** Buttons for the first verdicts, and one that shows the others. */
function chips(list, limit = 12) {
  const made = el("span", { class: "chips" });
  const chip = (one) => el("button", { type: "button", class: "chip", "data-verdict": one.index,
    "aria-label": `${one.status}: ${one.check} on ${one.column}` }, mark(one.status), one.column);
  made.append(...list.slice(0, limit).map(chip));
  if (list.length > limit) {
    const more = el("button", { type: "button", class: "chip more", click() { this.replaceWith(...list.slice(limit).map(chip)); } },
      `${list.length - limit} more`);
    made.append(more);
  }
  return made;
}
