// The one lasting address. Registers the elements; with ?automount also puts the strip into Timur's record pages.
// A second load, also from another copy, changes nothing. Whatever the elements need at first is named here, so that a
// browser asks for all of it at once and not step by step; the screens of a review and other languages come when they are asked for.
import "./api.js";
import "./dom.js";
import "./element.js";
import "./look.js";
import "./place.js";
import "./words.js";
import { PolyphemusBadge } from "./badge.js";
import { PolyphemusOrphans } from "./orphans.js";
import { PolyphemusRequests } from "./requests.js";
import { PolyphemusSuggestions } from "./suggestions.js";
import { automount } from "./automount.js";

/** @type {[string, CustomElementConstructor][]} */
const ELEMENTS = [
  ["polyphemus-suggestions", PolyphemusSuggestions],
  ["polyphemus-requests", PolyphemusRequests],
  ["polyphemus-orphans", PolyphemusOrphans],
  ["polyphemus-badge", PolyphemusBadge],
];

for (const [name, element] of ELEMENTS) {
  if (!customElements.get(name)) customElements.define(name, element);
}
if (new URL(import.meta.url).searchParams.has("automount")) automount(document);
