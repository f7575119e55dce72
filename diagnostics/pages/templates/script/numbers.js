// The readings behind the figures.
function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

function nearest(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value - sorted[low - 1] <= sorted[low] - value ? low - 1 : low;
}

function readings(record) {
  const values = decode(record.values);
  const row = new Map(record.layers.map((name, index) => [name, index]));
  return {
    ...record,
    // The reading nearest to a step; the last one when no step is chosen.
    at(layer, step) {
      if (!row.has(layer)) return Number.NaN;
      const place = step === null ? record.steps.length - 1 : nearest(record.steps, step);
      return values[row.get(layer) * record.steps.length + place];
    },
  };
}

function level(record, value, levels) {
  if (Number.isNaN(value)) return -1;
  if (!Number.isFinite(value)) return levels;
  const place = (number) => (record.log ? Math.log10(number) : number);
  if (record.log && value <= 0) return levels + 1;
  const [low, high] = record.limits.map(place);
  return Math.min(Math.max(Math.floor(((place(value) - low) / (high - low)) * levels), 0), levels - 1);
}

function written(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [digits, power] = value.toExponential(2).split("e");
    const raised = String(Number(power)).replace(/[-\d]/g, (letter) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(letter)]);
    return `${Number(digits)} × 10${raised}`.replace(/^-/, "−");
  }
  return String(Number(value.toPrecision(3))).replace(/^-/, "−");
}

