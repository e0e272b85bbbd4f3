// Mercurius on Fastify with its JIT (graphql-jit), pg and Mercurius' loaders.
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.BENCH_DSN, max: 10 });
const COLUMNS = `id, login, email, customer_id as "customerId", title, first_name as "firstName", last_name as "lastName", phone,
  fax, mobile, street, zip, city, country, comments, valid_id as "validId", create_time as "createTime", change_time as "changeTime"`;
const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows;
pg.types.setTypeParser(1114, (text) => text.replace(" ", "T"));

const schema = `
scalar DateTime
type Company { customerId: String! name: String! street: String zip: String city: String country: String url: String
  comments: String validId: Int! }
type Group { groupId: Int! name: String! permissions: [String!]! }
type Service { serviceId: Int! name: String! }
type CustomerUser { id: Int! login: String! email: String! customerId: String! title: String firstName: String!
  lastName: String! phone: String fax: String mobile: String street: String zip: String city: String country: String
  comments: String validId: Int! createTime: DateTime! changeTime: DateTime!
  company: Company groups: [Group!]! services: [Service!]! }
type Query { customerUser(login: String!): CustomerUser customerUsers(first: Int!): [CustomerUser!]!
  searchCustomerUsers(text: String!, first: Int!): [CustomerUser!]! }
type Mutation { setPhone(login: String!, phone: String!): CustomerUser }`;

const pattern = (text) => text.toLowerCase().replace(/[\\%_]/g, "\\$&").replaceAll("*", "%");
const one = async (...query) => (await rows(...query))[0] ?? null;
const resolvers = {
  Query: {
    customerUser: (_, { login }) => one("one", `select ${COLUMNS} from customer_user where login = $1`, [login]),
    customerUsers: (_, { first }) => rows("list", `select ${COLUMNS} from customer_user order by login limit $1`, [first]),
    searchCustomerUsers: (_, { text, first }) => rows("search", `select ${COLUMNS} from customer_user
      where lower(login) like $1 or lower(first_name) like $1 or lower(last_name) like $1
      order by last_name, first_name, login limit $2`, [pattern(text), first]),
  },
  Mutation: {
    setPhone: (_, { login, phone }) => one("phone", `update customer_user set phone = $2, change_time = now()
      where login = $1 returning ${COLUMNS}`, [login, phone]),
  },
};

const many = (name, text) => async (queries) => {
  const found = new Map(queries.map(({ obj }) => [obj.login, []]));
  for (const row of await rows(name, text, [[...found.keys()]])) found.get(row.user_id).push(row);
  return queries.map(({ obj }) => found.get(obj.login));
};
const companies = async (queries) => {
  const ids = [...new Set(queries.map(({ obj }) => obj.customerId))];
  const found = await rows("companies", `select customer_id as "customerId", name, street, zip, city, country, url, comments,
    valid_id as "validId" from customer_company where customer_id = any($1)`, [ids]);
  const known = new Map(found.map((row) => [row.customerId, row]));
  return queries.map(({ obj }) => known.get(obj.customerId) ?? null);
};
const loaders = {
  CustomerUser: {
    company: { opts: { cache: true }, loader: companies },
    groups: many("groups", `select user_id, group_id as "groupId", name, permissions from user_group
      where user_id = any($1) order by user_id, group_id`),
    services: many("services", `select user_id, service_id as "serviceId", name from user_service
      where user_id = any($1) order by user_id, service_id`),
  },
};

const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1, graphiql: false });
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
