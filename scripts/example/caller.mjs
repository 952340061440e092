// A service that calls others: its tokens are fetched, kept fresh and attached by themselves.
// Usage: started by scripts/example/run.mjs, which sets the environment.
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { authorizingInterceptor, createTokenSource } from 'countersign/client';
import { protoDirectory } from 'countersign/verifier';

const { COUNTERSIGN_ADDRESS, CALLER_CLIENT_SECRET, ORDERS_ADDRESS } = process.env;

const tokens = createTokenSource({
  address: COUNTERSIGN_ADDRESS,
  clientId: 'shop',
  clientSecret: CALLER_CLIENT_SECRET,
  audience: 'https://orders.example',
});
const ownProto = fileURLToPath(new URL('orders.proto', import.meta.url));
const { OrdersService } = loadPackageDefinition(loadSync(ownProto, { includeDirs: [protoDirectory] })).example
  .orders.v1;
const orders = new OrdersService(ORDERS_ADDRESS, credentials.createInsecure(), {
  interceptors: [authorizingInterceptor(tokens)],
});

const call = (method, request) =>
  new Promise((resolve) => {
    orders[method](request, (err, response) => {
      resolve(err ? `refused: ${err.details} (${err.metadata.get('countersign-error')})` : response.answer);
    });
  });

console.log(`delete: ${await call('deleteOrders', {})}`);
for (let stopped = false; !stopped; await pause(250)) {
  const answer = await call('placeOrder', { item: 'teapot' });
  console.log(`order: ${answer}`);
  stopped = answer.startsWith('refused');
}
tokens.close();
orders.close();
