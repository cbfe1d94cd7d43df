// <theme-switch> selects the system, light or dark theme, stored in the browser.
class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.addEventListener("click", (event) => {
      const theme = (event.target as Element).closest("button")?.dataset.choose;
      if (theme === undefined) return;
      if (theme) {
        localStorage.setItem("theme", theme);
        document.documentElement.dataset.theme = theme;
      } else {
        localStorage.removeItem("theme");
        delete document.documentElement.dataset.theme;
      }
      this.mark();
    });
    this.mark();
  }

  private mark() {
    const current = localStorage.getItem("theme") ?? "";
    for (const b of this.querySelectorAll("button")) b.setAttribute("aria-pressed", String(b.dataset.choose === current));
  }
}
customElements.define("theme-switch", ThemeSwitch);
