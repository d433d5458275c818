// When each question was asked. Drawn when first opened, because a fleet has thousands of bars.
function drawTimeline() {
  const timed = verdicts.filter((one) => one.begin !== null);
  if (!timed.length) return;
  const lanes = [...grouped(timed, (one) => `${one.tier} ${one.column}`)];
  const list = document.querySelector("#timeline .list");
  const end = timed.reduce((latest, one) => Math.max(latest, one.begin + one.seconds), 0.001);
  const body = el("div", { class: "lanes" });
  const fill = () => { if (!body.childElementCount) body.append(axis(end), ...lanes.map(([, some]) => lane(some, end))); };
  const missing = verdicts.length - timed.length;
  const box = el("details", { toggle() { if (this.open) fill(); } },
    el("summary", {}, `${many(lanes.length, "column")} in ${seconds(end)}`, missing ? `; ${many(missing, "verdict")} without a time` : ""), body);
  list.append(box);
  box.open = lanes.length <= 16;
  byId("timeline").hidden = false;
}

function axis(end) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const tick = el("span", {}, seconds(end * part));
    tick.style.left = `${part * 100}%`;
    return tick;
  });
  return el("div", { class: "lane axis", "aria-hidden": "true" }, el("span", { class: "lane-name" }), el("div", { class: "track" }, ...ticks));
}

function lane(some, end) {
  const [first] = some;
  const begin = Math.min(...some.map((one) => one.begin));
  const until = Math.max(...some.map((one) => one.begin + one.seconds));
  const label = `${first.tier} ${first.column}: ${many(some.length, "verdict")}, from ${seconds(begin)} to ${seconds(until)}`;
  const bars = some.map((one) => {
    const bar = el("span", { class: `bar-of ${one.status}`, "data-verdict": one.index, title: `${one.check}: ${one.status}, ${seconds(one.seconds)}` });
    bar.style.left = `${(one.begin / end) * 100}%`;
    bar.style.width = `max(2px, ${(one.seconds / end) * 100}%)`;
    return bar;
  });
  return el("div", { class: "lane" }, el("span", { class: "lane-name", title: label }, `${first.column}`, el("span", { class: "quiet" }, ` ${first.tier}`)),
    el("div", { class: "track", role: "img", "aria-label": label }, ...bars));
}
