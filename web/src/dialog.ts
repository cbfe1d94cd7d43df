// Polyfills command and commandfor of buttons for dialogs. A form with a
// confirmation word enables its button once the word is typed.
if (!("command" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor") ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    if (button?.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();
});

document.addEventListener("input", (event) => {
  const input = event.target as HTMLInputElement;
  const word = input.dataset?.confirm;
  if (word === undefined) return;
  const button = input.form?.querySelector<HTMLButtonElement>("[data-held]");
  if (button) button.disabled = input.value.trim() !== word;
});
for (const input of document.querySelectorAll<HTMLInputElement>("[data-confirm]")) {
  const button = input.form?.querySelector<HTMLButtonElement>("[data-held]");
  if (button) button.disabled = true;
}
