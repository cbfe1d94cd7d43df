// <file-drop> wraps a form with one file input as a drop zone. It uploads the
// file with progress; the response is a location or an error message. Its data
// attributes contain the texts in the language of the page.
class FileDrop extends HTMLElement {
  private request: XMLHttpRequest | undefined;

  connectedCallback() {
    const form = this.querySelector("form");
    const input = this.querySelector<HTMLInputElement>("input[type=file]");
    if (!form || !input) return;
    input.addEventListener("change", () => input.files?.[0] && this.send(form, input.files[0]));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.files?.[0]) this.send(form, input.files[0]);
    });
    this.querySelector("[data-choose]")?.addEventListener("click", () => input.click());
    this.querySelector("[data-stop]")?.addEventListener("click", () => this.request?.abort());
    for (const name of ["dragenter", "dragover"]) {
      this.addEventListener(name, (event) => {
        event.preventDefault();
        this.toggleAttribute("data-over", true);
      });
    }
    this.addEventListener("dragleave", (event) => {
      if (!this.contains(event.relatedTarget as Node)) this.removeAttribute("data-over");
    });
    this.addEventListener("drop", (event) => {
      event.preventDefault();
      this.removeAttribute("data-over");
      const file = event.dataTransfer?.files[0];
      if (file) this.send(form, file);
    });
    // A file dropped outside the zone must not replace the page.
    for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
  }

  private partElement(name: string) {
    return this.querySelector<HTMLElement>(`[data-part=${name}]`);
  }

  private send(form: HTMLFormElement, file: File) {
    const bar = this.querySelector("progress");
    const body = new FormData();
    body.append("data", file, file.name);
    const request = new XMLHttpRequest();
    this.request = request;
    this.show("sending");
    this.setText("name", file.name);
    this.setText("sent", "0 %");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable || !bar) return;
      const share = event.loaded / event.total;
      bar.value = share;
      this.setText("sent", share < 1 ? this.progress(share, event.total) : this.text("reading"));
    });
    request.addEventListener("load", () => this.finish(request));
    request.addEventListener("error", () => this.fail(this.text("cut")));
    request.addEventListener("abort", () => this.show("waiting"));
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  }

  private finish(request: XMLHttpRequest) {
    let response: { location?: string; message?: string } = {};
    try {
      response = JSON.parse(request.responseText);
    } catch {
      response = { message: this.text("unreadable") };
    }
    if (request.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    else if (response.location) location.assign(response.location);
    else this.fail(response.message ?? this.text("refused"));
  }

  private fail(message: string) {
    this.show("waiting");
    const error = this.partElement("error");
    if (!error) return;
    error.hidden = false;
    this.setText("why", message);
    const input = this.querySelector<HTMLInputElement>("input[type=file]");
    if (input) input.value = "";
  }

  private show(state: "waiting" | "sending") {
    for (const name of ["waiting", "sending"]) {
      const element = this.partElement(name);
      if (element) element.hidden = name !== state;
    }
    const error = this.partElement("error");
    if (error) error.hidden = true;
  }

  private text(name: string): string {
    return this.dataset[name] ?? "";
  }

  private progress(share: number, total: number): string {
    return this.text("of").replace("{share}", `${Math.floor(share * 100)} %`).replace("{size}", size(total, this.text("bytes")));
  }

  private setText(name: string, text: string) {
    const element = this.partElement(name);
    if (element) element.textContent = text;
  }
}

function size(total: number, bytes: string): string {
  const units = [bytes, "KB", "MB", "GB"];
  let i = 0;
  for (; total >= 1000 && i < units.length - 1; i++) total /= 1000;
  const language = document.documentElement.lang;
  return `${total.toLocaleString(language, { maximumFractionDigits: total < 10 && i > 0 ? 1 : 0 })} ${units[i]}`;
}
customElements.define("file-drop", FileDrop);
