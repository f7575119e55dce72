// Where a value is in a panel of a figure, and which value is at a place. Axis 0 runs to the right, axis 1 upwards.
function toPlace(panel, axis, value) {
  const scaled = (number) => (panel.log[axis] ? Math.log10(number) : number);
  const [low, high] = panel.limits[axis].map(scaled);
  const share = (scaled(value) - low) / (high - low);
  const [left, top, width, height] = panel.box;
  return axis === 0 ? left + share * width : top + (1 - share) * height;
}

function toValue(panel, axis, place) {
  const scaled = (number) => (panel.log[axis] ? Math.log10(number) : number);
  const [left, top, width, height] = panel.box;
  const share = axis === 0 ? (place - left) / width : 1 - (place - top) / height;
  const [low, high] = panel.limits[axis].map(scaled);
  const value = low + share * (high - low);
  return panel.log[axis] ? 10 ** value : value;
}

function holds(panel, x, y) {
  const [left, top, width, height] = panel.box;
  return x >= left && x <= left + width && y >= top && y <= top + height;
}

// What a pointer at a place of a panel points to: a layer, a step, or both.
function pointed(panel, x, y) {
  const found = {layer: "", step: null};
  for (const axis of [0, 1]) {
    const value = toValue(panel, axis, axis === 0 ? x : y);
    const kind = axis === 0 ? panel.x : panel.y;
    if (kind === "step") found.step = Math.round(value);
    if (kind === "layer") found.layer = panel.layers[Math.min(Math.max(Math.round(value), 0), panel.layers.length - 1)] ?? "";
  }
  return found;
}

