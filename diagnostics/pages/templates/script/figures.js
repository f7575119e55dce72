// The marks that a choice leaves in the figures: a line at the layer, a line at the step, and the profile at the step.
const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, kind) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.setAttribute("class", kind);
  return element;
}

function across(panel, axis, value, kind) {
  const place = toPlace(panel, axis, value);
  const [left, top, width, height] = panel.box;
  const line = axis === 0
    ? {x1: place, x2: place, y1: top, y2: top + height}
    : {x1: left, x2: left + width, y1: place, y2: place};
  return drawn("line", line, kind);
}

function within(panel, axis, value) {
  const ends = panel.limits[axis];
  return value >= Math.min(...ends) && value <= Math.max(...ends);
}

function profileAt(panel, record, step) {
  const points = panel.layers
    .map((name, row) => [record.at(name, step), row])
    .filter(([value]) => Number.isFinite(value) && (!panel.log[0] || value > 0))
    .map(([value, row]) => `${toPlace(panel, 0, value).toFixed(1)},${toPlace(panel, 1, row).toFixed(1)}`);
  return points.map((point) => {
    const [x, y] = point.split(",");
    return drawn("circle", {cx: x, cy: y, r: 2.6}, "at-step");
  });
}

function marks(panel, records, choice, kind) {
  const found = [];
  for (const axis of [0, 1]) {
    const along = axis === 0 ? panel.x : panel.y;
    if (along === "step" && choice.step !== null && within(panel, axis, choice.step)) {
      found.push(across(panel, axis, choice.step, kind));
    }
    const row = along === "layer" ? panel.layers.indexOf(choice.layer) : -1;
    if (row >= 0) found.push(across(panel, axis, row, kind));
  }
  const record = records[panel.column];
  if (kind === "chosen" && choice.step !== null && panel.x === "value" && panel.y === "layer" && record) {
    found.push(...profileAt(panel, record, choice.step));
  }
  return found;
}

function place(svg, event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [point.x, point.y];
}

