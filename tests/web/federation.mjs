// federation.mjs URL TOKEN: composes the subgraph at URL with one of tickets, and asks both through Apollo's gateway.
import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { composeServices } from '@apollo/composition';
import { buildSchema, graphql, parse } from 'graphql';

const [url, token] = process.argv.slice(2);
const ask = async ({ query, variables }) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  return response.json();
};

const tickets = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
  type Query { newest: [Ticket!]! }
  type Ticket @key(fields: "number") { number: Int! by: CustomerUser customer: Customer queue: Group about: Service }
  type CustomerUser @key(fields: "login") { login: String! tickets: [Ticket!]! }
  type Customer @key(fields: "customerId", resolvable: false) { customerId: String! }
  type Group @key(fields: "name", resolvable: false) { name: String! }
  type Service @key(fields: "name", resolvable: false) { name: String! }
  type PageInfo @shareable { hasNextPage: Boolean! }
`;
const number = (login) => ({ number: login.length, by: { login }, customer: { customerId: 'ACME' } });
const others = buildSchema(`
  scalar _Any
  union _Entity = CustomerUser
  type Query { newest: [Ticket!]! _entities(representations: [_Any!]!): [_Entity]! }
  type Ticket { number: Int! by: CustomerUser customer: Customer queue: Group about: Service }
  type CustomerUser { login: String! tickets: [Ticket!]! }
  type Customer { customerId: String! }
  type Group { name: String! }
  type Service { name: String! }
`);
const rootValue = {
  newest: () => [...['ada', 'grace', 'nobody'].map(number), { number: 9, queue: { name: 'users' }, about: { name: 'Desk' } }],
  _entities: ({ representations }) =>
    representations.map(({ __typename, login }) => ({ __typename, login, tickets: [number(login)] })),
};

const { data } = await ask({ query: '{ _service { sdl } }' });
const composed = composeServices([
  { name: 'people', typeDefs: parse(data._service.sdl), url },
  { name: 'tickets', typeDefs: parse(tickets), url: 'http://tickets.test' },
]);
if (composed.errors) {
  for (const error of composed.errors) console.error(error.message);
  process.exit(1);
}
const asked = [];
const gateway = new ApolloGateway({
  supergraphSdl: composed.supergraphSdl,
  logger: { debug() {}, info() {}, warn() {}, error: console.error },
  buildService: ({ name }) => ({
    process: ({ request }) => {
      asked.push(name);
      if (name === 'people') return ask(request);
      return graphql({ schema: others, source: request.query, variableValues: request.variables, rootValue });
    },
  }),
});
const { executor } = await gateway.load();
for (const query of JSON.parse(readFileSync(0, 'utf8'))) {
  asked.length = 0;
  const result = await executor({
    request: { query, variables: {} },
    document: parse(query),
    operationName: null,
    queryHash: query,
    context: {},
    cache: { get: async () => undefined, set: async () => {}, delete: async () => {} },
  });
  console.log(JSON.stringify({ data: result.data, errors: result.errors?.map((one) => one.extensions?.code), asked }));
}
process.exit(0);
