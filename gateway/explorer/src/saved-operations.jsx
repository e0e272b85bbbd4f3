import { useState } from 'react';
import { pick, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { SAVED_OPERATIONS } from './operations.js';

const LANGUAGE_KEY = 'kundengraph:language';
const LANGUAGES = { en: 'English', de: 'Deutsch' };
const WORDS = {
  en: { title: 'Saved operations', filter: 'Filter', language: 'Language', none: 'No operation matches.' },
  de: { title: 'Gespeicherte Abfragen', filter: 'Filtern', language: 'Sprache', none: 'Keine Abfrage passt.' },
};

export const SAVED_OPERATIONS_PLUGIN = { title: 'Saved operations', icon: BookmarkIcon, content: SavedOperations };

function SavedOperations() {
  const [language, setLanguage] = useState(preferredLanguage);
  const [wanted, setWanted] = useState('');
  const open = useOpenOperation();
  const words = WORDS[language];
  const groups = Object.entries(
    Object.groupBy(
      SAVED_OPERATIONS.filter((operation) => matches(operation, language, wanted)),
      (operation) => operation.group[language],
    ),
  );
  const choose = (chosen) => {
    localStorage.setItem(LANGUAGE_KEY, chosen);
    setLanguage(chosen);
  };
  return (
    <section className="saved-operations" aria-label={words.title} lang={language}>
      <div className="saved-operations-head">
        <h2>{words.title}</h2>
        <div className="language-switch" role="group" aria-label={words.language}>
          {Object.entries(LANGUAGES).map(([key, name]) => (
            <button key={key} type="button" lang={key} aria-pressed={key === language} onClick={() => choose(key)}>
              {name}
            </button>
          ))}
        </div>
      </div>
      <input
        type="search"
        className="saved-operations-filter"
        aria-label={words.filter}
        placeholder={words.filter}
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      {groups.map(([group, operations]) => (
        <div key={group} className="saved-operations-group">
          <h3>{group}</h3>
          <ul>
            {operations.map((operation) => (
              <li key={operation.name}>
                <button type="button" data-operation={operation.name} onClick={() => open(operation, language)}>
                  {operation.caption[language]}
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {groups.length === 0 && <p className="saved-operations-none">{words.none}</p>}
    </section>
  );
}

function useOpenOperation() {
  const { queryEditor, variableEditor } = useGraphiQL(pick('queryEditor', 'variableEditor'));
  const { addTab } = useGraphiQLActions();
  return (operation, language) => {
    addTab();
    queryEditor?.setValue(`# ${operation.caption[language]}\n${operation.text}`);
    variableEditor?.setValue(operation.variables);
    queryEditor?.focus();
    queryEditor?.getContainerDomNode().scrollIntoView({ block: 'nearest' });
  };
}

function matches(operation, language, wanted) {
  const text = `${operation.caption[language]} ${operation.group[language]} ${operation.text}`.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function preferredLanguage() {
  const stored = localStorage.getItem(LANGUAGE_KEY);
  if (stored in LANGUAGES) return stored;
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
}

function BookmarkIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" aria-hidden="true">
      <path d="M6 3.5h12v17l-6-4.6-6 4.6z" />
      <path d="M9.2 8h5.6M9.2 11.4h5.6" strokeLinecap="round" />
    </svg>
  );
}
