// <polyphemus-orphans>: the project's records without a parent, and their review on the spot.

import { read } from "./api.js";
import { button, heading, link, node, quoted } from "./dom.js";
import { PolyphemusElement } from "./element.js";
import { localTime } from "./words.js";

/** @import { Orphan, OrphanList, Place, Review } from "./shapes.d.ts" */

/** @type {OrphanList} */
const NOTHING = { orphans: [], next: null, count: 0, may_decide: false };

export class PolyphemusOrphans extends PolyphemusElement {
  #list = NOTHING;
  /** @type {Set<number>} */
  #ticked = new Set();
  #all = false;
  /** The screens of a review, while there is one. @type {Node[] | null} */
  #screen = null;
  #project = "";
  #busy = false;
  #refusal = node("div", { className: "refusal" });

  get label() {
    return this.words("orphans");
  }

  /** @param {Place} place */
  address({ project }) {
    const url = new URL("api/v1/orphans", this.base);
    url.searchParams.set("project", project);
    url.searchParams.set("status", "open");
    return url;
  }

  /** @param {OrphanList} answer */
  count(answer) {
    return answer.count;
  }

  /** @param {OrphanList} answer */
  view(answer) {
    if (this.#project !== this.place.project) this.#leave();
    this.#project = this.place.project;
    this.#list = answer;
    return this.#screen ?? this.#nodes();
  }

  #nodes() {
    const { orphans, count } = this.#list;
    if (!count) return [];
    const shown = this.#all ? orphans : orphans.slice(0, this.limit);
    /** @type {Record<string, Orphan[]>} */
    const groups = {};
    for (const one of shown) (groups[`${one.cause} ${one.model}`] ??= []).push(one);
    return [
      node("div", { className: "notice", part: "card" }, [
        heading(this.words("orphans", { count })),
        ...Object.values(groups).flatMap((group) => [
          this.#about(group),
          node(
            "ul",
            {},
            group.map((one) => this.#row(one)),
          ),
        ]),
        this.#refusal,
        node("div", { className: "actions" }, this.#actions(shown)),
      ]),
    ];
  }

  /** @param {Orphan[]} group */
  #about([first]) {
    return node("h4", {}, [quoted(first?.model ?? ""), ": ", this.words(`cause.${first?.cause}`)]);
  }

  /** @param {Orphan} one */
  #row(one) {
    const say = this.words;
    const about = [say("orphans.since", { time: localTime(one.appeared_at ?? one.found_at, this.language) })];
    if (one.appeared_by) about.push(say("orphans.by", { who: one.appeared_by }));
    if (one.former_parent) about.push(say("orphans.under", { parent: one.former_parent }));
    if (one.records) about.push(say("tree", { count: one.records }));
    const name = quoted(one.record, "record");
    const words = node(
      "p",
      { className: "about" },
      about.flatMap((text) => [quoted(text), " "]),
    );
    return node("li", {}, [this.#mayDecide ? this.#tick(one, name) : name, words]);
  }

  /**
   * @param {Orphan} one
   * @param {Node} name
   */
  #tick({ id }, name) {
    const box = /** @type {HTMLInputElement} */ (node("input", { type: "checkbox", key: `tick ${id}` }));
    box.checked = this.#ticked.has(id);
    box.addEventListener("change", () => {
      if (box.checked) this.#ticked.add(id);
      else this.#ticked.delete(id);
    });
    return node("label", {}, [box, name]);
  }

  /** @param {Orphan[]} shown */
  #actions(shown) {
    const say = this.words;
    const { orphans, count } = this.#list;
    const made = [link(say("all"), `${encodeURIComponent(this.#project)}/orphans`, this.base)];
    /** @type {(text: string, key: string, act: () => void) => void} */
    const quiet = (text, key, act) => made.unshift(button(text, key, act, { className: "quiet" }));
    if (shown.length < orphans.length)
      quiet(say("more", { count: count - shown.length }), "more", () => this.#showAll());
    if (this.#mayDecide) {
      quiet(say("orphans.all"), "all", () => this.#tickAll(shown));
      made.unshift(button(say("orphans.review"), "review", () => this.#begin()));
    } else if (!this.readonly) made.push(node("p", { className: "about", text: say("orphans.editor") }));
    return made;
  }

  get #mayDecide() {
    return this.#list.may_decide && !this.readonly;
  }

  #showAll() {
    const next = this.#list.orphans[this.limit];
    this.#all = true;
    this.show(this.#nodes());
    this.focusOn(this.#mayDecide && next ? `tick ${next.id}` : "title");
  }

  /** @param {Orphan[]} shown */
  #tickAll(shown) {
    for (const { id } of shown) this.#ticked.add(id);
    this.show(this.#nodes());
  }

  async #begin() {
    const orphans = [...this.#ticked];
    if (!orphans.length) return this.#refuse(node("p", { text: this.words("orphans.none") }));
    const body = { project: this.#project, orphans };
    await this.#act("review", 0, () => this.change("api/v1/reviews", body));
  }

  /**
   * @param {Review} review
   * @param {typeof import("./review.js").screenOf} screenOf
   */
  #open(review, screenOf) {
    const address = `api/v1/reviews/${review.id}`;
    this.#screen = [
      node(
        "div",
        { className: "notice", part: "card" },
        screenOf(review, {
          say: this.words,
          base: this.base,
          limit: this.limit,
          refusal: this.#refusal,
          decide: (said) =>
            this.#act(said["decision"] ?? "", review.id, () => this.change(`${address}/decide`, said)),
          back: () => this.#back(),
          again: () =>
            this.#act("look", review.id, () =>
              read(new URL(address, this.base).href, this.language, { fresh: true }),
            ),
        }),
      ),
    ];
    this.show(this.#screen);
    this.focusOn("title");
  }

  #leave() {
    this.#screen = null;
    this.#all = false;
    this.#ticked.clear();
    this.#refuse();
  }

  async #back() {
    this.#leave();
    await this.refresh();
    this.focusOn("title");
  }

  /**
   * A refusal stands beside what was typed.
   * @param {string} kind
   * @param {number} id
   * @param {() => Promise<Review>} ask
   */
  async #act(kind, id, ask) {
    if (this.#busy) return;
    this.#busy = true;
    const project = this.#project;
    this.#refuse();
    this.say(this.words("acting"));
    this.tell("action", { id, kind, state: "requested" });
    try {
      const { screenOf } = await import("./review.js");
      const review = await ask();
      this.tell("action", { id: review.id, kind, state: "confirmed" });
      if (project === this.#project) this.#open(review, screenOf);
      this.say(this.words(`review.${review.status === "open" ? "what" : review.status}`));
    } catch (error) {
      this.#refuse(...this.trouble(error));
      this.tell("action", { id, kind, state: "failed" });
    }
    this.#busy = false;
    if (kind === "cancel") await this.#back();
  }

  /** @param {...Node} told */
  #refuse(...told) {
    this.#refusal.replaceChildren(...told);
    this.say(this.#refusal.textContent ?? "");
  }
}
