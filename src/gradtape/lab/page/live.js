// Live pages are loaded when they are looked at, in the theme of the page around them.

for (const frame of document.querySelectorAll("iframe[data-src]")) {
  const show = () => {
    if (!frame.src) frame.src = `${frame.dataset.src}?theme=${document.documentElement.dataset.theme ?? ""}`;
  };
  const fold = frame.closest("details");
  if (!fold || fold.open) show();
  else fold.addEventListener("toggle", show, { once: true });
}
