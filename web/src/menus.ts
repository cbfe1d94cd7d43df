// Menus made of <details data-menu>: one open at a time. Escape, a click
// outside and loss of focus close it; arrow keys move the focus.
function openMenu(): HTMLDetailsElement | null {
  return document.querySelector<HTMLDetailsElement>("details[data-menu][open]");
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]")) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
});
document.addEventListener("focusin", (event) => {
  const menu = openMenu();
  if (menu && !menu.contains(event.target as Node)) menu.open = false;
});
// A menu that would pass the right edge of the window opens to the left.
const widest = 300;
document.addEventListener(
  "click",
  (event) => {
    const summary = (event.target as HTMLElement).closest<HTMLElement>("details.pick[data-menu] > summary");
    const passes = summary && summary.getBoundingClientRect().left + widest > document.documentElement.clientWidth - 8;
    summary?.parentElement?.classList.toggle("flipped", Boolean(passes));
  },
  true,
);
document.addEventListener("keydown", (event) => {
  const menu = openMenu();
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary")?.focus();
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const items = [...menu.querySelectorAll<HTMLElement>(".menu a, .menu button, .menu input")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
