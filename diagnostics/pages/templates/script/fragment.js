// What is chosen, as the URL's fragment: a colleague who opens the same address sees the same choice.
function readFragment(text) {
  const parts = new URLSearchParams(text.replace(/^#/, ""));
  const step = Number.parseInt(parts.get("step") ?? "", 10);
  return {layer: parts.get("layer") ?? "", step: Number.isFinite(step) ? step : null, column: parts.get("column") ?? ""};
}

function writeFragment(state) {
  const parts = new URLSearchParams();
  if (state.layer) parts.set("layer", state.layer);
  if (state.step !== null) parts.set("step", String(state.step));
  if (state.column) parts.set("column", state.column);
  return parts.toString();
}

