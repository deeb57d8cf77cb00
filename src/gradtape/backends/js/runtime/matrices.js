function square_at(x, at, n, transposed) {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) a[i * n + j] = x[at + (transposed ? j * n + i : i * n + j)];
  }
  return a;
}

function eliminated(a, n, b, k) {
  const pivots = new Float64Array(n);
  let sign = 1;
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c + 1; i < n; i++) if (Math.abs(a[i * n + c]) > Math.abs(a[best * n + c])) best = i;
    if (best !== c) {
      sign = -sign;
      for (let j = 0; j < n; j++) [a[c * n + j], a[best * n + j]] = [a[best * n + j], a[c * n + j]];
      for (let j = 0; j < k; j++) [b[c * k + j], b[best * k + j]] = [b[best * k + j], b[c * k + j]];
    }
    const pivot = pivots[c] = a[c * n + c];
    if (pivot === 0) continue;
    for (let i = c + 1; i < n; i++) {
      const factor = a[i * n + c] / pivot;
      if (factor === 0) continue;
      for (let j = c; j < n; j++) a[i * n + j] -= factor * a[c * n + j];
      for (let j = 0; j < k; j++) b[i * k + j] -= factor * b[c * k + j];
    }
  }
  return [sign, pivots];
}

function solve_square(a, n, b, k) {
  const pivots = eliminated(a, n, b, k)[1];
  for (let i = 0; i < n; i++) {
    if (pivots[i] === 0 || pivots[i] !== pivots[i]) throw new RangeError("The matrix is not invertible.");
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = 0; j < k; j++) {
      let rest = b[i * k + j];
      for (let c = i + 1; c < n; c++) rest -= a[i * n + c] * b[c * k + j];
      b[i * k + j] = rest / a[i * n + i];
    }
  }
  return b;
}

function matrix_solve(x, at, n, transposed, rhs, from, k, y) {
  const b = Float64Array.from(rhs.subarray(from, from + n * k));
  y.set(solve_square(square_at(x, at, n, transposed), n, b, k), from);
}

function matrix_inverse(x, at, n, transposed, y) {
  const b = new Float64Array(n * n);
  for (let i = 0; i < n; i++) b[i * n + i] = 1;
  y.set(solve_square(square_at(x, at, n, transposed), n, b, n), at);
}

function determinant(x, at, n) {
  const [sign, pivots] = eliminated(square_at(x, at, n, false), n, [], 0);
  return pivots.reduce((total, pivot) => total * pivot, sign);
}

function log_determinant(x, at, n) {
  const [sign, pivots] = eliminated(square_at(x, at, n, false), n, [], 0);
  let s = sign, logarithm = 0;
  for (const pivot of pivots) {
    s *= Math.sign(pivot);
    logarithm += Math.log(Math.abs(pivot));
  }
  return [s, logarithm];
}

function triangular_solve(x, at, n, transposed, lower, rhs, from, k, y, to) {
  const b = new Float64Array(n * k);
  for (let p = 0; p < n; p++) {
    const i = lower ? p : n - 1 - p;
    for (let j = 0; j < k; j++) {
      let rest = rhs[from + i * k + j];
      for (let q = 0; q < p; q++) {
        const c = lower ? q : n - 1 - q;
        rest -= x[at + (transposed ? c * n + i : i * n + c)] * b[c * k + j];
      }
      b[i * k + j] = rest / x[at + i * n + i];
    }
  }
  y.set(b, to);
}

function square_product(a, b, n) {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j < n; j++) c[i * n + j] += factor * b[k * n + j];
    }
  }
  return c;
}

const PADE = [64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
  670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1];

function matrix_exponential(x, at, n, y) {
  let a = square_at(x, at, n, false), norm = 0;
  for (let j = 0; j < n; j++) {
    let column = 0;
    for (let i = 0; i < n; i++) column += Math.abs(a[i * n + j]);
    norm = column > norm || column !== column ? column : norm;
  }
  const steps = norm < Infinity ? Math.max(Math.ceil(Math.log2(Math.max(norm, 1e-300) / 5.37)), 0) : 0;
  a = a.map((v) => v / 2 ** steps);
  const a2 = square_product(a, a, n), a4 = square_product(a2, a2, n), a6 = square_product(a4, a2, n);
  const half = (k) => {
    const high = a6.map((v, i) => PADE[12 + k] * v + PADE[10 + k] * a4[i] + PADE[8 + k] * a2[i]);
    const one = (i) => (i % (n + 1) === 0 ? PADE[k] : 0);
    return square_product(a6, high, n).map(
      (v, i) => v + PADE[6 + k] * a6[i] + PADE[4 + k] * a4[i] + PADE[2 + k] * a2[i] + one(i));
  };
  const u = square_product(a, half(1), n), even = half(0);
  if (!u.every((v) => Math.abs(v) < Infinity)) {
    y.fill(NaN, at, at + n * n);
    return;
  }
  let z = solve_square(even.map((v, i) => v - u[i]), n, even.map((v, i) => v + u[i]), n);
  for (let k = 0; k < steps; k++) z = square_product(z, z, n);
  y.set(z, at);
}
