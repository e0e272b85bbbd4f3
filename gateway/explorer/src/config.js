const FALLBACK = { path: '../graphql', title: 'Kundengraph' };

/** What the server says about itself, with the usual paths where it says nothing. */
export async function loadConfig() {
  const config = { ...FALLBACK, ...(await served()) };
  return { title: config.title, url: new URL(config.path, location.href) };
}

async function served() {
  try {
    const response = await fetch('config.json');
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}
