import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRedactor, withoutCutWord } from '../../proxy/report/redact.ts';

const none = createRedactor([], false);
const redact = (text: string, own = '') => none.redact(Buffer.from(text), own).toString();

const PEM = [
  '-----BEGIN RSA PRIVATE KEY-----',
  'MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgHcTz6sE2I2yPB',
  '-----END RSA PRIVATE KEY-----',
].join('\n');

const SECRETS = [
  'sk-proj-abcDEF0123456789_-abcdef',
  'sk-ant-api03-Zz0123456789abcdefghij',
  'sk_live_51HabcDEF0123456789abc',
  'gsk_0123456789abcdefghijklmn',
  'xai-0123456789abcdefghijklmn',
  'AIzaSyD-0123456789abcdefghijklmnopqrstuv',
  'AKIAIOSFODNN7EXAMPLE',
  'ghp_0123456789abcdefghijABCDEFGHIJ012345',
  'gho_0123456789abcdefghijABCDEFGHIJ012345',
  'github_pat_11ABCDEFG0123456789_abcdefghij',
  'xoxb-123456789012-abcdefABCDEF',
  'xoxp-123456789012-abcdefABCDEF',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
];

test('known shapes of secrets are masked wherever they stand in JSON, and the JSON stays whole', () => {
  for (const secret of SECRETS) {
    const before = JSON.stringify({
      content: `a ${secret}, b\n${secret}`,
      [secret]: [secret],
      url: `?key=${secret}&x=1`,
    });
    const after = redact(before);
    assert.ok(!after.includes(secret.slice(8)), `${secret} is left in ${after}`);
    assert.equal(typeof JSON.parse(after), 'object');
    assert.match(after, /a \[redacted\], b/);
  }
});

test('bearer tokens are masked, their scheme stays', () => {
  assert.equal(redact('Authorization: Bearer abc.def-123=='), 'Authorization: Bearer [redacted]');
  assert.equal(redact('{"h":"bearer 0123456789abcdef"}'), '{"h":"bearer [redacted]"}');
});

test('private keys are masked, as text and inside JSON', () => {
  assert.ok(!redact(`here: ${PEM}`).includes('MIIE'));
  const json = redact(JSON.stringify({ key: PEM, after: 'kept' }));
  assert.deepEqual(JSON.parse(json), { key: '[redacted]', after: 'kept' });
  assert.ok(!redact(PEM.slice(0, 60)).includes('MIIE'), 'also without its end');
});

test('ordinary text is untouched and not copied', () => {
  const texts = [
    'a risk-based, task-oriented approach to desk-work and disk-drives; ask_me_anything_you_like',
    'The bearer of this letter, Bearer bonds, eyJ, AIza, xox, -----BEGIN CERTIFICATE-----',
    '{"id":"chatcmpl-9f8e7d6c5b4a39281706","created":1763800000,"usage":{"prompt_tokens":12}}',
    'Grüße aus München 🎉 \u0000\u0001 日本語',
    '',
  ];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    assert.equal(none.redact(bytes, ''), bytes);
  }
});

test('bytes that are not text survive next to a secret', () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x80, 0]), Buffer.from(SECRETS[0] ?? ''), Buffer.from([0xc3])]);
  const after = none.redact(bytes, '');
  assert.deepEqual([...after.subarray(0, 4)], [0xff, 0xfe, 0x80, 0]);
  assert.equal(after.at(-1), 0xc3);
  assert.ok(after.includes('[redacted]'));
});

test('literal secrets of the config are masked: plain, in URLs, in JSON, in Base64 at any alignment', () => {
  const secret = 'my "own" pässword/1';
  const redactor = createRedactor([secret, 'search-team-key-1'], false);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret),
    ...['', 'u', 'us'].map((user) => Buffer.from(`${user}:${secret}`).toString('base64')),
    'x search-team-key-1 y',
    'xsearch-team-key-1search-team-key-1',
  ];
  for (const form of forms) {
    const after = redactor.redact(Buffer.from(`before ${form} after`), '').toString();
    assert.match(after, /^before .*\[redacted\].* after$/, form);
    assert.ok(!after.includes('ssword') && !after.includes('team-key'), after);
  }
  assert.equal(createRedactor(['', 'ollama'], false).redact(Buffer.from('ollama'), '').toString(), 'ollama');
});

test("the caller's own credential is masked whatever it looks like", () => {
  assert.equal(redact('key: correct horse battery', 'correct horse battery'), 'key: [redacted]');
  assert.equal(redact('say test', 'test'), 'say test');
});

test('personal data is masked only where that is asked for', () => {
  const personal = createRedactor([], true);
  const mask = (text: string) => personal.redact(Buffer.from(text), '').toString();
  assert.equal(mask('write to jane.doe+x@mail.example.co.uk now'), 'write to [email] now');
  assert.equal(
    mask('call +49 (0)30 1234-5678 or (212) 555-0123 or 212-555-0123.'),
    'call [phone] or [phone] or [phone].',
  );
  assert.equal(mask('card 4111 1111 1111 1111 or 5500-0000-0000-0004'), 'card [card] or [card]');
  assert.equal(mask('{"card":4111111111111111,"n":1}'), '{"card":0,"n":1}');
  assert.equal(mask('{"card": "4111111111111111"}'), '{"card": "[card]"}');
  const kept = [
    '{"created":1763800000,"ns":1763800000000000000,"id":"2024-01-15T10:00:00Z"}',
    'at 2024-01-15 10:00:00, order 123-45, 10.0.0.1:8080, 3.14159265358979, user @home',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    '4111 1111 1111 1112',
  ];
  for (const text of kept) assert.equal(mask(text), text);
  assert.equal(redact('jane@example.com'), 'jane@example.com');
  assert.equal(mask(`jane@example.com ${SECRETS[0]}`), '[email] [redacted]');
});

test('JSON stays JSON when a secret or an address follows an escape', () => {
  const personal = createRedactor([], true);
  const texts = [
    '\njane@example.com',
    '\\jane@example.com',
    '\rk-0123456789abcdef0123',
    '\r8_0123456789abcdef0123',
    '\u0001abcjane@example.com',
    `${PEM}" he said`,
    `${PEM}\\`,
    '\n4111 1111 1111 1111\n212-555-0123\n+49 30 12345678',
  ];
  for (const text of texts) {
    for (const json of [
      JSON.stringify({ text, after: 'kept' }),
      JSON.stringify({ inner: JSON.stringify({ text }), after: 'kept' }),
    ]) {
      const after = personal.redact(Buffer.from(json), '').toString();
      assert.equal(JSON.parse(after).after, 'kept', after);
      assert.ok(!/jane|0123456789abcdef|MIIE|4111|555|12345678/.test(after), after);
    }
  }
});

test('a body that was cut loses the word that the cut went through', () => {
  assert.equal(withoutCutWord(Buffer.from('{"a":"hello sk-proj-01234567')).toString(), '{"a":"hello ');
  assert.equal(withoutCutWord(Buffer.from('done ')).toString(), 'done ');
  const blob = Buffer.alloc(1000, 'A');
  assert.equal(withoutCutWord(blob).length, 744);
});

test('hostile text takes time in proportion to its length', () => {
  const redactor = createRedactor(['literal-secret-1', 'lllllllllllllllllllllx'], true);
  const units = [
    'sk-',
    'eyJ',
    'eyJhbGciOi.',
    '-----BEGIN PRIVATE KEY-----',
    'Bearer ',
    'xoxb-',
    'a@',
    'a.',
    '@a.a',
    '4 ',
    '+1',
    '41-',
    'lllllllllllll',
    'AKIA',
    '-----BEGIN ',
    'literal-secret-',
    '(',
    '1.',
    'a',
    '+49 ',
  ];
  const seconds = (text: string) => {
    const bytes = Buffer.from(text);
    const started = process.cpuUsage();
    redactor.redact(bytes, 'own-credential-of-the-caller');
    const used = process.cpuUsage(started);
    return (used.user + used.system) / 1e6;
  };
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(2_000_000 / unit.length));
    seconds(text.slice(0, 100_000));
    const spent = seconds(text);
    // Quadratic behaviour would take minutes; the promise is 50 ms a megabyte, the margin is for a busy machine.
    assert.ok(spent < 1.5, `2 MB of ${JSON.stringify(unit)} took ${spent.toFixed(2)} s`);
  }
});
