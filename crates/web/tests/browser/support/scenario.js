// A test with services, a browser and somebody who watches both: whatever page a test opens, nothing may reach the
// console, no request may fail, no page may be refused or shift that the test did not foresee.

import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';

import { chromium } from 'playwright-core';

import { startStack } from './stack.js';

const TIMEOUT_MS = 60_000;
const ACTION_TIMEOUT_MS = 10_000;

/** What Chromium says for developers, of what is as it should be. */
const HINTS = [
  /^info: Clear-Site-Data header on '\S+\/sign-out': Cleared data types: "cache", "storage"\. /,
  // Whose password it is that page does not know.
  /^verbose: \[DOM\] Password forms should have \(optionally hidden\) username fields .* \(\/new-password\)$/,
];

let browser;

after(() => browser?.close());

/** A test that gets `{ stack, open }`: the stack, and [`Watch.open`]. `skip` is `false` or the reason, `signIn` as SIGN_IN. */
export function scenario(name, run, { skip = false, signIn } = {}) {
  test(name, { skip, timeout: TIMEOUT_MS }, async (t) => {
    browser ??= await launch();
    const stack = await startStack({ signIn });
    const watch = new Watch(stack);
    try {
      await run({ stack, open: (options) => watch.open(options) });
      watch.assertQuiet();
    } catch (error) {
      stack.log().forEach((line) => t.diagnostic(line));
      throw error;
    } finally {
      await watch.close();
      await stack.stop();
    }
  });
}

function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || found('chromium', 'chromium-browser', 'google-chrome'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    // People's browsers keep the page they left, with what was typed into it.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** The first of these programs on the PATH. */
function found(...names) {
  const places = process.env.PATH.split(delimiter);
  const program = names.flatMap((name) => places.map((place) => join(place, name))).find(isExecutable);
  assert.ok(program, `none of ${names.join(', ')} was found: install one, or name it in CHROMIUM`);
  return program;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Opens pages, and remembers what happened on each. */
class Watch {
  contexts = [];
  /** What nobody should ever see: console messages, script errors, dialogs, failed requests, layout shifts. */
  noise = [];
  /** The pages that were refused, as `STATUS PATH`, and those the test foresaw. */
  refused = [];
  foreseen = [];

  constructor(stack) {
    this.stack = stack;
  }

  /** Opens a page in a fresh browser profile. Where it `mayShift`, what the test does moves what is on it. */
  async open({ mayShift = false, ...options } = {}) {
    const context = await browser.newContext({
      baseURL: this.stack.url,
      colorScheme: 'light',
      locale: 'en-GB',
      timezoneId: 'UTC',
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    this.contexts.push(context);
    context.setDefaultTimeout(ACTION_TIMEOUT_MS);
    await context.exposeBinding('reportLayoutShift', ({ page }, shift) => {
      if (!mayShift) {
        this.noise.push(`layout shift on ${page.url()}: ${shift}`);
      }
    });
    await context.addInitScript(reportLayoutShifts);
    context.on('console', (message) => this.heard(message));
    context.on('weberror', (error) => this.noise.push(`script error: ${error.error()}`));
    context.on('dialog', (dialog) => {
      this.noise.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    context.on('requestfailed', (request) => {
      if (!leftBehind(request)) {
        this.noise.push(`${request.method()} ${request.url()} failed: ${request.failure()?.errorText}`);
      }
    });
    context.on('response', (response) => {
      if (response.status() >= 400) {
        this.refused.push(`${response.status()} ${pathOf(response.url())}`);
      }
    });
    return this.equip(await context.newPage());
  }

  /** Gives a page what the tests do with it. */
  equip(page) {
    /** Does something that leads to another page, and returns the response it came with once it is there. */
    page.follow = async (action, status = 200) => {
      const arrived = page.waitForResponse(
        (response) => response.request().isNavigationRequest() && response.status() !== 303,
      );
      const [response] = await Promise.all([arrived, page.waitForEvent('load'), action()]);
      if (status >= 400) {
        this.foreseen.push(`${status} ${pathOf(response.url())}`);
      }
      assert.equal(response.status(), status, response.url());
      return response;
    };
    /** Goes back, to the page as it was left. */
    page.back = async () => {
      const arrived = page.waitForEvent('framenavigated');
      await page.evaluate(() => history.back()).catch(() => {}); // the script may be gone before its answer
      await arrived;
      await page.waitForFunction(() => document.readyState === 'complete');
    };
    /** Opens an address. */
    page.visit = (path, status) => page.follow(() => page.goto(path), status);
    /** Does something that opens another tab, and returns that. */
    page.opened = async (action) => {
      const [tab] = await Promise.all([page.context().waitForEvent('page'), action()]);
      await tab.waitForLoadState();
      return this.equip(tab);
    };
    return page;
  }

  heard(message) {
    const path = pathOf(message.location().url);
    if (HINTS.some((hint) => hint.test(`${message.type()}: ${message.text()} (${path})`))) {
      return;
    }
    // Chromium reports every page that is refused; whether it may be is compared at the end.
    const refusal = message.text().match(/^Failed to load resource: the server responded with a status of (\d+) /);
    if (!(refusal && this.refused.includes(`${refusal[1]} ${path}`))) {
      this.noise.push(`console ${message.type()}: ${message.text()} (${path})`);
    }
  }

  assertQuiet() {
    assert.deepEqual(this.noise, []);
    assert.deepEqual(this.refused, this.foreseen);
  }

  async close() {
    for (const context of this.contexts) {
      await context.close();
    }
  }
}

/** Chromium asks for the icon once a page has loaded, and gives that up when the page is left before it came. */
function leftBehind(request) {
  return pathOf(request.url()).startsWith('/static/icon-') && request.failure()?.errorText === 'net::ERR_ABORTED';
}

function pathOf(url) {
  return url ? new URL(url).pathname : '';
}

/** Runs in each page before anything else does. */
function reportLayoutShifts() {
  // A field that grows with its text pushes down what is below, as it should. Typing marks a shift as asked for, but
  // the tests fill fields in without keys.
  let typed = -Infinity;
  addEventListener('input', () => (typed = performance.now()), true);
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      const askedFor = shift.hadRecentInput || (shift.startTime >= typed && shift.startTime < typed + 500);
      if (!askedFor) {
        const nodes = shift.sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeName);
        window.reportLayoutShift(`${shift.value} ${nodes.join(' | ')}`);
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
}
