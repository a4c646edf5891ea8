"use strict";
// Keeps the gallery up to date while its letters are worked on. What is not new stays untouched:
// the scroll position, the choices of the toolbar, and what is unfolded.
let edition = Number(document.documentElement.dataset.edition);

const events = new EventSource("events");
events.addEventListener("message", async (event) => {
  const told = JSON.parse(event.data);
  document.getElementById("trouble").textContent = told.trouble;
  if (told.edition === edition) return;
  edition = told.edition;
  const answer = await fetch("index.html", { cache: "no-store" });
  replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
});
events.addEventListener("error", () => {
  document.getElementById("trouble").textContent = "The preview is not running any more.";
});

function replace(fresh) {
  document.title = fresh.title;
  const names = (page) => [...page.querySelectorAll(".edition")].map((each) => each.id).join();
  if (names(document) === names(fresh)) {
    for (const section of document.querySelectorAll(".edition")) {
      patch(section, fresh.getElementById(section.id));
    }
    swap(document.querySelector("nav"), fresh.querySelector("nav"));
  } else {
    const place = window.scrollY;
    document.getElementById("editions").replaceWith(fresh.getElementById("editions"));
    show();
    window.scrollTo(0, place);
  }
}

function patch(section, fresh) {
  const open = new Set([...section.querySelectorAll("details[open]")].map((each) => each.id));
  for (const part of [".of", "h2", "h2 + .m", ".facts"]) {
    swap(section.querySelector(part), fresh.querySelector(part));
  }
  for (const each of section.querySelectorAll("details")) each.open = open.has(each.id);
  const frame = section.querySelector("iframe");
  const { hash } = fresh.querySelector("iframe").dataset;
  if (frame.dataset.hash === hash) return;
  frame.dataset.hash = hash;
  frame.title = fresh.querySelector("iframe").title;
  // Loaded again in place, a frame keeps its own scroll position.
  frame.contentWindow.location.reload();
}

function swap(old, fresh) {
  if (old && fresh) old.replaceWith(fresh);
}
