// What the elements share: when to read, where to show, what to say, and never to harm the page they are in.

import { change, HOME, read, Refusal } from "./api.js";
import { link, node, quoted } from "./dom.js";
import { dress } from "./look.js";
import { placeOf } from "./place.js";
import { learn, speaker } from "./words.js";

/** @import { Place } from "./shapes.d.ts" */

const SIGNED_OUT = 401;

/**
 * Subclass implementation: `label`, `address`, `count`, `view`. Subclasses shouldn't need to override anything else.
 * @abstract
 */
export class PolyphemusElement extends HTMLElement {
  static observedAttributes = [
    "project",
    "model",
    "record",
    "layout",
    "limit",
    "lang",
    "theme",
    "base",
    "readonly",
  ];

  #root = this.attachShadow({ mode: "open" });
  #body = node("div");
  #said = node("p", { className: "quietly", role: "status" });
  /** Counts readings, so that a slow answer never overwrites a newer one. */
  #turn = 0;
  #due = false;

  constructor() {
    super();
    dress(this.#root);
    this.#root.append(this.#body, this.#said);
    this.#root.addEventListener("click", (event) => this.#followed(event));
  }

  connectedCallback() {
    this.#later();
  }

  disconnectedCallback() {
    this.#turn += 1;
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#later();
  }

  /** Read anew and show what there is. */
  async refresh() {
    await this.#load(true);
  }

  // --- what a subclass says -------------------------------------------------------------------------------

  /** The section's name for screen readers. @returns {string} */
  get label() {
    throw new Error("a subclass names itself");
  }

  /** What is read. @param {Place} _place @returns {URL} */
  address(_place) {
    throw new Error("a subclass knows its address");
  }

  /** How many things an answer holds. @param {any} _answer @returns {number} */
  count(_answer) {
    throw new Error("a subclass counts");
  }

  /** What is shown of an answer; nothing hides the element. @param {any} _answer @returns {Node[]} */
  view(_answer) {
    throw new Error("a subclass shows");
  }

  /** Which representation is read. */
  get accept() {
    return "application/json";
  }

  // --- what it inherits -----------------------------------------------------------------------------------

  /** Polyphemus's address. */
  get base() {
    return new URL(this.getAttribute("base") ?? HOME, HOME).href.replace(/\/?$/, "/");
  }

  /** @returns {Place} */
  get place() {
    return placeOf(this);
  }

  /** A host may write anything; what isn't a language would break dates, and make a browser ask for leave. */
  get language() {
    const told = this.getAttribute("lang") || document.documentElement.lang;
    return /^[a-z]{2,3}(?:-[a-z]{2})?\b/i.exec(told.replaceAll("_", "-"))?.[0] ?? "en";
  }

  get words() {
    return speaker(this.language);
  }

  /** How many things are shown before "more". */
  get limit() {
    return Math.max(1, Number(this.getAttribute("limit")) || 3);
  }

  get readonly() {
    // React 16 writes `false` as a text.
    return (this.getAttribute("readonly") ?? "false") !== "false";
  }

  /** Tell a screen reader, once. @param {string} text */
  say(text) {
    this.#said.textContent = text;
  }

  /**
   * @param {string} path
   * @param {object} [body]
   */
  change(path, body = {}) {
    return change(new URL(path, this.base).href, this.language, body);
  }

  /**
   * Tell the host; false when it took the matter over.
   * @param {string} name
   * @param {object} detail
   */
  tell(name, detail) {
    const cancelable = name === "navigate";
    return this.dispatchEvent(
      new CustomEvent(`polyphemus:${name}`, { detail, bubbles: true, composed: true, cancelable }),
    );
  }

  /** Put nodes in place of those shown; whoever had the focus keeps it. @param {Node[]} nodes */
  show(nodes) {
    const key = this.#focused?.dataset["key"];
    this.hidden = nodes.length === 0;
    this.#body.replaceChildren(
      ...(nodes.length ? [node("section", { "aria-label": this.label }, nodes)] : []),
    );
    if (key) this.focusOn(key);
  }

  /** @param {string} key */
  focusOn(key) {
    const found = this.#body.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (found instanceof HTMLElement) found.focus();
  }

  get #focused() {
    return /** @type {HTMLElement | null} */ (this.#root.activeElement);
  }

  /** Several attributes set in a row are one reading. */
  #later() {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.isConnected) this.#load(false);
    });
  }

  /** @param {boolean} fresh */
  async #load(fresh) {
    this.#turn += 1;
    const turn = this.#turn;
    const place = this.place;
    if (!place.project) return this.show([]);
    const learned = learn(this.language);
    try {
      const answer = await read(this.address(place).href, this.language, { fresh, accept: this.accept });
      await learned;
      if (turn !== this.#turn) return;
      this.show(this.view(answer));
      this.tell("loaded", { ...place, count: this.count(answer) });
    } catch (error) {
      await learned;
      if (turn === this.#turn) this.#failed(error, place);
    }
  }

  /**
   * Away, unless signing in would help: an element that can't do its work is no one's business.
   * @param {unknown} error
   * @param {Place} place
   */
  #failed(error, place) {
    const status = error instanceof Refusal ? error.status : 0;
    this.show(status === SIGNED_OUT ? [this.#signIn()] : []);
    this.tell("error", { status, message: error instanceof Error ? error.message : String(error) });
  }

  /** Through the door, and back to where the visitor is now: in a frame, to the page around it. */
  #signIn() {
    const say = this.words;
    const here = window.parent === window ? location.href : document.referrer || location.href;
    const door = link(say("signed.in"), `-/sign-in?back=${encodeURIComponent(here)}`, this.base);
    return node("p", { className: "notice", part: "card" }, [say("signed.out"), " ", door]);
  }

  /**
   * What is told where something could not be done; whoever is signed out finds the door beside it.
   * @param {unknown} error
   */
  trouble(error) {
    const message = error instanceof Error ? error.message : String(error);
    const told = node("p", {}, [quoted(this.words("ask.failed", { message }))]);
    return error instanceof Refusal && error.status === SIGNED_OUT ? [told, this.#signIn()] : [told];
  }

  /** A host may follow links of ours in its own way, but not those meant for another tab. @param {Event} event */
  #followed(event) {
    const { ctrlKey, metaKey, shiftKey } = /** @type {MouseEvent} */ (event);
    if (ctrlKey || metaKey || shiftKey) return;
    const anchor = event.composedPath().find((one) => one instanceof HTMLAnchorElement);
    if (anchor instanceof HTMLAnchorElement && !this.tell("navigate", { href: anchor.href }))
      event.preventDefault();
  }
}
