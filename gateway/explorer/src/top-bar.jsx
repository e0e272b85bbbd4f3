import { useEffect, useRef, useState } from 'react';
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';

/** Names the service, takes the token, and says whether the schema could be read with it. */
export function TopBar({ title, token }) {
  return (
    <header className="top-bar">
      <h1 className="top-bar-title">
        <img src="./favicon.svg" alt="" width="26" height="26" />
        {title}
      </h1>
      <SchemaStatus />
      <TokenField token={token} />
      <ThemeField />
    </header>
  );
}

function SchemaStatus() {
  const { schema, isIntrospecting } = useGraphiQL(pick('schema', 'isIntrospecting'));
  const [state, text] = isIntrospecting
    ? ['loading', 'Reading the schema …']
    : schema
      ? ['ready', 'Schema loaded']
      : ['refused', 'No schema: is the token right?'];
  return (
    <p className="schema-status" data-state={state} role="status">
      {text}
    </p>
  );
}

function TokenField({ token }) {
  const { introspect } = useGraphiQLActions();
  const [text, setText] = useState(token.value);
  const [shown, setShown] = useState(false);
  const introspected = useRef(token.value);

  const change = (event) => {
    setText(event.target.value);
    token.value = event.target.value;
  };
  const readSchemaAgain = () => {
    if (introspected.current === token.value) return;
    introspected.current = token.value;
    introspect();
  };
  return (
    <div className="token-field">
      <label htmlFor="token">API token</label>
      <input
        id="token"
        type={shown ? 'text' : 'password'}
        value={text}
        onChange={change}
        onBlur={readSchemaAgain}
        onKeyDown={(event) => event.key === 'Enter' && readSchemaAgain()}
        placeholder="none"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        title="Sent as Authorization: Bearer …; kept until this browser tab is closed"
      />
      <button
        type="button"
        aria-controls="token"
        aria-pressed={shown}
        aria-label={shown ? 'Hide the token' : 'Show the token'}
        onClick={() => setShown(!shown)}
      >
        {shown ? 'Hide' : 'Show'}
      </button>
    </div>
  );
}

function ThemeField() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();

  useEffect(() => {
    if (theme) return undefined;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(null);
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, [theme, setTheme]);

  return (
    <div className="theme-field">
      <label htmlFor="theme">Theme</label>
      <select id="theme" value={theme ?? ''} onChange={(event) => setTheme(event.target.value || null)}>
        <option value="">System</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </div>
  );
}
