import { expect } from 'chai';
import { cursorOf, positionFromCursor, unfinishedCursorOf } from '../../../src/domain/feed-cursor.js';

describe('a cursor', () => {
  it('comes back as the position that it was made of', () => {
    for (const position of [
      { epoch: 'a', sequence: 0 },
      { epoch: '0123456789abcdefABCDEF'.repeat(2), sequence: 17 },
      { epoch: 'Z'.repeat(64), sequence: Number.MAX_SAFE_INTEGER },
    ]) {
      expect(positionFromCursor(cursorOf(position))).to.deep.equal(position);
    }
  });

  it('that is empty, or of an unfinished snapshot, asks for a snapshot', () => {
    expect(positionFromCursor('')).to.equal(undefined);
    expect(positionFromCursor(unfinishedCursorOf('abc'))).to.equal(undefined);
  });

  it('that no server ever sent is refused as a bad request', () => {
    for (const text of [
      'abc',
      ':',
      'abc:',
      ':1',
      'abc:-1',
      'abc:01',
      'abc:1.0',
      'abc:1e3',
      'abc: 1',
      'abc:1 ',
      ' abc:1',
      'abc:1\n',
      'a-b:1',
      'abc:1:2',
      'abc:٣',
      `${'a'.repeat(65)}:1`,
      'abc:9007199254740992',
      'abc:99999999999999999999',
    ]) {
      expect(() => positionFromCursor(text), JSON.stringify(text))
        .to.throw()
        .with.property('code', 'invalid_request');
    }
  });
});
