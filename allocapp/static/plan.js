// The allocation page: live check and autosave while typing; nothing typed is ever lost.
// Every text and figure comes from the server; this file puts them in place.
const QUIET_MS = 350; // after the last key before the server is asked
const SAVE_MS = 1500; // … before what was typed is saved
const RETRY_MS = 10000; // between two tries without a connection
const sheet = document.getElementById("sheet");
const { dataset } = sheet;
const words = JSON.parse(dataset.words);
const keepName = `allocapp:${dataset.keep}`;
const field = (name) => sheet.elements[name];
const byId = (id) => document.getElementById(id);
const status = byId("sheet-status");

function later(act, after) {
  clearTimeout(act.timer);
  act.timer = setTimeout(act, after);
}

// -- the cells: a target and the reason why there is none; their default values are what was saved last --
const base = field("base").value.split(",");

class Cell {
  constructor(input, at) {
    this.key = input.name.slice(2);
    this.at = at; // its place in the base
    this.input = input;
    this.place = input.parentElement;
    this.texts = [input, field(`x-${this.key}`)];
    this.setStored(this.texts.map((text) => text.dataset.saved ?? text.defaultValue), base[at]);
  }

  get typed() { return this.texts.map((text) => text.value); }
  get dirty() { return this.texts.some((text) => text.value !== text.defaultValue); }
  get packed() { return this.clash ? "-" : base[this.at]; } // without a choice it clashes again
  get clash() { return this.place.querySelector(".clash"); }

  enter(typed) {
    this.texts.forEach((text, i) => { text.value = typed[i]; });
  }

  // what stands in the cell stays: an untouched field would follow its default
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

  // how far it is from being saved, as a sign and in a word
  mark(state, text = words[state]) {
    this.place.dataset.state = state;
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

// a reason that the form alone saves: for holding a row, for assigning more than allowed
class Reason {
  constructor(input) {
    this.key = input.name;
    this.input = input;
    this.seen = input.id ? field("buffer_seen") : { value: "" };
  }

  get typed() { return [this.input.value]; }
  get packed() { return this.seen.value; }
  get dirty() { return this.input.value !== this.packed; }
  enter([text]) { this.input.value = text; }
  setBase(packed) { this.seen.value = packed; }
  mark() { this.input.closest("details")?.toggleAttribute("open", true); }
}

const cells = new Map();
for (const row of sheet.querySelectorAll("tr.r")) {
  row.querySelectorAll("input[name^=t-]").forEach((input, position, { length }) => {
    const cell = new Cell(input, (row.cells[0].textContent - 1) * length + position);
    cells.set(cell.key, cell);
  });
}
const forCells = (told, act) => Object.entries(told).forEach(([key, said]) => act(cells.get(key), said));
const reasons = [...sheet.querySelectorAll("[name^=h-], #buffer_reason")].map((input) => new Reason(input));
const entries = [...cells.values(), ...reasons];
const unsaved = () => entries.filter((entry) => entry.dirty);
const dirtyCells = () => unsaved().filter((entry) => entry instanceof Cell);
const cellOf = ({ name = "" }) => cells.get(name.slice(2)); // t-…, x-… and p-… end in it

let shown = "";

function show(answer) {
  forCells(answer.cells, (cell, [gap, needed, error, below]) => {
    const next = cell.place.nextElementSibling;
    next.textContent = gap;
    next.classList.toggle("below", below !== "");
    next.nextElementSibling.textContent = needed;
    cell.putError(error);
  });
  for (const [unit, text] of Object.entries(answer.flags)) {
    byId(`u${unit}`).parentElement.querySelector(".flags").textContent = text;
  }
  // what is unchanged is not announced again
  if (shown !== answer.status) status.innerHTML = shown = answer.status;
  byId("figures").innerHTML = answer.figures;
  status.ariaBusy = "false";
  touched.clear();
}

const copyOf = (id) => byId(id).content.cloneNode(true);

// one notice of a name at a time; what else belongs to it is copied from a template
function tell(name, text, template) {
  document.querySelector(`[data-name=${name}]`)?.remove();
  if (!text) return;
  byId("notices").append(copyOf("sheet-notice"));
  const made = byId("notices").lastElementChild;
  made.dataset.name = name;
  if (template) made.append(copyOf(template));
  made.firstElementChild.textContent = text; // last, to be announced
  return made;
}

// -- asking the server about cells that were touched --
async function post(url, sent, signal) {
  const stamp = ["csrf_token", "version", "seen_hash", "base"].map(field);
  const fields = [...stamp, ...[...sent].flatMap((cell) => cell.texts)];
  const body = new URLSearchParams(fields.map(({ name, value }) => [name, value]));
  const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, signal });
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer;
}

// what the server refused; without a status it gave no answer
function explain({ status: code, text, next_step: next }) {
  if (!code) {
    status.textContent = shown = dataset.silent;
    status.ariaBusy = "false";
    return tell("offline", words.offline);
  }
  // without a session, a link leads back here
  tell("refused", `${text} ${next}`, code > 401 ? "" : "sign-in");
}

const touched = new Set();
let asked;

function letGo() {
  clearTimeout(check.timer);
  asked?.abort();
  asked = null;
}

async function check() {
  letGo();
  const mine = (asked = new AbortController());
  try {
    const answer = await post(dataset.check, new Set([...dirtyCells(), ...touched]), mine.signal);
    if (mine === asked) show(answer);
  } catch (refusal) {
    if (mine === asked) explain(refusal);
  }
}

// -- autosave --
let saving;
let lastSaved = "";

async function save() {
  if (dataset.pasted || dataset.sent) return;
  if (saving) return later(save, 300);
  const sent = new Map(dirtyCells().filter((cell) => !cell.clash).map((cell) => [cell, cell.typed]));
  if (!sent.size) return;
  letGo(); // the answer brings newer texts
  const markAll = (state) => sent.forEach((_typed, cell) => cell.mark(state));
  markAll("saving");
  saving = post(dataset.cells, sent.keys(), AbortSignal.timeout(15000));
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
    if (cell.dirty) return; // its own save finds the change
    cell.setStored([target, excuse], packed);
    cell.enter([target, excuse]);
    cell.mark("fresh", by);
  });
  forCells(answer.conflicts, (cell, html) => {
    cell.place.insertAdjacentHTML("beforeend", html);
    cell.mark("conflict");
  });
  for (const [name, text] of Object.entries(answer.notices)) tell(name, text);
  show(answer);
  lastSaved = `${words.allSaved} (${answer.at})`;
}

// -- what is not saved yet stays on this computer; what was only pasted does not --
let isKept;

function summarize() {
  const dirty = unsaved();
  const kept = Object.fromEntries(dirty.map((entry) => [entry.key, [...entry.typed, entry.packed]]));
  isKept = !dataset.pasted;
  try {
    if (!dirty.length) localStorage.removeItem(keepName);
    else if (isKept) localStorage.setItem(keepName, JSON.stringify(kept));
  } catch { isKept = false; } // a full store
  byId("sheet-saved").textContent = dirty.length ? words.someUnsaved.replace("{n}", dirty.length) : lastSaved;
}

// it goes with the person who signs out; what others kept stays
document.querySelector("form[action$='/sign-out']").addEventListener("submit", () => {
  const own = `${keepName.split("-")[0]}-`;
  for (const key of Object.keys(localStorage)) if (key.startsWith(own)) localStorage.removeItem(key);
});

function restore() {
  const plain = (text) => text.trim().replace(".", ",");
  const kept = JSON.parse(localStorage.getItem(keepName) || "{}");
  let count = 0;
  for (const entry of entries) {
    const typed = kept[entry.key] ?? [];
    const packed = typed.pop();
    if (entry.dirty || typed.every((text, i) => plain(text) === plain(entry.typed[i]))) continue;
    entry.enter(typed);
    entry.setBase(packed);
    entry.mark("restored");
    count += 1;
  }
  if (!count) return;
  tell("kept", words.kept.replace("{n}", count));
  check();
  later(save, SAVE_MS);
}

sheet.addEventListener("input", ({ target }) => {
  const cell = cellOf(target);
  if (!cell) return summarize();
  touched.add(cell);
  if (target.type === "radio") return choose(cell, target.value === "theirs");
  cell.input.required = !cell.texts[1].value.trim();
  cell.mark("");
  status.ariaBusy = "true";
  later(check, QUIET_MS);
  later(save, SAVE_MS);
  summarize();
});

// mine: saved on the other's version; theirs: taken into the cell
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

// leaving a cell saves it
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

// The browser asks before anything unsaved is left, unless the link to sign in leads back to it.
addEventListener("beforeunload", (event) => {
  if (dataset.sent || (isKept && document.activeElement.matches("#notices a"))) return;
  if (unsaved().length) event.preventDefault();
});

// A form waits for an autosave under way, to carry the newest versions.
let lastCell = "";
sheet.addEventListener("submit", (event) => {
  if (!navigator.onLine) {
    event.preventDefault(); // the browser's own page would come
    delete dataset.sent;
    return explain({});
  }
  clearTimeout(save.timer);
  sessionStorage.setItem("place", JSON.stringify([sheet.action, scrollY, lastCell]));
  if (!saving || event.defaultPrevented) return;
  event.preventDefault();
  delete dataset.sent;
  const again = () => setTimeout(() => sheet.requestSubmit(event.submitter));
  saving.then(again, again);
});

// After saving, back to the cell.
sheet.addEventListener("focusin", ({ target }) => {
  if (!target.id.startsWith("t-")) return;
  target.select();
  lastCell = target.id;
});
restore();
summarize();
const [action, top, cellId] = JSON.parse(sessionStorage.getItem("place") || "[]");
sessionStorage.removeItem("place");
if (action === sheet.action && !document.querySelector(".error-summary")) {
  scrollTo(0, top);
  byId(cellId)?.focus({ preventScroll: true });
}
