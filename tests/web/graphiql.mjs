// graphiql.mjs URL SHOT_DIR QUERY EXPECTED [TOKEN]: asks a query in the page; light, dark and narrow screenshots.
import { join } from 'node:path';
import { conclude, enterToken, openBrowser, run, schemaLoaded, write } from './browser.mjs';

const [url, shots, query, expected, token] = process.argv.slice(2);
if (!expected) {
  console.error('usage: node graphiql.mjs URL SHOT_DIR QUERY EXPECTED [TOKEN]');
  process.exit(2);
}

const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
};

const browser = await openBrowser(url);
const isRefused = (problem) => /^console: Failed to load resource.* 40[13] |^40[13]: /.test(problem);

for (const [name, options] of Object.entries(LOOKS)) {
  const page = await browser.newPage(options);
  if (token) await enterToken(page, token);
  await schemaLoaded(page);
  await write(page, query);
  await run(page, expected);
  await page.screenshot({ path: join(shots, `graphiql-${name}.png`) });
}
await browser.close();
conclude(browser.problems.filter((problem) => !(token && isRefused(problem)))); // before the token was entered
