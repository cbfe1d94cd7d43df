// The form of a message: Enter sends, Shift and Enter begin a line. Text is kept in the
// browser until it is sent; pictures are uploaded when they are chosen, dropped or
// pasted.
import type { Draft } from "./outbox";

const tallest = 240; // pixels

export class Composer {
  readonly field: HTMLTextAreaElement;
  private readonly form: HTMLFormElement;
  private readonly uploads: HTMLElement;
  private readonly key: string;

  constructor(
    form: HTMLFormElement,
    private readonly page: HTMLElement,
    private readonly hooks: { send(draft: Draft): void; typing(): void; editLast(): void },
  ) {
    this.form = form;
    this.field = form.querySelector<HTMLTextAreaElement>("textarea")!;
    this.uploads = form.querySelector<HTMLElement>(".uploads")!;
    this.key = `draft ${form.getAttribute("action")}`;
    if (this.field.value === "") this.field.value = localStorage.getItem(this.key) ?? "";
    this.grow();
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.press(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.querySelector("[data-cancel]")?.addEventListener("click", (event) => {
      event.preventDefault();
      this.answer("", "");
      this.field.focus();
    });
    this.acceptFiles();
  }

  // answer makes the message a reply; an empty id: it is none.
  answer(id: string, text: string): void {
    this.form.querySelector<HTMLInputElement>("input[name=reply]")!.value = id;
    this.form.querySelector<HTMLElement>("[data-answered]")!.textContent = text;
    this.form.querySelector<HTMLElement>(".replying")!.hidden = id === "";
    if (id !== "") this.field.focus();
  }

  private typed(): void {
    if (this.field.value === "") localStorage.removeItem(this.key);
    else {
      localStorage.setItem(this.key, this.field.value);
      this.hooks.typing();
    }
    this.grow();
  }

  private grow(): void {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, tallest)}px`;
  }

  private press(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" && this.field.value === "") {
      event.preventDefault();
      this.hooks.editLast();
    } else if (event.key === "Escape" && this.form.querySelector<HTMLInputElement>("input[name=reply]")!.value !== "") {
      event.stopPropagation();
      this.answer("", "");
    }
  }

  private submit(): void {
    const message = this.field.value.trim();
    const attachments = [...this.uploads.querySelectorAll<HTMLInputElement>("input[name=attachment]")].map((one) => one.value);
    if ((message === "" && attachments.length === 0) || this.uploads.querySelector("progress:not([hidden])")) return;
    this.hooks.send({ nonce: crypto.randomUUID(), message, reply: this.form.querySelector<HTMLInputElement>("input[name=reply]")!.value, attachments });
    this.field.value = "";
    this.uploads.replaceChildren();
    this.answer("", "");
    this.typed();
    this.field.focus();
  }

  private acceptFiles(): void {
    const input = this.form.querySelector<HTMLInputElement>("input[type=file]")!;
    input.addEventListener("change", () => {
      this.upload([...(input.files ?? [])]);
      input.value = "";
    });
    this.field.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.upload(files);
    });
    this.page.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.page.classList.add("dropping");
    });
    for (const kind of ["dragleave", "drop"]) this.page.addEventListener(kind, () => this.page.classList.remove("dropping"));
    this.page.addEventListener("drop", (event) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.upload(files);
    });
  }

  private upload(files: File[]): void {
    for (const file of files) {
      const template = document.querySelector<HTMLTemplateElement>("#uploading")!;
      const entry = (template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
      this.uploads.append(entry);
      const request = new XMLHttpRequest(); // fetch reports no progress
      entry.querySelector("[data-remove]")!.addEventListener("click", () => {
        request.abort();
        entry.remove();
        this.field.focus();
      });
      this.transfer(request, file, entry);
    }
    this.field.focus();
  }

  private transfer(request: XMLHttpRequest, file: File, entry: HTMLElement): void {
    const bar = entry.querySelector("progress")!;
    bar.setAttribute("aria-label", file.name);
    const fail = (why: string): void => {
      bar.hidden = true;
      const place = entry.querySelector<HTMLElement>(".error")!;
      place.textContent = why ? `${file.name}: ${why}` : file.name;
      place.hidden = false;
    };
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("error", () => fail(""));
    request.addEventListener("load", () => {
      if (request.status !== 201) {
        fail(messageOf(request.responseText));
        return;
      }
      bar.hidden = true;
      entry.insertAdjacentHTML("afterbegin", request.responseText);
    });
    const form = new FormData();
    form.set("images", file);
    request.open("POST", this.form.dataset.images ?? "");
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
  }
}

function messageOf(answer: string): string {
  try {
    return (JSON.parse(answer) as { message?: string }).message ?? "";
  } catch {
    return "";
  }
}
