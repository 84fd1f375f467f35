// <polyphemus-requests>: the project's analysis requests that are not over yet.

import { link, node } from "./dom.js";
import { PolyphemusElement } from "./element.js";
import { localTime } from "./words.js";

/** @import { AnalysisRequest, Place } from "./shapes.d.ts" */

export class PolyphemusRequests extends PolyphemusElement {
  get label() {
    return this.words("requests");
  }

  get accept() {
    return "application/vnd.polyphemus.v2+json";
  }

  /** @param {Place} place */
  address({ project }) {
    const url = new URL("api/v1/requests", this.base);
    url.searchParams.set("project", project);
    url.searchParams.set("status", "standing");
    return url;
  }

  /** @param {{ requests: AnalysisRequest[] }} answer */
  count(answer) {
    return answer.requests.length;
  }

  /** @param {{ requests: AnalysisRequest[] }} answer */
  view({ requests: open }) {
    const shown = open.slice(-this.limit).reverse();
    const left = open.length - shown.length;
    const all = link(this.words("more", { count: left }), `${this.place.project}/requests`, this.base);
    return open.length
      ? [
          node(
            "ul",
            {},
            shown.map((one) => this.#card(one)),
          ),
          ...(left ? [all] : []),
        ]
      : [node("p", { className: "about", text: this.words("requests.none") })];
  }

  /** @param {AnalysisRequest} request */
  #card(request) {
    const say = this.words;
    const title = node("h3", { part: "title" }, [link(request.name, request.links.page, this.base)]);
    const state = [request.analysis, say(`status.${request.status}`)];
    if (request.due_at) state.push(say("requests.due", { time: localTime(request.due_at, this.language) }));
    return node("li", { part: "card" }, [title, node("p", { className: "about", text: state.join(" · ") })]);
  }
}
