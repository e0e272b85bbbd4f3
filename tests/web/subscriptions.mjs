// subscriptions.mjs URL TOKEN: hears one change through graphql-ws, and one through graphql-sse.
import { createClient as createSocket } from 'graphql-ws';
import { createClient as createStream } from 'graphql-sse';

const [url, token] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const query = 'subscription { customerUserChanged(logins: ["ada"]) { kind login changedFields } }';

async function write(city) {
  const body = JSON.stringify({
    query: 'mutation ($city: String) { updateCustomerUser(input: { login: "ada", city: $city }) { userErrors { code } } }',
    variables: { city },
  });
  await fetch(url, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body });
}

async function heard(name, client) {
  let number = 0;
  const writing = setInterval(() => write(`${name} ${number++}`), 200); // a subscription does not say when it has begun
  for await (const { data, errors } of client.iterate({ query })) {
    clearInterval(writing);
    if (errors) throw new Error(JSON.stringify(errors));
    console.log(`${name}: ${JSON.stringify(data.customerUserChanged)}`);
    break;
  }
  await client.dispose();
}

await heard('graphql-ws', createSocket({ url: url.replace('http', 'ws'), connectionParams: { authorization } }));
await heard('graphql-sse', createStream({ url, headers: { authorization } }));
