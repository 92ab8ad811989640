// What people see when something is wrong: an honest page, the way on, and all they typed.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { needsOwnServices, seed } from './support/stack.js';
import { add, assertNotice, assertTyped, choose, entry, press, pressTwice, titles, type } from './support/tasks.js';

const withApiStopped = { skip: needsOwnServices };

async function assertErrorPage(page, response, status) {
  assert.equal(await page.locator('.status').innerText(), String(status));
  assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
  assert.equal(await page.locator('code').innerText(), response.headers()['x-request-id']);
}

scenario('the api is away: the list says so, and comes back', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Safe' }]);
  const page = await open();
  await stack.stopApi();
  const response = await page.visit('/tasks?show=active', 503);
  await assertErrorPage(page, response, 503);
  assert.match(response.headers()['retry-after'], /^\d+$/);
  assert.deepEqual(await titles(page), []);
  assert.equal(await page.locator('.empty').count(), 0);
  await stack.startApi();
  await page.follow(() => choose(page, 'Try again'));
  assert.deepEqual(await titles(page), ['Safe']);
  assert.equal(new URL(page.url()).searchParams.get('show'), 'active');
}, withApiStopped);

scenario('the api is away: a new task waits in its form, and is added once', async ({ stack, open }) => {
  const page = await open();
  await page.visit('/tasks?show=active');
  await stack.stopApi();
  const description = 'with\n\n <b>all</b> its lines';
  await type(page, 'Patient', description);
  const response = await page.follow(() => press(page, 'Add task'), 503);
  assert.match(response.headers()['retry-after'], /^\d+$/);
  assert.ok(await page.getByRole('alert').isVisible());
  await assertTyped(page, 'Patient', description);
  await page.follow(() => press(page, 'Add task'), 503);
  await assertTyped(page, 'Patient', description);

  await stack.startApi();
  for (const list of await pressTwice(page, 'Add task')) {
    await assertNotice(list, 'Task added.');
    assert.deepEqual(await titles(list), ['Patient']);
    assert.equal(await entry(list, 'Patient').locator('.text').innerText(), description);
    assert.equal(new URL(list.url()).searchParams.get('show'), 'active');
  }
}, withApiStopped);

scenario('the api is away: refreshing the form that came back adds one task', async ({ stack, open }) => {
  const page = await open();
  await page.visit('/tasks');
  await stack.stopApi();
  await type(page, 'Once');
  await page.follow(() => press(page, 'Add task'), 503);
  await stack.startApi();
  await page.follow(() => page.reload());
  await page.follow(() => page.reload());
  assert.deepEqual(await titles(page), ['Once']);
}, withApiStopped);

scenario('the api is away: an edit waits in its form', async ({ stack, open }) => {
  await seed(stack, [{ title: 'Before', description: 'old' }]);
  const page = await open();
  await page.visit('/tasks');
  await page.follow(() => choose(entry(page, 'Before'), /^Edit/));
  await stack.stopApi();
  await type(page, 'After', 'new\nlines');
  await page.follow(() => press(page, 'Save'), 503);
  await assertTyped(page, 'After', 'new\nlines');
  await stack.startApi();
  await page.follow(() => press(page, 'Save'));
  await assertNotice(page, 'Changes saved.');
  assert.deepEqual(await titles(page), ['After']);
}, withApiStopped);

scenario('the api is away: done, delete and clear are offered again', async ({ stack, open }) => {
  await seed(stack, [{ title: 'A' }, { title: 'B' }, { title: 'C', completed: true }]);
  const page = await open();
  for (const [click, again, notice] of [
    [() => press(entry(page, 'A'), /^Done/), 'Mark as done again', 'Marked as done.'],
    [() => press(entry(page, 'B'), /^Delete/), 'Try to delete it again', 'Task deleted.'],
    [() => page.locator('.confirm button').click(), 'Try to delete them again', '2 completed tasks deleted.'],
  ]) {
    await page.visit('/tasks');
    await page.locator('summary').click();
    await stack.stopApi();
    await assertErrorPage(page, await page.follow(click, 503), 503);
    await stack.startApi();
    await page.follow(() => press(page, again));
    await assertNotice(page, notice);
  }
  assert.deepEqual(await titles(page), []);
}, withApiStopped);

scenario('the home page needs no api', async ({ stack, open }) => {
  const page = await open();
  await stack.stopApi();
  await page.visit('/');
  assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
}, withApiStopped);

scenario('wrong addresses and methods get a page with the way back', async ({ open }) => {
  const page = await open();
  for (const [path, status] of [
    ['/nothing-here', 404],
    ['/tasks/999999999/edit', 404],
    ['/tasks/add', 405],
    ['/tasks?show=everything', 400],
  ]) {
    await assertErrorPage(page, await page.visit(path, status), status);
    await page.follow(() => choose(page, 'Go to your tasks'));
    assert.equal(new URL(page.url()).pathname, '/tasks');
  }
});

scenario('a form on another site changes nothing', async ({ stack, open }) => {
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'Mine');
  await page.goto('data:text/html,Another site');
  await page.setContent(`<form method="post" action="${stack.url}/tasks/add">
    <input name="title" value="Forged"><button>Win a prize</button></form>`);
  await assertErrorPage(page, await page.follow(() => press(page, 'Win a prize'), 403), 403);
  await page.follow(() => choose(page, 'Go to your tasks'));
  assert.deepEqual(await titles(page), ['Mine']);
});
