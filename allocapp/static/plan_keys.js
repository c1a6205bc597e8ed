// Keys and pasted blocks, as people know them from a spreadsheet. plan.js saves what is typed.
const sheet = document.getElementById("sheet");
const isTarget = (field) => field.matches("input[name^=t-]");
const targets = (within) => [...within.querySelectorAll("input[name^=t-]")].filter((input) => input.offsetParent);

const change = (input, text) => {
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};

sheet.addEventListener("keydown", (event) => {
  const { key, target: input } = event;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "s") {
    event.preventDefault();
    return settle();
  }
  if (key === "Escape" && undo) return takeBack();
  if (key === "Enter" && input.matches("input:not([name^=t-])")) {
    event.preventDefault(); // it never sends the sheet; in a row it presses that row's button
    return input.closest("td details")?.querySelector("button").click();
  }
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !isTarget(input)) return;
  const up = key === "ArrowUp" || (key === "Enter" && event.shiftKey);
  if (up || key === "ArrowDown" || key === "Enter") {
    event.preventDefault();
    const column = targets(sheet).filter((other) => other.parentElement.cellIndex === input.parentElement.cellIndex);
    column[column.indexOf(input) + (up ? -1 : 1)]?.focus();
  } else if (key === "Escape") {
    change(input, input.defaultValue);
  }
});

// -- a block from Excel --
let undo;

// what was pasted is there to be looked at, and saved once the person keeps it, or types on
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

// where it was pasted, as far as the table reaches, and why it does not stand there
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
  // codes or names in front: the page for pasting finds their rows
  const first = block.map((line) => line[0]).filter(Boolean);
  const codes = [...sheet.querySelectorAll(".name small")].map((code) => code.textContent);
  // a count may be as long as a code
  const counts = event.target.inputMode === "numeric";
  const named = (text) => counts ? codes.includes(text) : /^\d{5,}$/.test(text);
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
