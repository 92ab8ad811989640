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
  { title: 'Renew the library card', completed: true },
  { title: 'Reply to Noor about the summer house', description: 'She needs to know before Sunday.' },
  { title: 'Buy bread and coffee', completed: true },
  { title: 'Book the train to Lyon', description: 'Out on Friday evening, back on Sunday.\nTwo seats by the window.' },
];

for (const [name, width, colorScheme] of [
  ['tasks-light', 1280, 'light'],
  ['tasks-dark', 1280, 'dark'],
  ['tasks-360', 360, 'light'],
]) {
  scenario(`the picture ${name}.png`, async ({ stack, open }) => {
    const path = fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url));
    const size = { width, height: 800 };
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

/** Makes the pictures of two days the same: runs in the page. */
function fixTimes() {
  for (const meta of document.querySelectorAll('.task .meta')) {
    meta.textContent = 'Added 3 Jun 2026, 09:30 UTC';
  }
}
