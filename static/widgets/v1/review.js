// The screens of a review of orphans.

import { button, heading, link, node, quoted } from "./dom.js";

/** @import { Review, ReviewItem, Stage } from "./shapes.d.ts" */

/**
 * @param {Review} review
 * @param {Stage} stage
 */
export function screenOf(review, stage) {
  const title = heading(stage.say("review", { count: review.orphans }));
  return [title, ...(review.status === "open" ? open(review, stage) : outcome(review, stage))];
}

/**
 * @param {Review} review
 * @param {Stage} stage
 */
function open(review, stage) {
  const items = review.items.map((one) => card(one, review, stage));
  const total = stage.say("review.records", { count: review.records });
  return [
    node("details", items.length > stage.limit ? {} : { open: "" }, [
      node("summary", { text: total, key: "total" }),
      node("ul", {}, items),
      ...(review.orphans > items.length ? [page(review, stage, "all")] : []),
    ]),
    form(review, stage),
  ];
}

/**
 * @param {ReviewItem} one
 * @param {Review} review
 * @param {Stage} stage
 */
function card(one, review, { say, base }) {
  const name = link("", `${encodeURIComponent(review.project)}/orphans/${one.orphan}`, base);
  name.append(quoted(`${one.model} ${one.record}`));
  const shape = Object.entries(one.shape).map(([model, count]) => `${model} ${count}`);
  const files = filesOf(one.document).join(", ");
  const lines = [[say("tree", { count: one.records }), ...shape].join(" · ")];
  if (files) lines.push(say("review.files", { files }));
  if (one.blockers.length) lines.push([say("review.blocked"), ...one.blockers].join(" "));
  lines.push(...one.mentions, ...(one.note ? [one.note] : []));
  const told = lines.map((line) => node("p", { className: "about" }, [quoted(line)]));
  return node("li", { part: "card" }, [node("h4", { className: "record" }, [name]), ...told]);
}

/**
 * @param {Record<string, unknown>} document
 * @returns {string[]}
 */
function filesOf(document) {
  const values = /** @type {any[]} */ (Object.values(document).flat());
  return values.flatMap((value) => (value?.original_filename ? [String(value.original_filename)] : []));
}

/**
 * @param {Review} review
 * @param {Stage} stage
 */
function form(review, stage) {
  const { say } = stage;
  const ways = ["keep", "later", ...(review.may_remove && review.records ? ["remove"] : [])];
  const reason = field(say("say.reason"), "reason", "text");
  const until = field(say("say.until"), "until", "date");
  const confirm = field(say("say.confirm", { words: String(review.confirm) }), "confirm", "text");
  const warning = node("p", { text: say(review.needs_second ? "review.proposed" : "review.approved") });
  /** @param {string} way */
  const pick = (way) => {
    until.hidden = way !== "later";
    confirm.hidden = warning.hidden = way !== "remove";
  };
  const choices = ways.map((value) => {
    const about = { type: "radio", name: "decision", value, key: value };
    const radio = node("input", value === "keep" ? { ...about, checked: "" } : about);
    radio.addEventListener("change", () => pick(value));
    return node("label", {}, [radio, say(`way.${value}`)]);
  });
  const made = node("form", { novalidate: "" }, [
    node("fieldset", {}, [node("legend", { text: say("review.what") }), ...choices]),
    reason,
    until,
    warning,
    confirm,
    stage.refusal,
    node("div", { className: "actions" }, [
      node("button", { type: "submit", text: say("review.decide"), key: "decide", part: "action" }),
      button(say("review.leave"), "leave", () => stage.decide({ decision: "cancel" }), {
        className: "quiet",
        part: "dismiss",
      }),
      page(review, stage, "review.page"),
    ]),
    ...(review.may_remove ? [] : [node("p", { className: "about", text: say("review.admins") })]),
  ]);
  pick("keep");
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = new FormData(/** @type {HTMLFormElement} */ (made));
    stage.decide(/** @type {Record<string, string>} */ (Object.fromEntries(said)));
  });
  return made;
}

/**
 * @param {string} text
 * @param {string} name
 * @param {string} type
 */
function field(text, name, type) {
  const input = node("input", { type, name, key: name, autocomplete: "off" });
  return node("label", {}, [text, " ", input]);
}

/**
 * @param {Review} review
 * @param {Stage} stage
 */
function outcome(review, stage) {
  const { say } = stage;
  return [
    node("p", { text: say(`review.${review.status}`) }),
    ...(review.trouble ? [node("p", { className: "refusal" }, [quoted(review.trouble)])] : []),
    stage.refusal,
    node("div", { className: "actions" }, [
      button(say("review.back"), "back", stage.back),
      button(say("review.again"), "again", stage.again, { className: "quiet" }),
      page(review, stage, "review.see"),
    ]),
  ];
}

/**
 * @param {Review} review
 * @param {Stage} stage
 * @param {string} word
 */
function page(review, { say, base }, word) {
  return link(say(word), `${encodeURIComponent(review.project)}/orphans/reviews/${review.id}`, base);
}
