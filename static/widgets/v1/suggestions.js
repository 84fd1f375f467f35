// <polyphemus-suggestions>: what could be run on the record one is looking at, and why.

import { button, link, node, quoted } from "./dom.js";
import { PolyphemusElement } from "./element.js";

/** @import { Place, Suggestion } from "./shapes.d.ts" */

/** Suggestions that would make the same output: one of them will do. @typedef {Suggestion[]} Card */

/** Why somebody has no use for a suggestion: what is sent is the same in every language. */
const REASONS = /** @type {const} */ ([
  ["because.unneeded", "Not needed"],
  ["because.elsewhere", "Done elsewhere"],
  ["because.wrong", "The data are wrong"],
]);

/** So many more are shown on the spot; beyond that there is a page. */
const MOST_ON_THE_SPOT = 20;

/** Timur's page of the project itself: there everything in the project is of interest. */
const ROOT_MODEL = "project";

export class PolyphemusSuggestions extends PolyphemusElement {
  /** What was done on this page: a card says so instead of offering it. @type {Map<number, Node[]>} */
  #done = new Map();
  /** Why the last try failed: it can be tried again. @type {Map<number, Node[]>} */
  #failed = new Map();
  /** Which of a card's alternatives is picked. @type {Map<number, number>} */
  #picked = new Map();
  /** The suggestion that waits for a yes or no. @type {number | null} */
  #asking = null;
  /** @type {Card[]} */
  #cards = [];
  #all = false;
  /** Whether there are more than one answer holds. */
  #endless = false;

  get label() {
    return this.words("suggestions");
  }

  /** @param {Place} place */
  address({ project, model, record }) {
    const url = new URL("api/v1/suggestions", this.base);
    const asked = model === ROOT_MODEL ? { project } : { project, model, record };
    for (const [name, value] of Object.entries(asked)) if (value) url.searchParams.set(name, value);
    return url;
  }

  /** @param {{ suggestions: Suggestion[] }} answer */
  count(answer) {
    return cardsOf(answer.suggestions).length;
  }

  /** @param {{ suggestions: Suggestion[], next: string | null }} answer */
  view(answer) {
    this.#cards = cardsOf(answer.suggestions);
    this.#endless = Boolean(answer.next);
    return this.#nodes();
  }

  #nodes() {
    if (!this.#cards.length) return [];
    if (this.getAttribute("layout") !== "strip") return this.#list();
    const say = this.words;
    const summary = node("summary", {
      text: say("suggestions", { count: this.#cards.length }),
      key: "summary",
    });
    const open = this.shadowRoot?.querySelector("details")?.open;
    return [
      node("details", open ? { open: "" } : {}, [summary, node("div", { className: "panel" }, this.#list())]),
    ];
  }

  #list() {
    const shown = this.#all ? this.#cards : this.#cards.slice(0, this.limit);
    const list = node(
      "ul",
      {},
      shown.map((card) => this.#card(card)),
    );
    const left = this.#cards.length - shown.length;
    if (this.#endless || left > MOST_ON_THE_SPOT) return [list, this.#page()];
    if (!left) return [list];
    const more = this.words("more", { count: left });
    return [list, button(more, "more", () => this.#showAll(), { className: "quiet" })];
  }

  #page() {
    return link(this.words("all"), pageOf(this.place.project, "suggestions"), this.base);
  }

  /** @param {Card} card */
  #card(card) {
    const one = this.#choice(card);
    const record = quoted(one.record, "record");
    const title = node("h3", { part: "title" }, [
      this.words("offer", { analysis: one.analysis }),
      " ",
      record,
    ]);
    const reason = node("p", { className: "reason" }, [quoted(one.reason)]);
    const ways = card.length > 1 ? [this.#ways(card, one)] : [];
    const actions = node("div", { className: "actions" }, this.#done.get(one.id) ?? this.#actions(one));
    const failed = this.#failed.get(one.id) ?? [];
    return node("li", { part: "card" }, [title, reason, ...ways, ...failed, actions]);
  }

  /** @param {Card} card @returns {Suggestion} */
  #choice(card) {
    const first = /** @type {Suggestion} */ (card[0]);
    const picked = card.find((one) => one.id === this.#picked.get(first.id));
    return picked ?? card.find((one) => one.preselected) ?? first;
  }

  /**
   * @param {Card} card
   * @param {Suggestion} picked
   */
  #ways(card, picked) {
    const first = /** @type {Suggestion} */ (card[0]);
    const choices = card.map((one) => {
      const about = { type: "radio", name: `way ${first.id}`, key: `way ${one.id}` };
      const radio = node("input", one === picked ? { ...about, checked: "" } : about);
      radio.addEventListener("change", () => this.#pick(first.id, one.id));
      return node("label", {}, [radio, one.loader]);
    });
    return node("fieldset", {}, [node("legend", { text: this.words("offer.which") }), ...choices]);
  }

  /** @param {Suggestion} one */
  #actions(one) {
    const say = this.words;
    const why = link(say("why"), pageOf(one.project, "suggestions", String(one.id)), this.base);
    if (this.readonly) return [why];
    if (this.#asking === one.id) return this.#question(one);
    const later = button(say("later"), `later ${one.id}`, () => this.#dismiss(one), {
      className: "quiet",
      part: "dismiss",
    });
    // Whoever may not request it is told who may, before and not after they have tried.
    if (!one.may_request) return [later, why, node("p", { className: "about", text: say("ask.editor") })];
    const ask = button(say("ask"), `ask ${one.id}`, () => this.#ask(one.id, `yes ${one.id}`));
    return [ask, later, why];
  }

  /** @param {Suggestion} one */
  #question(one) {
    const say = this.words;
    return [
      node("p", { text: say("ask.sure", { analysis: one.analysis, record: one.record }) }),
      button(say("ask.yes"), `yes ${one.id}`, () => this.#accept(one)),
      button(say("ask.no"), `no ${one.id}`, () => this.#ask(null, `ask ${one.id}`), { className: "quiet" }),
    ];
  }

  #showAll() {
    this.#all = true;
    this.show(this.#nodes());
  }

  /**
   * @param {number} card
   * @param {number} id
   */
  #pick(card, id) {
    this.#picked.set(card, id);
    this.show(this.#nodes());
  }

  /**
   * @param {number | null} id
   * @param {string} focus
   */
  #ask(id, focus) {
    this.#asking = id;
    this.show(this.#nodes());
    this.focusOn(focus);
  }

  /** @param {Suggestion} one */
  async #accept(one) {
    await this.#act(one, "accept", {}, (/** @type {{ name: string }} */ answer) => [
      link(this.words("ask.done"), pageOf(one.project, "requests", answer.name), this.base),
    ]);
  }

  /** @param {Suggestion} one */
  async #dismiss(one) {
    const done = () => [node("p", { text: this.words("later.done") }), ...this.#reasons(one)];
    const worked = await this.#act(one, "dismiss", { for: "me" }, done);
    if (worked) this.tell("dismissed", { id: one.id, scope: "me" });
  }

  /** Nobody has to say why; who does helps the loader's author. @param {Suggestion} one */
  #reasons(one) {
    const thanks = () => [node("p", { text: this.words("because.thanks") })];
    return REASONS.map(([word, reason]) =>
      button(
        this.words(word),
        `${word} ${one.id}`,
        () => this.#act(one, "dismiss", { for: "me", reason }, thanks),
        { className: "quiet" },
      ),
    );
  }

  /**
   * Do something about a suggestion: its card tells how it went.
   * @param {Suggestion} one
   * @param {string} kind
   * @param {object} body
   * @param {(answer: any) => Node[]} done
   */
  async #act({ id }, kind, body, done) {
    this.#asking = null;
    this.#failed.delete(id);
    this.#settle(id, [node("p", { text: this.words("acting") })]);
    this.tell("action", { id, kind, state: "requested" });
    try {
      const answer = await this.change(`api/v1/suggestions/${id}/${kind}`, body);
      this.#settle(id, done(answer));
      this.tell("action", { id, kind, state: "confirmed", run: answer.name });
      return true;
    } catch (error) {
      const trouble = [node("div", { className: "refusal" }, this.trouble(error))];
      this.#done.delete(id);
      this.#failed.set(id, trouble);
      this.#tellAll(trouble);
      this.tell("action", { id, kind, state: "failed" });
      return false;
    }
  }

  /**
   * @param {number} id
   * @param {Node[]} nodes
   */
  #settle(id, nodes) {
    this.#done.set(id, nodes);
    this.#tellAll(nodes);
  }

  /** Show anew, and say it to who doesn't see it. @param {Node[]} nodes */
  #tellAll(nodes) {
    this.show(this.#nodes());
    this.say(nodes.map((one) => one.textContent).join(" "));
  }
}

/**
 * Alternatives on one card, in the order of the list.
 * @param {Suggestion[]} suggestions
 * @returns {Card[]}
 */
function cardsOf(suggestions) {
  const known = new Map(suggestions.map((one) => [one.id, one]));
  const firsts = suggestions.filter((one) => !one.alternatives.some((id) => known.has(id) && id < one.id));
  return firsts.map((one) => [one, ...one.alternatives.flatMap((id) => known.get(id) ?? [])]);
}

/**
 * The address of a page, whatever its names hold.
 * @param {...string} parts
 */
export function pageOf(...parts) {
  return parts.map(encodeURIComponent).join("/");
}
