// The pages' parts, as a person finds them: by what they are and what they are called.

import assert from 'node:assert/strict';

/** The entry of a task in the list. */
export function entry(page, title) {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
}

/** The titles in the list, from the top. */
export function titles(page) {
  return page.locator('[data-task-title]').allTextContents();
}

/** Fills in the form for a task. */
export async function type(page, title, description = '') {
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Description').fill(description);
}

/** Adds a task on the list's page. */
export async function add(page, title, description) {
  await type(page, title, description);
  await page.follow(() => press(page, 'Add task'));
  await assertNotice(page, 'Task added.');
}

/** Clicks a button of this name, on a page or in an entry. */
export function press(place, name) {
  return place.getByRole('button', { name }).click();
}

/** Double-clicks the button of a form, and returns the list each of the two clicks leads to. */
export async function pressTwice(page, name) {
  const button = page.getByRole('button', { name });
  // Each gets a tab of its own, or the second click would cancel what the first one asked for.
  await button.evaluate((element) => (element.form.target = '_blank'));
  const lists = [];
  page.context().on('page', (list) => lists.push(list));
  await button.dblclick();
  while (lists.length < 2) {
    await page.context().waitForEvent('page');
  }
  for (const list of lists) {
    await list.waitForURL('**/tasks?*notice=*');
    await list.waitForLoadState();
  }
  return lists;
}

/** Clicks a link of this name, on a page or in an entry. */
export function choose(place, name) {
  return place.getByRole('link', { name }).click();
}

export async function assertNotice(page, text) {
  assert.equal(await page.getByRole('status').locator('p').textContent(), text);
}

/** The tabs say how many tasks there are: all, active, completed. */
export async function assertCounts(page, all, active, completed) {
  const tabs = await page.getByRole('navigation', { name: 'Filter' }).getByRole('link').allInnerTexts();
  assert.deepEqual(
    tabs.map((tab) => tab.replace(/\s+/g, ' ').trim()),
    [`All ${all}`, `Active ${active}`, `Completed ${completed}`],
  );
}

/** What stands in the form's fields. */
export async function assertTyped(page, title, description) {
  assert.equal(await page.getByLabel('Title').inputValue(), title);
  assert.equal(await page.getByLabel('Description').inputValue(), description);
}

/** A field is marked as wrong, says why where a screen reader finds it, and has the focus. */
export async function assertMarked(page, label, reason) {
  const field = page.getByLabel(label);
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  const message = page.locator(`#${await field.getAttribute('aria-describedby')}`);
  assert.match(await message.innerText(), reason);
  assert.ok(await message.isVisible());
  assert.ok(await field.evaluate((element) => element === document.activeElement), `${label} has no focus`);
}
