// Every plan page: nothing is sent twice; one indicator or all; rows found and put in order. Nothing of it is saved.
const table = document.querySelector(".sheet");
const tools = document.querySelector(".tools");

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
  const said = bar.querySelector(".sheet-status");
  new ResizeObserver(() => {
    const height = Math.max(bar.offsetHeight, said.offsetHeight);
    document.documentElement.style.setProperty("--sheet-bar", `${height}px`);
  }).observe(said);
}

// what is kept on this computer goes with the person who signs out; what another one kept stays theirs
const signOut = document.querySelector("form[action$='/sign-out']");
const kept = document.querySelector("[data-keep]");
if (signOut && kept) {
  const own = `allocapp:${kept.dataset.keep.split("-")[0]}-`;
  signOut.addEventListener("submit", () => {
    for (const key of Object.keys(localStorage)) if (key.startsWith(own)) localStorage.removeItem(key);
  });
}

// -- which indicator, which rows, in which order; kept in the address --
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
  const typed = input && input.value.replace(/[\s%]/g, "");
  const found = input ? (typed === "" ? Infinity : Number(typed.replace(",", "."))) : number(cells[at].textContent);
  return order === "weight" ? -found : found;
}

const matches = {
  "": () => true,
  empty: (row) => [...row.querySelectorAll("input:required")].some((input) => !input.value.trim()),
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
  const all = table.querySelectorAll("tr.r").length;
  const text = find("count").dataset.words.replace("{n}", shown).replace("{m}", all);
  find("count").textContent = shown < all ? text : "";
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

// Enter in the search field finds; it never sends the sheet
find("q").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
