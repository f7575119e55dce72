// One cursor for the whole page: it keeps the choice, and tells figures, model and bar what it is.
function start(page, data) {
  const records = Object.fromEntries(Object.entries(data.layers).map(([name, record]) => [name, readings(record)]));
  const curves = Object.fromEntries(Object.entries(data.scalars).map(([name, splits]) => [
    name, Object.fromEntries(Object.entries(splits).map(([split, one]) => [split, {...one, values: decode(one.values)}])),
  ]));
  const model = page.getElementById("model");
  const bar = page.getElementById("cursor");
  const figures = [...page.querySelectorAll("[data-panels]")].map((holder) => ({
    svg: holder.querySelector("svg"),
    panels: JSON.parse(holder.dataset.panels).map((panel) => (panel.layers === true ? {...panel, layers: data.layers[panel.column].layers} : panel)),
  }));
  const steps = [...new Set([
    ...Object.values(records).flatMap((record) => record.steps),
    ...Object.values(curves).flatMap((splits) => Object.values(splits).flatMap((one) => one.steps)),
  ])].sort((one, other) => one - other);
  if (!steps.length) return;
  const tip = page.body.appendChild(page.createElement("div"));
  tip.className = "tip";
  tip.hidden = true;
  let state = {layer: "", step: null, column: ""};

  const choose = (change) => {
    page.location.hash = writeFragment({...state, ...change});
  };

  const lines = (choice, column) => {
    const found = [choice.layer, choice.step === null ? "" : `step ${choice.step.toLocaleString("en")}`].filter(Boolean);
    const head = found.join(", ");
    const own = choice.layer ? (column && records[column] ? [column] : Object.keys(records)) : [];
    const values = own
      .map((name) => [records[name].label.replace(/ \(.*$/, ""), records[name].at(choice.layer, choice.step)])
      .filter(([, value]) => !Number.isNaN(value));
    if (choice.step !== null && (!column || curves[column])) {
      for (const name of column ? [column] : Object.keys(curves)) {
        for (const [split, one] of Object.entries(curves[name])) {
          values.push([`${split} ${name}`, one.values[nearest(one.steps, choice.step)]]);
        }
      }
    }
    return [head, ...values.map(([name, value]) => `${name}: ${written(value)}`)].filter(Boolean);
  };

  const show = () => {
    state = readFragment(page.location.hash);
    for (const {svg, panels} of figures) {
      svg.querySelectorAll(".chosen, .at-step").forEach((mark) => mark.remove());
      for (const panel of panels) svg.append(...marks(panel, records, state, "chosen"));
    }
    if (model) {
      const column = records[state.column] ? state.column : model.dataset.column;
      if (records[column]) colourModel(model, records[column], state, 16);
      markModel(model, state);
      bar.querySelector("[name=column]").value = column;
    }
    bar.querySelector("[name=layer]").value = state.layer;
    bar.querySelector("[name=step]").value = String(state.step === null ? steps.length - 1 : nearest(steps, state.step));
    bar.querySelector(".at").textContent = state.step === null ? "last" : state.step.toLocaleString("en");
    bar.querySelector("output").textContent = lines(state, "").join(" · ") || "Nothing is chosen.";
    bar.classList.toggle("active", Boolean(state.layer) || state.step !== null);
  };

  for (const {svg, panels} of figures) {
    svg.classList.add("live");
    svg.addEventListener("pointermove", (event) => {
      const [x, y] = place(svg, event);
      const panel = panels.find((one) => holds(one, x, y));
      svg.querySelectorAll(".hover").forEach((mark) => mark.remove());
      tip.hidden = !panel;
      if (!panel) return;
      const choice = pointed(panel, x, y);
      svg.append(...marks(panel, records, choice, "hover"));
      tip.replaceChildren(...lines(choice, panel.column).map((text) => {
        const line = page.createElement("div");
        line.textContent = text;
        return line;
      }));
      tip.style.left = `${Math.min(event.clientX + 14, page.documentElement.clientWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${event.clientY + 14}px`;
    });
    svg.addEventListener("pointerleave", () => {
      tip.hidden = true;
      svg.querySelectorAll(".hover").forEach((mark) => mark.remove());
    });
    svg.addEventListener("click", (event) => {
      const [x, y] = place(svg, event);
      const panel = panels.find((one) => holds(one, x, y));
      if (!panel) return;
      const {layer, step} = pointed(panel, x, y);
      choose({...(layer ? {layer} : {}), ...(step === null ? {} : {step})});
    });
  }

  const fill = (name, entries) => {
    const list = bar.querySelector(`[name=${name}]`);
    for (const [value, text] of entries) list.append(new Option(text, value));
    list.addEventListener("change", () => choose({[name]: list.value}));
  };
  const names = new Set(Object.values(records).flatMap((record) => record.layers));
  const cells = model ? [...model.querySelectorAll(".cell")].map((cell) => cell.dataset.layer) : [];
  fill("layer", [["", "none"], ...new Set([...cells, ...names])].map((one) => (Array.isArray(one) ? one : [one, one])));
  fill("column", Object.entries(records).map(([name, record]) => [name, record.label.replace(/ \(.*$/, "")]));
  const slider = bar.querySelector("[name=step]");
  slider.max = String(steps.length - 1);
  slider.addEventListener("input", () => choose({step: steps[Number(slider.value)]}));
  bar.querySelector("button").addEventListener("click", () => choose({layer: "", step: null}));
  if (model) {
    walkModel(model);
    model.addEventListener("click", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      event.preventDefault();
      choose({layer: cell.dataset.layer});
    });
  } else {
    bar.querySelector("[name=column]").closest("label").hidden = true;
  }
  page.defaultView.addEventListener("hashchange", show);
  const header = page.querySelector("header");
  if (header && page.defaultView.IntersectionObserver) {
    bar.classList.add("early");
    new page.defaultView.IntersectionObserver(([seen]) => bar.classList.toggle("early", seen.isIntersecting)).observe(header);
  }
  bar.hidden = false;
  show();
}

