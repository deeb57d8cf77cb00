function scaled_between(x, low, high) {
  return (2 * between(x, low, high) - (high + low)) / (high - low);
}

function expint(x) {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return NaN;
  if (x <= 2) {
    const a = Math.max(x, 1e-320);
    let total = 0, term = 1;
    for (let n = 1; n < 27; n++) {
      term *= a / n;
      total += term / n;
    }
    return 0.5772156649015329 + Math.log(a) + total;
  }
  const inverse = 1 / x;
  let body = 1;
  if (x < 6) body = clenshaw((x - 4) / 2, EI_2_6);
  else if (x < 14) body = clenshaw(scaled_between(inverse, 1 / 14, 1 / 6), EI_6_14);
  else if (x < 40) body = clenshaw(scaled_between(inverse, 1 / 40, 1 / 14), EI_14_40);
  else for (let n = 30; n > 0; n--) body = 1 + n * inverse * body;
  return body * Math.exp(x) * inverse;
}

function fresnel(x) {
  if (x !== x) return [x, x];
  const a = Math.abs(x);
  let c, s;
  if (a <= 1.6) {
    const t = a ** 4 * (2 / 1.6 ** 4) - 1;
    c = a * clenshaw(t, FRESNEL_C);
    s = a ** 3 * clenshaw(t, FRESNEL_S);
  } else {
    const big = Math.min(a, 1e150), w = 1 / big, t = 2 * (1.6 * w) ** 2 - 1;
    const p = clenshaw(t, FRESNEL_F) * w / Math.PI, q = clenshaw(t, FRESNEL_G) * w ** 3 / Math.PI ** 2;
    const angle = Math.PI / 2 * (big * big % 4), u = Math.cos(angle), v = Math.sin(angle);
    c = 0.5 + p * v - q * u;
    s = 0.5 - p * u - q * v;
  }
  return [signed_as(c, x), signed_as(s, x)];
}

function fresnel_cos(x) {
  return fresnel(x)[0];
}

function fresnel_sin(x) {
  return fresnel(x)[1];
}

function spence(x) {
  if (!(x > 0)) return x === 0 ? Math.PI ** 2 / 6 : NaN;
  if (x === Infinity) return NaN;
  const turned = x > 1.5 ? 1 / x : x, reflected = turned < 0.5, w = (reflected ? 1 - turned : turned) - 1;
  let y = -w * clenshaw(2 * w, SPENCE);
  if (reflected) y = Math.PI ** 2 / 6 - Math.log(turned) * Math.log1p(-turned) - y;
  return x > 1.5 ? -0.5 * Math.log(x) ** 2 - y : y;
}
