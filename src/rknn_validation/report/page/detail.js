// One verdict with all its evidence, in a panel beside the matrix. Escape closes it and returns the focus.
let opener = null;
let current = null;

function openDetail(one, from) {
  if (from) opener = from;
  current = one;
  const panel = byId("detail");
  panel.replaceChildren(...detail(one));
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add("with-detail");
  document.querySelectorAll("[aria-current]").forEach((cell) => cell.removeAttribute("aria-current"));
  document.querySelectorAll(`.cell[data-verdict="${one.index}"]`).forEach((cell) => cell.setAttribute("aria-current", "true"));
  remember(one.name);
  byId("detail-title").focus();
}

function closeDetail() {
  byId("detail").hidden = true;
  document.body.classList.remove("with-detail");
  document.querySelectorAll("[aria-current]").forEach((cell) => cell.removeAttribute("aria-current"));
  remember("");
  const back = opener?.isConnected ? opener : document.querySelector(`.cell[data-verdict="${current?.index}"]`);
  back?.focus();
  opener = null;
}

/** Puts the open verdict into the address, so that the link can be shared. */
function remember(name) {
  history.replaceState(null, "", name ? `#${encodeURIComponent(name)}` : location.pathname + location.search);
}

function openNamed() {
  let name = "";
  try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const one = name && verdicts.find((verdict) => verdict.name === name);
  if (one) openDetail(one, null);
}

function step(by) {
  const list = verdicts.filter((one) => (current.bad ? one.bad : true) && (!filtering() || shown(one)));
  const place = list.indexOf(current);
  if (list.length) openDetail(list[(place + by + list.length) % list.length], null);
}

function detail(one) {
  const where = [one.code, one.tier, one.stage, one.node, one.scenario, one.board].filter(Boolean).join(" · ");
  const took = one.begin === null ? `took ${seconds(one.seconds)}` : `after ${seconds(one.begin)}, took ${seconds(one.seconds)}`;
  const parts = [
    el("div", { class: "bar" }, badge(one.status), el("span", { class: "quiet" }, where),
      el("button", { type: "button", "aria-label": `previous ${one.bad ? "finding" : "verdict"}`, click: () => step(-1) }, "↑"),
      el("button", { type: "button", "aria-label": `next ${one.bad ? "finding" : "verdict"}`, click: () => step(1) }, "↓"),
      el("button", { type: "button", class: "close", "aria-label": "close", click: closeDetail }, "✕")),
    el("h2", { id: "detail-title", tabindex: "-1" }, el("code", {}, one.check), " ", el("span", { class: "where" }, one.column)),
    el("p", { class: "question" }, one.title),
    el("p", { class: `reason ${one.status}` }, one.reason),
  ];
  if (one.bad && one.remedy) parts.push(el("p", { class: "remedy" }, el("strong", {}, "Remedy: "), one.remedy));
  if (one.change) parts.push(before(one));
  parts.push(...causes(one));
  const seen = data.evidence[one.row[6]].map(text);
  parts.push(el("h3", {}, seen.length ? "Evidence" : "No evidence"));
  for (let at = 0; at < seen.length; at += 2) {
    parts.push(el("figure", {}, el("figcaption", {}, el("code", {}, seen[at])), output(seen[at + 1], seen[at])));
  }
  parts.push(...one.row[8].map(([title, file, content]) => attachment(text(title), text(file), content)));
  const standIns = data.standIns[one.row[7]].map(text);
  if (standIns.length) {
    parts.push(el("h3", {}, "Stand-ins"), el("ul", { class: "quiet" }, ...standIns.map((name) => el("li", {}, name))));
  }
  parts.push(el("p", { class: "quiet" }, took));
  return parts;
}

const output = (content, label) => el("pre", { tabindex: "0", role: "region", "aria-label": `output of ${label}` }, content || "(empty)");

function before(one) {
  const { kind, before: was } = one.change;
  if (!was) return el("p", { class: "before" }, "New: no earlier run asked this question.");
  return el("p", { class: `before ${kind}` }, el("strong", {}, `${kind}: `), `was ${was.status} in the run of ${when(was.started)}`,
    was.reason ? `: ${was.reason}` : "");
}

function attachment(title, file, content) {
  const link = el("a", { href: encodeURI(file) }, file);
  const body = content === undefined ? el("p", { class: "quiet" }, "Too long for this page; open the file.") : output(text(content), title);
  return el("details", { class: "attachment" }, el("summary", {}, title), body, el("p", { class: "quiet" }, "file: ", link));
}
