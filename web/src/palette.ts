// The palette behind Ctrl-K: finds members, pages and actions.
const dialog = document.querySelector<HTMLDialogElement>("#palette");
const input = dialog?.querySelector<HTMLInputElement>("input");
const list = dialog?.querySelector<HTMLElement>("[role=listbox]");
let chosen = 0;
let waiting: number | undefined;
let latest = 0;
let answered = "";

function items(): HTMLElement[] {
  return list ? [...list.querySelectorAll<HTMLElement>("[role=option]")] : [];
}

function choose(i: number) {
  const all = items();
  chosen = all.length ? (i + all.length) % all.length : 0;
  all.forEach((item, n) => item.setAttribute("aria-selected", String(n === chosen)));
  input?.setAttribute("aria-activedescendant", all[chosen]?.id ?? "");
  all[chosen]?.scrollIntoView({ block: "nearest" });
}

async function ask() {
  if (!input || !list || !dialog) return;
  const turn = ++latest;
  const text = input.value;
  const answer = await fetch(`${dialog.dataset.src}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
  const elsewhere = answer.headers.get("HX-Redirect"); // to sign in again
  if (elsewhere) location.assign(elsewhere);
  if (turn !== latest || !answer.ok || elsewhere) return;
  answered = text;
  list.innerHTML = await answer.text();
  choose(0);
}

// go opens what is chosen, of the list that fits what is typed.
async function go() {
  clearTimeout(waiting);
  if (input && input.value !== answered) await ask();
  items()[chosen]?.click();
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
  void ask();
});
input?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => void ask(), 120);
});
input?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter") void go();
  else return;
  event.preventDefault();
});
