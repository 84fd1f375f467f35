// Lighthouse's opinion of pages, as JSON: for each address its accessibility score and what cost points.
// Told by one JSON document as the argument: {chromium, flags, headers, addresses}.

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

/** A page of ours is whole when it has loaded: what would only matter to a judge of speed is not waited for. */
const AT_ONCE = {
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
};

const { chromium, flags, headers, addresses } = JSON.parse(process.argv[2]);
const found = {};
for (const address of addresses) {
  // each in a browser of its own: what one page leaves behind is no matter of the next
  const chrome = await launch({ chromePath: chromium, chromeFlags: flags, logLevel: "silent" });
  try {
    found[address] = await opinion(address, chrome.port);
  } finally {
    chrome.kill();
  }
}
console.log(JSON.stringify(found));

/** @param {string} address @param {number} port */
async function opinion(address, port) {
  const { lhr } = await lighthouse(address, {
    port,
    logLevel: "silent",
    output: "json",
    onlyCategories: ["accessibility"],
    extraHeaders: headers,
    disableFullPageScreenshot: true,
    ...AT_ONCE,
  });
  const { score, auditRefs } = lhr.categories.accessibility;
  const costly = auditRefs.filter(({ id, weight }) => weight && (lhr.audits[id].score ?? 1) < 1);
  const fault = lhr.runtimeError ? `${lhr.runtimeError.message} ${lhr.runWarnings.join(" ")}` : null;
  return { score, landed: lhr.finalDisplayedUrl, fault, costly: costly.map(({ id }) => id) };
}
