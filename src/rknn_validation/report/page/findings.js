// What needs attention: changes, likely causes, and each check that did not pass, with everything it did not pass on.
const SHARED_FROM = 4;

/** One finding for each check; checks that share a reason, such as a node that cannot be reached, are one finding. */
function drawFindings() {
  const bad = verdicts.filter((one) => one.bad && shown(one));
  const byReason = grouped(bad, (one) => `${one.tier} ${one.reason}`);
  const shared = [...byReason.values()].filter((group) => new Set(group.map((one) => one.check)).size >= SHARED_FROM);
  const together = new Set(shared.flat());
  const single = [...grouped(bad.filter((one) => !together.has(one)), (one) => `${one.tier} ${one.check}`).values()];
  document.querySelector("#findings .list").replaceChildren(...shared.map(sharedFinding), ...single.map(finding));
  byId("findings").hidden = bad.length === 0;
}

function sharedFinding(group) {
  const status = worst(group.map((one) => one.status));
  const checks = [...grouped(group, (one) => one.check)];
  const columns = [...grouped(group, (one) => one.column).values()].map((some) => some[0]);
  return el("article", { class: `finding ${status}` },
    el("h3", {}, mark(status), many(checks.length, "check"), " ", el("span", { class: "quiet" }, `${group[0].tier} · one reason`)),
    el("p", {}, group[0].reason, " ", chips(columns)),
    el("details", {}, el("summary", {}, "which checks"),
      ...checks.map(([check, some]) => el("p", {}, el("code", {}, check), " ", chips(some)))));
}

function finding(group) {
  const [first] = group;
  const reasons = [...grouped(group, (one) => one.reason)];
  return el("article", { class: `finding ${worst(group.map((one) => one.status))}` },
    el("h3", {}, mark(worst(group.map((one) => one.status))), el("code", {}, first.check), " ",
      el("span", { class: "quiet" }, [first.code, first.tier, first.title].filter(Boolean).join(" · "))),
    ...reasons.slice(0, 4).map(([reason, some]) => el("p", {}, reason, " ", chips(some))),
    reasons.length > 4 ? el("p", {}, `and ${many(reasons.length - 4, "other reason")}: `, chips(reasons.slice(4).flatMap(([, some]) => some))) : null,
    first.remedy ? el("p", { class: "remedy" }, el("strong", {}, "Remedy: "), first.remedy) : null);
}

function drawChanges() {
  const changes = data.changes;
  if (!changes) return;
  const section = byId("changes");
  section.append(el("p", { class: "quiet" }, `Compared with the last answer to each question. The latest answers are from the run of ${when(changes.since)}.`));
  const words = { broke: "broke", fixed: "fixed", changed: "changed otherwise", new: "new", gone: "no longer asked" };
  let any = false;
  for (const [kind, word] of Object.entries(words)) {
    if (!changes[kind].length) continue;
    any = true;
    const lines = el("ul", {}, ...changes[kind].slice(0, 200).map((row) => changeLine(row)));
    const open = kind === "broke" || kind === "fixed" || kind === "changed";
    section.append(el("details", { class: `kind ${kind}`, open: open && changes[kind].length <= 20 },
      el("summary", {}, el("strong", {}, `${changes[kind].length} ${word}`)), lines));
  }
  if (!any) section.append(el("p", {}, "No verdict changed."));
  section.hidden = false;
}

function changeLine([index, tier, name, status]) {
  const was = status === undefined ? null : badge(data.statuses[status]);
  if (index === null) return el("li", {}, el("code", {}, text(name)), ` ${text(tier)}, was `, was);
  const one = verdicts[index];
  return el("li", {}, el("button", { type: "button", class: "link", "data-verdict": index }, text(name)), ` ${text(tier)} `,
    ...(was ? [was, " → "] : []), badge(one.status), one.bad ? ` ${one.reason}` : "");
}

/** One entry for each cause, however many nodes share it. */
function drawDiagnoses() {
  if (!data.diagnoses.length) return;
  const groups = grouped(data.diagnoses, (one) => JSON.stringify([one.cause, one.fix, one.certainty]));
  const cards = [...groups.values()].map((group) => {
    const [first] = group;
    const explained = group.flatMap((one) => verdicts.filter((verdict) => explains(one, verdict)));
    const evidence = new Set(group.flatMap((one) => one.evidence).map((one) => `${one.source}\n${one.output}`));
    return el("li", { class: "diagnosis" },
      el("h3", {}, first.cause, el("span", { class: "certainty" }, [first.code, first.certainty].filter(Boolean).join(" · "))),
      el("p", { class: "quiet" }, [...new Set(group.map((one) => one.where))].join(", ")),
      el("p", { class: "remedy" }, el("strong", {}, "Fix: "), first.fix),
      explained.length ? el("details", {}, el("summary", {}, `explains ${many(explained.length, "verdict")}`),
        ...[...grouped(explained, (one) => one.check)].map(([check, some]) => el("p", {}, el("code", {}, check), " ", chips(some)))) : null,
      el("p", { class: "quiet" }, "Source: ", first.source),
      el("details", {}, el("summary", {}, "evidence"), ...[...evidence].map((one) => output(one, "the likely cause"))));
  });
  byId("diagnoses").append(el("ol", {}, ...cards));
  byId("diagnoses").hidden = false;
}

const explains = (diagnosis, verdict) => verdict.bad && diagnosis.tier === verdict.tier && diagnosis.where === verdict.column
  && diagnosis.explains.includes(verdict.check);

function causes(one) {
  const found = data.diagnoses.filter((diagnosis) => explains(diagnosis, one));
  return found.map((diagnosis) => el("p", { class: "cause" }, el("strong", {}, "Likely cause: "), diagnosis.cause));
}
