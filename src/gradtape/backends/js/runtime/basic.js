function unpacked(text, Kind) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

function taken(x, Kind, size, name) {
  if (x === undefined || x.length !== size) {
    throw new RangeError(`Expected ${size} numbers for ${name}. Received: ${x === undefined ? x : x.length}`);
  }
  return x instanceof Kind ? x : Kind.from(x, Number);
}

function views(array, start, stop) {
  return Array.from({ length: stop - start }, (_, k) => array.subarray(start + k, start + k + 1));
}

function rint(x) {
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

function power(x, y) {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return Math.pow(x, y);
}

function to_int32(x) {
  return x > -2147483649 && x < 2147483648 ? x | 0 : -2147483648;
}

function to_uint32(x) {
  return Math.abs(x) < 9223372036854775808 ? x >>> 0 : 0;
}

function to_int64(x) {
  return Math.abs(x) < 9223372036854775808 ? Math.trunc(x) + 0 : -9223372036854775808;
}

function to_uint64(x) {
  if (Math.abs(x) < 9223372036854775808) return x <= -1 ? Math.trunc(x) + 18446744073709551616 : Math.trunc(x) + 0;
  return x > 0 && x < 18446744073709551616 ? x : x > 0 ? 0 : 9223372036854775808;
}

function nextafter(x, y, bits) {
  if (x !== x || y !== y) return x + y;
  if (x === y) return y;
  const least = bits === 32 ? 1.401298464324817e-45 : 5e-324;
  if (x === 0) return y > 0 ? least : -least;
  const up = x < y === x > 0;
  if (bits === 32) {
    const one = new Float32Array([x]), word = new Int32Array(one.buffer);
    word[0] += up ? 1 : -1;
    return one[0];
  }
  const one = new Float64Array([x]), word = new BigInt64Array(one.buffer);
  word[0] += up ? 1n : -1n;
  return one[0];
}

function place_in(i, n) {
  if (!(i >= 0 && i < n)) throw new RangeError(`index ${i} is not in [0, ${n})`);
  return i;
}

function bitcast(x, Raw, Read, y) {
  const raw = Raw.from(x, Raw.name.startsWith("Big") ? BigInt : Number), read = new Read(raw.buffer);
  for (let i = 0; i < y.length; i++) y[i] = Number(read[i]);
}
