// Arrow keys move between rows that are links; "/" focuses the search field.
document.addEventListener("keydown", (event) => {
  const focused = document.activeElement;
  if (event.key === "/" && !(focused instanceof HTMLInputElement || focused instanceof HTMLTextAreaElement || focused instanceof HTMLSelectElement)) {
    const search = document.querySelector<HTMLInputElement>("main input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
    return;
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if (!(focused instanceof HTMLElement) || !focused.classList.contains("row-link")) return;
  const links = [...document.querySelectorAll<HTMLElement>(".table.links .row-link")];
  const next = links[links.indexOf(focused) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

// The checkbox in the head of a table selects all rows and reflects them.
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
  const checked = rows.filter((row) => row.checked).length;
  all.checked = checked === rows.length;
  all.indeterminate = checked > 0 && checked < rows.length;
});
