import { chromium } from 'playwright-core';

const OPERATION_EDITOR = '.graphiql-query-editor .monaco-editor';

/** A browser that remembers every request to another origin, console error and refusal by the CSP. */
export async function openBrowser(url) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  const origins = [new URL(url).origin, new URL(url).origin.replace('http', 'ws')];
  const problems = [];

  const watch = async (page) => {
    page.on('request', (request) => {
      const target = request.url();
      if (!/^(data|blob):/.test(target) && !origins.includes(new URL(target).origin)) problems.push(`outside: ${target}`);
    });
    page.on('websocket', (socket) => {
      if (!origins.includes(new URL(socket.url()).origin)) problems.push(`outside: ${socket.url()}`);
    });
    page.on('console', (message) => message.type() === 'error' && problems.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
    page.on('response', (response) => response.status() >= 400 && problems.push(`${response.status()}: ${response.url()}`));
    await page.addInitScript(() =>
      addEventListener('securitypolicyviolation', (event) =>
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`),
      ),
    );
  };

  const newPage = async (options = {}, answer = undefined) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await watch(page);
    if (answer) await page.route('**/graphql', answer);
    await page.goto(url);
    await page.waitForSelector(OPERATION_EDITOR);
    return page;
  };
  return { newPage, problems, close: () => browser.close() };
}

export async function write(page, text) {
  await page.locator(OPERATION_EDITOR).first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text); // typing would auto-close brackets
  await tabNamed(page, /^\s*(?:query|mutation|subscription)\s+(\w+)/m.exec(text)?.[1] ?? '<untitled>');
}

/** GraphiQL reads the text a moment after it changed, and asks for the former operation until then. */
export const tabNamed = (page, name) => page.getByRole('tab', { name, selected: true }).waitFor();

export async function run(page, expected) {
  await page.locator('.graphiql-execute-button').click();
  await page.waitForFunction(
    // Monaco writes every blank as a no-break space
    (text) => document.querySelector('.result-window')?.innerText.replaceAll('\u00a0', ' ').includes(text),
    expected,
  );
}

export async function enterToken(page, token) {
  await page.getByLabel('API token').fill(token);
  await page.getByLabel('API token').press('Enter');
}

export const schemaLoaded = (page) => page.getByText('Schema loaded').waitFor();

/** Ends the script: with a list of what went wrong, if anything did. */
export function conclude(problems) {
  for (const problem of problems) console.log(problem);
  console.log(problems.length ? `${problems.length} problems` : 'no problems');
  process.exit(problems.length ? 1 : 0);
}
