// What is shown: the selected statuses (none selected: all), changed verdicts only, and words that must all occur.
const wanted = { statuses: new Set(), changed: false, words: [] };
const lower = data.texts.map((one) => one.toLowerCase());

const filtering = () => wanted.statuses.size > 0 || wanted.changed || wanted.words.length > 0;

/** Whether a verdict is shown. Each word is searched for once in each text, however many verdicts share the text. */
function shown(one) {
  if (wanted.statuses.size && !wanted.statuses.has(one.status)) return false;
  if (wanted.changed && !one.differs) return false;
  return wanted.words.every((found) => {
    const has = (number) => found[number];
    return data.checks[one.row[0]].some(has) || data.columns[one.row[1]].some(has) || has(one.row[3])
      || data.evidence[one.row[6]].some(has);
  });
}

function readWords(value) {
  const words = value.toLowerCase().split(/\s+/).filter(Boolean);
  wanted.words = words.map((word) => lower.map((one) => one.includes(word)));
}

/** Builds the filter, which calls `changed` after each change. */
function startFilter(changed) {
  const group = document.querySelector("#filter .statuses");
  const toggle = (label, count, press, ...content) => {
    const button = el("button", { type: "button", "aria-pressed": "false", class: "toggle",
      click() {
        const pressed = this.getAttribute("aria-pressed") !== "true";
        this.setAttribute("aria-pressed", String(pressed));
        press(pressed);
        changed();
      } }, ...content, el("span", { class: "count" }, String(count)));
    button.dataset.filter = label;
    group.append(button);
  };
  for (const status of ["fail", "inconclusive", "pass", "skip"]) {
    const count = verdicts.filter((one) => one.status === status).length;
    const press = (pressed) => (pressed ? wanted.statuses.add(status) : wanted.statuses.delete(status));
    toggle(status, count, press, mark(status), status);
  }
  const differ = verdicts.filter((one) => one.differs).length;
  if (differ) toggle("changed", differ, (pressed) => { wanted.changed = pressed; }, "changed");
  let timer = 0;
  byId("words").addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => { readWords(event.target.value); changed(); }, 120);
  });
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("filter").hidden = false;
}
