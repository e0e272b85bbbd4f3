const DOCUMENTS = import.meta.glob('../operations/*.graphql', { query: '?raw', import: 'default', eager: true });
const VARIABLES = import.meta.glob('../operations/*.json', { query: '?raw', import: 'default', eager: true });
const HEADER_LINE = /^# (en|de|group): (.*)\n/;

/** The saved operations in the order of their file names; captions and groups in both languages. */
export const SAVED_OPERATIONS = Object.keys(DOCUMENTS).sort().map(savedOperation);

function savedOperation(path) {
  const header = {};
  let text = DOCUMENTS[path];
  for (let line; (line = HEADER_LINE.exec(text)); text = text.slice(line[0].length)) header[line[1]] = line[2].trim();
  const [english, german = english] = header.group.split(' / ');
  return {
    name: path.replace(/^.*\/|\.graphql$/g, ''),
    caption: { en: header.en, de: header.de },
    group: { en: english, de: german },
    text,
    variables: VARIABLES[path.replace(/\.graphql$/, '.json')] ?? '',
  };
}
