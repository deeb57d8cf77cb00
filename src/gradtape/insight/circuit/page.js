(() => {
  "use strict";
  for (const root of document.querySelectorAll(".gt-page:not([data-live])")) begin(root);

  function begin(root) {
    root.setAttribute("data-live", "");
    const view = root.querySelector(".view");
    const about = root.querySelector(".about");
    const buttons = root.querySelectorAll("button[data-to]");
    const templates = new Map();
    for (const t of root.querySelectorAll("template")) templates.set(t.dataset.view, t);
    const rest = about.textContent;
    let shown = "";

    function show(name, focus) {
      const template = templates.get(name);
      if (!template) return;
      view.replaceChildren(template.content.cloneNode(true));
      shown = name;
      for (const b of buttons) b.disabled = b.dataset.to === name;
      tell(null);
      if (focus) {
        const found = [...view.querySelectorAll("[data-layer]")].find((g) => g.dataset.layer === focus);
        if (found) { found.focus(); found.scrollIntoView({ block: "nearest", inline: "nearest" }); }
      }
    }

    function layerOf(target) {
      const box = target.closest ? target.closest("[data-layer]") : null;
      return box && view.contains(box) ? box : null;
    }

    function turn(box) {
      const path = box.dataset.layer;
      if (box.classList.contains("frame-box")) {
        const template = templates.get(path);
        show(template ? template.dataset.above : "", path);
      } else {
        show(path, path);
      }
    }

    function tell(target) {
      const group = target && target.closest ? target.closest("g") : null;
      const title = group && group.querySelector(":scope > title");
      about.textContent = title ? title.textContent : rest;
    }

    view.addEventListener("click", (e) => { const box = layerOf(e.target); if (box) turn(box); else tell(e.target); });
    view.addEventListener("mouseover", (e) => tell(e.target));
    view.addEventListener("focusin", (e) => tell(e.target));
    root.addEventListener("keydown", (e) => {
      const box = layerOf(e.target);
      if (box && (e.key === "Enter" || e.key === " ")) { e.preventDefault(); turn(box); }
      else if (e.key === "Escape" && shown) show(templates.get(shown).dataset.above, shown);
    });
    for (const b of buttons) b.addEventListener("click", () => show(b.dataset.to, ""));
    const fit = root.querySelector("button[data-fit]");
    fit.addEventListener("click", () => {
      const on = view.classList.toggle("fit");
      fit.setAttribute("aria-pressed", String(on));
    });
  }
})();
