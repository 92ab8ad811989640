// Everything can be reached and done with the keyboard alone, and one sees where one is.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { seed } from './support/stack.js';
import { add, assertCounts, assertNotice, titles } from './support/tasks.js';

/** The least width of the ring around what has the focus, in CSS pixels. */
const RING_PX = 2;

/** Presses Tab until the focus leaves the page; returns what had it, in order. */
async function tabThrough(page) {
  const stops = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(describeFocus);
    if (!stop) {
      return stops;
    }
    stops.push(stop);
    assert.ok(stops.length < 100, 'the focus is caught');
  }
}

/** Runs in the page. */
function describeFocus() {
  const element = document.activeElement;
  if (element === document.body) {
    return null;
  }
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name: (element.labels?.[0] ?? element).textContent.replace(/\s+/g, ' ').trim(),
    ring: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
    seen: element.contains(top) && box.left >= 0 && box.right <= innerWidth,
  };
}

function assertSeen(stops) {
  assert.deepEqual(stops.filter((stop) => stop.ring < RING_PX || !stop.seen), []);
}

scenario('the focus goes through the list in reading order, and is seen', async ({ stack, open }) => {
  await seed(stack, [{ title: 'First', completed: true }]);
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'Second');
  const stops = await tabThrough(page);
  assert.deepEqual(stops.map((stop) => stop.name), [
    'Skip to content',
    'Task Tracker',
    'Tasks',
    'Dismiss',
    'Title',
    'Description (optional)',
    'Add task',
    'All 2',
    'Active 1',
    'Completed 1',
    'Done: Second',
    'Edit: Second',
    'Delete: Second',
    'Undo: First',
    'Edit: First',
    'Delete: First',
    'Clear completed…',
  ]);
  assertSeen(stops);
});

scenario('the focus is seen on small screens, dark ones, and on the other pages', async ({ stack, open }) => {
  await seed(stack, Array.from({ length: 12 }, (_, index) => ({ title: `Task ${index}`, description: 'a\nb\nc' })));
  const page = await open({ viewport: { width: 320, height: 480 }, colorScheme: 'dark' });
  await page.visit('/tasks');
  await add(page, 'One more');
  const edit = await page.getByRole('link', { name: /^Edit/ }).first().getAttribute('href');
  assertSeen(await tabThrough(page));
  for (const [path, status] of [['/', 200], [edit, 200], ['/nothing-here', 404]]) {
    await page.visit(path, status);
    assertSeen(await tabThrough(page));
  }
});

scenario('the skip link leads past the top', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  const link = page.getByRole('link', { name: 'Skip to content' });
  assert.ok((await link.boundingBox()).x < 0);
  await page.keyboard.press('Tab');
  assert.ok((await link.boundingBox()).x >= 0);
  await page.keyboard.press('Enter');
  assert.equal(new URL(page.url()).hash, '#main');
  await page.keyboard.press('Tab');
  assert.ok(await page.getByLabel('Title').evaluate((field) => field === document.activeElement));
});

scenario('a task is added, done, edited and deleted without a mouse', async ({ open }) => {
  const page = await open();
  const focusOn = async (name) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(describeFocus))?.name === name) {
        return;
      }
    }
    assert.fail(`Tab never reached ${name}`);
  };

  await page.visit('/tasks');
  await focusOn('Title');
  await page.keyboard.type('Tea');
  await focusOn('Description (optional)');
  await page.keyboard.type('green');
  await page.keyboard.press('Enter');
  await page.keyboard.type('loose');
  await focusOn('Add task');
  await page.follow(() => page.keyboard.press('Enter'));
  assert.equal(await page.locator('.text').innerText(), 'green\nloose');

  await focusOn('Title');
  await page.keyboard.type('Coffee');
  await page.follow(() => page.keyboard.press('Enter'));
  assert.deepEqual(await titles(page), ['Coffee', 'Tea']);

  await focusOn('Done: Tea');
  await page.follow(() => page.keyboard.press('Space'));
  await assertCounts(page, 2, 1, 1);
  // One goes on from the task one was at, not from the top of the page.
  await page.keyboard.press('Tab');
  assert.equal((await page.evaluate(describeFocus)).name, 'Undo: Tea');

  await focusOn('Edit: Tea');
  await page.follow(() => page.keyboard.press('Enter'));
  await focusOn('Title');
  await page.keyboard.press('End');
  await page.keyboard.type(' time');
  await page.follow(() => page.keyboard.press('Enter'));
  await assertNotice(page, 'Changes saved.');
  assert.deepEqual(await titles(page), ['Coffee', 'Tea time']);

  await focusOn('Delete: Coffee');
  await page.follow(() => page.keyboard.press('Enter'));
  assert.deepEqual(await titles(page), ['Tea time']);

  await focusOn('Clear completed…');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.follow(() => page.keyboard.press('Enter'));
  assert.deepEqual(await titles(page), []);
});
