// Every plan page: nothing is sent twice; rows are found and put in order, which is never saved.
const table = document.querySelector(".sheet");
const tools = document.querySelector(".tools");

// A second click sends nothing. A page that never came, or the back button, frees the form again.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 8000);
  });
  addEventListener("pageshow", () => delete form.dataset.sent);
}

// The sticky bar grows with its sentences: a focused cell must never lie under it.
const bar = document.querySelector(".sheet-bar");
const said = bar.querySelector(".sheet-status");
new ResizeObserver(() => {
  const height = Math.max(bar.offsetHeight, said.offsetHeight);
  document.documentElement.style.setProperty("--sheet-bar", `${height}px`);
}).observe(said);

// -- which indicator, which rows, in which order; kept in the address --
const find = (name) => document.getElementById(`find-${name}`);
const plain = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replaceAll("đ", "d");

// Nothing here has three decimals: what three digits follow divides thousands.
function number(text) {
  const bare = text.replace("−", "-").replace(/[^\d.,-]/g, "").replace(/[.,](?=\d{3}(?!\d))/g, "");
  return bare === "" ? Infinity : Number(bare.replace(",", "."));
}

// the orders are listed as the columns of an indicator stand
function value(row) {
  const shown = tools.querySelector("[name=show]:checked")?.id.slice(5).replace("all", 0) ?? 0;
  const order = find("order");
  const cell = row.querySelectorAll(`td.k${shown}`)[order.selectedIndex - 1];
  const found = cell ? number(cell.querySelector("input")?.value ?? cell.textContent) : 0;
  return order.value === "weight" ? -found : found;
}

const asked = {
  "": "*",
  empty: ":has(input:required:invalid)",
  worse: ":has(.flags:not(:empty))",
  below: ":has(.below)",
  held: ".held",
};

function arrange() {
  const q = plain(find("q").value.trim());
  const official = (row) => row.cells[0].textContent;
  for (const body of table.tBodies) {
    for (const row of [...body.querySelectorAll("tr.r")].sort((a, b) => value(a) - value(b) || official(a) - official(b))) {
      const block = [row];
      for (let next = row; (next = next.nextElementSibling)?.matches(".remark");) block.push(next);
      const hidden = !plain(row.cells[1].textContent).includes(q) || !row.matches(asked[find("only").value]);
      for (const part of block) part.hidden = hidden;
      body.append(...block);
    }
  }
  const count = (rows) => table.querySelectorAll(rows).length;
  const [shown, all] = [count("tr.r:not([hidden])"), count("tr.r")];
  find("count").textContent = shown < all ? find("count").dataset.words.replace("{n}", shown).replace("{m}", all) : "";
}

// a page that answers a form has another address, which leads nowhere by itself
function remember() {
  const fields = [...tools.querySelectorAll("[name=show]:checked, [id^=find-][name]")].filter((field) => field.value);
  const chosen = new URLSearchParams(fields.map((field) => [field.name, field.value]));
  if (/^\/plans\/\d+(\/review)?$/.test(location.pathname)) history.replaceState(history.state, "", `?${chosen}`);
}

let waiting;
tools.addEventListener("input", ({ target }) => {
  if (target.id.startsWith("find-")) {
    clearTimeout(waiting);
    waiting = setTimeout(arrange, 200);
  }
  remember();
});
