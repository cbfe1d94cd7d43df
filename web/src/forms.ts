// Submit buttons show progress, unsaved changes ask before leaving, and
// data-send-form submits on change, by the button that it names.
// data-unsaved names a form that the server shows with values that are not saved.
const unsaved = document.querySelector<HTMLElement>("[data-unsaved]")?.dataset.unsaved;
let changed = unsaved ? document.getElementById(unsaved) as HTMLFormElement | null : null;

document.addEventListener("input", (event) => {
  const form = (event.target as Element).closest<HTMLFormElement>("form[data-guard]");
  if (form) changed = form;
});

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form === changed) changed = null;
  const button = (event.submitter ?? form.querySelector("[type=submit]")) as HTMLButtonElement | null;
  const busy = button?.dataset.busy;
  if (!button || !busy || form.hasAttribute("hx-get")) return;
  const label = button.querySelector("[data-label]") ?? button;
  const original = label.textContent;
  label.textContent = busy;
  button.setAttribute("aria-busy", "true");
  // Restores the button when the page returns from the back/forward cache.
  window.addEventListener("pageshow", () => {
    label.textContent = original;
    button.removeAttribute("aria-busy");
  }, { once: true });
});

window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const input = event.target as HTMLInputElement;
  if (!input.hasAttribute?.("data-send-form")) return;
  const button = document.getElementById(input.dataset.sendForm ?? ""); // that sends the form, if it has several
  input.form?.requestSubmit(button instanceof HTMLButtonElement ? button : null);
});

// Synchronises two inputs with the same value, such as a colour and its code.
document.addEventListener("input", (event) => {
  const input = event.target as HTMLInputElement;
  const twin = input.dataset?.twin && document.getElementById(input.dataset.twin);
  if (twin instanceof HTMLInputElement && (twin.type !== "color" || /^#[0-9a-f]{6}$/i.test(input.value))) twin.value = input.value;
});
