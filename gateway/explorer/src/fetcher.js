import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';

/** Asks the endpoint with the current token: by POST, subscriptions over a web socket. */
export function endpointFetcher(url, token) {
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol.replace('http', 'ws');
  const ask = createGraphiQLFetcher({
    url: url.href,
    enableIncrementalDelivery: false,
    wsClient: createClient({ url: socketUrl.href, connectionParams: () => token.credentials }),
  });
  return (params, options) => ask(params, { ...options, headers: { ...token.credentials, ...options?.headers } });
}
