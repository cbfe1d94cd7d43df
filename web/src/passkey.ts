// A form with data-passkey="get" or "create" fetches the options from
// data-options, calls the authenticator and submits the result in its input
// "response". It stays hidden without passkey support. Errors are shown in
// data-error.
const supported = "credentials" in navigator && typeof PublicKeyCredential === "function" &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-passkey]")) {
  if (!supported) continue;
  form.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>("[data-with-passkeys]")) part.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void authenticate(form);
  });
}

async function authenticate(form: HTMLFormElement) {
  showError(form, "");
  try {
    const response = await fetch(form.dataset.options ?? "", {
      method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form) as unknown as Record<string, string>),
    });
    const options = await response.json();
    if (!response.ok) return showError(form, options.message);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    const field = form.querySelector<HTMLInputElement>("[name=response]");
    if (!credential || !field) return showError(form, form.dataset.failed ?? "");
    field.value = JSON.stringify((credential as PublicKeyCredential).toJSON());
    form.submit();
  } catch {
    showError(form, form.dataset.failed ?? ""); // cancelled, or a network error
  }
}

// showError shows a message, or none if it is "", and enables the button.
function showError(form: HTMLFormElement, message: string) {
  const place = form.querySelector<HTMLElement>("[data-error]");
  if (!place) return;
  place.hidden = message === "";
  const text = place.querySelector("[data-text]");
  if (text) text.textContent = message;
  if (message) window.dispatchEvent(new Event("pageshow"));
}
