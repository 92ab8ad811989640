// Having an account, as a person does it in a browser.

import assert from 'node:assert/strict';

import { choose, entry, press } from './tasks.js';

export const PASSWORD = 'seven slow herons at dusk';

/** Makes the first account, with the code that whoever runs the api finds. */
export async function setUp(page, stack, name) {
  await page.visit('/');
  await page.follow(() => choose(page, 'Open your tasks'));
  assertAt(page, '/set-up');
  await page.getByLabel('Code').fill(await stack.setUpCode());
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.follow(() => press(page, 'Make the account'));
  assertAt(page, '/tasks');
}

/** Fills in the form of the page that the browser is on, and sends it. */
export async function signIn(page, name, { password = PASSWORD, status = 200 } = {}) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.follow(() => press(page, 'Sign in'), status);
}

export async function signOut(page) {
  await page.follow(() => choose(page, 'Account'));
  await page.follow(() => press(page, 'Sign out'));
  assertAt(page, '/sign-in');
}

/** As an administrator, to where all people are. */
export async function toPeople(page) {
  await page.follow(() => choose(page, 'Account'));
  await page.follow(() => choose(page, 'People'));
}

/** The link that an administrator is shown. */
function shown(page) {
  return page.getByRole('textbox', { name: 'Link' }).inputValue();
}

/** Makes an invitation. */
export async function invite(page) {
  await toPeople(page);
  await page.follow(() => press(page, 'Invite somebody'));
  return shown(page);
}

/** Makes a password link for somebody. */
export async function passwordLink(page, name) {
  await toPeople(page);
  await page.follow(() => press(entry(page, name), /^Password link/));
  return shown(page);
}

/** Makes an account with an invitation. */
export async function accept(page, invitation, name) {
  await page.visit(invitation);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.follow(() => press(page, 'Make my account'));
  assertAt(page, '/tasks');
}

/** Chooses another password with a password link. */
export async function choosePassword(page, link, password, status) {
  await page.visit(link);
  await page.getByLabel('New password').fill(password);
  await page.follow(() => press(page, 'Set password'), status);
}

/** The page has this path and, where there is one, query. */
export function assertAt(page, expected) {
  const { pathname, search } = new URL(page.url());
  assert.equal(pathname + search, expected);
}
