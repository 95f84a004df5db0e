// What makes the page live, and nothing it needs: every form and link works without this file.
"use strict";
(() => {
  const TICK = 2000, QUIET = 10000, TOAST = 10000;

  // --- the tick: only while somebody can see it ---
  setInterval(() => {
    if (document.visibilityState === "visible" && window.htmx) htmx.trigger(document.body, "sandbox:tick");
  }, TICK);

  // --- swaps out of band: only what changed, only for the person and week shown ---
  const isDirty = (form) => [...form.elements].some((each) =>
    each.type === "checkbox" ? each.checked !== each.defaultChecked
      : each.options ? [...each.options].some((option) => option.selected !== option.defaultSelected) : false);

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const target = event.detail.target, incoming = event.detail.fragment.firstElementChild;
    if (!incoming) return;
    const isOther = target.dataset.spot !== incoming.dataset.spot;
    const isSame = target.dataset.trace === incoming.dataset.trace;
    const form = target.querySelector("form.faults");
    if (isOther || isSame || form && (form.contains(document.activeElement) || isDirty(form))) event.detail.shouldSwap = false;
  });

  // --- what was folded open stays open through every swap ---
  const unfolded = new Set();
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.more")) unfolded[event.target.open ? "add" : "delete"](event.target.id);
  }, true);
  const unfold = () => {
    for (const id of unfolded) {
      const details = document.getElementById(id);
      if (details && !details.open) details.open = true;
    }
  };
  document.addEventListener("htmx:afterSwap", unfold);
  document.addEventListener("htmx:oobAfterSwap", unfold);

  // --- one polite sentence about what changed, at most every ten seconds ---
  let told = 0, last = "";
  document.addEventListener("sandbox:news", (event) => {
    const text = event.detail.value;
    if (text === last || Date.now() - told < QUIET) return;
    [told, last] = [Date.now(), text];
    document.getElementById("say").textContent = text;
  });

  // --- the focus returns to what opened an editor; Escape closes what is open; toasts leave ---
  let opener = "";
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-opens]");
    if (link) opener = link.id;
    for (const open of document.querySelectorAll("details.menu[open]")) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); return; }
    event.target.closest(".editor")?.querySelector("[data-closes]").click();
  });
  const settle = () => {
    const editor = document.querySelector(".editor");
    const focused = document.activeElement;
    if (editor && !editor.contains(focused)) {
      const first = editor.querySelector("[autofocus]");
      if (first) { first.focus({preventScroll: true}); editor.scrollIntoView({block: "nearest"}); }
    } else if (!editor && (!focused || focused === document.body)) {
      document.getElementById(opener)?.focus();
    }
    const toast = document.querySelector(".toast:not([data-leaving])");
    if (!toast) return;
    toast.dataset.leaving = "";
    const leave = () => toast.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : toast.remove();
    setTimeout(leave, TOAST);
  };
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "page") settle(); });
  if (location.hash) settle();  // where the address names a place, browsers leave autofocus out

  // --- no second submit ---
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.method !== "post" || !button) return;
    if (button.getAttribute("aria-busy") === "true") { event.preventDefault(); event.stopImmediatePropagation(); return; }
    button.setAttribute("aria-busy", "true");
  }, true);

  // --- stale numbers are labelled as stale ---
  const interrupted = () => {
    const place = document.getElementById("interrupted");
    for (const busy of document.querySelectorAll("[aria-busy=true]")) busy.removeAttribute("aria-busy");
    if (!place || place.firstChild) return;
    const box = document.createElement("p");
    box.className = "notice warn across";
    box.textContent = "The sandbox does not answer. You see its last state; this goes on by itself when it is back.";
    place.append(box);
  };
  for (const kind of ["sendError", "timeout", "responseError"]) document.addEventListener(`htmx:${kind}`, interrupted);
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) document.getElementById("interrupted")?.replaceChildren();
  });
})();
