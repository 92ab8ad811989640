// People who sign in: their accounts, their own lists, and what an administrator does for them.

import assert from 'node:assert/strict';

import { assertGood } from './support/good_page.js';
import {
  PASSWORD, accept, assertAt, choosePassword, invite, passwordLink, setUp, signIn, signOut, toPeople,
} from './support/people.js';
import { scenario } from './support/scenario.js';
import { baseUrl } from './support/stack.js';
import { add, assertMarked, assertNotice, assertTyped, choose, entry, press, titles, type } from './support/tasks.js';

const options = {
  signIn: 'local',
  skip: baseUrl ? 'BASE_URL is set: the accounts of that stack are not ours' : false,
};
const ANOTHER = 'nine quick otters at dawn';
/** As long as a name may be, and nowhere to break. */
const LONG = 'W'.repeat(64);

/** What people see who may not go on. */
async function assertRefused(page, text) {
  assert.match(await page.getByRole('alert').innerText(), text);
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? '' : ' without JavaScript';

  scenario(`from the set-up code to two people with a list each${how}`, async ({ stack, open }) => {
    const ada = await open({ javaScriptEnabled });
    await setUp(ada, stack, 'ada');
    assert.deepEqual(await titles(ada), []);
    await add(ada, 'Hers');
    const grace = await open({ javaScriptEnabled });
    await accept(grace, await invite(ada), 'grace');
    assert.deepEqual(await titles(grace), []);
    assert.ok(await grace.locator('.empty').isVisible());
    await add(grace, 'Mine');
    assert.deepEqual(await titles(grace), ['Mine']);
    await ada.visit('/tasks');
    assert.deepEqual(await titles(ada), ['Hers']);
    // Nor can they be had by their number.
    const theirs = await entry(grace, 'Mine').locator('a[href$="/edit"], a[href*="/edit?"]').getAttribute('href');
    await ada.visit(theirs, 404);
  }, options);

  scenario(`whoever forgets a password gets a link, which works once${how}`, async ({ stack, open }) => {
    const [ada, grace, elsewhere] = [
      await open({ javaScriptEnabled }), await open({ javaScriptEnabled }), await open({ javaScriptEnabled }),
    ];
    await setUp(ada, stack, 'ada');
    await accept(grace, await invite(ada), 'grace');
    await add(grace, 'Mine');
    await elsewhere.visit('/sign-in');
    assert.match(await elsewhere.locator('main').innerText(), /Forgot your password\? An administrator can/);
    await signIn(elsewhere, 'grace', { password: 'what was it again', status: 403 });
    const link = await passwordLink(ada, 'grace');
    assert.match(await ada.getByRole('heading', { level: 1 }).innerText(), /Give this link to grace/);

    // What is not accepted uses nothing up.
    await choosePassword(elsewhere, link, 'short', 422);
    await assertMarked(elsewhere, 'New password', /12/);
    assert.equal(await elsewhere.getByLabel('New password').inputValue(), '');
    await elsewhere.getByLabel('New password').fill(ANOTHER);
    await elsewhere.follow(() => press(elsewhere, 'Set password'));
    assertAt(elsewhere, '/tasks');
    assert.deepEqual(await titles(elsewhere), ['Mine']);

    // Everywhere else they are signed out, the old password is none any more, and neither is the link.
    await grace.visit('/tasks');
    assertAt(grace, '/sign-in?next=/tasks');
    await signIn(grace, 'grace', { status: 403 });
    await choosePassword(grace, link, PASSWORD, 403);
    await assertRefused(grace, /cannot be used/);
    await grace.visit('/sign-in');
    await signIn(grace, 'grace', { password: ANOTHER });
    assert.deepEqual(await titles(grace), ['Mine']);
  }, options);

  scenario(`a password link is in the list of links, and can be withdrawn${how}`, async ({ stack, open }) => {
    const [ada, grace] = [await open({ javaScriptEnabled }), await open({ javaScriptEnabled })];
    await setUp(ada, stack, 'ada');
    await accept(grace, await invite(ada), 'grace');
    await signOut(grace);
    const link = await passwordLink(ada, 'grace');
    await ada.follow(() => choose(ada, 'Back to the people'));
    await ada.follow(() => press(entry(ada, 'Password link for grace'), /^Withdraw/));
    await assertNotice(ada, 'Withdrawn: that link cannot be used any more.');
    assert.equal(await entry(ada, 'Password link for grace').count(), 0);
    await choosePassword(grace, link, ANOTHER, 403);
    await assertRefused(grace, /cannot be used/);
    await grace.visit('/sign-in');
    await signIn(grace, 'grace');
  }, options);

  scenario(`a task that is typed while the session ends is not lost${how}`, async ({ stack, open }) => {
    const [page, other] = [await open({ javaScriptEnabled }), await open({ javaScriptEnabled })];
    await setUp(page, stack, 'ada');
    await type(page, 'Patient', 'with\nits lines');
    await other.visit('/tasks');
    await signIn(other, 'ada');
    await other.follow(() => choose(other, 'Account'));
    await other.follow(() => press(other, /^Sign out there/));
    await page.follow(() => press(page, 'Add task'), 401);
    await assertTyped(page, 'Patient', 'with\nits lines');
    const tab = await page.opened(() => choose(page, 'Sign in in a new tab'));
    await signIn(tab, 'ada');
    assert.deepEqual(await titles(tab), []);
    await page.follow(() => press(page, 'Add task'));
    await assertNotice(page, 'Task added.');
    assert.deepEqual(await titles(page), ['Patient']);
  }, options);
}

scenario('after signing out, going back shows nothing of before', async ({ stack, open }) => {
  const page = await open();
  await setUp(page, stack, 'ada');
  await add(page, 'Secret');
  await page.follow(() => choose(entry(page, 'Secret'), /^Edit/));
  await page.follow(() => choose(page, 'Cancel'));
  await signOut(page);
  for (const path of ['/account', '/tasks', '/tasks/1/edit']) {
    await page.back();
    assert.equal(new URL(page.url()).pathname, '/sign-in', path);
    assert.ok(new URL(page.url()).searchParams.get('next').startsWith(path), page.url());
    assert.doesNotMatch(await page.content(), /Secret/);
  }
}, options);

scenario('whoever is not signed in is led to where they can, and then to the page they asked for', async ({ stack, open }) => {
  const [ada, page] = [await open(), await open()];
  await setUp(ada, stack, 'ada');
  await add(ada, 'Mine');
  await page.visit('/tasks?show=active');
  assertAt(page, '/sign-in?next=/tasks%3Fshow%3Dactive');
  // Also after a mistake.
  await signIn(page, 'ada', { password: 'not hers at all', status: 403 });
  await assertRefused(page, /Name or password is wrong/);
  assert.equal(await page.getByLabel('Name').inputValue(), 'ada');
  assert.equal(await page.getByLabel('Password').inputValue(), '');
  await signIn(page, 'ada');
  assertAt(page, '/tasks?show=active');
  assert.deepEqual(await titles(page), ['Mine']);
}, options);

scenario('who is disabled is signed out, and comes back once enabled', async ({ stack, open }) => {
  const [ada, grace] = [await open(), await open()];
  await setUp(ada, stack, 'ada');
  await accept(grace, await invite(ada), 'grace');
  await add(grace, 'Mine');
  await toPeople(ada);
  await ada.follow(() => press(entry(ada, 'grace'), /^Disable/));
  await assertNotice(ada, 'Account disabled, and signed out everywhere.');
  assert.equal(await entry(ada, 'grace').getByRole('button', { name: /^Password link/ }).count(), 0);
  await grace.visit('/tasks');
  assertAt(grace, '/sign-in?next=/tasks');
  await signIn(grace, 'grace', { status: 403 });
  await assertRefused(grace, /whether your account is disabled/);
  await ada.follow(() => press(entry(ada, 'grace'), /^Enable/));
  await signIn(grace, 'grace');
  assert.deepEqual(await titles(grace), ['Mine']);
}, options);

/** A kind of page, and how its reader gets there. */
function kind(name, arrive) {
  scenario(`${name}: accessible, and fits`, async ({ stack, open }) => {
    await assertGood(await arrive(await open(), stack, open), name);
  }, options);
}

/** Has somebody with the longest name, whom an administrator has invited. */
async function withTwo(ada, stack, open) {
  await setUp(ada, stack, 'ada');
  const other = await open();
  await accept(other, await invite(ada), LONG);
  return other;
}

kind('set up', async (page) => {
  await page.visit('/set-up');
  return page;
});

kind('set up with mistakes', async (page) => {
  await page.visit('/set-up');
  await page.getByLabel('Code').fill('0000-0000-0000-0000-0000');
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.follow(() => press(page, 'Make the account'), 403);
  await assertMarked(page, 'Code', /not the code/);
  return page;
});

kind('sign in, refused', async (page, stack) => {
  await setUp(page, stack, 'ada');
  await signOut(page);
  await signIn(page, LONG, { status: 403 });
  return page;
});

kind('an invitation', async (page, stack, open) => {
  await setUp(page, stack, 'ada');
  const invitation = await invite(page);
  const invited = await open();
  await invited.visit(invitation);
  return invited;
});

kind('an invitation with mistakes', async (page, stack, open) => {
  await setUp(page, stack, 'ada');
  const invitation = await invite(page);
  const invited = await open();
  await invited.visit(invitation);
  await invited.getByLabel('Name').fill('ada');
  await invited.getByLabel('Password').fill('short');
  await invited.follow(() => press(invited, 'Make my account'), 422);
  return invited;
});

for (const path of ['/invitation', '/new-password']) {
  kind(`${path.slice(1)} without its code`, async (page) => {
    await page.visit(path, 404);
    return page;
  });
}

kind('a password link', async (page, stack, open) => {
  const other = await withTwo(page, stack, open);
  await other.visit(await passwordLink(page, LONG));
  return other;
});

kind('a password link with mistakes', async (page, stack, open) => {
  const other = await withTwo(page, stack, open);
  await choosePassword(other, await passwordLink(page, LONG), 'short', 422);
  return other;
});

kind('a link to be given to somebody', async (page, stack) => {
  await setUp(page, stack, 'ada');
  await invite(page);
  return page;
});

kind('a password link to be given to somebody', async (page, stack, open) => {
  await withTwo(page, stack, open);
  await passwordLink(page, LONG);
  return page;
});

kind('people and links', async (page, stack, open) => {
  await withTwo(page, stack, open);
  await passwordLink(page, LONG);
  await invite(page);
  await toPeople(page);
  await page.follow(() => press(entry(page, LONG), /^Make administrator/));
  return page;
});

kind('people and nobody invited', async (page, stack) => {
  await setUp(page, stack, 'ada');
  await toPeople(page);
  return page;
});

kind('not for everybody', async (page, stack, open) => {
  const other = await withTwo(page, stack, open);
  await other.visit('/people', 403);
  return other;
});

kind('account', async (page, stack, open) => {
  const other = await withTwo(page, stack, open);
  const elsewhere = await open();
  await elsewhere.visit('/sign-in');
  await signIn(elsewhere, LONG);
  await other.follow(() => choose(other, 'Account'));
  return other;
});

kind('another password with mistakes', async (page, stack, open) => {
  const other = await withTwo(page, stack, open);
  await other.follow(() => choose(other, 'Account'));
  await other.follow(() => choose(other, 'Change password'));
  await other.getByLabel('Current password').fill('not it, not it');
  await other.getByLabel('New password').fill(ANOTHER);
  await other.follow(() => press(other, 'Change password'), 403);
  await assertMarked(other, 'Current password', /not your password/);
  return other;
});

kind('a task typed by who was signed out', async (page, stack, open) => {
  const other = await withTwo(page, stack, open);
  await type(other, 'Patient', 'with\nits lines');
  await toPeople(page);
  await page.follow(() => press(entry(page, LONG), /^Disable/));
  await other.follow(() => press(other, 'Add task'), 401);
  return other;
});
