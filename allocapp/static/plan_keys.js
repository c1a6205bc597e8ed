// The sheet as people know it from a spreadsheet: keys, and a block pasted in. plan.js saves what is typed.
const sheet = document.getElementById("sheet");
const words = JSON.parse(sheet.dataset.words);
const isTarget = (field) => field instanceof HTMLInputElement && field.name.startsWith("t-");
const isSeen = (element) => element.offsetParent !== null;
const targets = (within) => [...within.querySelectorAll("input[name^='t-']")].filter(isSeen);
const rows = () => [...sheet.querySelectorAll("tr.r")];

const change = (input, text) => {
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};

sheet.addEventListener("keydown", (event) => {
  const input = event.target;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    sheet.dispatchEvent(new Event("save-now"));
  } else if (event.key === "Escape" && undo) {
    return takeBack();
  } else if (event.key === "Enter" && input.name && input.name.startsWith("h-")) {
    event.preventDefault();
    input.closest("details").querySelector("button[name=row]").click();
  }
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !isTarget(input)) return;
  const up = event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey);
  if (up || event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    const column = targets(sheet).filter((other) => other.name.split("-")[2] === input.name.split("-")[2]);
    const next = column[column.indexOf(input) + (up ? -1 : 1)];
    if (next) next.focus();
  } else if (event.key === "Escape" && input.value !== input.defaultValue) {
    change(input, input.defaultValue);
  }
});
sheet.addEventListener("focusin", (event) => {
  if (isTarget(event.target)) event.target.select();
});

// -- a block from Excel --
let undo = null;

function notice(text, ...buttons) {
  sheet.dispatchEvent(new CustomEvent("tell", { detail: { name: "paste", text, nodes: buttons } }));
}

// what was pasted stands in the cells to be looked at; it is saved only once the person keeps it, or types on
function settle() {
  undo = null;
  delete sheet.dataset.pasted;
  notice("");
  sheet.dispatchEvent(new Event("save-now"));
}

function takeBack() {
  for (const [input, text] of undo) change(input, text);
  settle();
}

sheet.addEventListener("input", (event) => {
  if (event.isTrusted && undo) settle();
});

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm btn-outline-primary";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

sheet.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (!isTarget(event.target) || !/[\t\n]/.test(text)) return;
  event.preventDefault();
  const block = text.split("\n").map((line) => line.split("\t").map((cell) => cell.trim()));
  const seen = rows().filter(isSeen);
  const grid = seen.map(targets);
  const top = seen.indexOf(event.target.closest("tr"));
  const left = grid[top].indexOf(event.target);
  const codes = new Set(rows().map((row) => row.querySelector(".name small").textContent));
  const names = block.some((line) => codes.has(line[0]) || /^\d{5,}$|\p{L}/u.test(line[0]));
  const fits = top + block.length <= seen.length && block.every((line) => left + line.length <= grid[top].length);
  if (names || !fits) {
    const form = document.getElementById("paste-on").content.cloneNode(true);
    form.querySelector("[name=text]").value = text;
    notice(words.noFit, form);
    return;
  }
  const before = [];
  sheet.dataset.pasted = "1";
  let refused = 0;
  block.forEach((line, down) => line.forEach((cell, right) => {
    const input = grid[top + down][left + right];
    if (cell === "") return;
    if (!/^[\d.,]+\s*%?$/.test(cell) || input.closest("tr").matches(".held")) {
      refused += 1;
      return;
    }
    before.push([input, input.value]);
    change(input, cell.replace(/\s*%$/, ""));
  }));
  undo = before;
  const counted = words.pastedCount.replace("{n}", before.length).replace("{m}", refused);
  notice(counted, button(words.keep, settle), button(words.undo, takeBack));
});
