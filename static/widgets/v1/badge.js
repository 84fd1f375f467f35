// <polyphemus-badge>: how many suggestions there are, and the way to them; for a tab, a row of the drawer, a title.

import { link } from "./dom.js";
import { PolyphemusSuggestions, pageOf } from "./suggestions.js";

/** @import { Suggestion } from "./shapes.d.ts" */

export class PolyphemusBadge extends PolyphemusSuggestions {
  /** @param {{ suggestions: Suggestion[], next: string | null }} answer */
  view(answer) {
    const count = this.count(answer);
    if (!count) return [];
    const said = this.words("suggestions", { count });
    const text = answer.next ? said.replace(String(count), `${count}+`) : said;
    return [link(text, pageOf(this.place.project, "suggestions"), this.base)];
  }
}
