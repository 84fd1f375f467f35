// Small makers of nodes. Whatever comes from outside enters as text, or as an address that has been looked at.

/**
 * @param {string} tag
 * @param {{ text?: string, className?: string, part?: string, key?: string } & Record<string, string | undefined>} [about]
 * @param {(Node | string)[]} [children]
 */
export function node(tag, { text, key, className, ...attributes } = {}, children = []) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (key) made.dataset["key"] = key;
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * A link to a page of Polyphemus; nowhere else.
 * @param {string} text
 * @param {string} path
 * @param {string} base
 */
export function link(text, path, base) {
  const address = new URL(path, base);
  const href = address.origin === new URL(base).origin ? address.href : base;
  return node("a", { text, href, target: "_top", key: `link ${path}` });
}

/**
 * Hostile names may hold marks that turn the direction of writing: each stays within its own piece of text.
 * @param {string} text
 * @param {string} [className]
 */
export function quoted(text, className = "") {
  return node("bdi", { text, className });
}

/**
 * @param {string} text
 * @param {string} key
 * @param {() => void} act
 * @param {{ className?: string, part?: string }} [look]
 */
export function button(text, key, act, { className = "", part = "action" } = {}) {
  const made = node("button", { text, type: "button", key, className, part });
  made.addEventListener("click", act);
  return made;
}

/** What a notice begins with. @param {string} text */
export function heading(text) {
  return node("h3", { part: "title", text, key: "title", tabindex: "-1" });
}
