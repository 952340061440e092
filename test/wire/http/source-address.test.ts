import { BlockList } from 'node:net';
import { expect } from 'chai';
import { makeSourceAddress } from '../../../src/wire/http/source-address.js';

const proxies = new BlockList();
proxies.addSubnet('10.0.0.0', 8, 'ipv4');
proxies.addAddress('fd00::1', 'ipv6');

describe('the source address of an HTTP call', () => {
  const sourceAddress = makeSourceAddress(proxies);

  it('is the connection’s, whatever X-Forwarded-For says, where no proxy is trusted', () => {
    expect(makeSourceAddress(undefined)('192.0.2.7', '198.51.100.1')).to.equal('192.0.2.7');
  });

  it('is the connection’s, where that is no trusted proxy', () => {
    expect(sourceAddress('192.0.2.7', '198.51.100.1')).to.equal('192.0.2.7');
  });

  it('is what the trusted proxy wrote, and never what the caller wrote before it', () => {
    expect(sourceAddress('10.1.1.1', '127.0.0.1, 198.51.100.1')).to.equal('198.51.100.1');
  });

  it('goes through a chain of trusted proxies', () => {
    expect(sourceAddress('fd00::1', '203.0.113.9, 198.51.100.1, 10.2.2.2')).to.equal('198.51.100.1');
  });

  it('stops at what is no address', () => {
    for (const claim of ['unknown', '', 'a, ,', '198.51.100.1 evil', '<script>']) {
      expect(sourceAddress('10.1.1.1', claim), claim).to.equal('10.1.1.1');
    }
  });

  it('reads addresses with ports, and IPv4 in an IPv6 coat', () => {
    expect(sourceAddress('::ffff:10.1.1.1', '198.51.100.1:4711')).to.equal('198.51.100.1');
    expect(sourceAddress('10.1.1.1', '[2001:db8::7]:4711')).to.equal('2001:db8::7');
    expect(sourceAddress('::ffff:192.0.2.7', undefined)).to.equal('192.0.2.7');
  });
});
