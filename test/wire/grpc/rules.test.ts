import { Server } from '@grpc/grpc-js';
import { expect } from 'chai';
import { RPC_RULES } from '../../../src/domain/permission.js';
import { AuditServiceService } from '../../../src/wire/gen/countersign/v1/audit_service.js';
import { ClientServiceService } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../../../src/wire/gen/countersign/v1/key_service.js';
import { TokenServiceService } from '../../../src/wire/gen/countersign/v1/token_service.js';
import { OpenStreams } from '../../../src/wire/grpc/open-streams.js';
import { registerService } from '../../../src/wire/grpc/register-service.js';
import { makeTakeIn, peerAddress } from '../../../src/wire/grpc/take-in.js';
import { type AnyMethod, ask, basic, type Door, openDoor, raw } from './door.js';

const SERVICES = [TokenServiceService, ClientServiceService, KeyServiceService, AuditServiceService];
const METHODS = SERVICES.flatMap((definition) => Object.values(definition)) as readonly {
  readonly path: string;
  readonly responseStream: boolean;
}[];
const rpcOf = ({ path }: { readonly path: string }): string => path.split('/')[2] ?? '';

describe('the rules of the RPCs', () => {
  it('are one for each RPC that the services define, and for nothing else', () => {
    expect(METHODS.map(rpcOf).sort()).to.deep.equal(Object.keys(RPC_RULES).sort());
  });

  describe('at the door', () => {
    let door: Door;
    before(async () => {
      door = await openDoor();
    });
    after(() => door.close());

    for (const method of METHODS) {
      const rpc = rpcOf(method) as keyof typeof RPC_RULES;
      const rule = RPC_RULES[rpc];
      const call = (metadata?: ReturnType<typeof basic>) =>
        ask(door.client, raw(method as unknown as AnyMethod<never, unknown>), Buffer.alloc(0), metadata);

      if (rule === 'open') {
        it(`let anybody call ${rpc}`, async () => {
          expect((await call()).status).to.be.oneOf(['OK', 'UNAUTHENTICATED']);
        });
        continue;
      }
      it(`let nobody call ${rpc} who does not say who they are`, async () => {
        expect((await call()).error).to.equal('invalid_client');
        expect((await call(basic({ clientId: 'nobody', secret: 'x' }))).error).to.equal('invalid_client');
      });
      if (rule === 'authenticated') continue;
      it(`let nobody call ${rpc} with every permission but ${rule}`, async () => {
        const others = new Set<string>(
          Object.values(RPC_RULES).filter((other) => other.startsWith('countersign:')),
        );
        others.delete(rule);
        const almost = await door.service.register(`almost-${rpc}`, {
          allowedScopes: [...others],
          defaultScopes: [],
        });
        const { error, details } = await call(basic(almost));
        expect(error).to.equal('insufficient_scope');
        expect(details).to.include(rule);
      });
    }
  });

  const anyMethod = {
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: (value: Buffer) => value,
    requestDeserialize: (value: Buffer) => value,
    responseSerialize: (value: Buffer) => value,
    responseDeserialize: (value: Buffer) => value,
  };
  const register = (path: string, handlers: object): void =>
    registerService(new Server(), { it: { ...anyMethod, path } }, handlers as never, {
      takeIn: makeTakeIn(peerAddress),
      observer: { finished: () => undefined },
      callTimeoutMs: 1000,
      openStreams: new OpenStreams(),
    });

  it('let no RPC be served that has none', () => {
    expect(() => register('/x.Y/Unruled', { it: async () => Buffer.alloc(0) })).to.throw('no rule');
    expect(() => register('/x.Y/toString', { it: async () => Buffer.alloc(0) })).to.throw('no rule');
  });

  it('let no service be served with an RPC that nothing handles', () => {
    expect(() => register('/x.Y/GetClient', {})).to.throw('no handler');
    expect(() => register('/x.Y/GetClient', Object.create({ it: () => undefined }))).to.throw('no handler');
  });
});
