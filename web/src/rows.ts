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

// A tick in the head of a table ticks every row, and follows them.
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
  const table = box.closest("table");
  const all = table?.querySelector<HTMLInputElement>("[data-all]");
  if (!table || !all) return;
  const rows = [...table.querySelectorAll<HTMLInputElement>(`tbody input[name="${all.dataset.all}"]`)];
  if (box === all) {
    for (const row of rows) row.checked = all.checked;
    return;
  }
  const ticked = rows.filter((row) => row.checked).length;
  all.checked = ticked === rows.length;
  all.indeterminate = ticked > 0 && ticked < rows.length;
});
