function bessel_i0e(x) {
  const a = Math.abs(x);
  return a <= 8 ? clenshaw(a / 4 - 1, I0E_SMALL) : clenshaw(16 / a - 1, I0E_LARGE) / Math.sqrt(a);
}

function bessel_i1e(x) {
  const a = Math.abs(x);
  if (a <= 8) return x * clenshaw(a / 4 - 1, I1E_SMALL);
  return signed_as(clenshaw(16 / a - 1, I1E_LARGE) / Math.sqrt(a), x);
}

function bessel_i0(x) {
  return Math.exp(Math.abs(x)) * bessel_i0e(x);
}

function bessel_i1(x) {
  return Math.exp(Math.abs(x)) * bessel_i1e(x);
}

function bessel_k0e(x) {
  if (!(x > 0)) return x <= 0 ? Infinity : x;
  if (x > 2) return clenshaw(4 / x - 1, K0E_LARGE) / Math.sqrt(x);
  const a = Math.max(x, 1e-320);
  return (clenshaw(a * a / 2 - 1, K0_SMALL) - Math.log(a / 2) * bessel_i0(a)) * Math.exp(a);
}

function bessel_k1e(x) {
  if (!(x > 0)) return x <= 0 ? Infinity : x;
  if (x > 2) return clenshaw(4 / x - 1, K1E_LARGE) / Math.sqrt(x);
  const a = Math.max(x, 1e-320);
  return (clenshaw(a * a / 2 - 1, K1_SMALL) / a + Math.log(a / 2) * bessel_i1(a)) * Math.exp(a);
}

function bessel_k0(x) {
  return x > 0 ? bessel_k0e(x) * Math.exp(-x) : x <= 0 ? Infinity : x;
}

function bessel_k1(x) {
  return x > 0 ? bessel_k1e(x) * Math.exp(-x) : x <= 0 ? Infinity : x;
}

function bessel_far(x, p, q) {
  const t = 2 * (8 / x) ** 2 - 1, scale = Math.sqrt(2 / Math.PI / x);
  return [scale * clenshaw(t, p), scale * clenshaw(t, q) / x];
}

function bessel_angle(x, order) {
  const c = Math.cos(x) * Math.SQRT1_2, s = Math.sin(x) * Math.SQRT1_2;
  return order === 0 ? [c + s, s - c] : [s - c, -s - c];
}

function bessel_j0(x) {
  const a = Math.abs(x), [r, s] = J0_ZEROS;
  if (a <= 8) return (a - r) * (a + r) * (a - s) * (a + s) * clenshaw(a * a / 32 - 1, J0_SMALL);
  const [p, q] = bessel_far(a, P0, Q0), [c, d] = bessel_angle(a, 0);
  return p * c - q * d;
}

function bessel_j1(x) {
  const a = Math.abs(x), [r, s] = J1_ZEROS;
  if (a <= 8) return x * (a - r) * (a + r) * (a - s) * (a + s) * clenshaw(a * a / 32 - 1, J1_SMALL);
  const [p, q] = bessel_far(a, P1, Q1), [c, d] = bessel_angle(a, 1);
  return signed_as(1, x) * (p * c - q * d);
}

function bessel_y0(x) {
  if (!(x > 0)) return x <= 0 ? -Infinity : x;
  if (x <= 8) {
    const a = Math.max(x, 1e-320);
    return clenshaw(a * a / 32 - 1, Y0_SMALL) + 2 / Math.PI * Math.log(a) * bessel_j0(a);
  }
  const [p, q] = bessel_far(x, P0, Q0), [c, d] = bessel_angle(x, 0);
  return p * d + q * c;
}

function bessel_y1(x) {
  if (!(x > 0)) return x <= 0 ? -Infinity : x;
  if (x <= 8) {
    const a = Math.max(x, 1e-320);
    return a * clenshaw(a * a / 32 - 1, Y1_SMALL) + 2 / Math.PI * (Math.log(a) * bessel_j1(a) - 1 / a);
  }
  const [p, q] = bessel_far(x, P1, Q1), [c, d] = bessel_angle(x, 1);
  return p * d + q * c;
}
