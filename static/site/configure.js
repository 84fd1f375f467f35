// Shows, while one types, what the form means: the server says so, by the same rules as when it is sent.

const PAUSE = 300;

/**
 * What the server answers.
 * @typedef {object} Preview
 * @property {string} preview
 * @property {string[]} changed
 * @property {Record<string, string>} counts
 * @property {string[]} faults
 * @property {[string, string | null, string | null][]} differences
 */

/** @type {AbortController | undefined} */
let asking;

/** @param {HTMLFormElement} form */
async function look(form) {
  asking?.abort();
  asking = new AbortController();
  const sent = new FormData(form);
  sent.set("do", "preview");
  const answer = await fetch(window.location.href, {
    method: "POST",
    body: new URLSearchParams(/** @type {any} */ (sent)),
    headers: { Accept: "application/json" },
    redirect: "error",
    signal: asking.signal,
  });
  if (answer.ok) show(form, /** @type {Preview} */ (await answer.json()));
}

/**
 * @param {HTMLFormElement} form
 * @param {Preview} found
 */
function show(form, found) {
  const preview = document.getElementById("preview");
  if (preview) preview.textContent = found.preview;
  const state = document.getElementById("preview-state");
  const faults = found.faults.join(" · ");
  if (state && state.textContent !== faults) state.textContent = faults; // read aloud only when it is news
  for (const [id, count] of Object.entries(found.counts)) {
    const place = document.querySelector(`#${CSS.escape(id)} > summary .count`);
    if (place) place.textContent = count;
  }
  const changed = new Set(found.changed);
  for (const control of form.querySelectorAll(".control")) {
    control.toggleAttribute("data-changed", changed.has(control.getAttribute("data-name") ?? ""));
  }
  for (const panel of form.querySelectorAll(".panel")) {
    panel.toggleAttribute("data-changed", panel.querySelector(".control[data-changed]") !== null);
  }
  const body = document.querySelector("#differences tbody");
  body?.replaceChildren(...found.differences.map(row));
}

/** @param {(string | null)[]} cells */
function row(cells) {
  const made = document.createElement("tr");
  cells.forEach((text, place) => {
    const cell = document.createElement(place ? "td" : "th");
    if (!place) cell.setAttribute("scope", "row");
    cell.textContent = text ?? "–";
    made.append(cell);
  });
  return made;
}

/** @param {HTMLFormElement} form */
function watch(form) {
  let timer = 0;
  const soon = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void look(form).catch(quiet), PAUSE);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.querySelector("#only-changed")?.addEventListener("change", () => {
    for (const panel of form.querySelectorAll(".panel[data-changed]")) panel.setAttribute("open", "");
  });
}

/** A preview that can't be had is no reason to disturb whoever types: sending the form says what is wrong. */
function quiet() {}

const form = document.getElementById("configure");
if (form instanceof HTMLFormElement) watch(form);
