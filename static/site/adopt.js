// Gives orphans their parents from the person's own browser, under the person's own token: Polyphemus never writes
// to Magma. A click notes the decision here, sends the update there, and tells Polyphemus what Magma answered.
// Without this script the page shows the update to post by hand.

/** @typedef {{ id: number, project: string, magma: string, updates: object[] }} Review */

/**
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Review>}
 */
async function ask(path, body) {
  const answer = await fetch(new URL(`../../api/v1/${path}`, import.meta.url), {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", "X-Polyphemus-Client": "1", Accept: "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail ?? said.title ?? answer.statusText);
  return said;
}

/**
 * What Magma says to one update: its status and, if it refused, why.
 * @param {string} magma
 * @param {object} update
 */
async function send(magma, update) {
  const answer = await fetch(`${magma}/update`, {
    method: "POST",
    credentials: "include",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(update),
  });
  return { status: answer.status, said: answer.ok ? "" : reason(await answer.text()) };
}

/** The sentence in any of the shapes Magma refuses in. @param {string} text */
function reason(text) {
  try {
    const said = JSON.parse(text);
    return String(said.errors?.join(" ") ?? said.error ?? said);
  } catch {
    return text.slice(0, 200);
  }
}

/**
 * Send what is left of an adoption, one update after the other, until Magma refuses one.
 * @param {Review} review
 */
async function adopt(review) {
  let outcome = { status: 0, said: "" };
  for (const update of review.updates) {
    try {
      outcome = await send(review.magma, update);
    } catch (error) {
      outcome = { status: 0, said: error instanceof Error ? error.message : String(error) };
    }
    if (outcome.status < 200 || outcome.status > 299) break;
  }
  await ask(`reviews/${review.id}/sent`, outcome);
}

/** @param {HTMLFormElement} form */
async function begun(form) {
  const fields = new FormData(form);
  const { orphan, review } = form.dataset;
  if (orphan) return ask(`orphans/${orphan}/adopt`, { parent: fields.get("parent") });
  if (fields.get("decision") !== "adopt") return ask(`reviews/${review}`);
  const parents = Object.fromEntries(
    [...fields]
      .filter(([name, value]) => name.startsWith("parent-") && value)
      .map(([name, value]) => [name.slice(7), value]),
  );
  const said = {
    decision: "adopt",
    reason: fields.get("reason") ?? "",
    parents,
    likeliest: fields.has("likeliest"),
  };
  return ask(`reviews/${review}/decide`, said);
}

/**
 * @param {HTMLFormElement} form
 * @param {SubmitEvent} event
 */
async function submitted(form, event) {
  const decision = new FormData(form).get("decision");
  if (decision !== null && decision !== "adopt") return; // any other decision is the form's own business
  event.preventDefault();
  const status = /** @type {HTMLElement} */ (document.querySelector("#adopting"));
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (button) button.disabled = true;
  status.textContent = status.dataset["sending"] ?? "";
  try {
    const review = await begun(form);
    await adopt(review);
    location.assign(`/${encodeURIComponent(review.project)}/orphans/reviews/${review.id}`);
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : String(error);
    if (button) button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form.adopts")) {
  const one = /** @type {HTMLFormElement} */ (form);
  one.addEventListener("submit", (event) => void submitted(one, event));
}
