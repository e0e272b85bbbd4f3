// PostGraphile v5 (grafserv on node's http): no watching, no explaining, no page of its own.
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.BENCH_DSN, schemas: ["public"], poolConfig: { max: 10 } })],
  schema: { defaultBehavior: "+list +filter +query:resource:list +manyRelation:resource:list +queryField:resource:list" },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: { explain: false },
};
const graph = postgraphile(preset);
const server = createServer();
server.on("error", (error) => console.error(error));
await graph.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
