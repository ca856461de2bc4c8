// What JavaScript makes of what we write.
//   node canonical.js bodies KEY   stdin: one base64 body per line. stdout: per body its HMAC and "=" if
//                                  JSON.stringify(JSON.parse(body)) is the body again, else the base64 of what it is.
//   node canonical.js numbers      stdin: little-endian doubles, 8 bytes each. stdout: String(x) per line.
'use strict';
const { createHmac } = require('node:crypto');
const input = require('node:fs').readFileSync(0);

function body(line, key) {
  const text = Buffer.from(line, 'base64').toString('utf8');
  const again = JSON.stringify(JSON.parse(text));
  const signature = createHmac('sha256', key).update(again).digest('hex');
  const sent = Buffer.from(line, 'base64');
  return signature + ' ' + (Buffer.from(again).equals(sent) ? '=' : Buffer.from(again).toString('base64'));
}

function* bodies(key) {
  for (const line of input.toString('latin1').trimEnd().split('\n')) yield body(line, key);
}

function* numbers() {
  for (let at = 0; at < input.length; at += 8) yield String(input.readDoubleLE(at));
}

const [mode, key] = process.argv.slice(2);
process.stdout.write([...(mode === 'bodies' ? bodies(key) : numbers())].join('\n'));
