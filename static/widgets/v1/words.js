// Every word the widgets say, by language. English is the only one so far and the one fallen back to.

/** @typedef {Record<string, string>} Words */

/** @type {Record<string, Words>} */
const LANGUAGES = {
  en: {
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
    "orphans.look": "Review them",
    "signed.out": "Your session has ended.",
    "signed.in": "Sign in",
  },
};

/**
 * The words of a language, with places filled in. A key with a count has a form for each plural.
 * @param {string} language
 */
export function speaker(language) {
  const known = language.toLowerCase().split("-")[0] ?? "en";
  const words = LANGUAGES[known] ?? LANGUAGES["en"] ?? {};
  const plural = new Intl.PluralRules(LANGUAGES[known] ? known : "en");
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
  return new Intl.DateTimeFormat(language || undefined, options).format(new Date(instant));
}
