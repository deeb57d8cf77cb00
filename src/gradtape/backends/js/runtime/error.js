function gauss_scaled(x) {
  const low = (1 - 3.75) / (1 + 3.75), s = (x - 3.75) / (x + 3.75);
  return clenshaw((s - low) * (2 / (1 - low)) - 1, ERFC) / (1 + x + x);
}

function gauss(x) {
  const z = Math.trunc(x * 16) / 16;
  return Math.exp(-z * z) * Math.exp((z - x) * (z + x));
}

function erf(x) {
  const a = Math.min(Math.abs(x), 7);
  if (a < 1) return x * horner(a * a, ERF);
  return signed_as(1 - gauss(a) * gauss_scaled(a), x);
}

function erfc(x) {
  const a = Math.min(Math.abs(x), 30);
  if (a < 1) return 1 - x * horner(a * a, ERF);
  const tail = gauss(a) * gauss_scaled(a);
  return x > 0 ? tail : x < 0 ? 2 - tail : x;
}

function inverse_erf(x, c) {
  if (x !== x) return x;
  if (c <= 0) return signed_as(Infinity, x);
  const root = Math.sqrt(Math.PI) / 2, low = Math.log(c * (2 - c)), a = Math.abs(x);
  const t = 2 / (Math.PI * 0.147) + low / 2, first = Math.sqrt(Math.sqrt(t * t - low / 0.147) - t);
  let y = a < 1e-3 ? a * root : first;
  if (a < 0.5) {
    for (let k = 0; k < 2; k++) {
      const u = (erf(y) - a) * root * Math.exp(y * y);
      y -= u / (1 + y * u);
    }
    return signed_as(y, x);
  }
  y = Math.max(first, 0.3);
  const goal = Math.log(c);
  for (let k = 0; k < 4; k++) {
    const e = y < 1 ? Math.exp(y * y) * erfc(y) : gauss_scaled(y);
    y += (Math.log(e) - y * y - goal) * e * root;
  }
  return signed_as(y, x);
}

function erfinv(x) {
  return inverse_erf(x, 1 - Math.abs(x));
}

function erfcinv(x) {
  return inverse_erf(1 - x, x <= 1 ? x : 2 - x);
}

function ndtri(p) {
  return Math.SQRT2 * inverse_erf(2 * p - 1, 2 * (p <= 0.5 ? p : 1 - p));
}

function dawsn(x) {
  if (x !== x) return x;
  const a = Math.abs(x), z = a * a;
  let y;
  if (a < 0.3) {
    y = 1;
    for (let n = 12; n > 0; n--) y = 1 - 2 * z / (2 * n + 1) * y;
    y *= a;
  } else if (a < 10) {
    const n0 = 2 * rint(a / 0.5), rest = a - n0 * 0.25;
    y = 0;
    for (let n = -27; n < 28; n += 2) y += Math.exp(-((rest - n * 0.25) ** 2)) / (n0 + n);
    y /= Math.sqrt(Math.PI);
  } else {
    const w = 1 / z;
    y = 1;
    for (let n = 11; n > 0; n--) y = 1 + (2 * n - 1) * w / 2 * y;
    y /= 2 * a;
  }
  return signed_as(y, x);
}
