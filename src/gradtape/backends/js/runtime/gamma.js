const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

const DIGAMMA = [-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760, -1 / 12];

const BERNOULLI = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600,
  -3617 / 10670622842880000, 43867 / 5109094217170944000, -174611 / 802857662698291200000];

function stirling(x) {
  return horner(1 / (x * x), STIRLING) / x;
}

function lgamma(x) {
  if (x !== x) return x;
  const r = x - rint(x);
  if (Math.abs(x) === Infinity || (x <= 0 && r === 0)) return Infinity;
  const up = x < 0 ? 1 - x : x;
  let y;
  if (up < 3) {
    const inner = up < 1 ? up + 1 : up, factor = up < 1 ? up * (up - 1) : (inner - 1) * (inner - 2);
    y = factor * clenshaw(inner - 2, LGAMMA);
    if (up < 1) y -= Math.log(up);
  } else {
    let far = up, product = 1;
    for (; far < 10; far++) product *= far;
    y = (far - 0.5) * Math.log(far) - far + 0.5 * Math.log(2 * Math.PI) + stirling(far) - Math.log(product);
  }
  return x < 0 ? Math.log(Math.PI / Math.abs(sine_of_pi(r))) - y : y + 0;
}

function digamma(x) {
  const r = x - rint(x);
  if ((x <= 0 && r === 0) || x === -Infinity) return NaN;
  let up = x < 0 ? 1 - x : x, total = 0;
  for (; up < 10; up++) total += 1 / up;
  const w = 1 / (up * up), y = Math.log(up) - 0.5 / up + w * horner(w, DIGAMMA) - total;
  return x < 0 ? y - Math.PI / Math.tan(Math.PI * r) : y;
}

function zeta(s, q) {
  const whole = s === Math.floor(s), even = whole && s % 2 === 0, pole = q <= 0 && q === Math.floor(q);
  if (s !== s) return NaN;
  if (s === 1) return Infinity;
  if (s < 1 || (q < 0 && !pole && !whole) || (pole && !even) || q !== q) return NaN;
  if (pole) return Infinity;
  if (s === Infinity && q > 0) return q > 1 ? 0 : q === 1 ? 1 : Infinity;
  let a = q, total = 0;
  const enough = 10 + Math.min(s, 1000);
  for (; a < enough; a++) total += Math.pow(a, -s);
  total += Math.pow(a, 1 - s) / (s - 1) + 0.5 * Math.pow(a, -s);
  let factor = s, term = Math.pow(a, -s - 1);
  for (let j = 0; j < BERNOULLI.length; j++) {
    total += BERNOULLI[j] * factor * term;
    factor *= (s + (2 * j + 1)) * (s + (2 * j + 2));
    term /= a * a;
  }
  return total;
}

function polygamma(n, x) {
  if (!(n >= 0 && n === Math.floor(n))) return NaN;
  if (n === 0) return digamma(x);
  const order = n < Infinity ? n : 1;
  return (order % 2 === 0 ? -1 : 1) * Math.exp(lgamma(order + 1)) * zeta(order + 1, x);
}

function gamma_weight(a, x) {
  if (a < 10) return Math.exp(a * Math.log(x) - x - lgamma(a));
  const d = (x - a) / a, near = Math.abs(d) < 0.5;
  const power = near ? a * (Math.log1p(d) - d) : a * Math.log(x / a) + a - x;
  return Math.sqrt(a / (2 * Math.PI)) * Math.exp(power - stirling(a));
}

function gamma_series(a, x) {
  let r = a, c = 1, dc = 0, total = 1, slope = 0;
  for (let k = 0; k < 2000; k++) {
    r += 1;
    dc = (dc - c / r) * (x / r);
    c *= x / r;
    total += c;
    slope += dc;
    if (!(c > 2.2e-16 * total || Math.abs(dc) > 2.2e-16 * Math.abs(slope))) break;
  }
  return [total, slope];
}

function gamma_fraction(a, x) {
  let y = 1 - a, z = x + y + 1, p0 = 1, q0 = x, p1 = x + 1, q1 = z * x, dp0 = 0, dq0 = 0, dp1 = 0, dq1 = -x;
  let value = p1 / q1, slope = (dp1 - value * dq1) / q1;
  for (let n = 1; n < 2000; n++) {
    y += 1;
    z += 2;
    const w = y * n, p = p1, q = q1, dp = dp1, dq = dq1;
    dp1 = dp1 * z - p - dp0 * w + p0 * n;
    dq1 = dq1 * z - q - dq0 * w + q0 * n;
    p1 = p1 * z - p0 * w;
    q1 = q1 * z - q0 * w;
    p0 = p;
    q0 = q;
    dp0 = dp;
    dq0 = dq;
    const before = value, last = slope;
    value = p1 / q1;
    slope = (dp1 - value * dq1) / q1;
    if (Math.abs(p1) > 1e100) {
      const s = 1e-100;
      p0 *= s; p1 *= s; q0 *= s; q1 *= s; dp0 *= s; dp1 *= s; dq0 *= s; dq1 *= s;
    }
    const moved = Math.abs(value - before) > 2.2e-16 * Math.abs(value);
    if (!(moved || Math.abs(slope - last) > 2.2e-16 * Math.abs(slope))) break;
  }
  return [value, slope];
}

function gamma_parts(a, x) {
  if (a === Infinity && x > 0) return [0, x === Infinity ? 0 : 1, 0];
  if (a > 0 && x === Infinity) return [1, 0, -0];
  if (!(a > 0 && x > 0)) return [NaN, NaN, NaN];
  const low = x <= 1 || x <= a, [value, slope] = low ? gamma_series(a, x) : gamma_fraction(a, x);
  if (low) {
    const weight = gamma_weight(a, x) / a, p = Math.min(value * weight, 1);
    return [p, 1 - p, weight * (slope + value * (Math.log(x) - digamma(a + 1)))];
  }
  const weight = gamma_weight(a, x), q = value * weight;
  return [1 - q, q, -weight * (slope + value * (Math.log(x) - digamma(a)))];
}

function igamma(a, x) {
  return x === 0 ? 0 : gamma_parts(a, x)[0];
}

function igammac(a, x) {
  return x === 0 && a > 0 ? 1 : gamma_parts(a, x)[1];
}

function igamma_grad_a(a, x) {
  return x === 0 ? 0 : gamma_parts(a, x)[2];
}

function random_gamma_grad(a, z) {
  return -igamma_grad_a(a, z) / Math.exp((a - 1) * Math.log(z) - z - lgamma(a));
}

function beta_fraction(a, b, x) {
  const away = (v) => (Math.abs(v) < 1e-300 ? 1e-300 : v);
  let c = 1, d = 1 / away(1 - (a + b) * x / (a + 1)), value = d;
  for (let m = 1; m < 2000; m++) {
    for (let k = 0; k < 2; k++) {
      const top = k === 0 ? m * (b - m) : -(a + m) * (a + b + m);
      const under = k === 0 ? (a + 2 * m - 1) * (a + 2 * m) : (a + 2 * m) * (a + 2 * m + 1);
      const term = top * x / under;
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      value *= d * c;
    }
    if (!(Math.abs(d * c - 1) > 3e-16)) break;
  }
  return value;
}

function betainc(a, b, x) {
  if (!(a <= 0 || b <= 0) && (x === 0 || x === 1)) return x;
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1 && a < Infinity && b < Infinity)) return NaN;
  const turned = x > (a + 1) / (a + b + 2), p = turned ? b : a, q = turned ? a : b, t = turned ? 1 - x : x;
  const log_t = turned ? Math.log1p(-x) : Math.log(x), log_rest = turned ? Math.log(x) : Math.log1p(-x);
  const front = Math.exp(lgamma(a + b) - lgamma(a) - lgamma(b) + p * log_t + q * log_rest) / p;
  const part = t === 0 ? 0 : front * beta_fraction(p, q, t);
  return turned ? 1 - part : part;
}
