// A service that others call: guarded by its own .proto, checking tokens in its own process.
// Usage: started by scripts/example/run.mjs, which sets the environment.
import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  createVerifier,
  exposeRepeatedAuthorization,
  grpcGuard,
  principalOf,
  protoDirectory,
  rulesFromPackageDefinition,
} from 'countersign/verifier';

const { COUNTERSIGN_ADDRESS, COUNTERSIGN_ISSUER, ORDERS_CLIENT_SECRET } = process.env;

const verifier = createVerifier({
  address: COUNTERSIGN_ADDRESS,
  issuer: COUNTERSIGN_ISSUER,
  audience: 'https://orders.example',
  credential: { clientId: 'orders', clientSecret: ORDERS_CLIENT_SECRET },
});
verifier.on('stale', () =>
  console.error('the feed of revocations is late: asking the service about each token'),
);
await verifier.ready(5000);

const ownProto = fileURLToPath(new URL('orders.proto', import.meta.url));
const definition = loadSync(ownProto, { includeDirs: [protoDirectory] });
const server = new Server({
  interceptors: [grpcGuard(verifier, { rules: rulesFromPackageDefinition(definition) })],
});
exposeRepeatedAuthorization(server);
server.addService(loadPackageDefinition(definition).example.orders.v1.OrdersService.service, {
  PlaceOrder: (call, done) => {
    const { clientId, tokenId } = principalOf(call);
    done(null, { answer: `one ${call.request.item} for ${clientId}, by token ${tokenId}` });
  },
  DeleteOrders: (_call, done) => done(null, { answer: 'never reached' }),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (err, port) => {
  if (err) throw err;
  console.log(`listening ${port}`);
});

process.once('SIGTERM', () => {
  verifier.close();
  server.forceShutdown();
});
