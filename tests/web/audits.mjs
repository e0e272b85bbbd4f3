// audits.mjs URL [TOKEN]: the audits of GraphQL over HTTP, each sent with the token.
import { auditServer } from 'graphql-http';

const [url, token] = process.argv.slice(2);
if (!url) {
  console.error('usage: node audits.mjs URL [TOKEN]');
  process.exit(2);
}

const fetchFn = (target, init = {}) => {
  const headers = new Headers(init.headers);
  if (token) headers.set('authorization', `Bearer ${token}`);
  return fetch(target, { ...init, headers });
};

const results = await auditServer({ url, fetchFn });
const failing = results.filter((result) => result.status !== 'ok');
for (const { status, id, name, reason } of failing) console.log(`${status} ${id} ${name}: ${reason}`);
console.log(`${results.length - failing.length} of ${results.length} audits ok`);
process.exit(failing.length ? 1 : 0);
