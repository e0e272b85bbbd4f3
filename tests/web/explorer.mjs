// explorer.mjs URL SHOT_DIR: the explorer's own parts, against the canned endpoint of test_explorer.py.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { conclude, enterToken, openBrowser, run, schemaLoaded, tabNamed, write } from './browser.mjs';

const [url, shots] = process.argv.slice(2);
const browser = await openBrowser(url);
const background = (page) => page.locator('.graphiql-container').evaluate((node) => getComputedStyle(node).backgroundColor);
const editorText = (page) =>
  page.locator('.graphiql-query-editor .view-lines').innerText().then((text) => text.replaceAll('\u00a0', ' '));
const shoot = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });
const open = async (page, name, title) => {
  await page.locator(`[data-operation="${name}"]`).click();
  await tabNamed(page, title);
};

const checks = {
  async 'the token is a password, can be shown, and is sent with every question'() {
    const page = await browser.newPage();
    await schemaLoaded(page);
    const field = page.getByLabel('API token');
    assert.equal(await field.getAttribute('type'), 'password');
    await enterToken(page, 'secret-1');
    await page.getByRole('button', { name: 'Show the token' }).click();
    assert.equal(await field.getAttribute('type'), 'text');
    await page.getByRole('button', { name: 'Hide the token' }).click();
    assert.equal(await field.getAttribute('type'), 'password');
    await write(page, '{ viewer { name } }');
    await run(page, '"Bearer secret-1"');
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('secret-1')), false);
    await page.reload();
    assert.equal(await field.inputValue(), 'secret-1');
    await page.context().close();
  },

  async 'a refused schema is said to be so, and read again as soon as there is a token'() {
    const page = await browser.newPage({}, (route) =>
      route.request().headers().authorization
        ? route.continue()
        : route.fulfill({ json: { errors: [{ message: 'A credential is needed.' }] } }),
    );
    await page.getByText('No schema: is the token right?').waitFor();
    await enterToken(page, 'secret-3');
    await schemaLoaded(page);
    await page.context().close();
  },

  async 'a subscription carries the token in its connection parameters'() {
    const page = await browser.newPage();
    await enterToken(page, 'secret-2');
    await schemaLoaded(page);
    await open(page, '920-listen-to-changes', 'ListenToChanges');
    await run(page, '"Bearer secret-2"');
    await page.context().close();
  },

  async 'a saved operation opens in a tab of its own, with its variables, and runs'() {
    const page = await browser.newPage({ colorScheme: 'light', locale: 'en-GB' });
    await schemaLoaded(page);
    await open(page, '010-one-customer-user', 'OneCustomerUser');
    assert.match(await editorText(page), /^# Look up one customer user/);
    await run(page, '"Anna Müller"');
    await shoot(page, 'explorer-light');
    await open(page, '120-next-page', 'NextPage');
    await page.getByRole('button', { name: 'Variables', exact: true }).click();
    await page.locator('.graphiql-editor-tool').getByText('"after"').waitFor();
    assert.equal(await page.getByRole('tab').count(), 3);
    await page.context().close();
  },

  async 'captions follow the browser and can be switched'() {
    const page = await browser.newPage({ colorScheme: 'dark', locale: 'de-DE' });
    await schemaLoaded(page);
    await page.getByRole('heading', { name: 'Gespeicherte Abfragen' }).waitFor();
    await open(page, '010-one-customer-user', 'OneCustomerUser');
    await run(page, '"Anna Müller"');
    await shoot(page, 'explorer-dark');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Saved operations' }).waitFor();
    await page.getByRole('searchbox', { name: 'Filter' }).fill('health');
    assert.equal(await page.locator('[data-operation]').count(), 1);
    await page.context().close();
  },

  async 'the theme follows the system until one is chosen'() {
    const page = await browser.newPage({ colorScheme: 'light' });
    const light = await background(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background(page);
    assert.notEqual(dark, light);
    await page.getByLabel('Theme').selectOption('light');
    assert.equal(await background(page), light);
    await page.reload();
    assert.equal(await background(page), light);
    await page.context().close();
  },

  async 'a narrow screen shows all of it without scrolling sideways'() {
    const page = await browser.newPage({ colorScheme: 'light', locale: 'en-GB', viewport: { width: 390, height: 844 } });
    await schemaLoaded(page);
    await page.getByRole('button', { name: 'Show Saved operations' }).click();
    await shoot(page, 'explorer-narrow-panel');
    await open(page, '010-one-customer-user', 'OneCustomerUser');
    await page.getByRole('button', { name: 'Hide Saved operations' }).click();
    await run(page, '"Anna Müller"');
    await shoot(page, 'explorer-narrow');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    await page.context().close();
  },

  async 'documentation, query builder and history open'() {
    const page = await browser.newPage({ colorScheme: 'dark', locale: 'en-GB' });
    await schemaLoaded(page);
    await open(page, '010-one-customer-user', 'OneCustomerUser');
    await page.getByRole('button', { name: 'Show Query builder' }).click();
    await page.locator('.graphiql-explorer-root').getByText('customerUser', { exact: true }).first().waitFor();
    await shoot(page, 'explorer-builder');
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Show History' }).click();
    await page.locator('.graphiql-history').waitFor();
    await page.context().close();
  },
};

const problems = browser.problems;
for (const [name, check] of Object.entries(checks)) {
  await check().then(
    () => console.log(`ok: ${name}`),
    (error) => problems.push(`failed: ${name}\n${error.message}`),
  );
}
await browser.close();
conclude(problems);
