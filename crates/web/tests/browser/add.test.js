// Adding tasks: what is typed is what is shown.

import assert from 'node:assert/strict';

import { scenario } from './support/scenario.js';
import { add, assertCounts, assertMarked, assertNotice, assertTyped, choose, entry, press, pressTwice, titles, type } from './support/tasks.js';

const LONG_WORD = 'Donaudampfschifffahrtsgesellschaft'.repeat(6).slice(0, 200);

scenario('a task is added with its description, line breaks kept', async ({ open }) => {
  const page = await open();
  await page.visit('/');
  await page.follow(() => choose(page, 'Open your tasks'));
  const lines = 'Flour\n\n  two spaces before\n\ttab before\nlast line';
  await add(page, 'Bake bread', lines);
  const task = entry(page, 'Bake bread');
  assert.equal(await task.locator('.text').innerText(), lines);
  assert.match(await task.locator('time').innerText(), /^\d{1,2} \w{3} \d{4}, \d\d:\d\d UTC$/);
  await assertCounts(page, 1, 1, 0);
  await assertTyped(page, '', '');
});

scenario('the newest task is on top', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'First');
  await add(page, 'Second');
  assert.deepEqual(await titles(page), ['Second', 'First']);
});

scenario('text in any script is shown as typed, in its own direction', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  const texts = [
    ['لقاء مع سارة 3 pm', 'السطر الأول\nالسطر الثاني', 'rtl'],
    ['לקנות חלב', 'two\nשורות', 'rtl'],
    ['👩‍👩‍👧‍👦 Family trip 🏳️‍🌈', '☀️ 👍🏽\ne\u0301 ≠ é', 'ltr'],
    ['買い物リスト', '牛乳\n卵', 'ltr'],
  ];
  for (const [title, description, direction] of texts) {
    await add(page, title, description);
    const task = entry(page, title);
    assert.equal(await task.locator('.text').innerText(), description);
    const shown = await task.getByRole('heading').evaluate((heading) => getComputedStyle(heading).direction);
    assert.equal(shown, direction, title);
    assert.equal(await titles(page).then(([newest]) => newest), title);
  }
});

scenario('the longest text there can be is taken, and wraps', async ({ open }) => {
  const page = await open({ viewport: { width: 320, height: 640 } });
  await page.visit('/tasks');
  const description = `${'a'.repeat(1998)}\n${'🍞'.repeat(2001)}`;
  await add(page, LONG_WORD, description);
  assert.equal(await entry(page, LONG_WORD).locator('.text').innerText(), description);
  await add(page, '🍞'.repeat(200));
  assert.equal(await titles(page).then(([newest]) => newest), '🍞'.repeat(200));
  const wraps = (heading) => heading.scrollWidth <= heading.clientWidth && heading.clientWidth < innerWidth;
  assert.ok(await entry(page, LONG_WORD).getByRole('heading').evaluate(wraps));
});

scenario('text that looks like HTML is text', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  const title = '<script>alert(1)</script> &lt;b&gt; "\'';
  const description = '</p></li><img src=x onerror=alert(2)>\n</textarea>{{ key }} {% raw %}\n<!-- &amp;';
  await add(page, title, description);
  assert.deepEqual(await titles(page), [title]);
  assert.equal(await entry(page, title).locator('.text').innerText(), description);
  assert.equal(await page.locator('main script, main li img').count(), 0);
  await page.follow(() => choose(entry(page, title), /^Edit/));
  await assertTyped(page, title, description);
});

scenario('a double click adds one task', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await type(page, 'Once');
  for (const answer of await pressTwice(page, 'Add task')) {
    assert.deepEqual(await titles(answer), ['Once']);
  }
});

scenario('refreshing adds nothing', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'Once');
  await page.follow(() => page.reload());
  assert.deepEqual(await titles(page), ['Once']);
  await assertCounts(page, 1, 1, 0);
});

scenario('going back and sending the form again adds nothing', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'Once', 'or\ntwice?');
  await page.back();
  await assertTyped(page, 'Once', 'or\ntwice?');
  await page.follow(() => press(page, 'Add task'));
  assert.deepEqual(await titles(page), ['Once']);
});

scenario('going back and changing the form adds another task', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await add(page, 'One');
  await page.back();
  await type(page, 'Two', 'another text');
  await page.follow(() => press(page, 'Add task'));
  await assertNotice(page, 'Task added.');
  assert.deepEqual(await titles(page), ['Two', 'One']);
});

scenario('a notice says what happened, and goes away', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks?show=active');
  await add(page, 'Seen');
  await assertNotice(page, 'Task added.');
  await press(page, 'Dismiss');
  assert.equal(await page.getByRole('status').count(), 0);
  assert.equal(new URL(page.url()).searchParams.get('show'), 'active');
});

scenario('a task without a title is stopped by the browser, and by us', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  await type(page, '', 'kept');
  await press(page, 'Add task');
  assert.ok(await page.getByLabel('Title').evaluate((field) => field.validity.valueMissing && field.matches(':focus')));
  assert.equal(new URL(page.url()).pathname, '/tasks');
  await assertTyped(page, '', 'kept');

  await type(page, '   ', 'kept\nas well');
  await page.follow(() => press(page, 'Add task'), 422);
  await assertTyped(page, '   ', 'kept\nas well');
  await assertMarked(page, 'Title', /\w/);
  assert.equal(await page.getByLabel('Description').getAttribute('aria-invalid'), null);

  await page.getByLabel('Title').fill('Now it has one');
  await page.follow(() => press(page, 'Add task'));
  assert.deepEqual(await titles(page), ['Now it has one']);
});

for (const [what, label, title, description] of [
  ['a title that is too long', 'Title', 'x'.repeat(201), 'kept'],
  ['a title with a control character', 'Title', 'bell \u0007', 'kept'],
  ['a title that turns the text around', 'Title', 'safe\u202Eexe.txt', 'kept'],
  ['a description that is too long', 'Description', 'Kept', 'y'.repeat(3999) + '\ny'],
  ['a description with a control character', 'Description', 'Kept', 'line\n\u001b[31mred'],
  ['a description of 100,000 characters', 'Description', 'Kept', 'z'.repeat(100_000)],
]) {
  scenario(`${what} comes back as typed, and marked`, async ({ open }) => {
    const page = await open();
    await page.visit('/tasks?show=active');
    await type(page, title, description);
    await page.follow(() => press(page, 'Add task'), 422);
    await assertTyped(page, title, description);
    await assertMarked(page, label, /\w/);
    assert.ok(await page.getByRole('alert').isVisible());
    await type(page, 'Good', 'Better');
    await page.follow(() => press(page, 'Add task'));
    await assertNotice(page, 'Task added.');
    assert.equal(new URL(page.url()).searchParams.get('show'), 'active');
    assert.deepEqual(await titles(page), ['Good']);
  });
}

scenario('text too long to be read at all is still in the browser', async ({ open }) => {
  const page = await open();
  await page.visit('/tasks');
  const novel = 'It was a dark and stormy night. '.repeat(10_000);
  await type(page, 'Novel', novel);
  await page.follow(() => press(page, 'Add task'), 413);
  await page.back();
  await assertTyped(page, 'Novel', novel);
});
