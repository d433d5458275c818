// One table of checks by columns for each tier, rebuilt when the filter changes; folded stages have no rows.
const FOLD_FROM = 30;
const SORT_FROM = 20;
const folded = new Map();

function drawMatrix() {
  const list = document.querySelector("#matrix .list");
  const tables = [...grouped(verdicts, (one) => one.tier)].map(([tier, all]) => table(tier, all)).filter(Boolean);
  list.replaceChildren(...tables, legend());
  byId("matrix").hidden = verdicts.length === 0;
}

function table(tier, all) {
  const visible = new Set(all.filter(shown));
  if (!visible.size) return null;
  const columns = [...grouped(all, (one) => one.column)].filter(([, some]) => some.some((one) => visible.has(one)));
  const sorted = columns.length > SORT_FROM;
  // Among many columns, those with findings come first; they could be out of sight otherwise.
  const rank = ([, some]) => SEVERITY.indexOf(worst(some.map((one) => one.status)));
  if (sorted) columns.sort((one, other) => rank(one) - rank(other));
  const names = columns.map(([name]) => name);
  const checks = new Set(all.map((one) => one.check)).size;
  const dense = names.length > 4;
  const made = el("table", { class: dense ? "dense" : "", role: "grid", "aria-label": `${tier}: checks by column`, "data-tier": tier },
    el("caption", {}, el("strong", {}, tier), ` ${many(checks, "check")} × ${many(names.length, "column")}${sorted ? ", those with findings first" : ""}`),
    el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "corner" }, "check"),
      ...names.map((name) => el("th", { scope: "col", class: "column", title: name }, el("span", {}, name))), el("td", { class: "rest" })),
      el("tr", { class: "worst" }, el("th", { scope: "row" }, "worst of all"),
        ...columns.map(([name, some]) => el("td", {}, summary(some, name))), el("td", { class: "rest" }))));
  for (const [stage, some] of grouped(all, (one) => one.stage)) {
    if (some.some((one) => visible.has(one))) made.append(stageRows(tier, stage, some, names, visible, checks));
  }
  const first = made.querySelector("button.cell") ?? made.querySelector("button.fold");
  if (first) first.tabIndex = 0;
  return el("div", { class: "scroll" }, made);
}

function stageRows(tier, stage, some, names, visible, checks) {
  const key = `${tier} ${stage}`;
  const quiet = checks > FOLD_FROM && !some.some((one) => one.bad || one.differs);
  const fold = !filtering() && (folded.get(key) ?? quiet);
  const rows = [...grouped(some, (one) => one.check)].filter(([, group]) => group.some((one) => visible.has(one)));
  const bad = some.filter((one) => one.bad).length;
  const toggle = el("button", { type: "button", class: "fold", tabindex: "-1", "aria-expanded": String(!fold),
    click() {
      folded.set(key, !fold);
      drawMatrix();
      document.querySelector(`[data-stage="${CSS.escape(key)}"] .fold`)?.focus();
    } }, stage, el("span", { class: "quiet" }, ` ${rows.length}${bad ? ` · ${bad} not passing` : ""}`));
  const byColumn = grouped(some, (one) => one.column);
  const heads = names.map((name) => el("td", {}, fold && byColumn.has(name) ? summary(byColumn.get(name), name) : ""));
  const body = el("tbody", { "data-stage": key },
    el("tr", { class: "stage" }, el("th", { scope: "rowgroup" }, toggle), ...heads, el("td", { class: "rest" })));
  if (!fold) body.append(...rows.map(([check, group]) => checkRow(check, group, names, visible)));
  return body;
}

function checkRow(check, group, names, visible) {
  const byColumn = grouped(group, (one) => one.column);
  const cells = names.map((name) => {
    const here = byColumn.get(name);
    if (!here) return el("td", {}, el("span", { class: "none", "aria-label": "not asked" }, "·"));
    return el("td", {}, ...here.map((one) => cell(one, visible.has(one))));
  });
  return el("tr", {}, el("th", { scope: "row", title: group[0].title }, check), ...cells, el("td", { class: "rest" }));
}

function cell(one, visible) {
  const kind = one.differs ? one.change.kind : "";
  return el("button", { type: "button", tabindex: "-1", class: `cell ${one.status} ${kind} ${visible ? "" : "dim"}`,
    "data-verdict": one.index, "aria-haspopup": "dialog", title: one.reason,
    "aria-label": `${one.status}${kind ? `, ${kind}` : ""}: ${one.check} on ${one.column}` }, MARKS[one.status]);
}

function summary(some, name) {
  const status = worst(some.map((one) => one.status));
  return el("span", { class: `mark ${status}`, role: "img", "aria-label": `worst on ${name}: ${status}` }, MARKS[status]);
}

function legend() {
  const words = { pass: "the check holds", fail: "the check does not hold", inconclusive: "could not tell, which never counts as pass",
    skip: "does not apply; the reason is stated" };
  const entries = Object.entries(words).map(([status, meaning]) => el("li", {}, badge(status), ` ${meaning}`));
  return el("ul", { class: "legend" }, ...entries, el("li", {}, el("span", { class: "none" }, "·"), " not asked of this column"),
    data.changes ? el("li", {}, el("span", { class: "dot" }), " changed since the last answer") : null);
}

/** Arrow keys, Home and End move between the buttons of a table; Tab reaches one of them. */
function moveInMatrix(event) {
  const from = event.target.closest("button.cell, button.fold");
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] };
  const move = moves[event.key];
  if (!from || !move || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const grid = from.closest("table");
  const rows = [...grid.querySelectorAll("tbody tr")];
  const line = (row) => [...row.querySelectorAll("button.cell, button.fold")];
  const own = from.closest("tr");
  let to;
  if (move[0]) {
    const row = rows[rows.indexOf(own) + move[0]];
    const place = from.closest("td, th").cellIndex;
    const there = row ? line(row) : [];
    to = there.find((button) => button.closest("td, th").cellIndex >= place) ?? there.at(-1);
  } else {
    const here = line(own);
    to = here[Math.min(Math.max(here.indexOf(from) + move[1], 0), here.length - 1)];
  }
  if (to) reach(to);
}

function reach(button) {
  button.closest("table").querySelectorAll('button[tabindex="0"]').forEach((one) => { one.tabIndex = -1; });
  button.tabIndex = 0;
  button.focus();
}
