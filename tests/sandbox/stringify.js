// stdin: one JSON string per line, the text to look at. stdout: per line JSON.stringify(JSON.parse(text)) as a JSON
// string, or null where JSON.parse refuses the text.
'use strict';
const lines = require('node:fs').readFileSync(0, 'utf8').trimEnd().split('\n');

function printed(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return null;
  }
}

process.stdout.write(lines.map((line) => JSON.stringify(printed(JSON.parse(line)))).join('\n'));
