// Starts the page.
const THEMES = ["auto", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");
let theme = "auto";
// A page opened from a file may have no storage; the theme of the system is used then.
try { theme = localStorage.getItem("rknn-theme") ?? "auto"; } catch { theme = "auto"; }

function paint(printing = false) {
  const chosen = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = printing ? "light" : chosen;
  byId("theme").textContent = `theme: ${theme}`;
}

byId("theme").hidden = false;
byId("theme").addEventListener("click", () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  try { localStorage.setItem("rknn-theme", theme); } catch { /* kept for this page only */ }
  paint();
});
dark.addEventListener("change", () => paint());
addEventListener("beforeprint", () => paint(true));
addEventListener("afterprint", () => paint());
paint();

function draw() {
  drawFindings();
  drawMatrix();
  const count = verdicts.filter(shown).length;
  byId("shown").textContent = filtering() ? `${count} of ${verdicts.length}` : "";
}

document.addEventListener("click", (event) => {
  const from = event.target.closest("[data-verdict]");
  if (!from) return;
  if (from.matches(".cell")) reach(from);
  openDetail(verdicts[Number(from.dataset.verdict)], from);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("detail").hidden) closeDetail();
  else if (event.key === "/" && !event.target.closest("input")) { event.preventDefault(); byId("words").focus(); }
});
byId("matrix").addEventListener("keydown", moveInMatrix);
addEventListener("hashchange", openNamed);

drawChanges();
drawDiagnoses();
startFilter(draw);
draw();
drawTimeline();
openNamed();
