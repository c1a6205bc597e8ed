// The sheet as people know it from a spreadsheet: keys, and a block pasted in. plan.js saves what is typed.
const sheet = document.getElementById("sheet");
const isTarget = (field) => field.matches("input[name^='t-']");
const targets = (within) => [...within.querySelectorAll("input[name^='t-']")].filter((input) => input.offsetParent);

const change = (input, text) => {
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};

sheet.addEventListener("keydown", (event) => {
  const input = event.target;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    return settle();
  }
  if (event.key === "Escape" && undo) return takeBack();
  if (event.key === "Enter" && input.matches("input:not([name^='t-'])")) {
    event.preventDefault(); // it never sends the sheet; in a row it presses that row's button
    return input.closest("td details")?.querySelector("button").click();
  }
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !isTarget(input)) return;
  const up = event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey);
  if (up || event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    const column = targets(sheet).filter((other) => other.parentElement.cellIndex === input.parentElement.cellIndex);
    column[column.indexOf(input) + (up ? -1 : 1)]?.focus();
  } else if (event.key === "Escape") {
    change(input, input.defaultValue);
  }
});
sheet.addEventListener("focusin", ({ target }) => {
  if (isTarget(target)) target.select();
});

// -- a block from Excel --
let undo = null;

// what was pasted stands in the cells to be looked at; it is saved only once the person keeps it, or types on
function settle() {
  undo = null;
  delete sheet.dataset.pasted;
  sheet.tell("paste", "");
  sheet.save();
}

function takeBack() {
  for (const [input, text] of undo) change(input, text);
  settle();
}

sheet.addEventListener("input", (event) => {
  if (event.isTrusted && undo && event.target.closest("table")) settle();
});
document.getElementById("notices").addEventListener("click", ({ target }) => {
  if (target.value === "keep") settle();
  if (target.value === "undo") takeBack();
});

// the receiver and the indicator, as far as the table reaches, what was pasted, and why it does not stand there
function refusal(text, line, row, input) {
  const { words } = sheet;
  const places = [row ? row.cells[1].firstChild.data.trim() : words.line.replace("{n}", line)];
  if (input) places.push(row.querySelector(`[data-i].${input.parentElement.classList[1]}`).dataset.i);
  const why = !input ? words.outside : row.matches(".held") ? words.held : words.noNumber;
  return `${places.join(", ")}: “${text}” (${why})`;
}

sheet.addEventListener("paste", (event) => {
  const pasted = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
  if (!isTarget(event.target) || !/[\t\n]/.test(pasted)) return;
  event.preventDefault();
  if (undo) settle();
  const block = pasted.split(/\r?\n/).map((line) => line.split("\t").map((text) => text.trim()));
  // codes or names in front: which unit a line belongs to is worked out on the page for pasting
  const first = block.map((line) => line[0]).filter(Boolean);
  const codes = [...sheet.querySelectorAll(".name small")].map((code) => code.textContent);
  // a count may be as long as a code
  const named = event.target.inputMode === "numeric" ? (text) => codes.includes(text) : (text) => /^\d{5,}$/.test(text);
  if (first.length && first.every((text) => named(text) || /\p{L}/u.test(text))) {
    const { elements } = sheet.tell("paste", sheet.words.noFit, "paste-on").querySelector("form");
    elements.text.value = pasted;
    elements.indicator.value = event.target.name.split("-")[2];
    return;
  }
  const rows = [...sheet.querySelectorAll("tr.r:not([hidden])")];
  const grid = rows.map(targets);
  const top = rows.indexOf(event.target.closest("tr"));
  const left = grid[top].indexOf(event.target);
  const refused = [];
  sheet.dataset.pasted = "1";
  undo = [];
  block.forEach((line, down) => line.forEach((text, right) => {
    const row = rows[top + down];
    const input = grid[top + down]?.[left + right];
    if (!text) return;
    if (!input || row.matches(".held") || !/^[\d.,]+\s*%?$/.test(text)) return refused.push(refusal(text, down + 1, row, input));
    undo.push([input, input.value]);
    change(input, text);
  }));
  const counted = sheet.words.pastedCount.replace("{n}", undo.length).replace("{m}", refused.length);
  sheet.tell("paste", counted, "pasted").querySelector(".refused").textContent = refused.join("\n");
});
