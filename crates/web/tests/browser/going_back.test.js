// Going back, reloading, and staying where one was.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { seed } from './support/stack.js';
import { add, assertNotice, assertTyped, choose, entry, press, titles, type } from './support/tasks.js';

const TEXT = 'It was a dark and stormy night. '.repeat(1400);

/** A field grows with the text that is put back into it. */
const restored = { mayShift: true };

/** Has the browser forget the page itself once it is left, as browsers do when memory is short: runs in the page. */
function isNotKept() {
  addEventListener('unload', () => {});
}

scenario('what was typed is there again after a link, when the browser has only the answer', async ({ open }) => {
  const page = await open(restored);
  await page.visit('/tasks');
  await page.evaluate(isNotKept);
  await type(page, 'Novel', TEXT);
  await page.follow(() => choose(page, 'Task Tracker'));
  await page.back();
  await assertTyped(page, 'Novel', TEXT);
});

scenario('what was typed is there again after an error, when the browser has only the answer', async ({ open }) => {
  const page = await open(restored);
  await page.visit('/tasks');
  await page.evaluate(isNotKept);
  const novel = TEXT.repeat(7);
  await type(page, 'Novel', novel);
  await page.follow(() => press(page, 'Add task'), 413);
  await page.back();
  await assertTyped(page, 'Novel', novel);
});

scenario('the edit form has what was typed after a link, when the browser has only the answer', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Old' }]);
  const page = await open(restored);
  await page.visit('/tasks');
  await page.follow(() => choose(entry(page, 'Old'), /^Edit/));
  await page.evaluate(isNotKept);
  await type(page, 'New', TEXT.slice(0, 3000));
  await page.follow(() => choose(page, 'Tasks'));
  await page.back();
  await assertTyped(page, 'New', TEXT.slice(0, 3000));
});

for (const kept of [true, false]) {
  scenario(`edit, save, back, edit, save: no conflict with oneself (page ${kept ? 'kept' : 'not kept'})`, async ({ stack, open }) => {
    await seed(stack, [{ title: 'Zero', description: 'text' }]);
    const page = await open(restored);
    await page.visit('/tasks');
    await page.follow(() => choose(entry(page, 'Zero'), /^Edit/));
    for (const title of ['One', 'Two', 'Three']) {
      if (!kept) {
        await page.evaluate(isNotKept);
      }
      await type(page, title, 'text');
      await page.follow(() => press(page, 'Save'));
      await assertNotice(page, 'Changes saved.');
      assert.deepEqual(await titles(page), [title]);
      await page.back();
    }
  });
}

scenario('what somebody else saved meanwhile is a conflict, also after going back', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Zero' }]);
  const [page, other] = [await open(), await open()];
  for (const editor of [page, other]) {
    await editor.visit('/tasks');
    await editor.follow(() => choose(editor, /^Edit/));
  }
  await type(page, 'Mine');
  await page.follow(() => press(page, 'Save'));
  await type(other, 'Theirs');
  await other.follow(() => press(other, 'Save'), 409);
  await other.follow(() => press(other, 'Save my version'));
  await page.back();
  await type(page, 'Mine again');
  await page.follow(() => press(page, 'Save'), 409);
  assert.ok(await page.getByRole('heading', { name: 'Theirs' }).isVisible());
});

scenario('a notice is shown once', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'Once');
  await page.follow(() => page.reload());
  assert.equal(await page.getByRole('status').count(), 0);
  await page.visit('/tasks?notice=cleared&count=4200');
  assert.equal(await page.getByRole('status').count(), 0);
});

scenario('a task added from older or completed tasks is a link away, and the page stays', async ({ stack, open }) => {
  await seed(stack, Array.from({ length: 103 }, (_, index) => ({ title: `Task ${index + 1}` })));
  const page = await open();
  await page.visit('/tasks');
  await page.follow(() => choose(page, 'Older tasks'));
  await type(page, 'New');
  await page.follow(() => press(page, 'Add task'));
  await assertNotice(page, 'Task added.');
  assert.deepEqual(await titles(page), ['Task 3', 'Task 2', 'Task 1']);
  await page.follow(() => choose(page, 'Show it'));
  assert.ok(await entry(page, 'New').evaluate((task) => task.matches(':target')));
});

scenario('whatever is done down the list, the page stays there', async ({ stack, open }) => {
  await seed(stack, Array.from({ length: 40 }, (_, index) => ({ title: `Task ${index + 1}` })));
  const page = await open({ viewport: { width: 360, height: 640 } });
  await page.visit('/tasks?show=active');
  /** The task is where one can see it, or the one below it. */
  const assertInSight = async (title) => {
    const box = await entry(page, title).boundingBox();
    assert.ok(box.y > -box.height && box.y < 640, `${title} is at ${box.y}`);
  };
  await page.follow(() => press(entry(page, 'Task 20'), /^Delete/));
  await assertInSight('Task 19');
  await page.follow(() => press(entry(page, 'Task 19'), /^Done/));
  await assertInSight('Task 18');
  await page.follow(() => choose(entry(page, 'Task 18'), /^Edit/));
  await page.follow(() => choose(page, 'Cancel'));
  await assertInSight('Task 18');
  await page.follow(() => choose(entry(page, 'Task 18'), /^Edit/));
  await type(page, 'Task eighteen');
  await page.follow(() => press(page, 'Save'));
  await assertInSight('Task eighteen');
  await press(page, 'Dismiss');
  await assertInSight('Task eighteen');
  assert.equal(await page.getByRole('status').count(), 0);
});
