// The sheet as people know it from a spreadsheet: keys, a block pasted in, rows found and put in order.
// It only fills inputs and moves rows: plan.js saves what was typed and asks the server what it comes to.
"use strict";

(() => {
  const table = document.querySelector(".sheet");
  if (!table) return;
  const sheet = document.getElementById("sheet");
  const words = sheet ? JSON.parse(sheet.dataset.words) : {};
  const tools = document.querySelector(".tools");
  const isTarget = (field) => field instanceof HTMLInputElement && field.name.startsWith("t-");
  const isSeen = (element) => element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;
  const targets = (within = table) => [...within.querySelectorAll("input[name^='t-']")];
  const allRows = () => [...table.querySelectorAll("tr.r")];

  // -- which indicator, which rows, in which order; kept in the address --------------------------------------------
  const chosen = () => tools.querySelector("[name=show]:checked");
  const find = (name) => document.getElementById(`find-${name}`);
  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("đ", "d");

  function number(text) {
    const bare = text.replace("−", "-").replace(/[^\d.,-]/g, "");
    const english = document.documentElement.lang === "en";
    return bare === "" ? Infinity : Number(english ? bare.replaceAll(",", "") : bare.replaceAll(".", "").replace(",", "."));
  }

  // last year, expected, target and gap of the shown indicator, as they stand in the row
  function value(row, order) {
    const column = chosen() && chosen().value !== "all" ? chosen().id.slice(5) : 0;
    const cells = row.querySelectorAll(`td.k${column}`);
    const at = { baseline: 0, weight: 1, target: 2, gap: 3 }[order];
    const input = cells[at].querySelector("input");
    const found = input ? number(input.value.replace(".", ",")) : number(cells[at].textContent);
    return order === "weight" ? -found : found;
  }

  const matches = {
    "": () => true,
    empty: (row) => targets(row).some((input) => input.required && !input.value.trim()),
    worse: (row) => row.querySelector(".flags").textContent !== "",
    below: (row) => row.querySelector(".below") !== null,
    held: (row) => row.classList.contains("held"),
  };

  function arrange() {
    const q = plain(find("q").value.trim());
    const order = find("order").value;
    let shown = 0;
    for (const body of table.tBodies) {
      const rows = [...body.querySelectorAll("tr.r")];
      const official = (row) => Number(row.cells[0].textContent);
      const keys = new Map(rows.map((row) => [row, order ? value(row, order) : 0]));
      const sorted = [...rows].sort((a, b) => keys.get(a) - keys.get(b) || official(a) - official(b));
      const moved = sorted.some((row, place) => row !== rows[place]);
      for (const row of sorted) {
        row.hidden = !plain(row.cells[1].textContent).includes(q) || !matches[find("only").value](row);
        if (!row.hidden) shown += 1;
        const remarks = [];
        for (let next = row.nextElementSibling; next && next.matches(".remark"); next = next.nextElementSibling) remarks.push(next);
        for (const remark of remarks) remark.hidden = row.hidden;
        if (moved) body.append(row, ...remarks);
      }
    }
    const all = allRows().length;
    find("count").textContent = words.shownRows && shown < all ? words.shownRows.replace("{n}", shown).replace("{m}", all) : "";
  }

  function remember() {
    const address = new URL(location);
    for (const field of tools.querySelectorAll("[name=show]:checked, [name=q], [name=only], [name=order]")) {
      if (field.value) address.searchParams.set(field.name, field.value);
      else address.searchParams.delete(field.name);
    }
    if (address.href !== location.href && address.pathname.match(/^\/plans\/\d+(\/review)?$/)) history.replaceState(history.state, "", address);
  }

  let waiting = 0;
  tools.addEventListener("input", (event) => {
    if (event.target.id.startsWith("find-")) {
      clearTimeout(waiting);
      waiting = setTimeout(arrange, 200);
    }
    remember();
  });
  find("go").hidden = true;
  if (!sheet) return;

  // Enter in the search field finds; it never sends the sheet
  find("q").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });

  // -- keys ---------------------------------------------------------------------------------------------------------
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
      const column = targets().filter((other) => other.name.split("-")[2] === input.name.split("-")[2] && isSeen(other));
      const next = column[column.indexOf(input) + (up ? -1 : 1)];
      if (next) next.focus();
    } else if (event.key === "Escape" && input.value !== input.defaultValue) {
      change(input, input.defaultValue);
    }
  });
  sheet.addEventListener("focusin", (event) => {
    if (isTarget(event.target)) event.target.select();
  });

  // -- a block from Excel -------------------------------------------------------------------------------------------
  let undo = null;

  function notice(text, ...buttons) {
    sheet.dispatchEvent(new CustomEvent("tell", { detail: { name: "paste", text, nodes: buttons } }));
  }

  function takeBack() {
    for (const [input, text] of undo) change(input, text);
    undo = null;
    notice("");
  }

  sheet.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!isTarget(event.target) || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    const block = text.split("\n").map((line) => line.split("\t").map((cell) => cell.trim()));
    const rows = allRows().filter(isSeen);
    const grid = rows.map((row) => targets(row).filter(isSeen));
    const top = rows.indexOf(event.target.closest("tr"));
    const left = grid[top].indexOf(event.target);
    const codes = new Set(allRows().map((row) => row.querySelector(".name small").textContent));
    const names = block.some((line) => codes.has(line[0]) || /\p{L}/u.test(line[0]));
    const fits = top + block.length <= rows.length && block.every((line) => left + line.length <= grid[top].length);
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
})();
