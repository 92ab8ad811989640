// Everything works in a browser that runs no JavaScript.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { add, assertCounts, assertMarked, assertNotice, assertTyped, choose, entry, press, titles, type } from './support/tasks.js';

const noScripts = { javaScriptEnabled: false };

scenario('from the first task to an empty list without JavaScript', async ({ open }) => {
  const page = await open(noScripts);
  await page.visit('/');
  await page.follow(() => choose(page, 'Open your tasks'));
  await add(page, 'Bread', 'rye\nor wheat');
  await add(page, 'Salt');
  assert.equal(await entry(page, 'Bread').locator('.text').innerText(), 'rye\nor wheat');

  await page.follow(() => choose(entry(page, 'Salt'), /^Edit/));
  await assertTyped(page, 'Salt', '');
  await type(page, 'Sea salt', 'coarse');
  await page.follow(() => press(page, 'Save'));
  await assertNotice(page, 'Changes saved.');

  await page.follow(() => press(entry(page, 'Bread'), /^Done/));
  await assertCounts(page, 2, 1, 1);
  await page.follow(() => choose(page.getByRole('navigation', { name: 'Filter' }), 'Completed'));
  assert.deepEqual(await titles(page), ['Bread']);
  await page.follow(() => press(entry(page, 'Bread'), /^Undo/));
  await assertCounts(page, 2, 2, 0);
  await page.follow(() => choose(page.getByRole('navigation', { name: 'Filter' }), 'All'));
  await page.follow(() => press(entry(page, 'Bread'), /^Done/));

  await page.locator('summary').click();
  await page.follow(() => page.locator('.confirm button').click());
  await assertNotice(page, '1 completed task deleted.');
  await page.follow(() => press(entry(page, 'Sea salt'), /^Delete/));
  await assertNotice(page, 'Task deleted.');
  await assertCounts(page, 0, 0, 0);
});

scenario('bad input comes back without JavaScript', async ({ open }) => {
  const page = await open(noScripts);
  await page.visit('/tasks');
  await type(page, 'x'.repeat(201), 'kept');
  await page.follow(() => press(page, 'Add task'), 422);
  await assertTyped(page, 'x'.repeat(201), 'kept');
  await assertMarked(page, 'Title', /200/);
});

scenario('two editors are told of each other without JavaScript', async ({ open }) => {
  const [ada, bob] = [await open(noScripts), await open(noScripts)];
  await ada.visit('/tasks');
  await add(ada, 'Ours');
  await bob.visit('/tasks');
  for (const page of [ada, bob]) {
    await page.follow(() => choose(entry(page, 'Ours'), /^Edit/));
  }
  await type(ada, 'Hers');
  await ada.follow(() => press(ada, 'Save'));
  await type(bob, 'His');
  await bob.follow(() => press(bob, 'Save'), 409);
  await assertTyped(bob, 'His', '');
  assert.ok(await bob.getByRole('heading', { name: 'Hers' }).isVisible());
});

scenario('the pages have no script to run', async ({ open }) => {
  const page = await open();
  for (const path of ['/', '/tasks']) {
    const response = await page.visit(path);
    assert.match(response.headers()['content-security-policy'], /^default-src 'none';/);
    assert.equal(await page.locator('script, [onclick], [style]').count(), 0);
  }
});
