import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';
import { createRoot } from 'react-dom/client';
import { Explorer } from './explorer.jsx';
import { endpointFetcher } from './fetcher.js';
import { Token } from './token.js';
import { loadConfig } from './config.js';

const config = await loadConfig();
const token = new Token();

document.title = `${config.title} – GraphiQL`;
createRoot(document.getElementById('page')).render(
  <Explorer title={config.title} token={token} fetcher={endpointFetcher(config.url, token)} />,
);
