function exact64(whole, signed) {
  return Number(signed ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole));
}

function whole64(x, signed) {
  if (Math.abs(x) <= 9007199254740992 && (signed || x >= 0)) return x;
  return exact64(BigInt(x), signed);
}

function add64(x, y, signed) {
  const r = x + y;
  return Math.abs(r) <= 9007199254740992 && (signed || r >= 0) ? r : exact64(BigInt(x) + BigInt(y), signed);
}

function sub64(x, y, signed) {
  const r = x - y;
  return Math.abs(r) <= 9007199254740992 && (signed || r >= 0) ? r : exact64(BigInt(x) - BigInt(y), signed);
}

function mul64(x, y, signed) {
  const r = x * y;
  return Math.abs(r) <= 9007199254740992 ? r + 0 : exact64(BigInt(x) * BigInt(y), signed);
}

function div64(x, y, signed) {
  return exact64(BigInt(x) / BigInt(y), signed);
}

function and64(x, y, signed) {
  return exact64(BigInt(x) & BigInt(y), signed);
}

function or64(x, y, signed) {
  return exact64(BigInt(x) | BigInt(y), signed);
}

function xor64(x, y, signed) {
  return exact64(BigInt(x) ^ BigInt(y), signed);
}

function left64(x, n, signed) {
  return exact64(BigInt(x) << BigInt(n), signed);
}

function right64(x, n, signed) {
  return exact64(BigInt(x) >> BigInt(n), signed);
}

function floor_quotient(x, y) {
  if (y === 0) throw new RangeError("Integer division by zero: every divisor must differ from 0.");
  return Math.floor(x / y) + 0;
}

function floor_remainder(x, y) {
  if (y === 0) throw new RangeError("Integer division by zero: every divisor must differ from 0.");
  const r = x % y;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r + 0;
}

function whole_quotient(x, y) {
  if (y === 0) throw new RangeError("Integer division by zero: every divisor must differ from 0.");
  return Math.trunc(x / y) + 0;
}

function whole_remainder(x, y) {
  if (y === 0) throw new RangeError("Integer division by zero: every divisor must differ from 0.");
  return x % y + 0;
}

function whole_power(x, y, bits, signed) {
  if (y < 0) throw new RangeError("Integers to negative integer powers are not allowed: cast to a float first.");
  let total = 1n, base = BigInt(x);
  for (let n = BigInt(y); n > 0n; n >>= 1n) {
    if (n & 1n) total = BigInt.asUintN(64, total * base);
    base = BigInt.asUintN(64, base * base);
  }
  return Number(signed ? BigInt.asIntN(bits, total) : BigInt.asUintN(bits, total));
}
