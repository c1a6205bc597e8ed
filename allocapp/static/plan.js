// The allocation page with JavaScript: the server's live check and autosave while typing; nothing typed is ever lost.
// Every text and every figure comes from the server; this file only puts them in place.
const QUIET_MS = 350; // after the last key before the server is asked
const SPEAK_MS = 1000; // after the last key before a screen reader announces the answer
const SAVE_MS = 1500; // after the last key before what was typed is saved
const LONGEST_WAIT_MS = 60000; // between two tries without a connection
const sheet = document.getElementById("sheet");
const words = JSON.parse(sheet.dataset.words);
const keepName = `allocapp:${sheet.dataset.keep}`;
const field = (name) => sheet.elements[name];
const status = document.getElementById("sheet-status");
const figures = document.getElementById("figures");
const savedLine = document.getElementById("sheet-saved");
const fill = (text, n) => text.replace("{n}", n);
document.getElementById("sheet-check").hidden = true;

// -- the cells: what stands in them, what was saved last (their default values), and on which version --
let base = field("base").value.split(",");
const cells = new Map();
for (const row of sheet.querySelectorAll("tr.r")) {
  const inputs = row.querySelectorAll("input[name^='t-']");
  inputs.forEach((input, position) => {
    const key = input.name.slice(2);
    const cell = { input, excuse: field(`x-${key}`), at: (Number(row.cells[0].textContent) - 1) * inputs.length + position };
    for (const text of [cell.input, cell.excuse]) {
      if (text.dataset.saved === undefined) continue;
      const now = text.value; // setting the default of an untouched field sets its value too
      text.defaultValue = text.dataset.saved;
      text.value = now;
    }
    cells.set(key, cell);
  });
}
const isDirty = ({ input, excuse }) => input.value !== input.defaultValue || excuse.value !== excuse.defaultValue;
const clashIn = ({ input }) => input.parentElement.querySelector(".clash");
const dirtyKeys = () => [...cells.keys()].filter((key) => isDirty(cells.get(key)));
const typed = (key) => [cells.get(key).input.value, cells.get(key).excuse.value];
const keyOf = (element) => (/^[txp]-/.test(element.name || "") ? element.name.slice(2) : "");

function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

// what stands at a cell: e, what is wrong with it; s, a sign and a word for how far it is from being kept
function note(kind, key, className, text) {
  const { input } = cells.get(key);
  let found = document.getElementById(`${kind}-${key}`);
  if (!found && text) {
    found = document.createElement("span");
    found.id = `${kind}-${key}`;
    input.after(found);
  }
  if (found && !text) found.remove();
  else if (found) {
    found.className = className;
    put(found, text);
  }
  const ids = [`e-${key}`, `s-${key}`].filter((id) => document.getElementById(id));
  if (ids.length) input.setAttribute("aria-describedby", ids.join(" "));
  else input.removeAttribute("aria-describedby");
}

const mark = (key, state, text = words[state]) => note("s", key, `state state-${state}`, state && text);

function putError(key, text) {
  note("e", key, "wrong", text);
  if (text) cells.get(key).input.setAttribute("aria-invalid", "true");
  else cells.get(key).input.removeAttribute("aria-invalid");
}

function show(answer) {
  for (const [key, [gapText, needed, error, below]] of Object.entries(answer.cells)) {
    const gap = cells.get(key).input.closest("td").nextElementSibling;
    put(gap, gapText);
    gap.classList.toggle("below", below !== "");
    put(gap.nextElementSibling, needed);
    putError(key, error);
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

// one notice of a name at a time, above the table
function tell(name, text, ...nodes) {
  const old = document.querySelector(`.sheet-notice[data-name=${name}]`);
  if (old) old.remove();
  if (!text) return;
  const made = document.getElementById("sheet-notice").content.cloneNode(true).firstElementChild;
  made.dataset.name = name;
  made.setAttribute("role", "status");
  made.append(...nodes);
  document.getElementById("notices").append(made);
  made.firstElementChild.textContent = text; // put in last, so that it is announced
}
sheet.addEventListener("tell", ({ detail }) => tell(detail.name, detail.text, ...detail.nodes));

// -- asking the server: only cells that were touched are sent --
function bodyOf(keys) {
  const body = new URLSearchParams();
  for (const name of ["csrf_token", "version", "seen_hash"]) body.append(name, field(name).value);
  body.append("base", base.join(","));
  for (const key of keys) {
    const [target, excuse] = typed(key);
    body.append(`t-${key}`, target);
    body.append(`x-${key}`, excuse);
  }
  return body;
}

const post = (url, keys, signal) => fetch(url, { method: "POST", body: bodyOf(keys), headers: { Accept: "application/json" }, signal });

const touched = new Set();
let asked = null;
let checkTimer = 0;
let speakTimer = 0;

async function check() {
  if (asked) asked.abort();
  const mine = (asked = new AbortController());
  const keys = new Set([...dirtyKeys(), ...touched]);
  try {
    const response = await post(sheet.dataset.check, keys, mine.signal);
    const answer = await response.json();
    if (mine !== asked) return;
    if (!response.ok) return refuse(response.status, answer);
    touched.clear();
    show(answer);
  } catch (error) {
    if (error.name === "AbortError" || mine !== asked) return;
    put(status, sheet.dataset.silent);
    delete status.dataset.shown;
  }
}

function refuse(code, answer) {
  // no session, or another one's: the link leads back here, where everything typed stands again
  if (code > 401) return tell("refused", `${answer.text} ${answer.next_step}`);
  const link = document.createElement("a");
  link.href = sheet.dataset.signIn;
  link.textContent = answer.next_step;
  tell("refused", `${answer.text} ${words.kept_here}`, link);
}

// -- autosave --
let saving = null;
let saveTimer = 0;
let wait = 0; // before the next try; 0 while all is well

function saveSoon(after) {
  clearTimeout(saveTimer);
  saveTimer = setTimeout(save, after);
}

async function save() {
  clearTimeout(saveTimer);
  if (sheet.dataset.pasted) return;
  if (saving) return saveSoon(300);
  const keys = dirtyKeys().filter((key) => !clashIn(cells.get(key)) && !sheet.dataset.sent);
  if (!keys.length) return;
  if (asked) asked.abort(); // the answer brings the same texts, of a newer state
  clearTimeout(checkTimer);
  const sent = new Map(keys.map((key) => [key, typed(key)]));
  for (const key of keys) mark(key, "saving");
  const fail = () => keys.forEach((key) => mark(key, "failed"));
  saving = post(sheet.dataset.cells, keys, AbortSignal.timeout(15000));
  try {
    const response = await saving;
    const answer = await response.json();
    if (response.ok) take(answer, sent);
    else {
      fail();
      refuse(response.status, answer);
      if (response.status >= 500) retry();
    }
  } catch {
    fail();
    tell("offline", words.offline);
    retry();
  } finally {
    saving = null;
    summarize();
  }
}

function retry() {
  wait = Math.min(wait * 2 || 2000, LONGEST_WAIT_MS);
  saveSoon(wait);
}

function take(answer, sent) {
  if (wait) tell("offline", "");
  wait = 0;
  tell("refused", "");
  field("version").value = answer.version;
  field("seen_hash").value = answer.seen_hash;
  for (const [key, packed] of Object.entries(answer.saved)) {
    const cell = cells.get(key);
    base[cell.at] = packed;
    [cell.input.defaultValue, cell.excuse.defaultValue] = sent.get(key);
    cell.input.classList.toggle("changed", isDirty(cell));
    mark(key, isDirty(cell) ? "" : "saved");
  }
  for (const [key, [target, excuse, packed, by]] of Object.entries(answer.fresh)) {
    const cell = cells.get(key);
    if (isDirty(cell)) continue; // its own save will find the other's change
    base[cell.at] = packed;
    cell.input.value = cell.input.defaultValue = target;
    cell.excuse.value = cell.excuse.defaultValue = excuse;
    mark(key, "fresh", by);
  }
  for (const [key, html] of Object.entries(answer.conflicts)) {
    cells.get(key).input.parentElement.insertAdjacentHTML("beforeend", html);
    mark(key, "conflict");
  }
  field("base").value = base.join(",");
  const clashed = Object.keys(answer.conflicts).length;
  const fresh = Object.keys(answer.fresh).length;
  if (clashed) tell("clashed", fill(words.clashed, clashed));
  if (fresh) tell("others", fill(words.others, fresh));
  if (answer.moved) tell("moved", words.moved);
  for (const key of Object.keys(answer.cells)) if (!sent.has(key) || !isDirty(cells.get(key))) touched.delete(key);
  show(answer);
  for (const key of sent.keys()) if (cells.get(key).input.hasAttribute("aria-invalid")) mark(key, "");
  savedLine.dataset.at = answer.at;
}

// -- what is typed and not saved yet stays on this computer --
function summarize() {
  const dirty = dirtyKeys();
  const kept = Object.fromEntries(dirty.map((key) => [key, [...typed(key), base[cells.get(key).at]]]));
  try {
    if (dirty.length) localStorage.setItem(keepName, JSON.stringify(kept));
    else localStorage.removeItem(keepName);
  } catch { /* a full or forbidden store: the page itself still holds everything */ }
  const at = savedLine.dataset.at;
  put(savedLine, dirty.length ? fill(words.someUnsaved, dirty.length) : at ? `${words.allSaved} (${at})` : "");
}

function restore() {
  const same = (one, other) => one.trim().replace(".", ",") === other.trim().replace(".", ",");
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(keepName) || "{}");
  } catch { /* not ours: nothing to restore */ }
  let count = 0;
  for (const [key, [target, excuse, packed]] of Object.entries(kept)) {
    const cell = cells.get(key);
    if (!cell || isDirty(cell) || (same(target, cell.input.value) && same(excuse, cell.excuse.value))) continue;
    [cell.input.value, cell.excuse.value, base[cell.at]] = [target, excuse, packed];
    cell.input.classList.add("changed");
    mark(key, "restored");
    count += 1;
  }
  if (!count) return;
  field("base").value = base.join(",");
  tell("kept", fill(words.kept, count));
  check();
  saveSoon(SAVE_MS);
}

sheet.addEventListener("input", (event) => {
  const key = keyOf(event.target);
  if (!key || !cells.has(key)) return;
  const cell = cells.get(key);
  if (event.target.type === "radio") return choose(key, event.target.value);
  touched.add(key);
  cell.input.required = cell.excuse.value.trim() === "";
  cell.input.classList.toggle("changed", isDirty(cell));
  mark(key, "");
  status.setAttribute("aria-busy", "true");
  clearTimeout(checkTimer);
  clearTimeout(speakTimer);
  checkTimer = setTimeout(check, QUIET_MS);
  speakTimer = setTimeout(() => status.setAttribute("aria-busy", "false"), SPEAK_MS);
  summarize();
  saveSoon(wait || SAVE_MS);
});

// mine: saved once more, on the other's version; theirs: taken into the cell
function choose(key, whose) {
  const cell = cells.get(key);
  const { packed, entered, excuse } = clashIn(cell).dataset;
  base[cell.at] = packed;
  cell.input.defaultValue = entered;
  cell.excuse.defaultValue = excuse;
  if (whose === "theirs") [cell.input.value, cell.excuse.value] = [entered, excuse];
  clashIn(cell).remove();
  field("base").value = base.join(",");
  touched.add(key);
  mark(key, whose === "theirs" ? "saved" : "");
  cell.input.classList.toggle("changed", isDirty(cell));
  cell.input.focus();
  summarize();
  check();
  save();
}

// leaving a cell saves it; Ctrl+S saves at once
sheet.addEventListener("change", (event) => {
  if (keyOf(event.target) && event.target.type !== "radio" && !wait) saveSoon(50);
});
sheet.addEventListener("save-now", save);
addEventListener("offline", () => tell("offline", words.offline));
addEventListener("online", () => {
  tell("offline", "");
  save();
});

// The browser asks before the page is left with anything unsaved.
addEventListener("beforeunload", (event) => {
  if (dirtyKeys().length && !sheet.dataset.sent) event.preventDefault();
});

// A form sent while an autosave is under way waits for it: it then carries the newest versions.
sheet.addEventListener("submit", (event) => {
  clearTimeout(saveTimer);
  if (!saving || event.defaultPrevented) return;
  event.preventDefault();
  delete sheet.dataset.sent;
  const again = () => setTimeout(() => sheet.requestSubmit(event.submitter));
  saving.then(again, again);
});

// After saving, back to the same cell at the same place.
sheet.addEventListener("focusin", (event) => {
  if (event.target.name && event.target.name.startsWith("t-")) sheet.dataset.cell = event.target.id;
});
sheet.addEventListener("submit", () => {
  sessionStorage.setItem("place", JSON.stringify([sheet.action, scrollY, sheet.dataset.cell || ""]));
});
restore();
summarize();
const place = JSON.parse(sessionStorage.getItem("place") || "null");
sessionStorage.removeItem("place");
if (place && place[0] === sheet.action && !document.querySelector(".error-summary")) {
  scrollTo(0, place[1]);
  const cell = document.getElementById(place[2]);
  if (cell) cell.focus({ preventScroll: true });
}
