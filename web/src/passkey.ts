// A form with data-passkey="get" or "create" asks its data-options for what the
// browser needs, lets the device answer, and sends that in its input "response".
// It stays hidden where the browser knows no passkeys. What failed is said in
// its data-error.
const supported = "credentials" in navigator && typeof PublicKeyCredential === "function" &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-passkey]")) {
  if (!supported) continue;
  form.hidden = false;
  for (const part of document.querySelectorAll<HTMLElement>("[data-with-passkeys]")) part.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void answer(form);
  });
}

async function answer(form: HTMLFormElement) {
  tell(form, "");
  try {
    const response = await fetch(form.dataset.options ?? "", {
      method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form) as unknown as Record<string, string>),
    });
    const said = await response.json();
    if (!response.ok) return tell(form, said.message);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(said) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(said) });
    const field = form.querySelector<HTMLInputElement>("[name=response]");
    if (!credential || !field) return tell(form, form.dataset.failed ?? "");
    field.value = JSON.stringify((credential as PublicKeyCredential).toJSON());
    form.submit();
  } catch {
    tell(form, form.dataset.failed ?? ""); // the person said no, or the network did
  }
}

// tell shows what failed, "" nothing, and gives the button back.
function tell(form: HTMLFormElement, message: string) {
  const place = form.querySelector<HTMLElement>("[data-error]");
  if (!place) return;
  place.hidden = message === "";
  const text = place.querySelector("[data-text]");
  if (text) text.textContent = message;
  if (message) window.dispatchEvent(new Event("pageshow"));
}
