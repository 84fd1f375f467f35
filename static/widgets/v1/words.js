// Every word the widgets say. English is here, and is fallen back to; other languages come when somebody reads them.

/** @typedef {Record<string, string>} Words */

/** @type {Words} */
const ENGLISH = {
  suggestions: "Suggestions from Polyphemus",
  "suggestions.one": "{count} suggestion",
  "suggestions.other": "{count} suggestions",
  "more.one": "{count} more",
  "more.other": "{count} more",
  all: "All of them",
  offer: "{analysis} for",
  "offer.which": "Which way?",
  ask: "Request this analysis",
  "ask.sure": "An analyst will be asked to run {analysis} on {record}.",
  "ask.yes": "Yes, request it",
  "ask.no": "No, leave it",
  acting: "One moment …",
  "ask.done": "Requested. See the request",
  "ask.failed": "That did not work: {message}",
  "ask.editor": "Editors of the project can request it.",
  later: "Not now",
  "later.done": "Hidden until the data change. Why, if you like:",
  "because.unneeded": "not needed",
  "because.elsewhere": "done elsewhere",
  "because.wrong": "the data are wrong",
  "because.thanks": "Thank you.",
  why: "Why?",
  requests: "Analysis requests",
  "requests.none": "No open requests.",
  "requests.due": "due {time}",
  "status.new": "open for bids",
  "status.running": "running",
  "status.deferred": "waiting for the requester",
  "status.archived": "archived",
  orphans: "Orphan data review",
  "orphans.one": "{count} record without a parent waits for review",
  "orphans.other": "{count} records without a parent wait for review",
  "orphans.since": "since {time}",
  "orphans.by": "by {who}",
  "orphans.under": "formerly under {parent}",
  "orphans.all": "Tick all of these",
  "orphans.review": "Review the ticked ones",
  "orphans.none": "Tick at least one.",
  "orphans.editor": "Editors of the project review them.",
  "tree.one": "{count} record",
  "tree.other": "{count} records with all below it",
  "cause.parent_cleared": "its parent was cleared",
  "cause.created_without_parent": "it was created without a parent",
  "cause.left_out": "it was left out when its parent's collection was rewritten",
  "cause.made_by_link": "it was made by a link that named it before it existed",
  "cause.failed_update": "it was left by a failed update",
  "cause.unknown": "nobody saw how it came about",
  "review.one": "Review of {count} record",
  "review.other": "Review of {count} records",
  "review.records.one": "{count} record can be removed, all below included.",
  "review.records.other": "{count} records can be removed, all below them included.",
  "review.files": "Files of its own: {files}",
  "review.blocked": "It can't be removed:",
  "review.what": "What shall become of them?",
  "review.page": "Give them parents instead",
  "review.admins": "Admins of the project can remove them.",
  "review.decide": "Decide",
  "review.leave": "Back, decide nothing",
  "review.back": "Back to the list",
  "review.again": "Look again",
  "review.see": "See the review",
  "review.gathering": "Still being read.",
  "review.proposed": "Somebody else has to agree before anything is removed.",
  "review.approved": "A copy is made first, then they are removed.",
  "review.removing": "Being copied and removed.",
  "review.handed_over": "With Magma's administrator.",
  "review.stopped": "Stopped.",
  "review.done": "Done.",
  "review.cancelled": "Called off.",
  "way.keep": "Keep them until they change",
  "way.later": "Decide later",
  "way.remove": "Remove them, after a copy",
  "say.reason": "Why (needed to keep)",
  "say.until": "Until when",
  "say.confirm": "To remove them, type: {words}",
  "signed.out": "Your session has ended.",
  "signed.in": "Sign in",
};

/** @type {Record<string, Words>} */
const LANGUAGES = { en: ENGLISH };

/** @type {Record<string, () => Promise<{ WORDS: Words }>>} */
const OTHERS = { de: () => import("./words.de.js") };

/**
 * Make sure that a language can be spoken; one that can't be had is no reason to say nothing.
 * @param {string} language
 */
export async function learn(language) {
  const code = codeOf(language);
  const told = LANGUAGES[code] ? null : await OTHERS[code]?.().catch(() => null);
  if (told) LANGUAGES[code] = told.WORDS;
}

/** @param {string} language */
function codeOf(language) {
  return language.toLowerCase().split("-")[0] ?? "en";
}

/**
 * The words of a language, with places filled in. A key with a count has a form for each plural.
 * @param {string} language
 */
export function speaker(language) {
  const known = codeOf(language);
  const words = LANGUAGES[known] ?? ENGLISH;
  const plural = new Intl.PluralRules(words === ENGLISH ? "en" : known);
  /**
   * @param {string} key
   * @param {Record<string, string | number>} [places]
   */
  return (key, places = {}) => {
    const form = typeof places["count"] === "number" ? `${key}.${plural.select(places["count"])}` : key;
    const text = words[form] ?? words[`${key}.other`] ?? words[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => String(places[name] ?? ""));
  };
}

/**
 * An instant in the reader's own time, with its zone.
 * @param {string} instant
 * @param {string} language
 */
export function localTime(instant, language) {
  const options = /** @type {const} */ ({ dateStyle: "medium", timeStyle: "long" });
  return new Intl.DateTimeFormat(language, options).format(new Date(instant));
}
