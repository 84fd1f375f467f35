// A page built as Timur builds its own: React 16, one tree that is thrown away at every step of navigation.
const { createElement: h, Component } = React;

class Record extends Component {
  render() {
    const [, project, , model, ...name] = this.props.path.split("/");
    return h("div", { className: "browser" }, [
      h("div", { className: "header", key: "header" }, [
        h("div", { className: "model-name", key: "model" }, decodeURIComponent(model)),
        h("div", { className: "record-name", key: "record" }, decodeURIComponent(name.join("/"))),
        h("button", { className: "edit", key: "edit" }, "edit"),
      ]),
      h("div", { className: "tabs", key: "tabs" }, "overview  files"),
      h("div", { className: "pane", key: "pane" }, `The data of ${project}`),
    ]);
  }
}

class Timur extends Component {
  constructor(props) {
    super(props);
    this.state = { path: location.pathname, step: 0 };
    window.visit = (path) => {
      history.pushState({}, "", path);
      this.setState({ path, step: this.state.step + 1 });
    };
    window.addEventListener("popstate", () => this.setState({ path: location.pathname, step: this.state.step + 1 }));
  }

  render() {
    const { path, step } = this.state;
    const page = path.includes("/browse/") ? h(Record, { path, key: step }) : h("h1", { key: step }, "Map");
    return h("div", { id: "timur" }, [
      h("div", { className: "nav", key: "nav" }, "Timur"),
      page,
      h("div", { className: "drawer-handle", key: "drawer" }, "≡"),
    ]);
  }
}

window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
window.told = [];
for (const name of ["loaded", "action", "dismissed", "error", "navigate"]) {
  document.addEventListener(`polyphemus:${name}`, (event) => window.told.push([name, event.detail]));
}
ReactDOM.render(h(Timur), document.getElementById("root"));
