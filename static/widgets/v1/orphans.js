// <polyphemus-orphans>: how many records stand without a parent, and the way to their review.

import { link, node } from "./dom.js";
import { PolyphemusElement } from "./element.js";

/** @import { OrphanCard, Place } from "./shapes.d.ts" */

export class PolyphemusOrphans extends PolyphemusElement {
  get label() {
    return this.words("orphans");
  }

  /** @param {Place} place */
  address({ project }) {
    const url = new URL("api/v1/orphans", this.base);
    url.searchParams.set("project", project);
    return url;
  }

  /** @param {{ card: OrphanCard | null }} answer */
  count(answer) {
    return answer.card?.count ?? 0;
  }

  /** @param {{ card: OrphanCard | null }} answer */
  view({ card }) {
    if (!card) return [];
    const say = this.words;
    const models = Object.entries(card.models).map(([model, count]) => `${model} ${count}`);
    const door = link(say("orphans.look"), `${encodeURIComponent(this.place.project)}/orphans`, this.base);
    const title = node("h3", { part: "title", text: say("orphans", { count: card.count }) });
    return [
      node("div", { className: "notice", part: "card" }, [
        title,
        node("p", { className: "about", text: models.join(" · ") }),
        door,
      ]),
    ];
  }
}
