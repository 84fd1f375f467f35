// Which record an element stands beside: its attributes say so, or Timur's address does.

/** @import { Place } from "./shapes.d.ts" */

const RECORD_PAGE = /^\/([^/]+)\/browse\/([^/]+)\/([^#?]+)$/;

/**
 * @param {HTMLElement} element
 * @returns {Place}
 */
export function placeOf(element) {
  const here = recordPage(location.pathname);
  // The drawer is about the project: there a missing record means none, and the address isn't asked.
  const beside = element.getAttribute("layout") === "drawer" ? { model: "", record: "" } : here;
  return {
    project: element.getAttribute("project") ?? window.CONFIG?.project_name ?? here.project,
    model: element.getAttribute("model") ?? beside.model,
    record: element.getAttribute("record") ?? beside.record,
  };
}

/**
 * Read Timur's address of a record: /PROJECT/browse/MODEL/RECORD, where a record may contain slashes.
 * @param {string} path
 * @returns {Place}
 */
export function recordPage(path) {
  const found = RECORD_PAGE.exec(path);
  const [project = "", model = "", record = ""] = (found ?? []).slice(1).map(decoded);
  return { project, model, record };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
