// Small pages beside the messages open in a dialog: links with data-sheet. Forms with
// data-act are sent in the background, here and on messages.
export class Sheet {
  constructor(
    private readonly dialog: HTMLDialogElement,
    private readonly acted: (path: string) => void,
  ) {
    dialog.addEventListener("input", (event) => filter(event.target as HTMLInputElement));
    dialog.addEventListener("click", (event) => {
      if ((event.target as Element).closest("[command=close]")) dialog.close();
    });
  }

  async open(path: string): Promise<void> {
    try {
      const response = await fetch(path, { headers: { "Regulars-Sheet": "1" } });
      if (!response.ok || response.redirected) {
        location.assign(path);
        return;
      }
      this.show(await response.text());
    } catch {
      offline();
    }
  }

  private show(content: string): void {
    const page = new DOMParser().parseFromString(content, "text/html");
    this.dialog.replaceChildren(...[...page.body.childNodes].map((node) => document.importNode(node, true)));
    for (const one of this.dialog.querySelectorAll("[data-copy-link]")) one.setAttribute("value", new URL(one.getAttribute("value") ?? "", location.origin).href);
    if (!this.dialog.open) this.dialog.showModal();
    const first = this.dialog.querySelector<HTMLElement>("[data-filter], textarea, .acts a, .acts button");
    first?.focus();
    if (first instanceof HTMLTextAreaElement) first.setSelectionRange(first.value.length, first.value.length);
  }

  async send(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
    const values = new URLSearchParams();
    for (const [name, value] of new FormData(form, submitter)) values.append(name, String(value));
    const path = form.getAttribute("action") ?? "";
    try {
      const response = await fetch(path, { method: "POST", body: values, headers: { Accept: "application/json" } });
      if (!response.ok) {
        const failure = (await response.json()) as { message?: string };
        this.refuse(form, failure.message ?? "");
        return;
      }
      if (this.dialog.open) this.dialog.close();
      this.acted(path);
    } catch {
      offline();
    }
  }

  private refuse(form: HTMLFormElement, why: string): void {
    let place = form.querySelector<HTMLElement>("[data-refused]");
    if (!place) {
      place = document.createElement("p");
      place.className = "error small";
      place.setAttribute("role", "alert");
      place.dataset.refused = "";
      form.append(place);
    }
    place.textContent = why;
    place.hidden = false;
  }
}

function offline(): void {
  const toast = document.querySelector<HTMLElement>("#offline");
  if (toast) toast.hidden = false;
}

// filter shows the emoji with a word that begins with the typed text.
function filter(field: HTMLInputElement): void {
  if (field.dataset?.filter === undefined) return;
  const typed = field.value.trim().toLowerCase();
  for (const group of field.form?.querySelectorAll<HTMLElement>("section") ?? []) {
    let any = false;
    for (const one of group.querySelectorAll<HTMLElement>("button")) {
      const words = `${one.title.replaceAll(/[:_]/g, " ")} ${one.dataset.words ?? ""}`.split(" ");
      one.hidden = typed !== "" && !words.some((word) => word.startsWith(typed));
      any ||= !one.hidden;
    }
    group.hidden = !any;
  }
}
