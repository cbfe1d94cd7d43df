// Arrows walk through the rows of a table whose rows are links; "/" goes to
// the search field of the page.
document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  if (event.key === "/" && !(at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement)) {
    const search = document.querySelector<HTMLInputElement>("main input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if (!(at instanceof HTMLElement) || !at.classList.contains("row-link")) return;
  const links = [...document.querySelectorAll<HTMLElement>(".table.links .row-link")];
  const next = links[links.indexOf(at) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
