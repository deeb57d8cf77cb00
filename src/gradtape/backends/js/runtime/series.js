function clenshaw(t, c) {
  const doubled = t + t;
  let now = 0, before = 0;
  for (let k = c.length - 1; k > 0; k--) {
    const next = doubled * now - before + c[k];
    before = now;
    now = next;
  }
  return t * now - before + c[0];
}

function horner(z, c) {
  let total = c[c.length - 1];
  for (let k = c.length - 2; k >= 0; k--) total = total * z + c[k];
  return total;
}

function signed_as(y, x) {
  return x < 0 || Object.is(x, -0) ? -y : y;
}

function between(x, low, high) {
  return Math.min(Math.max(x, low), high);
}

function logaddexp(x, y) {
  if (x === y) return x + Math.LN2;
  const d = x - y;
  return d > 0 ? x + Math.log1p(Math.exp(-d)) : d <= 0 ? y + Math.log1p(Math.exp(d)) : d;
}

function sine_of_pi(r) {
  return Math.sin(Math.PI * r);
}
