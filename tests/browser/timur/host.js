// A page built as Timur builds its own: React 16, one tree that is thrown away at every step of navigation, a
// record's header and panes, a project's drawer, a store that is told of each step.
const { createElement: h, Component, Fragment } = React;

/** What an optional slot of Timur holds: `window.SLOTS = { dashboard: ["tag", { attributes }] }`. */
const slot = (name, about = {}) => {
  const [tag, attributes] = (window.SLOTS || {})[name] || [];
  return tag ? h(tag, { ...about, ...attributes }) : null;
};

const go = (path) => {
  history.pushState({}, "", path);
  timur.store.dispatch({ type: "UPDATE_LOCATION" });
};
window.visit = go;

const Tabs = () =>
  h(
    "div",
    { className: "nav" },
    h("div", { className: "logo" }, "Timur"),
    ["browse", "search", "map", "query", "views"].map((tab) => h("a", { key: tab, className: "tab", href: "#" }, tab)),
    h("div", { className: "who" }, "Dr. Who"),
  );

const Row = ({ name, value }) =>
  h("div", { className: "item" }, h("div", { className: "item_name" }, name), h("div", { className: "value" }, value));

const VALUES = {
  name: "DTL001",
  created_at: "5/4/2026, 12:22:07 PM",
  diagnosis: "adenocarcinoma",
  "tumor.exome": "DTL001.T1.exome",
  vcf: "No file",
};

class RecordPage extends Component {
  render() {
    const [, project, , model, ...name] = this.props.path.split("/");
    const record = decodeURIComponent(name.join("/"));
    const about = { project, model, record };
    return h(
      "div",
      { className: "browser" },
      h(
        "div",
        { className: "header" },
        h("div", { className: "model-name" }, decodeURIComponent(model)),
        h("div", { className: "record-name" }, record),
        h("button", { className: "edit" }, "edit"),
      ),
      slot("browse-record", about),
      h("div", { className: "tabs" }, ["overview", "files", "history"].map((tab) => h("span", { key: tab }, tab))),
      h(
        "div",
        { className: "pane" },
        h("div", { className: "title" }, "Details"),
        Object.entries(VALUES).map(([name, value]) => h(Row, { key: name, name, value })),
      ),
      model === "project" ? h(Drawer, about) : null,
    );
  }
}

const Drawer = ({ project }) =>
  h(
    "aside",
    { className: "drawer" },
    h("h3", {}, "Dashboard"),
    ["data", "linking", "metis"].map((app) => h("div", { key: app, className: "app" }, `★ ${app}`)),
    slot("dashboard", { project, layout: "drawer" }),
  );

class Page extends Component {
  constructor(props) {
    super(props);
    this.state = { path: location.pathname, step: 0 };
    const step = () => this.setState({ path: location.pathname, step: this.state.step + 1 });
    timur.store.subscribe(step);
    window.addEventListener("popstate", step);
  }

  render() {
    const { path, step } = this.state;
    return h(
      "div",
      { id: "timur" },
      h(Tabs),
      path.includes("/browse/") ? h(RecordPage, { path, key: step }) : h("h1", { key: step }, "Map"),
      h("div", { className: "drawer-handle", "aria-hidden": true }, h("span", {}, "≡"), h("span", {}, "★")),
    );
  }
}

const listeners = [];
const timur = {
  store: {
    subscribe: (listener) => listeners.push(listener),
    dispatch: () => listeners.forEach((listener) => listener()),
  },
};
window.CONFIG = { project_name: location.pathname.split("/")[1] || null };

window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
window.told = [];
for (const name of ["loaded", "action", "dismissed", "error", "navigate"]) {
  document.addEventListener(`polyphemus:${name}`, (event) => window.told.push([name, event.detail]));
}
ReactDOM.render(h(Page), document.getElementById("root"));
