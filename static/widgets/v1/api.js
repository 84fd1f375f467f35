// Calls to Polyphemus. The cookie goes along by itself; no token is ever read here.

/** How long an answer is used again: Timur rebuilds its page at every step. */
const KEEP = 60_000;
/** How long anything is waited for, in milliseconds; a review reads Magma first. */
const PATIENCE = 5_000;
const PATIENCE_FOR_CHANGES = 30_000;

/** @type {Map<string, { at: number, answer: Promise<unknown> }>} */
const kept = new Map();

/** A call that was refused, or never answered: `status` 0. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Where this script came from: /widgets/v1/api.js stands two steps below. */
export const HOME = new URL("../../", import.meta.url).href;

/**
 * Read something, or take the answer of a moment ago.
 * @param {string} url
 * @param {string} language
 * @param {{ fresh?: boolean, accept?: string }} [how]
 * @returns {Promise<any>}
 */
export function read(url, language, { fresh = false, accept = "application/json" } = {}) {
  const key = `${language} ${url}`;
  const known = kept.get(key);
  if (known && !fresh && Date.now() - known.at < KEEP) return known.answer;
  const answer = call(url, language, { Accept: accept });
  kept.set(key, { at: Date.now(), answer });
  answer.catch(() => kept.delete(key));
  return answer;
}

/**
 * Change something. What was read before counts no more.
 * @param {string} url
 * @param {string} language
 * @param {object} body
 * @returns {Promise<any>}
 */
export function change(url, language, body) {
  kept.clear();
  const headers = {
    Accept: "application/json",
    "Content-Type": "application/json",
    "X-Polyphemus-Client": "1",
    "Idempotency-Key": randomName(),
  };
  return call(url, language, headers, { method: "POST", body: JSON.stringify(body) }, PATIENCE_FOR_CHANGES);
}

/**
 * @param {string} url
 * @param {string} language
 * @param {Record<string, string>} headers
 * @param {RequestInit} [init]
 * @param {number} [patience]
 * @returns {Promise<any>}
 */
async function call(url, language, headers, init, patience = PATIENCE) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const response = await fetch(url, {
      ...init,
      headers: { ...headers, "Accept-Language": language },
      credentials: "include",
      signal: stop.signal,
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Refusal(response.status, String(answer.detail || answer.title || response.statusText));
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(0, String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** `crypto.randomUUID` is missing where a page is not secure. */
function randomName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
