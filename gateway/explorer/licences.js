import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NOTICE_FILE = /^(licen[cs]e|notice|copying|thirdpartynotices)([.-].*)?$/i;
const HELPERS_OF = { '\0vite/': 'vite', '\0rolldown/': 'rolldown', '\0commonjsHelpers': 'rolldown' };

/** Vite plugins that write one file with the notices of every package in the page and in its workers. */
export function licenceNotices(fileName) {
  const folders = new Set();
  const collect = (bundle) => {
    for (const chunk of Object.values(bundle)) {
      for (const id of chunk.moduleIds ?? []) {
        const folder = packageFolder(id);
        if (folder) folders.add(folder);
      }
    }
  };
  return {
    worker: { name: 'licences-of-workers', generateBundle: (_options, bundle) => collect(bundle) },
    page: {
      name: 'licences',
      generateBundle(_options, bundle) {
        collect(bundle);
        this.emitFile({ type: 'asset', fileName, source: notices(folders) });
      },
    },
  };
}

function packageFolder(id) {
  const helper = Object.keys(HELPERS_OF).find((prefix) => id.startsWith(prefix));
  if (helper) return join(import.meta.dirname, 'node_modules', HELPERS_OF[helper]);
  return /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
}

function notices(folders) {
  const packages = new Map();
  for (const folder of folders) {
    const { name, version, license, repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const source = `No licence file in the package; its source is ${repository?.url ?? repository}`;
    const texts = noticeTexts(folder);
    packages.set(`${name} ${version}`, { license, texts: texts.length ? texts : [source] });
  }
  const sections = [...packages.keys()].sort().map((title) => {
    const { license, texts } = packages.get(title);
    return [`${title} (${license})`, '='.repeat(72), ...texts].join('\n\n');
  });
  return `Packages bundled into this page, with their licences.\n\n\n${sections.join('\n\n\n')}\n`;
}

function noticeTexts(folder) {
  return readdirSync(folder)
    .filter((name) => NOTICE_FILE.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim());
}
