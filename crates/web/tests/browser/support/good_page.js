// What every page has to be, light and dark, wide and narrow: accessible, no sideways scrolling, targets one can hit.
// LOOK_INTO=FOLDER also puts a picture of each there.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import axe from 'axe-core';

const TARGET_PX = 24;
/** For the layout alone: what fits here has been read at the next width. */
const NARROWEST = 320;
const WIDTHS = [NARROWEST, 360, 1280];
const SCHEMES = ['light', 'dark'];

/** What axe finds wrong with the page, all of its rules asked, as `RULE: ELEMENT`. */
async function axeFindings(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, {
      rules: Object.fromEntries(window.axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }])),
      resultTypes: ['violations'],
    }),
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
}

/** What does not fit: runs in the page. */
function layoutFindings(targetPx) {
  const findings = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    findings.push(`the page is ${root.scrollWidth} px wide`);
  }
  for (const element of document.querySelectorAll('body *:not(.vh, .vh *, .skip)')) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 && box.height === 0) {
      continue;
    }
    const name = `${element.localName}.${element.className} "${element.textContent.trim().slice(0, 30)}"`;
    if (box.left < -0.5 || box.right > root.clientWidth + 0.5) {
      findings.push(`${name} leaves the page: ${box.left} to ${box.right}`);
    }
    if (getComputedStyle(element).display !== 'inline' && element.scrollWidth > element.clientWidth + 1 &&
        !element.matches('input, button')) {
      findings.push(`${name} does not hold what is in it: ${element.scrollWidth} in ${element.clientWidth}`);
    }
    if (element.matches('a, button, input, textarea, summary') && Math.min(box.width, box.height) < targetPx) {
      findings.push(`${name} is too small to hit: ${box.width} x ${box.height}`);
    }
  }
  return findings;
}

/** Sees to all of that on the page, which is of this kind. */
export async function assertGood(page, kind) {
  const findings = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const found = await page.evaluate(layoutFindings, TARGET_PX);
      if (width > NARROWEST) {
        found.push(...(await axeFindings(page)));
      }
      findings.push(...found.map((finding) => `${colorScheme}, ${width} px: ${finding}`));
      if (process.env.LOOK_INTO) {
        const path = join(process.env.LOOK_INTO, `${kind.replaceAll(' ', '-')}-${colorScheme}-${width}.png`);
        await page.screenshot({ path, fullPage: true });
      }
    }
  }
  assert.equal(findings.join('\n'), '');
}
