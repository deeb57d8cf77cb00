// Light or dark: the reader's choice, or else the system's.
(() => {
  const KEY = "gradtape-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  };
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const tell = () => {
    const button = document.getElementById("theme");
    if (button) button.textContent = dark() ? "Light" : "Dark";
    document.dispatchEvent(new Event("themechange"));
  };
  const kept = stored();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  system.addEventListener("change", tell);
  document.addEventListener("DOMContentLoaded", () => {
    tell();
    document.getElementById("theme").addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try {
        localStorage.setItem(KEY, root.dataset.theme);
      } catch {
        // not kept then
      }
      tell();
    });
  });
  // The token has done its work: the cookie holds it now, and the address need not.
  if (location.search.includes("token=")) history.replaceState(null, "", location.pathname);
})();
