"use strict";
// The toolbar: its choices hold for all editions, and for the next visit of this tab.
const KEY = "digest-preview";
const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;

function view() {
  if (chosen("part") === "text") return "text";
  if (chosen("pictures") === "off") return "bare";
  return chosen("scheme") === "forced" ? "forced" : "letter";
}

function show() {
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.dataset.view === view()) continue;
    frame.dataset.view = view();
    frame.src = `views/${frame.dataset.name}.${view()}.html`;
  }
}

function remember() {
  try {
    const ids = [...document.querySelectorAll(".tools :checked")].map((each) => each.id);
    sessionStorage.setItem(KEY, JSON.stringify(ids));
  } catch { /* A browser that keeps nothing shows everything all the same. */ }
}

function recall() {
  try {
    for (const id of JSON.parse(sessionStorage.getItem(KEY) || "[]")) {
      const input = document.getElementById(id);
      if (input) input.checked = true;
    }
  } catch { /* As above. */ }
}

document.querySelector(".tools").addEventListener("change", () => { show(); remember(); });
recall();
show();
