"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const items = read("search-index");
  const sources = read("column-sources");
  const files = read("file-columns");
  const sections = [...document.querySelectorAll("section[data-route]")];
  const box = document.getElementById("search");
  const results = document.getElementById("results");
  const count = document.getElementById("result-count");
  document.documentElement.classList.add("js");

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  };

  // Every word must be found; a word in the name counts more than one in the text.
  const search = (words) => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    if (!wanted.length) return [];
    return items
      .map((item) => {
        const name = item.name.toLowerCase();
        const all = (item.name + " " + item.text).toLowerCase();
        if (!wanted.every((word) => all.includes(word))) return null;
        const score = wanted.reduce((sum, word) => sum + (name === word ? 8 : name.includes(word) ? 3 : 1), 0);
        return { item, score: score + { table: 2, query: 1.5, view: 1.5, column: 1, rule: 0.5 }[item.kind] };
      })
      .filter(Boolean)
      .sort((a, b) => b.score - a.score || a.item.href.localeCompare(b.item.href))
      .map((found) => found.item);
  };

  const showResults = (words) => {
    const found = search(words);
    count.textContent = words.trim()
      ? `${found.length} found for “${words.trim()}”${found.length > 100 ? ", the first 100" : ""}`
      : "Type a word: tables, columns, rules and queries are searched.";
    results.replaceChildren(
      ...found.slice(0, 100).map((item) =>
        make("li", {},
          make("a", { href: item.href, class: "name" }, item.name), " ",
          make("span", { class: "badge key" }, item.kind), item.where ? ` in ${item.where}` : "",
          make("div", { class: "about" }, item.text))));
  };

  const route = () => {
    const hash = decodeURIComponent(location.hash.slice(1)) || "/";
    const [path, query] = hash.split("?");
    const [page, column] = path.split("#");
    const found = sections.find((section) => section.dataset.route === page) || sections[0];
    sections.forEach((section) => section.classList.toggle("shown", section === found));
    document.querySelectorAll("nav a").forEach((link) =>
      link.getAttribute("href") === "#" + found.dataset.route ? link.setAttribute("aria-current", "page")
        : link.removeAttribute("aria-current"));
    document.querySelectorAll("tr.found").forEach((row) => row.classList.remove("found"));
    document.title = `${found.dataset.title} · Cartlake catalog`;
    if (found.dataset.route === "/search") {
      const words = query ? query.replace(/^q=/, "") : "";
      if (document.activeElement !== box) box.value = words;
      showResults(words);
      return;
    }
    if (document.activeElement !== box) box.value = "";
    const place = column && document.getElementById(`${page}#${column}`);
    const heading = place && place.tagName === "H3" ? place : found.querySelector("h2");
    if (place) {
      if (place !== heading) place.classList.add("found");
      place.scrollIntoView({ block: place === heading ? "start" : "center" });
    } else {
      scrollTo(0, 0);
    }
    if (document.activeElement !== box) heading.focus({ preventScroll: true });
    found.querySelectorAll(".scroll").forEach((area) => {
      const here = area.querySelector(".here");
      if (here) area.scrollLeft += here.getBoundingClientRect().left - area.getBoundingClientRect().left - area.clientWidth / 2 + 60;
    });
  };

  const trace = (column, seen) => {
    const [table, name] = [column.slice(0, column.lastIndexOf(".")), column.slice(column.lastIndexOf(".") + 1)];
    const link = make("a", { href: `#/table/${table}#${name}`, class: "name" }, column);
    const above = sources[column] || [];
    const item = make("li", {}, link);
    if (files[table] && !name.startsWith("_")) item.append(` ← column ${name} of the files in ${files[table]}`);
    if (above.length && !seen.includes(column))
      item.append(make("ul", {}, ...above.map((one) => trace(one, [...seen, column]))));
    return item;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) {
      const text = document.getElementById(button.dataset.copy).textContent;
      const label = button.textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const area = make("textarea", { style: "position:fixed;opacity:0" });
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 1500);
    }
    if (button.dataset.trace) {
      const place = document.getElementById(button.getAttribute("aria-controls"));
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      place.replaceChildren(...(open ? [] : [make("ul", {}, trace(button.dataset.trace, []))]));
    }
  });

  box.addEventListener("input", () => {
    const words = box.value;
    if (words) history.replaceState(null, "", `#/search?q=${encodeURIComponent(words)}`);
    else if (location.hash.startsWith("#/search")) history.replaceState(null, "", "#/");
    route();
  });
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = results.querySelector("a");
    if (first && location.hash.startsWith("#/search")) location.hash = first.getAttribute("href").slice(1);
    box.blur();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      box.focus();
    }
    if (event.key === "Escape" && document.activeElement === box) {
      box.value = "";
      box.dispatchEvent(new Event("input"));
    }
  });
  addEventListener("hashchange", route);
  route();
})();
