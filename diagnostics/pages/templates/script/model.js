// The cells of the model's picture: coloured by the chosen quantity at the chosen step.
function colourModel(model, record, state, levels) {
  for (const cell of model.querySelectorAll(".cell")) {
    const value = record.at(cell.dataset.layer, state.step);
    const name = `q${level(record, value, levels)}`;
    cell.className = `${cell.className.replace(/\bq-?\d+\b/, name)}`;
    cell.title = `${cell.dataset.facts} · ${record.label}: ${written(value)}`;
  }
  const [low, high] = record.limits;
  model.querySelector(".of").textContent = `Colour: ${record.label}, ${state.step === null ? "last reading" : `step ${state.step}`}`;
  model.querySelector(".low").textContent = written(low);
  model.querySelector(".high").textContent = written(high);
}

function markModel(model, state) {
  for (const cell of model.querySelectorAll(".cell")) {
    if (cell.dataset.layer === state.layer) cell.setAttribute("aria-current", "true");
    else cell.removeAttribute("aria-current");
  }
}

// Arrow keys walk from cell to cell; only one cell of a row is a stop for the tab key.
function walkModel(model) {
  const cells = [...model.querySelectorAll(".cell")];
  model.addEventListener("keydown", (event) => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    const here = cells.indexOf(document.activeElement);
    if (!step || here < 0 || !cells[here + step]) return;
    event.preventDefault();
    cells[here + step].focus();
  });
}

