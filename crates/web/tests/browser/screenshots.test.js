// The pictures README shows. They are rewritten only with UPDATE_SCREENSHOTS=1, since fonts differ between machines;
// otherwise the tests see to it that each is there, has its size and is small.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { scenario } from './support/scenario.js';
import { seed } from './support/stack.js';

const MAX_BYTES = 150_000;

// The first one is the oldest.
const TASKS = [
  { title: 'Renew the lease of the printer', completed: true },
  { title: 'Collect ideas for the autumn fair', description: 'Whoever has one: add it here with Edit.' },
  { title: 'Water the plants by the window', completed: true },
  { title: 'Ask the landlord about the bicycle shed' },
  { title: 'Send Noor the figures for the yearly report', description: 'She needs them before the 20th.' },
  { title: 'Order badges for the two new colleagues', completed: true },
  { title: 'Repair the projector in the small room', description: 'It turns itself off after ten minutes.\nThe bill goes to facilities.' },
  { title: 'Write down how to close the office' },
  { title: 'Buy coffee, the dark one', completed: true },
  { title: 'Book the train to Lyon', description: 'Out on Friday evening, back on Sunday. Five seats.' },
];

for (const [name, width, height, colorScheme] of [
  ['tasks-light', 960, 1280, 'light'],
  ['tasks-dark', 960, 1280, 'dark'],
  ['tasks-360', 360, 1280, 'light'],
]) {
  scenario(`the picture ${name}.png`, async ({ stack, open }) => {
    const path = fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url));
    const size = { width, height };
    if (process.env.UPDATE_SCREENSHOTS === '1') {
      await seed(stack, TASKS);
      const page = await open({ colorScheme, viewport: size });
      await page.visit('/tasks');
      await page.evaluate(fixTimes);
      await page.screenshot({ path });
    }
    const picture = await readFile(path);
    // PNG, 11.2.1: width and height follow the signature and the head of the first chunk.
    assert.deepEqual({ width: picture.readUInt32BE(16), height: picture.readUInt32BE(20) }, size);
    assert.ok(picture.length < MAX_BYTES, `${picture.length} bytes`);
  });
}

/** Makes the pictures of two days the same: runs in the page. Each task was added a while before the one above it. */
function fixTimes() {
  const newest = Date.UTC(2026, 5, 12, 16, 40);
  document.querySelectorAll('.task .meta').forEach((meta, index) => {
    const added = new Date(newest - index * 43 * 60_000);
    const day = added.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
    meta.textContent = `Added ${day}, ${added.toISOString().slice(11, 16)} UTC`;
  });
}
