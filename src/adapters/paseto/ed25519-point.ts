/** The field's prime, 2^255 - 19, and the curve's constant d (RFC 8032 section 5.1). */
const P = 2n ** 255n - 19n;
const D = mod(-121665n * inverse(121666n));

/**
 * Whether 32 bytes encode a point of Ed25519 that is fit to be a public key: in its one canonical encoding, on the
 * curve, and not of small order.
 *
 * OpenSSL imports any 32 bytes. Under a point of small order a forged signature passes for any message, which is why
 * the PASETO implementation guide has such keys refused when they are read.
 */
export function isSoundEd25519Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false;
  // The top bit holds the sign of x. The only points with x = 0 have small order, so the sign needs no look of its own.
  const y = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  if (y >= P) return false;
  const y2 = mod(y * y);
  const numerator = mod(y2 - 1n);
  const denominator = mod(D * y2 + 1n);
  if (!isSquare(mod(numerator * denominator))) return false;
  return !hasSmallOrder(y, mod(numerator * inverse(denominator)));
}

/**
 * Whether doubling three times, for the cofactor 8, leads to the neutral point (0, 1). Doubling needs x only as its
 * square: y' = (y² + x²) / (2 - y² + x²), and x'² follows from y' by the curve's equation.
 */
function hasSmallOrder(y: bigint, x2: bigint): boolean {
  for (let doublings = 0; doublings < 3; doublings += 1) {
    const y2 = mod(y * y);
    y = mod((y2 + x2) * inverse(mod(2n - y2 + x2)));
    const next2 = mod(y * y);
    x2 = mod((next2 - 1n) * inverse(mod(D * next2 + 1n)));
  }
  return y === 1n;
}

function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function inverse(value: bigint): bigint {
  return power(mod(value), P - 2n);
}

function isSquare(value: bigint): boolean {
  return value === 0n || power(value, (P - 1n) / 2n) === 1n;
}
