// Says each <time> in the reader's own zone, with how long ago or ahead; without this it stays in UTC.

const UNITS = /** @type {const} */ ([
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
]);

/**
 * @param {number} milliseconds
 * @param {Intl.RelativeTimeFormat} words
 */
function distance(milliseconds, words) {
  for (const [unit, size] of UNITS) {
    if (Math.abs(milliseconds) >= size) return words.format(Math.trunc(milliseconds / size), unit);
  }
  return words.format(Math.trunc(milliseconds / 1000), "second");
}

/** @param {HTMLTimeElement} element */
function localise(element) {
  const instant = new Date(element.dateTime);
  if (Number.isNaN(instant.valueOf())) return;
  const language = document.documentElement.lang || "en";
  const day = new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "short",
  }).format(instant);
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const zone = new Intl.DateTimeFormat(language, { timeZoneName: "short" })
    .formatToParts(instant)
    .find((part) => part.type === "timeZoneName");
  element.title = `${instant.toISOString()} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
  element.textContent = `${day} ${zone?.value ?? ""}, ${distance(instant.valueOf() - Date.now(), words)}`;
}

for (const element of document.querySelectorAll("time[datetime]")) {
  localise(/** @type {HTMLTimeElement} */ (element));
}
