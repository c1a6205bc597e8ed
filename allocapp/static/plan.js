// The allocation page with JavaScript: the server's live check while typing, keys as in a spreadsheet, no double sending.
// Every text and every figure comes from the server; this file only puts them in place.
"use strict";

(() => {
  const QUIET_MS = 350; // after the last key before the server is asked
  const SPEAK_MS = 1000; // after the last key before a screen reader announces the answer
  const sheet = document.getElementById("sheet");

  // A second click on a button sends nothing. A page that never came, or the back button, frees the form again.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
      setTimeout(() => delete form.dataset.sent, 8000);
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // The sticky bar grows with its sentences: a focused cell must never lie under it.
  const bar = document.querySelector(".sheet-bar");
  if (bar && window.ResizeObserver) {
    new ResizeObserver(() => {
      const status = bar.querySelector(".sheet-status");
      const height = Math.max(bar.offsetHeight, status.offsetHeight);
      document.documentElement.style.setProperty("--sheet-bar", `${height}px`);
    }).observe(bar.querySelector(".sheet-status"));
  }

  const place = JSON.parse(sessionStorage.getItem("place") || "null");
  sessionStorage.removeItem("place");
  if (!sheet) return;

  const targets = [...sheet.querySelectorAll("input[name^='t-']")];
  const texts = [...sheet.querySelectorAll("textarea")];
  const status = document.getElementById("sheet-status");
  const figures = document.getElementById("figures");
  let asked = null;
  let waiting = 0;
  let speaking = 0;

  document.getElementById("sheet-check").hidden = true;

  const isChanged = (field) => field.value !== field.defaultValue;

  function put(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function putError(input, text) {
    const id = `e-${input.id.slice(2)}`;
    let note = document.getElementById(id);
    if (!text) {
      if (note) note.remove();
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
      return;
    }
    if (!note) {
      note = document.createElement("span");
      note.id = id;
      note.className = "wrong";
      input.after(note);
      input.setAttribute("aria-describedby", id);
    }
    input.setAttribute("aria-invalid", "true");
    put(note, text);
  }

  function show(answer) {
    for (const input of targets) {
      const found = answer.cells[input.id.slice(2)];
      if (!found) continue;
      const gap = input.closest("td").nextElementSibling;
      put(gap, found[0]);
      gap.classList.toggle("below", found[3] !== "");
      put(gap.nextElementSibling, found[1]);
      putError(input, found[2]);
    }
    for (const [unit, text] of Object.entries(answer.flags)) {
      put(document.getElementById(`u${unit}`).closest("tr").querySelector(".flags"), text);
    }
    // unchanged sentences are left alone, so that they are not announced again
    if (status.dataset.shown !== answer.status) {
      status.dataset.shown = answer.status;
      status.innerHTML = answer.status;
    }
    figures.innerHTML = answer.figures;
  }

  function say(text) {
    status.textContent = text;
    delete status.dataset.shown;
  }

  async function check() {
    if (asked) asked.abort();
    const mine = (asked = new AbortController());
    try {
      const response = await fetch(sheet.dataset.check, {
        method: "POST",
        body: new URLSearchParams(new FormData(sheet)),
        headers: { Accept: "application/json" },
        signal: mine.signal,
      });
      const answer = await response.json();
      if (mine !== asked) return;
      if (response.ok) show(answer);
      else say(`${answer.text} ${answer.next_step}`); // such as a session that has ended
    } catch (error) {
      if (error.name === "AbortError" || mine !== asked) return;
      say(sheet.dataset.silent);
    }
  }

  sheet.addEventListener("input", (event) => {
    event.target.classList.toggle("changed", isChanged(event.target));
    status.setAttribute("aria-busy", "true");
    clearTimeout(waiting);
    clearTimeout(speaking);
    waiting = setTimeout(check, QUIET_MS);
    speaking = setTimeout(() => status.setAttribute("aria-busy", "false"), SPEAK_MS);
  });

  // Enter and arrows move in the column, Escape takes the stored value back.
  sheet.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !targets.includes(input)) return;
    const column = targets.filter((other) => other.id.split("-")[2] === input.id.split("-")[2]);
    const up = event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey);
    if (up || event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      const next = column[column.indexOf(input) + (up ? -1 : 1)];
      if (next) next.focus();
    } else if (event.key === "Escape" && isChanged(input)) {
      input.value = input.defaultValue;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  sheet.addEventListener("focusin", (event) => {
    if (targets.includes(event.target)) event.target.select();
  });

  // Typed and not sent: the browser asks before the page is left.
  addEventListener("beforeunload", (event) => {
    const changed = sheet.dataset.unsaved || [...targets, ...texts].some(isChanged);
    if (changed && !sheet.dataset.sent) event.preventDefault();
  });

  // After saving, back to the same cell at the same place.
  sheet.addEventListener("focusin", (event) => {
    if (targets.includes(event.target)) sheet.dataset.cell = event.target.id;
  });
  sheet.addEventListener("submit", () => {
    sessionStorage.setItem("place", JSON.stringify([sheet.action, scrollY, sheet.dataset.cell || ""]));
  });
  if (place && place[0] === sheet.action && !document.querySelector(".error-summary")) {
    scrollTo(0, place[1]);
    const cell = document.getElementById(place[2]);
    if (cell) cell.focus({ preventScroll: true });
  }
})();
