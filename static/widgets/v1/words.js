// Every word the widgets say, by language. English is the one fallen back to.

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
  de: {
    suggestions: "Vorschläge von Polyphemus",
    "suggestions.one": "{count} Vorschlag",
    "suggestions.other": "{count} Vorschläge",
    "more.one": "{count} weiterer",
    "more.other": "{count} weitere",
    all: "Alle",
    offer: "{analysis} für",
    "offer.which": "Auf welche Art?",
    ask: "Diese Analyse in Auftrag geben",
    "ask.sure": "Ein Analyst wird gebeten, {analysis} für {record} auszuführen.",
    "ask.yes": "Ja, in Auftrag geben",
    "ask.no": "Nein, so lassen",
    acting: "Einen Augenblick …",
    "ask.done": "In Auftrag gegeben. Zum Auftrag",
    "ask.failed": "Das ging nicht: {message}",
    "ask.editor": "Wer das Projekt bearbeiten darf, kann dies in Auftrag geben.",
    later: "Nicht jetzt",
    "later.done": "Verborgen, bis sich die Daten ändern. Warum, wenn Sie mögen:",
    "because.unneeded": "nicht nötig",
    "because.elsewhere": "anderswo erledigt",
    "because.wrong": "die Daten sind falsch",
    "because.thanks": "Danke.",
    why: "Warum?",
    requests: "Aufträge",
    "requests.none": "Keine offenen Aufträge.",
    "requests.due": "fällig {time}",
    "status.new": "offen für Gebote",
    "status.running": "in Arbeit",
    "status.deferred": "wartet auf Auftraggeberin oder Auftraggeber",
    "status.archived": "archiviert",
    orphans: "Prüfung verwaister Daten",
    "orphans.one": "{count} Datensatz ohne Elternteil wartet auf eine Prüfung",
    "orphans.other": "{count} Datensätze ohne Elternteil warten auf eine Prüfung",
    "orphans.look": "Prüfen",
    "signed.out": "Ihre Sitzung ist abgelaufen.",
    "signed.in": "Anmelden",
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
