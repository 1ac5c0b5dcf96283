"use strict";
(() => {
  const PER_PAGE = 60;
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const grid = at("grid"), viewer = at("viewer");
  const state = { found: [], first: 0, open: 0 };

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  function percent(fraction) {
    return `${(100 * fraction).toFixed(1)}\u2009%`;
  }

  function dot(index) {
    const made = element("i", { class: "dot" });
    made.style.setProperty("--colour", data.classes[index].colour);
    return made;
  }

  // What a photograph shows: its id, classes, tags and notes.
  function words(photograph) {
    const indices = photograph.areas.map(([index]) => index);
    const names = indices.concat(photograph.tags || []).map(
      (index) => data.classes[index].name);
    return [photograph.id, ...names, ...photograph.reasons]
      .join("\n").toLowerCase();
  }
  for (const photograph of data.photographs) {
    photograph.words = words(photograph);
  }

  function picture(photograph, tag) {
    const made = element(tag, { class: "picture" });
    for (const name of ["photograph", ...data.layers.map((l) => l.name)]) {
      if (!(name in photograph.pictures)) continue;
      const kind = name === "photograph" ? name : `layer ${name}`;
      made.append(element("img", {
        class: kind, src: photograph.pictures[name], loading: "lazy",
        alt: name === "photograph" ? photograph.id : "",
      }));
    }
    return made;
  }

  function strip(photograph) {
    const made = element("div", { class: "strip", "aria-hidden": "true" });
    for (const [index, fraction] of photograph.areas) {
      if (index === 0) continue;
      const part = element("i");
      part.style.width = `${100 * fraction}%`;
      part.style.setProperty("--colour", data.classes[index].colour);
      made.append(part);
    }
    return made;
  }

  function parts(photograph) {
    const made = element("p", { class: "parts" });
    for (const [index, fraction] of photograph.areas) {
      if (index === 0) continue;
      const text = `${data.classes[index].name} ${percent(fraction)}`;
      made.append(element("span", {}, dot(index), text));
    }
    const tags = photograph.tags;
    if (tags) {
      const names = tags.map((index) => data.classes[index].name);
      made.append(element("span", {}, `tags: ${names.join(", ") || "none"}`));
    }
    return made;
  }

  function caption(photograph) {
    const made = element("figcaption");
    const name = element("p", { class: "name" },
      element("code", {}, photograph.id));
    if (photograph.margin !== null) {
      name.append(element("span", {}, `margin ${percent(photograph.margin)}`));
    }
    made.append(name, strip(photograph), parts(photograph));
    if (photograph.reasons.length) {
      made.append(element("ul", { class: "marks" }, ...photograph.reasons.map(
        (reason) => element("li", {}, `\u2691 ${reason}`))));
    }
    return made;
  }

  function card(photograph, index) {
    const button = picture(photograph, "button");
    button.setAttribute("aria-label", `Enlarge ${photograph.id}`);
    button.addEventListener("click", () => enlarge(index));
    return element("figure", { class: "card" }, button, caption(photograph));
  }

  function draw() {
    const last = Math.min(state.first + PER_PAGE, state.found.length);
    const shown = state.found.slice(state.first, last);
    grid.replaceChildren(
      ...shown.map((each, index) => card(each, state.first + index)));
    if (!shown.length) {
      grid.append(element("p", { class: "empty" }, "No photograph fits."));
    }
    const range = shown.length ? `${state.first + 1} to ${last} of ` : "";
    at("count").textContent = `${range}${state.found.length} photographs`;
    at("previous").disabled = state.first === 0;
    at("next").disabled = last === state.found.length;
  }

  function filter() {
    const text = at("find").value.trim().toLowerCase();
    const wanted = at("class").value;
    state.found = data.photographs.filter((each) =>
      each.words.includes(text) &&
      (!wanted || each.areas.some(([index]) => index === Number(wanted))) &&
      (!at("marked").checked || each.reasons.length));
    if (at("order").value === "name") {
      state.found.sort((a, b) => a.id < b.id ? -1 : 1);
    }
    state.first = 0;
    draw();
  }

  function turn(step) {
    state.first += step * PER_PAGE;
    draw();
  }

  function enlarge(index) {
    state.open = index;
    const photograph = state.found[index];
    at("enlarged").replaceChildren(element("figure", { class: "card" },
      picture(photograph, "div"), caption(photograph)));
    at("place").textContent = `${index + 1} of ${state.found.length}`;
    at("before").disabled = index === 0;
    at("after").disabled = index === state.found.length - 1;
    if (!viewer.open) viewer.showModal();
  }

  function step(by) {
    const next = state.open + by;
    if (next >= 0 && next < state.found.length) enlarge(next);
  }

  function shut() {
    const page = Math.floor(state.open / PER_PAGE) * PER_PAGE;
    if (page !== state.first) {
      state.first = page;
      draw();
    }
    buttons()[state.open - state.first]?.focus();
  }

  function buttons() {
    return [...grid.querySelectorAll("button.picture")];
  }

  // How far an arrow moves within the grid, in photographs.
  function distance(key) {
    const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
    return { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns,
      ArrowDown: columns }[key];
  }

  function move(event) {
    const by = distance(event.key), all = buttons();
    const from = all.indexOf(document.activeElement);
    if (from < 0) {
      // Up and down scroll the page until a photograph has the focus.
      if (document.activeElement !== document.body || by * by > 1) return;
      all[0]?.focus();
    } else if (all[from + by]) {
      all[from + by].focus();
    } else if (by === 1 && !at("next").disabled) {
      turn(1);
      buttons()[0].focus();
    } else if (by === -1 && !at("previous").disabled) {
      turn(-1);
      buttons().at(-1).focus();
    }
    event.preventDefault();
  }

  function toggle(name) {
    const pressed = document.body.classList.toggle(`show-${name}`);
    for (const button of document.querySelectorAll(`[data-layer="${name}"]`)) {
      button.setAttribute("aria-pressed", pressed);
    }
  }

  function press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("input[type=search], select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const layer = data.layers.find((each) => each.key === event.key);
    if (layer) {
      toggle(layer.name);
    } else if (event.key === "/" && !viewer.open) {
      at("find").focus();
      event.preventDefault();
    } else if (event.key.startsWith("Arrow")) {
      if (event.target.matches("input")) return;
      if (!viewer.open) return move(event);
      if (event.key === "ArrowLeft") step(-1);
      if (event.key === "ArrowRight") step(1);
    }
  }

  document.addEventListener("keydown", press);
  for (const button of document.querySelectorAll("[data-layer]")) {
    button.addEventListener("click", () => toggle(button.dataset.layer));
  }
  for (const button of document.querySelectorAll(".class-name")) {
    button.addEventListener("click", () => {
      at("class").value = button.dataset.index;
      filter();
      at("controls").scrollIntoView();
    });
  }
  at("opacity").addEventListener("input", (event) => {
    document.documentElement.style.setProperty(
      "--opacity", event.target.value / 100);
  });
  at("find").addEventListener("input", filter);
  for (const id of ["class", "order", "marked"]) {
    at(id).addEventListener("change", filter);
  }
  at("previous").addEventListener("click", () => turn(-1));
  at("next").addEventListener("click", () => turn(1));
  at("before").addEventListener("click", () => step(-1));
  at("after").addEventListener("click", () => step(1));
  at("close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("close", shut);

  at("controls").hidden = false;
  const names = data.layers.map((layer) => layer.name);
  if (names.length) toggle(names.includes("mask") ? "mask" : names.at(-1));
  filter();
})();
