function sort_places(x, start, n, descending, places, at, k) {
  const sign = descending ? -1 : 1, order = Array.from({ length: n }, (_, i) => i);
  order.sort((i, j) => {
    const a = x[start + i], b = x[start + j];
    if (a !== a || b !== b) return a !== a && b !== b ? i - j : a !== a ? 1 : -1;
    return a === b ? i - j : a < b ? -sign : sign;
  });
  for (let i = 0; i < k; i++) places[at + i] = order[i];
}

function insertion(x, start, n, value, right) {
  let low = 0, high = n;
  while (low < high) {
    const middle = (low + high) >> 1, item = x[start + middle];
    if (right ? item <= value : item < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function distinct(x, n, values, places, counts) {
  const known = new Map();
  let found = 0;
  counts.fill(0);
  for (let i = 0; i < n; i++) {
    let k = x[i] === x[i] ? known.get(x[i]) : undefined;
    if (k === undefined) {
      k = found++;
      known.set(x[i], k);
      if (k < values.length) values[k] = x[i];
    }
    places[i] = k;
    counts[k] += 1;
  }
  return same_count(found, values.length);
}

function same_count(found, known) {
  if (found !== known) throw new RangeError(`The graph was made for ${known} elements here. Received: ${found}`);
  return found;
}

function in_top_k(x, start, n, target, k) {
  if (!(target >= 0 && target < n)) return false;
  const mine = x[start + target];
  let above = 0;
  for (let i = 0; i < n; i++) {
    if (!(Math.abs(x[start + i]) < Infinity)) return false;
    if (x[start + i] > mine) above++;
  }
  return above < k;
}
