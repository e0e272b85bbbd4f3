import { useEffect } from 'react';
import { GraphiQLProvider, useGraphiQL } from '@graphiql/react';
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from '@graphiql/plugin-doc-explorer';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN, HistoryStore } from '@graphiql/plugin-history';
import { GraphiQL, GraphiQLInterface } from 'graphiql';
import { SAVED_OPERATIONS_PLUGIN } from './saved-operations.jsx';
import { TopBar } from './top-bar.jsx';

const QUERY_BUILDER_PLUGIN = { ...explorerPlugin({ showAttribution: false }), title: 'Query builder' };
const PLUGINS = [SAVED_OPERATIONS_PLUGIN, DOC_EXPLORER_PLUGIN, QUERY_BUILDER_PLUGIN, HISTORY_PLUGIN];
const WIDE = '(min-width: 50rem)';
const WELCOME = `# Saved operations are in the first panel; Ctrl+Enter runs what is written here.
query WhoAmI {
  viewer {
    name
    roles
  }
}
`;

/** GraphiQL with the top bar and the plugins of this page. */
export function Explorer({ title, token, fetcher }) {
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      visiblePlugin={matchMedia(WIDE).matches ? SAVED_OPERATIONS_PLUGIN : undefined}
      defaultQuery={WELCOME}
      inputValueDeprecation
      schemaDescription
    >
      <HistoryStore>
        <DocExplorerStore>
          <WrappedLines />
          <TopBar title={title} token={token} />
          <main className="explorer">
            <GraphiQLInterface showPersistHeadersSettings={false}>
              <GraphiQL.Logo>{null}</GraphiQL.Logo>
            </GraphiQLInterface>
          </main>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}

function WrappedLines() {
  const editor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => editor?.updateOptions({ wordWrap: 'on', wrappingIndent: 'same' }), [editor]);
  return null;
}
