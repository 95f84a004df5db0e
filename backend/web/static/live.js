// What makes pages live and nothing they need: every form and link works without this file.
"use strict";
(() => {
  const TICK = 5000, WARN_BEFORE = 120, QUIET = 10000;
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
  const words = document.getElementById("words")?.dataset ?? {};

  // The server writes times in the viewer's zone from the first page after sign-in on.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `lockstep_zone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;

  // --- the tick: only while somebody can see it ---
  setInterval(() => {
    if (document.visibilityState === "visible" && window.htmx) htmx.trigger(document.body, "ls:tick");
  }, TICK);

  // --- swaps out of band: only what changed, never under the focus or an open menu ---
  const seen = new Map();
  const busy = (element) =>
    element.contains(document.activeElement) && document.activeElement !== document.body ||
    element.querySelector("details[open]") !== null;

  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const target = event.detail.target, incoming = event.detail.fragment.firstElementChild;
    if (!incoming || !target.id) return;
    const html = incoming.outerHTML;
    if (seen.get(target.id) === html || target.outerHTML === html || busy(target)) {
      event.detail.shouldSwap = false;
      return;
    }
    seen.set(target.id, html);
    const picked = target.querySelector("input[name=ids]:checked");
    if (picked) incoming.querySelector("input[name=ids]").checked = true;
    if (target.dataset.trace && target.dataset.trace !== incoming.dataset.trace) incoming.classList.add("changed");
    if (target.dataset.state && target.dataset.state !== incoming.dataset.state) tell(incoming.dataset.say);
  });

  // --- one polite region, at most one message in ten seconds ---
  let told = 0, waiting = [];
  function tell(text) {
    if (text) waiting.push(text);
    const wait = told + QUIET - Date.now();
    if (wait > 0) {
      if (waiting.length === 1) setTimeout(tell, wait);
      return;
    }
    if (!waiting.length) return;
    told = Date.now();
    document.getElementById("say").textContent = waiting.join(". ");
    waiting = [];
  }

  // --- stale numbers are labelled as stale ---
  const notice = document.getElementById("interrupted");
  let since = new Date();
  function interrupted(text) {
    if (!notice || notice.firstChild) return;
    const box = document.createElement("p"), strong = document.createElement("b");
    box.className = "notice warn";
    const span = document.createElement("span");
    strong.textContent = text ?? `${words.stateOf} ${since.toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit"})}.`;
    span.append(strong, " ", text ? "" : words.interrupted);
    box.append(span);
    notice.append(box);
  }
  document.body.addEventListener("htmx:sendError", () => interrupted());
  document.body.addEventListener("htmx:timeout", () => interrupted());
  document.body.addEventListener("htmx:responseError", (event) => interrupted(event.detail.xhr.status === 401 ? words.signedOut : undefined));
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    since = new Date();
    notice?.replaceChildren();
  });

  // --- a sign-in that is about to end can be prolonged ---
  const seconds = Number(meta("session-seconds"));
  let ending;
  function watchSession() {
    clearTimeout(ending);
    if (seconds) ending = setTimeout(offerToStay, Math.max(0, seconds - WARN_BEFORE) * 1000);
  }
  function offerToStay() {
    const toast = document.createElement("p"), text = document.createElement("span"), stay = document.createElement("button");
    toast.className = "toast";
    text.textContent = words.endsSoon;
    stay.className = "button small";
    stay.type = "button";
    stay.textContent = words.stay;
    stay.addEventListener("click", async () => {
      const answer = await fetch("/session/prolong", {method: "POST", headers: {"X-CSRFToken": meta("csrf-token")}});
      if (answer.ok) { toast.remove(); watchSession(); }
    });
    toast.append(text, stay);
    document.getElementById("toasts").append(toast);
  }
  watchSession();

  // --- no second submit; menus close by Escape and by a click elsewhere; select everybody; copy ---
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.method !== "post" || !button) return;
    if (button.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
    button.setAttribute("aria-busy", "true");
    if (button.dataset.busy) button.lastChild.textContent = button.dataset.busy;
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest("details.menu[open]") ?? document.querySelector("details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.menu[open]")) if (!open.contains(event.target)) open.open = false;
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => confirmCopy(copy));
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-pick-all]")) return;
    for (const box of event.target.closest("table").querySelectorAll("input[name=ids]")) box.checked = event.target.checked;
  });
  function confirmCopy(button) {
    const label = button.querySelector("span"), before = label.textContent;
    label.textContent = words.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  }
})();
