// The crowd against a Set, under random comings and goings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Crowd } from '../../proxy/crowd.ts';

test('a crowd holds what a Set holds, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20))), (steps) => {
      const members = Array.from({ length: 21 }, (_, id) => ({ id, seat: -1 }));
      const crowd = new Crowd<(typeof members)[number]>();
      const set = new Set<(typeof members)[number]>();
      for (const [comes, id] of steps) {
        const member = members[id];
        assert.ok(member);
        if (!comes) crowd.delete(member);
        else if (!set.has(member)) crowd.add(member);
        if (comes) set.add(member);
        else set.delete(member);
        assert.equal(crowd.size, set.size);
      }
      assert.deepEqual(new Set(crowd), set);
    }),
  );
});

test('members may leave while they are visited, and each is visited once', () => {
  const crowd = new Crowd<{ seat: number }>();
  const members = Array.from({ length: 10 }, () => ({ seat: -1 }));
  for (const member of members) crowd.add(member);
  const visited: unknown[] = [];
  for (const member of crowd) {
    visited.push(member);
    if (visited.length % 2 === 0) crowd.delete(member);
  }
  assert.equal(new Set(visited).size, 10);
  assert.equal(crowd.size, 5);
  crowd.clear();
  assert.equal(crowd.size, 0);
  assert.ok(members.every(({ seat }) => seat === -1));
});
