// Editing tasks, alone and together: nobody's text is lost.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { seed } from './support/stack.js';
import { assertMarked, assertNotice, assertTyped, choose, entry, press, titles, type } from './support/tasks.js';

/** Two people with the form for one task before them. */
async function twoEditors({ stack, open }) {
  await seed(stack, [{ title: 'Call Ada', description: 'at noon' }]);
  const pages = [await open(), await open()];
  for (const page of pages) {
    await page.visit('/tasks?show=active');
    await page.follow(() => choose(entry(page, 'Call Ada'), /^Edit/));
    await assertTyped(page, 'Call Ada', 'at noon');
  }
  return pages;
}

/** Both texts are there: mine to go on with, theirs to read. */
async function assertConflict(page, mine, theirs) {
  await assertTyped(page, ...mine);
  const saved = page.getByRole('region', { name: 'Saved version' });
  assert.equal(await saved.getByRole('heading', { level: 3 }).innerText(), theirs[0]);
  assert.equal(await saved.locator('.text').innerText(), theirs[1]);
}

scenario('a task is edited, and the person is where they were', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Old', description: '\nfirst\n\nlast ' }, { title: 'Other' }]);
  const page = await open();
  await page.visit('/tasks?show=active');
  await page.follow(() => choose(entry(page, 'Old'), /^Edit/));
  await assertTyped(page, 'Old', '\nfirst\n\nlast ');
  await type(page, 'New', 'line 1\nline 2');
  await page.follow(() => press(page, 'Save'));
  await assertNotice(page, 'Changes saved.');
  assert.equal(new URL(page.url()).searchParams.get('show'), 'active');
  assert.deepEqual(await titles(page), ['Other', 'New']);
  assert.equal(await entry(page, 'New').locator('.text').innerText(), 'line 1\nline 2');
});

scenario('a text that is opened and saved is not changed', async ({ stack, open }) => {
  const description = '\n\n  leading and trailing  \n\n';
  await seed(stack, [{ title: 'Same', description }]);
  const page = await open();
  await page.visit('/tasks');
  for (let round = 0; round < 2; round += 1) {
    await page.follow(() => choose(entry(page, 'Same'), /^Edit/));
    await assertTyped(page, 'Same', description);
    await page.follow(() => press(page, 'Save'));
  }
});

scenario('cancel changes nothing', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Same' }]);
  const page = await open();
  await page.visit('/tasks');
  await page.follow(() => choose(entry(page, 'Same'), /^Edit/));
  await type(page, 'Other');
  await page.follow(() => choose(page, 'Cancel'));
  assert.deepEqual(await titles(page), ['Same']);
});

scenario('bad input comes back as typed, and marked', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Same' }]);
  const page = await open();
  await page.visit('/tasks');
  await page.follow(() => choose(entry(page, 'Same'), /^Edit/));
  await type(page, 'Fine', 'not\u0001fine');
  await page.follow(() => press(page, 'Save'), 422);
  await assertTyped(page, 'Fine', 'not\u0001fine');
  await assertMarked(page, 'Description', /\w/);
  await type(page, 'Fine', 'now fine');
  await page.follow(() => press(page, 'Save'));
  assert.deepEqual(await titles(page), ['Fine']);
});

scenario('two editors: the second sees both texts and may save their own', async ({ stack, open }) => {
  const [ada, bob] = await twoEditors({ stack, open });
  await type(ada, 'Call Ada Lovelace', 'at one\nor two');
  await ada.follow(() => press(ada, 'Save'));
  await type(bob, 'Call Ada now', 'at once');
  await bob.follow(() => press(bob, 'Save'), 409);
  await assertConflict(bob, ['Call Ada now', 'at once'], ['Call Ada Lovelace', 'at one\nor two']);
  await bob.getByLabel('Description').fill('at once\nor one');
  await bob.follow(() => press(bob, 'Save my version'));
  assert.deepEqual(await titles(bob), ['Call Ada now']);
  assert.equal(await entry(bob, 'Call Ada now').locator('.text').innerText(), 'at once\nor one');
  assert.equal(new URL(bob.url()).searchParams.get('show'), 'active');
});

scenario('two editors: the second may keep what the first saved', async ({ stack, open }) => {
  const [ada, bob] = await twoEditors({ stack, open });
  await type(ada, 'Theirs', 'their text');
  await ada.follow(() => press(ada, 'Save'));
  await type(bob, 'Mine', 'my text');
  await bob.follow(() => press(bob, 'Save'), 409);
  await bob.follow(() => choose(bob, 'Keep the saved version'));
  assert.deepEqual(await titles(bob), ['Theirs']);
});

scenario('a conflict may meet another one', async ({ stack, open }) => {
  const [ada, bob] = await twoEditors({ stack, open });
  await type(ada, 'Ada 1', 'a');
  await ada.follow(() => press(ada, 'Save'));
  await type(bob, 'Bob', 'b');
  await bob.follow(() => press(bob, 'Save'), 409);
  await ada.follow(() => choose(entry(ada, 'Ada 1'), /^Edit/));
  await type(ada, 'Ada 2', 'aa');
  await ada.follow(() => press(ada, 'Save'));
  await bob.follow(() => press(bob, 'Save my version'), 409);
  await assertConflict(bob, ['Bob', 'b'], ['Ada 2', 'aa']);
  await bob.follow(() => press(bob, 'Save my version'));
  assert.deepEqual(await titles(bob), ['Bob']);
});

scenario('two editors who agree are not in conflict', async ({ stack, open }) => {
  for (const page of await twoEditors({ stack, open })) {
    await type(page, 'Same idea', 'of both');
    await page.follow(() => press(page, 'Save'));
    await assertNotice(page, 'Changes saved.');
  }
});

scenario('the text of a task that was deleted meanwhile can be added as a new one', async ({ stack, open }) => {
  const [ada, bob] = await twoEditors({ stack, open });
  await ada.follow(() => choose(ada, 'Cancel'));
  await ada.follow(() => press(entry(ada, 'Call Ada'), /^Delete/));
  await type(bob, 'Call Ada anyway', 'today\nor tomorrow');
  await bob.follow(() => press(bob, 'Save'), 409);
  await assertTyped(bob, 'Call Ada anyway', 'today\nor tomorrow');
  await bob.follow(() => press(bob, 'Add as a new task'));
  await assertNotice(bob, 'Task added.');
  assert.deepEqual(await titles(bob), ['Call Ada anyway']);
  assert.equal(new URL(bob.url()).searchParams.get('show'), 'active');
});

scenario('the text of a task that was deleted meanwhile can be left', async ({ stack, open }) => {
  const [ada, bob] = await twoEditors({ stack, open });
  await ada.follow(() => choose(ada, 'Cancel'));
  await ada.follow(() => press(entry(ada, 'Call Ada'), /^Delete/));
  await bob.follow(() => press(bob, 'Save'), 409);
  await bob.follow(() => choose(bob, 'Leave it'));
  assert.deepEqual(await titles(bob), []);
});
