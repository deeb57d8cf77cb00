// Where the page starts: in a document of its own, or as a widget of a notebook.

import { mount } from "./page.js";

/** In its own document: the data lie in a script element beside it. */
export function start(programs) {
  const root = document.getElementById("gradtape");
  const data = JSON.parse(document.getElementById("gradtape-data").textContent);
  root.page = mount(root, data, programs);
}

/** As an anywidget: the data are the model's. */
export function rendering(programs) {
  return ({ model, el }) => {
    const root = document.createElement("div");
    el.append(root);
    root.page = mount(root, JSON.parse(model.get("data")), programs, "h2");
    requestAnimationFrame(() => root.page.picture.fit());
    return () => {
      root.page.close();
      root.remove();
    };
  };
}
