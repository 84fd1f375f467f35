// The look, as one sheet all elements share: adopted, so a host's `style-src` never has to allow anything for it.
// Defaults are Timur's; a host changes them through the custom properties.

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host {
  display: block;
  max-width: 720px;
  padding-right: var(--polyphemus-inset-right, 72px);
  box-sizing: border-box;
  font: var(--polyphemus-font-size, 14px) / 1.5 var(--polyphemus-font, "Open Sans", sans-serif);
  color: var(--polyphemus-text, #33333c);
  text-align: left;
  text-transform: none;
}
:host([layout="strip"]) { display: inline-block; position: relative; padding-right: 0; vertical-align: middle; }
:host(polyphemus-badge) { display: inline-block; padding-right: 0; }
:host([hidden]) { display: none; }
section { position: relative; }
h2, h3, p, ul, form { margin: 0; padding: 0; font-size: inherit; }
h2 { color: var(--polyphemus-title, darkblue); }
ul { list-style: none; }
fieldset { border: 0; margin: 4px 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 12px; }
legend { float: left; padding: 0 8px 0 0; }
li, .notice {
  background: var(--polyphemus-surface, #fff);
  border: 1px solid var(--polyphemus-border, #ccc);
  border-left: 3px solid var(--polyphemus-accent, goldenrod);
  border-radius: var(--polyphemus-radius, 2px);
  padding: 6px 10px;
  margin: 4px 0;
  overflow-wrap: anywhere;
}
h3 { color: var(--polyphemus-title, darkblue); }
.reason, .about { color: var(--polyphemus-muted, #5f5f68); }
.record { font-family: var(--polyphemus-mono, Cousine, monospace); }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-top: 4px; }
button, summary {
  font: inherit;
  min-height: 24px;
  padding: 2px 10px;
  border: 1px solid transparent;
  border-radius: var(--polyphemus-radius, 2px);
  background: var(--polyphemus-button-bg, #f4e4bc);
  color: var(--polyphemus-button-fg, #6d5310);
  cursor: pointer;
}
summary { display: inline-block; list-style: none; white-space: nowrap; }
summary::-webkit-details-marker { display: none; }
button.quiet { background: none; border-color: var(--polyphemus-border, #ccc); }
input { font: inherit; margin: 0 4px 0 0; }
input[type="text"], input[type="date"] { box-sizing: border-box; max-width: 100%; min-height: 24px; border: 1px solid #767676; }
form > label { display: block; margin: 4px 0; }
form > [hidden], .refusal:empty { display: none; }
.refusal { color: var(--polyphemus-refusal, #a3141c); }
h4 { margin: 8px 0 0; font-size: inherit; }
.notice li { border-width: 1px 0 0; padding: 4px 0; }
li h4 { margin: 0; }
.notice summary { display: revert; list-style: revert; padding: 0; background: none; color: inherit; white-space: normal; }
button[disabled] { cursor: default; opacity: 0.7; }
a { color: var(--polyphemus-link, #6d5310); }
:focus-visible { outline: 3px solid var(--polyphemus-action, #066306); outline-offset: 2px; }
details > .panel {
  position: absolute;
  z-index: 1250; /* above Timur's drawer, as long as it is open */
  top: 100%;
  left: 0;
  width: min(560px, 80vw);
  max-height: 60vh;
  overflow: auto;
  padding: 2px 8px;
  background: var(--polyphemus-surface, #fff);
  border: 1px solid var(--polyphemus-border, #ccc);
}
.quietly { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) {
  button, summary { transition: background-color 0.15s; }
}
@media (forced-colors: active) {
  button, summary { border-color: ButtonText; }
}
`);

/** @param {ShadowRoot} root */
export function dress(root) {
  root.adoptedStyleSheets = [SHEET];
}
