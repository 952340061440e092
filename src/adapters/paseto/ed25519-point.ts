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
  // x² = (y² - 1) / (d y² + 1), and a fraction is a square exactly if numerator times denominator is.
  return isSquare(mod((y2 - 1n) * (D * y2 + 1n))) && !hasSmallOrder(y2);
}

/**
 * Whether eight times the point is the neutral one, (0, 1). Order 1 and 2 have y = ±1, order 4 has y = 0, and order 8 is
 * what doubles to y = 0: there x² = -y², which makes the curve's equation d y⁴ + 2 y² - 1 = 0.
 */
const hasSmallOrder = (y2: bigint): boolean =>
  y2 === 1n || y2 === 0n || mod(D * y2 * y2 + 2n * y2 - 1n) === 0n;

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
