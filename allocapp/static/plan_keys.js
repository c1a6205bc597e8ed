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
    takeBack();
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

function takeBack() {
  for (const [input, text] of undo) change(input, text);
  undo = null;
  notice("");
}

// typing on is keeping what was pasted
sheet.addEventListener("input", (event) => {
  if (!event.isTrusted || !undo) return;
  undo = null;
  notice("");
});

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
  const names = block.some((line) => codes.has(line[0]) || /\p{L}/u.test(line[0]));
  const fits = top + block.length <= seen.length && block.every((line) => left + line.length <= grid[top].length);
  if (names || !fits) {
    const form = document.getElementById("paste-on").content.cloneNode(true);
    form.querySelector("[name=text]").value = text;
    notice(words.noFit, form);
    return;
  }
  const before = [];
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
  const back = document.createElement("button");
  back.type = "button";
  back.className = "btn btn-sm btn-outline-primary";
  back.textContent = words.undo;
  back.addEventListener("click", takeBack);
  notice(words.pastedCount.replace("{n}", before.length).replace("{m}", refused), back);
});
