"use strict";
// The page is whole without this script, which adds sorting, searching and the names of dots.
const SCALES = {k: 1e3, m: 1e6, bn: 1e9, tn: 1e12, kB: 1e3, MB: 1e6, GB: 1e9};

function numberIn(text) {
  const found = /^([+−-]?)\$?([\d,]*\.?\d+)\s*([A-Za-z]*)/.exec(text);
  if (!found) return NaN;
  const size = parseFloat(found[2].replaceAll(",", "")) * (SCALES[found[3]] || 1);
  return found[1] === "−" || found[1] === "-" ? -size : size;
}

function sortBy(table, column, heading) {
  const byText = !heading.classList.contains("n");
  const sorted = heading.getAttribute("aria-sort");
  const falling = byText ? sorted === "ascending" : sorted !== "descending";
  const bySize = /error/i.test(heading.textContent);
  const keyed = [...table.tBodies[0].rows].map(row => {
    const text = row.cells[column].textContent.trim();
    const number = numberIn(text);
    return {row, key: byText ? text : bySize ? Math.abs(number) : number};
  });
  const sign = falling ? -1 : 1;
  keyed.sort((a, b) => {
    if (byText) return sign * a.key.localeCompare(b.key);
    if (isNaN(a.key) || isNaN(b.key)) return isNaN(a.key) - isNaN(b.key);
    return sign * (a.key - b.key);
  });
  table.tBodies[0].append(...keyed.map(each => each.row));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sortBy(table, column, heading));
    heading.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sortBy(table, column, heading);
    });
  });
}

const targets = document.getElementById("target-table");
if (targets) {
  const rows = [...targets.tBodies[0].rows];
  const controls = document.querySelector('[data-for="target-table"]');
  const [search, far] = controls.querySelectorAll("input");
  const told = controls.querySelector("output");
  const texts = rows.map(row => row.textContent.toLowerCase());
  let role = "";

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      const kept = (!role || row.cells[1].textContent.trim() === role)
        && (!far.checked || row.cells[6].className === "x")
        && words.every(word => texts[i].includes(word));
      row.hidden = !kept;
      count += kept;
    });
    told.textContent = count === rows.length ? `${count} targets` : `${count} of ${rows.length} targets`;
  };
  search.addEventListener("input", filter);
  far.addEventListener("change", filter);
  const buttons = controls.querySelectorAll("button[data-role]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      role = button.dataset.role;
      for (const other of buttons) other.setAttribute("aria-pressed", other === button);
      filter();
    });
  }

  const scatter = document.getElementById("after");
  scatter.addEventListener("mouseover", ({target}) => {
    if (target.dataset.i === undefined || target.firstChild) return;
    const cells = [...rows[target.dataset.i].cells].map(cell => cell.textContent.trim());
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
    title.textContent = `${cells[0]} (${cells[1]})\npublished ${cells[2]}\nbefore ${cells[3]} (${cells[5]})\nafter ${cells[4]} (${cells[6]})`;
    target.append(title);
  });
  scatter.addEventListener("click", ({target}) => {
    if (target.dataset.i === undefined) return;
    const row = rows[target.dataset.i];
    for (const other of rows) other.classList.toggle("found", other === row);
    row.hidden = false;
    row.scrollIntoView({block: "center"});
  });
}

for (const controls of document.querySelectorAll(".controls[data-search]")) {
  const rows = [...document.getElementById(controls.dataset.search).tBodies[0].rows];
  const texts = rows.map(row => row.textContent.toLowerCase());
  const search = controls.querySelector("input"), told = controls.querySelector("output");
  const what = told.textContent.split(" ").pop();
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, i) => { row.hidden = !words.every(word => texts[i].includes(word)); });
    const count = rows.filter(row => !row.hidden).length;
    told.textContent = count === rows.length ? `${count} ${what}` : `${count} of ${rows.length} ${what}`;
  });
}

// A link to a row that is folded or filtered away unfolds it.
const show = () => {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!row || row.tagName !== "TR") return;
  row.hidden = false;
  for (const each of row.querySelectorAll("details")) each.open = true;
  row.scrollIntoView({block: "center"});
};
window.addEventListener("hashchange", show);
show();

for (const button of document.querySelectorAll("button[data-open]")) {
  button.addEventListener("click", () => {
    const all = [...document.getElementById(button.dataset.open).querySelectorAll("details")];
    const open = all.some(each => !each.open);
    for (const each of all) each.open = open;
    button.textContent = open ? "Close all" : "Open all";
  });
}
