// The list: done and undone, filters and their counts, older pages, deleting.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { seed } from './support/stack.js';
import { add, assertCounts, assertNotice, choose, entry, press, titles, type } from './support/tasks.js';

scenario('a task is done, and undone', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Walk' }, { title: 'Rest' }]);
  const page = await open();
  await page.visit('/tasks');
  await page.follow(() => press(entry(page, 'Walk'), 'Done: Walk'));
  await assertNotice(page, 'Marked as done.');
  await assertCounts(page, 2, 1, 1);
  assert.match(await lineThrough(page, 'Walk'), /line-through/);
  await page.follow(() => page.reload());
  await assertCounts(page, 2, 1, 1);
  await page.follow(() => press(entry(page, 'Walk'), 'Undo: Walk'));
  await assertNotice(page, 'Marked as not done.');
  await assertCounts(page, 2, 2, 0);
  assert.match(await lineThrough(page, 'Walk'), /none/);
});

function lineThrough(page, title) {
  return entry(page, title).getByRole('heading').evaluate((heading) => getComputedStyle(heading).textDecorationLine);
}

scenario('two people who tick one task off agree', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Walk' }]);
  const pages = [await open(), await open()];
  for (const page of pages) {
    await page.visit('/tasks');
  }
  for (const page of pages) {
    await page.follow(() => press(entry(page, 'Walk'), 'Done: Walk'));
    await assertCounts(page, 1, 0, 1);
  }
});

scenario('filters show their part, count it, and stay', async ({ stack, open }) => {
  await seed(stack, [{ title: 'A' }, { title: 'B', completed: true }, { title: 'C' }]);
  const page = await open();
  await page.visit('/tasks');
  for (const [tab, expected] of [
    ['Active', ['C', 'A']],
    ['Completed', ['B']],
    ['All', ['C', 'B', 'A']],
  ]) {
    await page.follow(() => choose(page.getByRole('navigation', { name: 'Filter' }), tab));
    assert.deepEqual(await titles(page), expected);
    await assertCounts(page, 3, 2, 1);
    const current = page.getByRole('navigation', { name: 'Filter' }).locator('[aria-current=page]');
    assert.match(await current.innerText(), new RegExp(`^${tab}`));
    assert.ok((await page.title()).includes('Tasks'));
  }
  await page.follow(() => choose(page.getByRole('navigation', { name: 'Filter' }), 'Active'));
  await page.follow(() => press(entry(page, 'A'), 'Done: A'));
  assert.deepEqual(await titles(page), ['C']);
  await assertCounts(page, 3, 1, 2);
});

scenario('each filter has something to say when it is empty', async ({ open }) => {
  const page = await open();
  const said = new Set();
  for (const show of ['all', 'active', 'completed']) {
    await page.visit(`/tasks?show=${show}`);
    assert.deepEqual(await titles(page), []);
    said.add(await page.locator('.empty').innerText());
  }
  await page.visit('/tasks');
  await add(page, 'Only one');
  await page.follow(() => press(entry(page, 'Only one'), 'Done: Only one'));
  await page.follow(() => choose(page.getByRole('navigation', { name: 'Filter' }), 'Active'));
  said.add(await page.locator('.empty').innerText());
  assert.equal(said.size, 4);
});

scenario('beyond 100 tasks, older ones are a page away', async ({ stack, open }) => {
  const names = Array.from({ length: 105 }, (_, index) => `Task ${index + 1}`);
  await seed(stack, names.map((title) => ({ title })));
  const page = await open();
  await page.visit('/tasks?show=active');
  assert.deepEqual(await titles(page), names.slice(5).reverse());
  await page.follow(() => choose(page, 'Older tasks'));
  assert.deepEqual(await titles(page), names.slice(0, 5).reverse());
  await assertCounts(page, 105, 105, 0);
  assert.equal(await page.getByRole('link', { name: 'Older tasks' }).count(), 0);
  assert.deepEqual(await page.evaluate(movedByWhatFollows), []);
  await page.follow(() => page.reload());

  // Whatever is done there ends there.
  await page.follow(() => choose(entry(page, 'Task 3'), /^Edit/));
  await type(page, 'Task three');
  await page.follow(() => press(page, 'Save'));
  await page.follow(() => press(entry(page, 'Task 2'), /^Delete/));
  await page.follow(() => press(entry(page, 'Task 1'), /^Done/));
  assert.deepEqual(await titles(page), ['Task 5', 'Task 4', 'Task three']);
  await page.follow(() => choose(page, 'Back to the newest'));
  assert.equal((await titles(page)).length, 100);
});

scenario('a task is deleted', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Stay' }, { title: 'Go' }]);
  const page = await open();
  await page.visit('/tasks?show=active');
  await page.follow(() => press(entry(page, 'Go'), /^Delete/));
  await assertNotice(page, 'Task deleted.');
  assert.deepEqual(await titles(page), ['Stay']);
  await assertCounts(page, 1, 1, 0);
  assert.equal(new URL(page.url()).searchParams.get('show'), 'active');
});

scenario('what is gone already can be deleted, done and edited without an error', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Go' }]);
  const [page, other] = [await open(), await open()];
  await page.visit('/tasks');
  await other.visit('/tasks');
  await page.follow(() => press(entry(page, 'Go'), /^Delete/));
  await other.follow(() => press(entry(other, 'Go'), /^Delete/));
  await assertNotice(other, 'That task was already deleted.');

  await seed(stack, [{ title: 'Went' }]);
  await page.visit('/tasks');
  await other.visit('/tasks');
  await page.follow(() => press(entry(page, 'Went'), /^Delete/));
  await other.follow(() => press(entry(other, 'Went'), /^Done/));
  await assertNotice(other, 'That task was already deleted.');

  await seed(stack, [{ title: 'Gone' }]);
  await page.visit('/tasks');
  await other.visit('/tasks');
  await page.follow(() => press(entry(page, 'Gone'), /^Delete/));
  await other.follow(() => choose(entry(other, 'Gone'), /^Edit/), 404);
  assert.equal(await other.getByRole('heading', { level: 1 }).innerText(), 'There is no such task');
});

scenario('on an old page, Delete asks before it takes away what somebody else has written', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Mine' }]);
  const [page, other] = [await open(), await open()];
  await page.visit('/tasks');
  await other.visit('/tasks');
  await other.follow(() => choose(entry(other, 'Mine'), /^Edit/));
  await type(other, 'Theirs', 'their text');
  await other.follow(() => press(other, 'Save'));
  await page.follow(() => press(entry(page, 'Mine'), /^Delete/), 409);
  assert.ok(await page.getByText('their text').isVisible());
  await page.follow(() => choose(page, 'Keep it'));
  assert.deepEqual(await titles(page), ['Theirs']);
  await page.follow(() => press(entry(page, 'Theirs'), /^Delete/));
  await assertNotice(page, 'Task deleted.');
});

scenario('a done task has a mark on paper, too', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Over', completed: true }, { title: 'Still to do' }]);
  const page = await open({ mayShift: true });
  await page.visit('/tasks');
  await page.emulateMedia({ media: 'print' });
  // Browsers print no backgrounds: what is seen are the borders.
  const mark = (title) =>
    entry(page, title).locator('.check').evaluate((check) => {
      const { opacity, borderRightColor } = getComputedStyle(check, '::after');
      return { opacity, isDark: borderRightColor === getComputedStyle(check).color };
    });
  assert.deepEqual(await mark('Over'), { opacity: '1', isDark: true });
  assert.equal((await mark('Still to do')).opacity, '0');
  assert.ok(await entry(page, 'Over').getByRole('heading').isVisible());
  assert.ok(!(await entry(page, 'Over').getByRole('link', { name: /^Edit/ }).isVisible()));
});

scenario('completed tasks are cleared together, after a question', async ({ stack, open }) => {
  await seed(stack, [{ title: 'A', completed: true }, { title: 'B' }, { title: 'C', completed: true }]);
  const page = await open();
  await page.visit('/tasks?show=completed');
  const confirm = page.locator('.confirm button');
  assert.ok(!(await confirm.isVisible()));
  await page.locator('summary').click();
  assert.ok(await page.getByText('This deletes 2 completed tasks for good.').isVisible());
  await page.follow(() => confirm.click());
  await assertNotice(page, '2 completed tasks deleted.');
  await assertCounts(page, 1, 1, 0);
  assert.deepEqual(await titles(page), []);
  await page.follow(() => choose(page.getByRole('navigation', { name: 'Filter' }), 'All'));
  assert.deepEqual(await titles(page), ['B']);
  assert.equal(await page.locator('summary').count(), 0);
});

for (const width of [1280, 360]) {
  scenario(`at ${width} px nothing moves while the rest of the page arrives`, async ({ stack, open }) => {
    await seed(stack, [
      { title: 'Buy milk', description: 'Two bottles.', completed: true },
      { title: 'A title that is long enough to need the second line of a telephone' },
    ]);
    const page = await open({ viewport: { width, height: 800 } });
    await page.visit('/tasks');
    assert.deepEqual(await page.evaluate(movedByWhatFollows), []);
  });
}

/**
 * Takes the page apart from its end, as if that had not arrived yet, and says what that moves: runs in the page. A parser
 * may rest, and what it has be painted, between an element and its text.
 */
function movedByWhatFollows() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) {
    nodes.push(walker.currentNode);
  }
  const elements = nodes.filter((node) => node instanceof Element);
  const places = () => elements.map((element) => element.getBoundingClientRect());
  const before = places();
  const moved = new Set();
  while (nodes.length > 0) {
    nodes.pop().remove();
    places().forEach(({ x, y, width, height }, index) => {
      const seen = width * height > 0 && elements[index].checkVisibility();
      if (seen && (x !== before[index].x || y !== before[index].y)) {
        moved.add(elements[index].outerHTML.slice(0, 80));
      }
    });
  }
  return [...moved];
}
