// Every kind of page, light and dark, wide and narrow: accessible, no sideways scrolling, targets one can hit, nothing
// that moves. LOOK_INTO=FOLDER also puts a picture of each there.

import assert from 'node:assert/strict';

import { assertGood } from './support/good_page.js';
import { scenario } from './support/scenario.js';
import { needsOwnServices, seed } from './support/stack.js';
import { choose, entry, press, type } from './support/tasks.js';

const STYLESHEET_BYTES = 11_000;

const TASKS = [
  { title: 'Book the train to Lyon', description: 'Window seat if possible.\n\n- outward: Friday evening\n- back: Sunday' },
  { title: 'W'.repeat(200), description: 'x'.repeat(2000), completed: true },
  { title: 'شراء الخبز والحليب', description: 'من المخبز الجديد\nwith an English line' },
  { title: '👩‍👩‍👧‍👦 Family trip' },
  { title: 'Return the library books', completed: true },
];

/** A kind of page, and how to get there. */
function kind(name, arrive, options) {
  scenario(`${name}: accessible, and fits`, async ({ stack, open }) => {
    const page = await open();
    await arrive(page, stack, open);
    await assertGood(page, name);
  }, options);
}

kind('home', (page) => page.visit('/'));

for (const show of ['all', 'active', 'completed']) {
  kind(`nothing in ${show}`, (page) => page.visit(`/tasks?show=${show}`));
}

kind('all done', async (page, stack) => {
  await seed(stack, [{ title: 'Over', completed: true }]);
  await page.visit('/tasks?show=active');
});

kind('list', async (page, stack) => {
  await seed(stack, TASKS);
  await page.visit('/tasks');
});

kind('list with a notice and the question', async (page, stack) => {
  await seed(stack, TASKS);
  await page.visit('/tasks');
  await page.follow(() => press(entry(page, '👩‍👩‍👧‍👦 Family trip'), /^Done/));
  await page.locator('summary').click();
});

kind('list with a notice that leads elsewhere', async (page, stack) => {
  await seed(stack, TASKS.slice(0, 2));
  await page.visit('/tasks?show=completed');
  await type(page, 'New');
  await page.follow(() => press(page, 'Add task'));
});

kind('older tasks', async (page, stack) => {
  await seed(stack, Array.from({ length: 103 }, (_, index) => ({ title: `Task ${index + 1}` })));
  await page.visit('/tasks');
  await page.follow(() => choose(page, 'Older tasks'));
});

kind('add with mistakes', async (page) => {
  await page.visit('/tasks');
  await type(page, 'x'.repeat(201), 'y'.repeat(4001));
  await page.follow(() => press(page, 'Add task'), 422);
});

kind('edit', async (page, stack) => {
  await seed(stack, TASKS.slice(0, 1));
  await page.visit('/tasks');
  await page.follow(() => choose(page, /^Edit/));
});

kind('edit with mistakes', async (page, stack) => {
  await seed(stack, TASKS.slice(0, 1));
  await page.visit('/tasks');
  await page.follow(() => choose(page, /^Edit/));
  await type(page, ' ', 'bell \u0007');
  await page.follow(() => press(page, 'Save'), 422);
});

kind('conflict', async (page, stack, open) => {
  await seed(stack, TASKS.slice(0, 1));
  const other = await open();
  for (const editor of [other, page]) {
    await editor.visit('/tasks');
    await editor.follow(() => choose(editor, /^Edit/));
  }
  await type(other, 'W'.repeat(200), `${'z'.repeat(60)}\n\nCouchette.`);
  await other.follow(() => press(other, 'Save'));
  await type(page, 'Book the train to Paris', 'First class');
  await page.follow(() => press(page, 'Save'), 409);
});

kind('deleted meanwhile', async (page, stack, open) => {
  await seed(stack, TASKS.slice(0, 1));
  await page.visit('/tasks');
  await page.follow(() => choose(page, /^Edit/));
  const other = await open();
  await other.visit('/tasks');
  await other.follow(() => press(other, /^Delete/));
  await page.follow(() => press(page, 'Save'), 409);
});

kind('delete what was changed meanwhile', async (page, stack, open) => {
  await seed(stack, TASKS.slice(0, 1));
  await page.visit('/tasks');
  const other = await open();
  await other.visit('/tasks');
  await other.follow(() => choose(other, /^Edit/));
  await type(other, 'W'.repeat(200), `${'z'.repeat(60)}\n\nCouchette.`);
  await other.follow(() => press(other, 'Save'));
  await page.follow(() => press(page, /^Delete/), 409);
});

kind('error page', (page) => page.visit('/nothing-here', 404));

kind('error page of another method', (page) => page.visit('/tasks/add', 405));

kind('list without the api', async (page, stack) => {
  await stack.stopApi();
  await page.visit('/tasks', 503);
}, { skip: needsOwnServices });

kind('add without the api', async (page, stack) => {
  await page.visit('/tasks');
  await stack.stopApi();
  await type(page, 'Buy a new fuse', 'ten amperes');
  await page.follow(() => press(page, 'Add task'), 503);
}, { skip: needsOwnServices });

kind('delete without the api', async (page, stack) => {
  await seed(stack, TASKS.slice(0, 1));
  await page.visit('/tasks');
  await stack.stopApi();
  await page.follow(() => press(page, /^Delete/), 503);
}, { skip: needsOwnServices });

scenario('the only stylesheet is small, and nothing else is loaded', async ({ stack, open }) => {
  await seed(stack, TASKS);
  const page = await open();
  const loaded = [];
  page.on('response', (response) => loaded.push(response));
  await page.visit('/tasks');
  const types = loaded.map((response) => response.request().resourceType());
  assert.deepEqual(types.filter((type) => !['document', 'stylesheet', 'image'].includes(type)), []);
  const sheets = loaded.filter((response) => response.request().resourceType() === 'stylesheet');
  assert.equal(sheets.length, 1);
  const { length } = await sheets[0].body();
  assert.ok(length < STYLESHEET_BYTES, `${length} bytes`);
  assert.match(sheets[0].headers()['cache-control'], /immutable/);
});
