// The allocation page with JavaScript: the server's live check and autosave while typing; nothing typed is ever lost.
// Every text and every figure comes from the server; this file only puts them in place.
const QUIET_MS = 350; // after the last key before the server is asked; a screen reader waits for the answer
const SAVE_MS = 1500; // after the last key before what was typed is saved
const RETRY_MS = 10000; // between two tries without a connection
const sheet = document.getElementById("sheet");
const words = JSON.parse(sheet.dataset.words);
const keepName = `allocapp:${sheet.dataset.keep}`;
const field = (name) => sheet.elements[name];
const byId = (id) => document.getElementById(id);
const status = byId("sheet-status");
const fill = (text, n) => text.replace("{n}", n);

const timers = new Map();
function later(act, after) {
  clearTimeout(timers.get(act));
  timers.set(act, setTimeout(act, after));
}

// -- the cells: a target and the reason why there is none, what was saved last (their default values) and on which version --
const base = field("base").value.split(",");

class Cell {
  constructor(input, at) {
    this.key = input.name.slice(2);
    this.at = at; // its place in the base
    this.input = input;
    this.texts = [input, field(`x-${this.key}`)];
    this.setStored(this.texts.map((text) => text.dataset.saved ?? text.defaultValue), base[at]);
  }

  get typed() { return this.texts.map((text) => text.value); }
  get dirty() { return this.texts.some((text) => text.value !== text.defaultValue); }
  get clash() { return this.input.parentElement.querySelector(".clash"); }

  enter(typed) {
    this.texts.forEach((text, i) => { text.value = typed[i]; });
  }

  // what stands in the cell stays: the default of an untouched field would change its value too
  setStored(stored, packed) {
    const { typed } = this;
    this.texts.forEach((text, i) => { text.defaultValue = stored[i]; });
    this.enter(typed);
    this.setBase(packed);
  }

  setBase(packed) {
    base[this.at] = packed;
    field("base").value = base.join();
  }

  // how far it is from being kept: the style sheet's sign, and its word for who does not see it
  mark(state, text = words[state]) {
    this.input.parentElement.dataset.state = state;
    this.input.ariaDescription = text || null;
    this.input.classList.toggle("changed", this.dirty);
  }

  putError(text) {
    const id = `e-${this.key}`;
    if (!byId(id)) this.input.insertAdjacentHTML("afterend", `<span id="${id}" class="wrong"></span>`);
    byId(id).textContent = text;
    this.input.setAttribute("aria-describedby", id);
    this.input.ariaInvalid = text ? "true" : null;
  }
}

const cells = new Map();
for (const row of sheet.querySelectorAll("tr.r")) {
  row.querySelectorAll("input[name^='t-']").forEach((input, position, { length }) => {
    const cell = new Cell(input, (row.cells[0].textContent - 1) * length + position);
    cells.set(cell.key, cell);
  });
}
const forCells = (told, act) => Object.entries(told).forEach(([key, said]) => act(cells.get(key), said));
const dirtyCells = () => [...cells.values()].filter((cell) => cell.dirty);
const cellOf = ({ name = "" }) => cells.get(name.slice(2)); // t-…, x-… and p-… end in it

let shown = "";

function show(answer) {
  forCells(answer.cells, (cell, [gap, needed, error, below]) => {
    const next = cell.input.parentElement.nextElementSibling;
    next.textContent = gap;
    next.classList.toggle("below", below !== "");
    next.nextElementSibling.textContent = needed;
    cell.putError(error);
  });
  for (const [unit, text] of Object.entries(answer.flags)) {
    byId(`u${unit}`).parentElement.querySelector(".flags").textContent = text;
  }
  // unchanged sentences are left alone, so that they are not announced again
  if (shown !== answer.status) status.innerHTML = shown = answer.status;
  byId("figures").innerHTML = answer.figures;
  status.ariaBusy = "false";
  touched.clear();
}

const copyOf = (id) => byId(id).content.cloneNode(true);

// one notice of a name at a time, above the table; what else belongs to it is copied from a template
function tell(name, text, template) {
  document.querySelector(`[data-name=${name}]`)?.remove();
  if (!text) return;
  byId("notices").append(copyOf("sheet-notice"));
  const made = byId("notices").lastElementChild;
  made.dataset.name = name;
  if (template) made.append(copyOf(template));
  made.firstElementChild.textContent = text; // put in last, so that it is announced
  return made;
}

// -- asking the server: only cells that were touched are sent --
async function post(url, sent, signal) {
  const body = new URLSearchParams();
  for (const name of ["csrf_token", "version", "seen_hash", "base"]) body.append(name, field(name).value);
  for (const cell of sent) for (const text of cell.texts) body.append(text.name, text.value);
  const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, signal });
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer;
}

// what the server refused; without a status there was no answer at all
function explain({ status: code, text, next_step: next }) {
  if (!code) {
    status.textContent = shown = sheet.dataset.silent;
    status.ariaBusy = "false";
    return tell("offline", words.offline);
  }
  // no session, or another one's: a link leads back here, where everything typed stands again
  tell("refused", `${text} ${next}`, code > 401 ? "" : "sign-in");
}

const touched = new Set();
let asked = null;

// an answer that is still on its way is no longer of use
function letGo() {
  clearTimeout(timers.get(check));
  asked?.abort();
  asked = null;
}

async function check() {
  letGo();
  const mine = (asked = new AbortController());
  try {
    const answer = await post(sheet.dataset.check, new Set([...dirtyCells(), ...touched]), mine.signal);
    if (mine === asked) show(answer);
  } catch (refusal) {
    if (mine === asked) explain(refusal);
  }
}

// -- autosave --
let saving = null;
let lastSaved = "";

async function save() {
  if (sheet.dataset.pasted || sheet.dataset.sent) return;
  if (saving) return later(save, 300);
  const sent = new Map(dirtyCells().filter((cell) => !cell.clash).map((cell) => [cell, cell.typed]));
  if (!sent.size) return;
  letGo(); // the answer brings the same texts, of a newer state
  const markAll = (state) => sent.forEach((_typed, cell) => cell.mark(state));
  markAll("saving");
  saving = post(sheet.dataset.cells, sent.keys(), AbortSignal.timeout(15000));
  try {
    const answer = await saving;
    markAll("");
    take(answer, sent);
  } catch (refusal) {
    markAll("failed");
    explain(refusal);
    if (!(refusal.status < 500)) later(save, RETRY_MS);
  } finally {
    saving = null;
    summarize();
  }
}

function take(answer, sent) {
  tell("offline", "");
  tell("refused", "");
  field("version").value = answer.version;
  field("seen_hash").value = answer.seen_hash;
  forCells(answer.saved, (cell, packed) => {
    cell.setStored(sent.get(cell), packed);
    cell.mark(cell.dirty ? "" : "saved");
  });
  forCells(answer.fresh, (cell, [target, excuse, packed, by]) => {
    if (cell.dirty) return; // its own save will find the other's change
    cell.setStored([target, excuse], packed);
    cell.enter([target, excuse]);
    cell.mark("fresh", by);
  });
  forCells(answer.conflicts, (cell, html) => {
    cell.input.parentElement.insertAdjacentHTML("beforeend", html);
    cell.mark("conflict");
  });
  for (const [name, text] of Object.entries(answer.notices)) tell(name, text);
  show(answer);
  lastSaved = `${words.allSaved} (${answer.at})`;
}

// -- what is typed and not saved yet stays on this computer; what was only pasted to be looked at does not --
function summarize() {
  const dirty = dirtyCells();
  const kept = Object.fromEntries(dirty.map((cell) => [cell.key, [...cell.typed, base[cell.at]]]));
  try {
    if (!dirty.length) localStorage.removeItem(keepName);
    else if (!sheet.dataset.pasted) localStorage.setItem(keepName, JSON.stringify(kept));
  } catch { /* a full store: the page itself still holds everything */ }
  byId("sheet-saved").textContent = dirty.length ? fill(words.someUnsaved, dirty.length) : lastSaved;
}

// it goes with the person who signs out; what another one kept stays theirs
document.querySelector("form[action$='/sign-out']").addEventListener("submit", () => {
  const own = `${keepName.split("-")[0]}-`;
  for (const key of Object.keys(localStorage)) if (key.startsWith(own)) localStorage.removeItem(key);
});

function restore() {
  const plain = (text) => text.trim().replace(".", ",");
  let count = 0;
  forCells(JSON.parse(localStorage.getItem(keepName) || "{}"), (cell, [target, excuse, packed]) => {
    if (!cell || cell.dirty || [target, excuse].every((text, i) => plain(text) === plain(cell.typed[i]))) return;
    cell.enter([target, excuse]);
    cell.setBase(packed);
    cell.mark("restored");
    count += 1;
  });
  if (!count) return;
  tell("kept", fill(words.kept, count));
  check();
  later(save, SAVE_MS);
}

sheet.addEventListener("input", ({ target }) => {
  const cell = cellOf(target);
  if (!cell) return;
  touched.add(cell);
  if (target.type === "radio") return choose(cell, target.value === "theirs");
  cell.input.required = !cell.texts[1].value.trim();
  cell.mark("");
  status.ariaBusy = "true";
  later(check, QUIET_MS);
  later(save, SAVE_MS);
  summarize();
});

// mine: saved once more, on the other's version; theirs: taken into the cell
function choose(cell, theirs) {
  const { packed, entered, excuse } = cell.clash.dataset;
  cell.setStored([entered, excuse], packed);
  if (theirs) cell.enter([entered, excuse]);
  cell.clash.remove();
  cell.mark(theirs ? "saved" : "");
  cell.input.focus();
  summarize();
  check();
  save();
}

// leaving a cell saves it; Ctrl+S saves at once
sheet.addEventListener("change", ({ target }) => {
  if (cellOf(target) && target.type !== "radio") later(save, 50);
});
Object.assign(sheet, { save, tell, words }); // for plan_keys.js
addEventListener("offline", () => explain({}));
addEventListener("online", () => {
  tell("offline", "");
  check();
  save();
});

// The browser asks before the page is left with anything unsaved.
addEventListener("beforeunload", (event) => {
  if (dirtyCells().length && !sheet.dataset.sent) event.preventDefault();
});

// A form sent while an autosave is under way waits for it: it then carries the newest versions.
let lastCell = "";
sheet.addEventListener("submit", (event) => {
  if (!navigator.onLine) {
    event.preventDefault(); // the browser's own page would take this one away
    delete sheet.dataset.sent;
    return explain({});
  }
  clearTimeout(timers.get(save));
  sessionStorage.setItem("place", JSON.stringify([sheet.action, scrollY, lastCell]));
  if (!saving || event.defaultPrevented) return;
  event.preventDefault();
  delete sheet.dataset.sent;
  const again = () => setTimeout(() => sheet.requestSubmit(event.submitter));
  saving.then(again, again);
});

// After saving, back to the same cell at the same place.
sheet.addEventListener("focusin", ({ target }) => {
  if (target.name?.startsWith("t-")) lastCell = target.id;
});
restore();
summarize();
const [action, top, cellId] = JSON.parse(sessionStorage.getItem("place") || "[]");
sessionStorage.removeItem("place");
if (action === sheet.action && !document.querySelector(".error-summary")) {
  scrollTo(0, top);
  byId(cellId)?.focus({ preventScroll: true });
}
