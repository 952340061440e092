/**
 * Writes the README's table of settings anew from src/config/settings.ts.
 *
 * Usage: npm run readme:settings
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS, type Setting } from '../src/config/settings.js';

const README = new URL('../README.md', import.meta.url);
const HEAD = '| variable | meaning | default |\n|---|---|---|\n';

const rows = Object.entries(SETTINGS).map(([name, setting]: [string, Setting]) => {
  const fallback = setting.fallback === undefined ? (setting.fallbackNote ?? '') : `\`${setting.fallback}\``;
  return `| \`${name}\`${setting.secret ? ' ¹' : ''} | ${setting.meaning} | ${fallback} |\n`;
});

const text = readFileSync(README, 'utf8');
const start = text.indexOf(HEAD) + HEAD.length;
const end = text.indexOf('\n\n', start) + 1;
writeFileSync(README, text.slice(0, start) + rows.join('') + text.slice(end));
