/**
 * The ceiling that IssueToken and IntrospectToken are measured against: a bare grpc-js server that does nothing but the
 * named work for each call and answers with a token-sized string. Says its port as a JSON line.
 *
 * Usage: tsx scripts/bench/ceiling-grpc.ts sign|verify|none
 */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  IssueTokenRequest,
  IssueTokenResponse,
  TokenServiceService,
} from '../../src/wire/gen/countersign/v1/token_service.js';

const work = process.argv[2] ?? 'sign';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** As long as what is signed for a usual token: claims, footer and the framing around them. */
const message = Buffer.alloc(480, 'm');
const signature = sign(null, message, privateKey);
const token = `v4.public.${'t'.repeat(640)}`;
const response = IssueTokenResponse.fromPartial({ accessToken: token });

const server = new Server({ 'grpc.max_concurrent_streams': 1000, 'grpc.enable_channelz': 0 });
server.addService(
  {
    issueToken: {
      ...TokenServiceService.issueToken,
      requestDeserialize: (bytes: Buffer) => IssueTokenRequest.decode(bytes),
    },
    introspectToken: TokenServiceService.introspectToken,
  },
  {
    issueToken: (_call: unknown, callback: (err: null, value: unknown) => void) => {
      if (work === 'sign') sign(null, message, privateKey, () => callback(null, response));
      else callback(null, response);
    },
    introspectToken: (_call: unknown, callback: (err: null, value: unknown) => void) => {
      const active = { active: true, clientId: 'bench', scopes: ['a'], tokenId: 'x' };
      if (work === 'verify') verify(null, message, publicKey, signature, () => callback(null, active));
      else callback(null, active);
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (err, port) => {
  if (err) throw err;
  console.log(JSON.stringify({ msg: 'listening', port }));
});
process.on('SIGTERM', () => process.exit(0));
