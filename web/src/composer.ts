// The form of a message: Enter sends, Shift and Enter begin a line. The text is kept
// in this tab until it is sent.
class MessageComposer extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector("form");
    const field = this.querySelector("textarea");
    if (!form || !field) return;
    const key = `draft ${location.pathname}`;
    if (location.hash === "#newest") sessionStorage.removeItem(key); // it was sent
    if (field.value === "") field.value = sessionStorage.getItem(key) ?? "";
    field.addEventListener("input", () => {
      if (field.value === "") sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, field.value);
    });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    if (location.hash === "" || location.hash === "#newest") this.scrollIntoView({ block: "end" });
  }
}

customElements.define("message-composer", MessageComposer);
