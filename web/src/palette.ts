// The command palette (Ctrl-K) finds members, pages and actions.
const dialog = document.querySelector<HTMLDialogElement>("#palette");
const input = dialog?.querySelector<HTMLInputElement>("input");
const list = dialog?.querySelector<HTMLElement>("[role=listbox]");
let selected = 0;
let timer: number | undefined;
let latest = 0;
let searched = "";

function items(): HTMLElement[] {
  return list ? [...list.querySelectorAll<HTMLElement>("[role=option]")] : [];
}

function select(i: number) {
  const all = items();
  selected = all.length ? (i + all.length) % all.length : 0;
  all.forEach((item, n) => item.setAttribute("aria-selected", String(n === selected)));
  input?.setAttribute("aria-activedescendant", all[selected]?.id ?? "");
  all[selected]?.scrollIntoView({ block: "nearest" });
}

async function search() {
  if (!input || !list || !dialog) return;
  const request = ++latest;
  const text = input.value;
  const response = await fetch(`${dialog.dataset.src}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
  const redirect = response.headers.get("HX-Redirect"); // to the sign-in page
  if (redirect) location.assign(redirect);
  if (request !== latest || !response.ok || redirect) return;
  searched = text;
  list.innerHTML = await response.text();
  select(0);
}

// openSelected opens the selected item, after a search for the current text.
async function openSelected() {
  clearTimeout(timer);
  if (input && input.value !== searched) await search();
  items()[selected]?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && dialog) {
    event.preventDefault();
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }
});
dialog?.addEventListener("toggle", () => {
  if (!dialog.open) return;
  if (input) input.value = "";
  void search();
});
input?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => void search(), 120);
});
input?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") select(selected + 1);
  else if (event.key === "ArrowUp") select(selected - 1);
  else if (event.key === "Enter") void openSelected();
  else return;
  event.preventDefault();
});
