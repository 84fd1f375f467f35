// Puts one strip beside the title of Timur's record page, and again whenever Timur builds the page anew.

import { recordPage } from "./place.js";

const TAG = "polyphemus-suggestions";
const ANCHOR = ".browser > .header";

/** @param {Document} page */
export function automount(page) {
  const settle = () => {
    const header = page.querySelector(ANCHOR);
    if (header) mount(header);
  };
  const start = () => {
    // Timur navigates with history.pushState, which tells nobody: but it always rebuilds its page.
    new MutationObserver(settle).observe(page.querySelector("#root") ?? page.body, {
      childList: true,
      subtree: true,
    });
    settle();
  };
  if (page.readyState === "loading") page.addEventListener("DOMContentLoaded", start);
  else start();
}

/** @param {Element} header */
function mount(header) {
  const { project, model, record } = recordPage(location.pathname);
  const strip = header.querySelector(TAG) ?? header.appendChild(document.createElement(TAG));
  for (const [name, value] of Object.entries({ project, model, record, layout: "strip" })) {
    if (strip.getAttribute(name) !== value) strip.setAttribute(name, value);
  }
}
