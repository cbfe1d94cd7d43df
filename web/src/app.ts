import htmx from "../vendor/htmx.js";
import "./chat/channel";
import "./copy";
import "./dialog";
import "./drop";
import "./forms";
import { JobLive } from "./job";
import "./menus";
import "./palette";
import "./passkey";
import "./rows";
import "./switch";
import "./tabs";
import "./tree";
import "./toast";

customElements.define("job-live", JobLive);

// Shows a toast while requests fail on the network.
document.addEventListener("htmx:error", () => {
  const toast = document.querySelector<HTMLElement>("#offline");
  if (toast) toast.hidden = false;
});
document.addEventListener("htmx:after:swap", () => {
  const toast = document.querySelector<HTMLElement>("#offline");
  if (toast) toast.hidden = true;
  const found = document.querySelector<HTMLElement>("#found");
  if (found) found.textContent = document.querySelector<HTMLElement>("#results")?.dataset.found ?? "";
});
void htmx;
